import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RedactionReport } from 'tidemark/snapshot';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { redactSnapshot, REPORT_FILE, rulesOf, SALT_MIN } from '../snapshots/redact/redactSnapshot.ts';
import { untilInterrupted } from './interrupt.ts';
import { countText, EXIT, linesText, plural, sizeText, UsageError, type CliIo } from './io.ts';
import { openedForReading, READING_OPTIONS } from './openedForReading.ts';
import { ReadProgress } from './readProgress.ts';
import { commonPlan, keyHashOption, refusalsSaid, targetOf, WRITING_OPTIONS, type WritingValues } from './rewriting.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

/** Where a salt may be, for those that have it in no file. */
const SALT_VARIABLE = 'TIDEMARK_REDACT_SALT';
export const redactSyntax = {
  name: 'redact',
  operands: 'SNAPSHOT [RULES]',
  about:
    'Writes a savepoint without private data: values are dropped, hashed, masked or replaced as a file of rules says. With --print-rules it writes a file of rules to begin from.',
  options: {
    ...WRITING_OPTIONS,
    out: { value: 'FOLDER', short: 'o', about: 'Where the new savepoint goes; with --print-rules, the file of rules.' },
    'salt-file': { value: 'FILE', about: 'The salt of hashes. With the same salt, equal values get equal hashes in every redaction.' },
    'print-rules': { about: 'Writes rules for every state and field, all with "keep".' },
    ...READING_OPTIONS,
  },
} as const satisfies CommandSyntax;

/**
 * `tidemark redact SNAPSHOT RULES --out TARGET`: a new savepoint beside the old one, without sensitive data. With `--print-rules`, a
 * file of rules to begin from.
 */
export async function redact(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(redactSyntax, args);
  const [location, file, ...more] = positionals;
  if (location === undefined || more.length > 0) throw new UsageError('redact needs a snapshot and a file of rules.');
  if (values['print-rules']) {
    if (file !== undefined) throw new UsageError('--print-rules needs a snapshot alone: it writes the rules to begin from.');
    const ignored = WRITING_ONLY.find((option) => values[option] !== undefined && values[option] !== false);
    if (ignored !== undefined) throw new UsageError(`--${ignored} is for a redaction: --print-rules only writes the rules to begin from.`);
    return openedForReading(location, values, io, (opened) => printRules(opened, values.out, io));
  }
  if (file === undefined)
    throw new UsageError('A file of rules is needed; tidemark redact SNAPSHOT --print-rules writes one to begin from.');
  const target = targetOf(values, io);
  const rules = await textOf(file, io.cwd);
  const salt = await saltIn(values['salt-file'], io.cwd);
  return openedForReading(location, values, io, (opened) => redactTo(opened, rules, salt, target, values, io));
}

const WRITING_ONLY = ['dry-run', 'json', 'key-hash', 'metadata-version', 'drop-in-flight', 'salt-file'] as const;

async function printRules(opened: OpenedSnapshot, out: string | undefined, io: CliIo): Promise<number> {
  const text = await rulesOf(opened);
  if (out === undefined) {
    io.out(text);
    return EXIT.ok;
  }
  try {
    await writeFile(resolve(io.cwd, out), text, { flag: 'wx' });
  } catch (error) {
    io.err(`${out} cannot be written: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.failed;
  }
  io.out(`Wrote ${out}: all that is in the snapshot, with "keep". Say there what is to be done, and give it to tidemark redact.\n`);
  return EXIT.ok;
}

async function redactTo(
  opened: OpenedSnapshot,
  rules: string,
  salt: string | null,
  target: string | null,
  values: WritingValues,
  io: CliIo,
): Promise<number> {
  return refusalsSaid(io, () =>
    untilInterrupted(async (signal) => {
      const progress = new ReadProgress(io, 'read');
      try {
        const keyHash = await keyHashOption(values, io);
        const onProgress = progress.show.bind(progress);
        const options = { rules, salt, plan: commonPlan(values), keyHash, signal, onProgress };
        const { report, bytes } = await redactSnapshot(opened, target, options);
        progress.end();
        return said(report, target, bytes, values.json, io);
      } finally {
        progress.end();
      }
    }),
  );
}

function said(report: RedactionReport, target: string | null, bytes: number, json: boolean, io: CliIo): number {
  io.out(json ? `${JSON.stringify({ target, ...report }, null, 2)}\n` : reportText(report, target, bytes));
  if (report.salt === 'random')
    io.err(
      `A random salt was used and discarded; redacting again produces different hashes. With --salt-file FILE, or ${SALT_VARIABLE} in the environment, they are the same.\n`,
    );
  return EXIT.ok;
}

function reportText(report: RedactionReport, target: string | null, bytes: number): string {
  const lines = [
    target === null ? 'Dry run: nothing was written.' : `Wrote ${target}: ${sizeText(bytes)}; ${REPORT_FILE} in it says what was done.`,
  ];
  for (const { label, operatorId, outcome, keys, states } of report.operators) {
    lines.push(`${label} (${operatorId}): ${outcome}`);
    if (outcome !== 'redacted') continue;
    for (const field of keys) if (field.action !== 'keep') lines.push(`  ${fieldText(field)} of ${plural(field.values ?? 0, 'row')}`);
    for (const state of states) {
      lines.push(`  ${state.name}: ${state.outcome}${state.outcome === 'dropped' ? '' : `, ${countText(state.entries)} entries`}`);
      if (state.outcome !== 'redacted') continue;
      for (const field of state.fields) lines.push(`    ${fieldText(field)}, ${plural(field.values ?? 0, 'value')}`);
    }
  }
  return linesText([...lines, ...report.notes]);
}

const DONE: Readonly<Record<string, string>> = { keep: 'kept', drop: 'dropped', hash: 'hashed', mask: 'masked', replace: 'replaced' };

function fieldText({ field, type, action, rule }: RedactionReport['operators'][number]['keys'][number]): string {
  return `${field} (${type}): ${DONE[action] ?? action} by ${rule === null ? 'default' : `rule ${String(rule)}`}`;
}

/** Never on the command line, which others see; null where there is none. @throws UsageError */
async function saltIn(file: string | undefined, cwd: string): Promise<string | null> {
  const given = file === undefined ? process.env[SALT_VARIABLE] : (await textOf(file, cwd)).replace(/\r?\n$/, '');
  if (given === undefined || given === '') {
    if (file !== undefined) throw new UsageError(`${file}: it is the salt, and it is empty.`);
    return null;
  }
  if (given.length < SALT_MIN)
    throw new UsageError(
      `${file ?? SALT_VARIABLE}: a salt has at least ${String(SALT_MIN)} characters; openssl rand -hex 32 makes a good one.`,
    );
  return given;
}

async function textOf(file: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
