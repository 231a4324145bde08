import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { snapshotFiles } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import { cliIo, type Command } from '../../src/cli/io.ts';

/** Lays a snapshot of Flink out in a folder; returns the folder. */
export function writeSnapshot(name: string, folder: string): string {
  for (const [path, bytes] of snapshotFiles(name)) {
    const file = join(folder, path.slice(name.length + 1));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  return folder;
}

/** Runs a command in this process. */
export async function runCommand(
  command: Command,
  cwd: string,
  args: readonly string[],
  { terminal = false } = {},
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = cliIo({ out: (text) => void (out += text), err: (text) => void (err += text), terminal, live: false, cwd });
  const code = await command(args, io);
  return { code, out, err };
}
