/** Glyphs of operator kinds on a 16 by 16 grid, drawn as strokes. */
const paths: Readonly<Record<string, string>> = {
  source: 'M3 4c0-1.4 10-1.4 10 0v8c0 1.4-10 1.4-10 0zM3 4c0 1.4 10 1.4 10 0',
  sink: 'M2 8h9M8 5l3 3-3 3M13.5 3v10',
  watermarks: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3l2 2',
  window: 'M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3',
  filter: 'M2.5 3h11l-4 5v4.5l-3 1v-5.5z',
  join: 'M2.5 4h3l5 8h3M2.5 12h3l5-8h3',
  broadcast: 'M8 8v5.5M5.5 10.500a3.500 3.500 0 1 1 5 0M3.500 12.500a6.300 6.300 0 1 1 9 0',
  process: 'M8 1.800l5.500 3v6.400l-5.500 3-5.500-3v-6.400zM2.500 4.800l5.500 3 5.500-3M8 7.800v6.400',
};

export function iconPath(kind: string): string {
  if (kind.toLowerCase().includes('join') || kind === 'connect') return paths['join'] ?? '';
  if (kind.toLowerCase().includes('broadcast')) return paths['broadcast'] ?? '';
  return paths[kind] ?? paths['process'] ?? '';
}

/** `keyedProcess` as people write it: `keyed process`. */
export function kindName(kind: string): string {
  return kind.replace(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}
