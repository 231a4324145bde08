/** What the system says where there is no such file, or none can be: everything else is a failure to look, which must be told. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EINVAL', 'ERR_INVALID_ARG_VALUE']);

/** Keeps `otherwise` for what does not exist. @throws Error, with the path, where that could not be found out, such as for lack of permission */
export async function unlessAbsent<T, U>(path: string, looking: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await looking;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && ABSENT.has(code)) return otherwise;
    throw new Error(`${path} cannot be looked at: ${code === 'EACCES' ? 'permission is missing' : message}`, { cause: error });
  }
}
