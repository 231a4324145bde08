import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, resolve, sep } from 'node:path';
import type { SnapshotConfiguration } from '../protocol.ts';

/** Something that only a trusted workspace may do. */
export class NotTrusted extends Error {
  override readonly name = 'NotTrusted';
}

/**
 * What the files and settings of a workspace may make this process do. As long as the workspace is not trusted: run no code, contact no host,
 * and read and write nothing outside of the workspace's folders. What users choose themselves, such as a snapshot that they open, is theirs to
 * choose. The process starts without trust.
 */
export class WorkspaceTrust {
  #trusted = false;
  #folders: readonly string[] = [];

  /** The configuration that holds: a path map comes with the workspace's settings. */
  configure(configuration: SnapshotConfiguration): SnapshotConfiguration {
    this.#trusted = configuration.trusted;
    this.#folders = configuration.folders;
    const withoutPaths = (configuration.byFolder ?? []).map((each) => ({ ...each, pathMap: [] }));
    return this.#trusted ? configuration : { ...configuration, pathMap: [], byFolder: withoutPaths };
  }

  /** @throws NotTrusted */
  forCode(what: string): void {
    if (!this.#trusted) throw new NotTrusted(`This workspace is not trusted: ${what} only in a trusted workspace.`);
  }

  /** Of a path or an address that a document of the workspace names. @throws NotTrusted */
  async forLocation(location: string): Promise<void> {
    if (this.#trusted) return;
    if (!isAbsolute(location))
      throw new NotTrusted(`This workspace is not trusted: its documents cannot name ${location}, which is at another host.`);
    const real = await realOf(location);
    for (const folder of this.#folders) {
      const inside = await realOf(folder);
      if (real.startsWith(inside.endsWith(sep) ? inside : inside + sep)) return;
    }
    throw new NotTrusted(`This workspace is not trusted: its documents cannot name ${location}, which is outside of its folders.`);
  }
}

/** With all links followed; of what is not there yet, as far as it is there. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : resolve(await realOf(above), path.slice(above.length).replace(/^[/\\]+/, ''));
  }
}
