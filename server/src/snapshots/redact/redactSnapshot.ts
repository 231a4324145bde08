import { createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  parseRedactionRules,
  prepareRedaction,
  redactableOperators,
  redactionReport,
  RewriteRefused,
  rulesTemplate,
  usesHash,
  type RedactionReport,
  type RewritePlan,
  type RewriteReport,
} from 'tidemark/snapshot';
import type { RedactionCheck, RedactionResult } from '../../protocol.ts';
import type { OpenedSnapshot } from '../openedSnapshot.ts';
import { writeSnapshot, type WriteOptions } from '../rewrite/writeSnapshot.ts';
import { rulesProblems } from './rulesProblems.ts';

/** What was done, beside `_metadata`. */
export const REPORT_FILE = 'redaction.json';

/** Of a salt, in characters: shorter ones are guessed. */
export const SALT_MIN = 16;

interface Salt {
  readonly bytes: Uint8Array;
  readonly origin: 'given' | 'random';
}

/** Rules to begin from: all that is in the snapshot, with "keep". */
export async function rulesOf({ snapshot, uids }: OpenedSnapshot): Promise<string> {
  return rulesTemplate(await redactableOperators(snapshot, uids));
}

/** Whether hashes are made, for which a salt is needed, and why rules make no sense, or do not fit the snapshot. */
export async function checkRules({ snapshot, uids }: OpenedSnapshot, text: string): Promise<Pick<RedactionCheck, 'hashes' | 'problems'>> {
  try {
    const rules = parseRedactionRules(text);
    await prepareRedaction(snapshot, rules, { uids, salted: (bytes) => bytes });
    return { hashes: usesHash(rules), problems: [] };
  } catch (error) {
    if (!(error instanceof RewriteRefused)) throw error;
    return { hashes: false, problems: rulesProblems(text, error) };
  }
}

export interface RedactOptions extends Pick<WriteOptions, 'signal' | 'onProgress' | 'keyHash'> {
  /** The text of a file of rules. */
  readonly rules: string;
  /** Null is a random one, which is thrown away. */
  readonly salt: string | null;
  /** What is to be said beside the edits that the rules make. */
  readonly plan?: Omit<RewritePlan, 'edits'>;
}

/** Writes a snapshot without sensitive data, as rules say; null only counts. @throws as writeSnapshot */
export async function redactSnapshot(
  opened: OpenedSnapshot,
  target: string | null,
  { rules: text, salt: given, plan = {}, ...options }: RedactOptions,
): Promise<{ readonly report: RedactionReport; readonly bytes: number }> {
  const rules = parseRedactionRules(text);
  const salt: Salt = given === null ? { bytes: randomBytes(32), origin: 'random' } : { bytes: Buffer.from(given), origin: 'given' };
  const salted = (bytes: Uint8Array): Uint8Array => createHmac('sha256', salt.bytes).update(bytes).digest();
  const redaction = await prepareRedaction(opened.snapshot, rules, { uids: opened.uids, salted });
  const origin = usesHash(rules) ? salt.origin : 'none needed';
  const reported = (rewriting: RewriteReport): RedactionReport => redactionReport(redaction, rewriting, rules, origin);
  const { report, bytes } = await writeSnapshot([opened], { ...plan, edits: redaction.edits }, target, {
    ...options,
    redacting: redaction,
    beside: (rewriting) => ({ name: REPORT_FILE, text: `${JSON.stringify(reported(rewriting), null, 2)}\n` }),
  });
  return { report: reported(report), bytes };
}

/** As the editor hears of it. @throws as redactSnapshot */
export async function redactionResult(opened: OpenedSnapshot, target: string, options: RedactOptions): Promise<RedactionResult> {
  const { report, bytes } = await redactSnapshot(opened, target, options);
  const fields = report.operators.flatMap(({ keys, states }) => [...keys, ...states.flatMap((state) => state.fields)]);
  return {
    bytes,
    report: join(target, REPORT_FILE),
    salt: report.salt,
    values: fields.reduce((sum, { action, values }) => sum + (action === 'keep' ? 0 : (values ?? 0)), 0),
  };
}
