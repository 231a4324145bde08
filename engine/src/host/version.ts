/** Of the engine that runs; the package's own version (a test holds them together). */
export const ENGINE_VERSION = '0.1.0';

/** Below 1.0 a new minor version may break pipelines, from 1.0 on only a new major one. */
export function isCompatibleVersion(installed: string, running: string): boolean {
  const breaking = (version: string): string => {
    const [major = '', minor = ''] = version.split('.');
    return major === '0' ? `0.${minor}` : major;
  };
  return breaking(installed) === breaking(running);
}
