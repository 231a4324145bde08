import { bisect, bisectSyntax } from './bisect.ts';
import { check, checkSyntax } from './check.ts';
import { clean, cleanSyntax } from './clean.ts';
import { diff, diffSyntax } from './diff.ts';
import { doctor, doctorSyntax } from './doctor.ts';
import { dump, dumpSyntax } from './dump.ts';
import { edit, editSyntax } from './edit.ts';
import { inspect, inspectSyntax } from './inspect.ts';
import type { Command } from './io.ts';
import { list, listSyntax } from './list.ts';
import { merge, mergeSyntax } from './merge.ts';
import { pack, packSyntax } from './pack.ts';
import { redact, redactSyntax } from './redact.ts';
import { run } from './run.ts';
import { runSyntax } from './runOptions.ts';
import { savepoint, savepointSyntax } from './savepoint.ts';
import { split, splitSyntax } from './split.ts';
import { stats, statsSyntax } from './stats.ts';
import { stop, stopSyntax } from './stop.ts';
import { unpack, unpackSyntax } from './unpack.ts';
import type { CommandSyntax } from './syntax.ts';

/** Every command, in the order in which help shows them. */
export const COMMANDS: readonly { readonly syntax: CommandSyntax; readonly run: Command }[] = [
  { syntax: runSyntax, run },
  { syntax: savepointSyntax, run: savepoint },
  { syntax: stopSyntax, run: stop },
  { syntax: listSyntax, run: list },
  { syntax: cleanSyntax, run: clean },
  { syntax: inspectSyntax, run: inspect },
  { syntax: dumpSyntax, run: dump },
  { syntax: statsSyntax, run: stats },
  { syntax: packSyntax, run: pack },
  { syntax: unpackSyntax, run: unpack },
  { syntax: diffSyntax, run: diff },
  { syntax: bisectSyntax, run: bisect },
  { syntax: editSyntax, run: edit },
  { syntax: mergeSyntax, run: merge },
  { syntax: splitSyntax, run: split },
  { syntax: redactSyntax, run: redact },
  { syntax: checkSyntax, run: check },
  { syntax: doctorSyntax, run: doctor },
];

export function commandNamed(name: string): (typeof COMMANDS)[number] | null {
  return COMMANDS.find(({ syntax }) => syntax.name === name) ?? null;
}
