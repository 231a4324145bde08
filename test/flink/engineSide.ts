import { readFileSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sink, Source } from 'tidemark';
import { t } from 'tidemark';
import { nodeFileAccess, snapshotFiles } from 'tidemark/host';
import { buildPlan } from 'tidemark/plan';
import { createSnapshotStore, PlanMigration, restoreSnapshot, type SnapshotManifest } from 'tidemark/restore';
import { createEngine } from 'tidemark/runtime';
import { dumpLines, readSnapshot, rewriteSnapshot, type SnapshotEdit, type SnapshotStorage } from 'tidemark/snapshot';
import { everythingPipeline, FAR } from './everything.ts';
import { folderOutput } from './rewriteSide.ts';

export { heldEntries, KEY_POJO_MAX, misplacedKeys, repair, repairs } from './rewriteSide.ts';

/** The engine's part in the comparison with Flink: takes savepoints of `everything.ts`, restores those of Flink, and dumps. */
export const COUNT = 300;

/** Numbers from 0 on; subtask i of p has those that leave i when divided by p. A split is `{ next, step }`. */
const numbers: Source<number> = {
  name: 'numbers',
  details: {},
  type: t.long,
  open: (_host: unknown, { subtask, parallelism }: { subtask: number; parallelism: number }, stored: readonly Uint8Array[] | null) => {
    const splits = stored?.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as { next: number; step: number }) ?? [
      { next: subtask, step: parallelism },
    ];
    return {
      poll(batch: { values: unknown[]; timestamps: number[]; count: number }, limit: number) {
        batch.count = 0;
        for (const split of splits) {
          for (; split.next < COUNT && batch.count < limit; split.next += split.step) {
            batch.values[batch.count] = split.next;
            batch.timestamps[batch.count++] = -(2 ** 63);
          }
        }
        return batch.count > 0 ? { kind: 'more' } : { kind: 'waiting', wakeAt: 2 ** 53 };
      },
      snapshot: () => splits.map((split) => new TextEncoder().encode(JSON.stringify(split))),
      close: () => undefined,
    };
  },
};

const discard: Sink<number> = {
  name: 'discard',
  details: {},
  open: () => ({
    write: () => undefined,
    prepareCommit: () => [],
    commit: () => undefined,
    finish: () => undefined,
    close: () => undefined,
  }),
};

interface RunOptions {
  readonly parallelism: number;
  readonly metadataVersion: 4 | 6;
  readonly outOfOrderness: number;
  readonly now: number;
  /** A snapshot's folder. */
  readonly from: string | null;
  readonly isPast?: boolean;
}

/** Runs until the source has nothing more, and takes a savepoint into `folder`. Returns its path. */
function run(folder: string, { parallelism, metadataVersion, outOfOrderness, now, from, isPast = false }: RunOptions): string {
  const plan = buildPlan(everythingPipeline({ source: numbers, sink: discard, outOfOrderness, isPast }), { parallelism });
  const files = snapshotFiles('/');
  const restore = (location: string) => restoreSnapshot({ files, location, plan, allowNonRestoredState: false, now: () => now }).state;
  const restored = from === null ? null : restore(from);
  const store = createSnapshotStore({
    files,
    plan,
    program: null,
    now: () => now,
    clock: () => performance.now(),
    random: Math.random,
    savepoints: folder,
    checkpoints: join(folder, 'checkpoints'),
    claimed: null,
    metadataVersion,
    inlineThreshold: 4096,
  });
  const host = {
    files: nodeFileAccess(folder),
    now: () => now,
    random: () => 0.5,
    log: (_level: string, message: string) => {
      console.log(message);
    },
    print: () => undefined,
    counter: () => ({ inc: () => undefined, value: 0 }),
    outputs: { overwrite: true, made: new Set<string>() },
  };
  const outcome: { problem?: Error; path?: string } = {};
  const engine = createEngine(
    plan,
    {
      host,
      store,
      gate: null,
      restore,
      listener: (event) => {
        if (event.kind === 'failure') outcome.problem = event.error;
        if (event.kind === 'snapshotFailed') outcome.problem = new Error(event.reason);
        if (event.kind === 'snapshotCompleted') outcome.path = event.snapshot.path;
      },
    },
    { restored },
  );
  const slice = (): boolean => {
    const busy = engine.runSlice(20).kind === 'busy';
    if (outcome.problem !== undefined) throw outcome.problem;
    return busy;
  };
  while (slice());
  engine.savepoint(null).catch(() => undefined);
  for (let slices = 0; outcome.path === undefined; slices++) {
    slice();
    if (slices > 100_000) throw new Error('the savepoint is never complete');
  }
  engine.cancel();
  return outcome.path;
}

export function writeSavepoint(
  folder: string,
  options: {
    parallelism: number;
    metadataVersion: 4 | 6;
    windowsFire: boolean;
    isPast?: boolean;
  },
): string {
  // Event time goes to 300 s: with a minute of patience, some windows have fired and some not.
  return run(folder, { ...options, outOfOrderness: options.windowsFire ? 60_000 : 86_400_000, now: FAR, from: null });
}

/** Gives a savepoint of the past the types of the present. Returns the entries that it is expected to have then. */
export async function migrate(past: string, target: string): Promise<string[]> {
  await rewriteSnapshot([await readSnapshot(storage, past)], {}, folderOutput(target), { migrating: new PlanMigration(plan, FAR) });
  return (await dump(past)).map((line) => JSON.stringify(withExtra(parse(line))));
}

const RECORDS = ['record', 'records', 'recordsByNumber'];

/** Changes records of Avro that are inside of others. Returns the entries that are expected then. */
export async function changePlaces(from: string, target: string): Promise<string[]> {
  const edits = RECORDS.flatMap((state): SnapshotEdit[] => {
    const at = { operator: 'every-type', state } as const;
    return [
      { edit: 'renameField', ...at, field: 'place.name', to: 'title' },
      { edit: 'addField', ...at, field: 'inner.places[].zip', type: 'int', value: 5 },
      { edit: 'promoteField', ...at, field: 'numbers[]', type: 'long' },
    ];
  });
  const snapshot = await readSnapshot(storage, from);
  await rewriteSnapshot([snapshot], { edits }, folderOutput(target), { uids: new Map([[idOf('every-type') ?? '', 'every-type']]) });
  return (await dump(from)).map((line) => {
    const entry = parse(line);
    return RECORDS.some((state) => state === entry['state']) ? JSON.stringify(withTitles(entry)) : line;
  });
}

function withTitles(value: Json): Json {
  if (Array.isArray(value)) return value.map(withTitles);
  if (typeof value !== 'object' || value === null) return value;
  if ('height' in value && 'name' in value) return { title: value['name'] ?? null, height: value['height'] ?? null, zip: 5 };
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withTitles(part)]));
}

/** Every record gets the field that it had not. */
function withExtra(value: Json): Json {
  if (Array.isArray(value)) return value.map(withExtra);
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withExtra(part)]));
  return 'text' in value && 'byNumber' in value ? { ...parts, extra: '-' } : parts;
}

/** Restores, reads nothing, and takes a savepoint. By the wall clock, because Flink may have kept things in processing time. */
export function resume(location: string, folder: string, parallelism: number): string {
  return run(folder, { parallelism, metadataVersion: 4, outOfOrderness: 60_000, now: Date.now(), from: location });
}

export const storage: SnapshotStorage = {
  size: async (path) => (await stat(path)).size,
  exists: (path) =>
    stat(path).then(
      () => true,
      () => false,
    ),
  list: (folder) => readdir(folder).catch(() => []),
  async slice(path, offset, length) {
    const file = await open(path);
    try {
      const bytes = new Uint8Array(length);
      await file.read(bytes, 0, length, offset);
      return bytes;
    } finally {
      await file.close();
    }
  },
};

/** Everything in a snapshot by our own reader, as lines of JSON. */
export async function dump(location: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of dumpLines(await readSnapshot(storage, location))) lines.push(line);
  return lines;
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
interface Line {
  [name: string]: Json;
}

const parse = (line: string): Line => JSON.parse(line) as Line;

/** The same text for the same content: maps in any order, members of objects in any order, Avro's logical types as Flink's generic records have them. */
function canonical(value: Json, inAvro = false): Json {
  if (Array.isArray(value)) return value.map((each) => canonical(each, inAvro));
  if (typeof value !== 'object' || value === null) return value;
  if (inAvro && typeof value['$instant'] === 'string') return Date.parse(value['$instant']);
  if (inAvro && typeof value['$decimal'] === 'string') return bytesText(BigInt(value['$decimal']));
  const entries = Object.entries(value).map(([name, member]): [string, Json] => {
    const plain = canonical(member, inAvro || name === '$avro');
    // This class moved from one version of Flink to the next.
    if (name === '$class' && typeof plain === 'string' && plain.endsWith('TaggedUnion')) return [name, 'TaggedUnion'];
    return [name, name === '$map' && Array.isArray(plain) ? plain.map((pair) => JSON.stringify(pair)).sort() : plain];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** As `BigInteger.toByteArray` writes it, a letter a byte: two's complement, the high byte first, no byte more than the sign needs. */
function bytesText(value: bigint): string {
  let bytes = 1;
  while (BigInt.asIntN(8 * bytes, value) !== value) bytes++;
  let text = '';
  for (let at = bytes - 1; at >= 0; at--) text += String.fromCharCode(Number((value >> BigInt(8 * at)) & 0xffn));
  return text;
}

function canonicalText(line: string): string {
  const parsed = parse(line);
  // A set, stored as a list.
  if (parsed['state'] === 'merging-window-set') sort(parsed['value']);
  return JSON.stringify(canonical(parsed));
}

function sort(value: Json | undefined): void {
  if (Array.isArray(value)) value.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** What differs between two dumps, line by line, in any order. */
export function differences(expected: readonly string[], found: readonly string[]): string[] {
  const count = new Map<string, number>();
  for (const line of expected) bump(count, canonicalText(line), 1);
  for (const line of found) bump(count, canonicalText(line), -1);
  const problems = expected.length === 0 ? ['there are no lines to compare with'] : [];
  for (const [line, n] of count) if (n !== 0) problems.push(`${n > 0 ? 'missing' : 'extra  '} ${line.slice(0, 300)}`);
  return problems.sort();
}

function bump(count: Map<string, number>, key: string, by: number): void {
  count.set(key, (count.get(key) ?? 0) + by);
}

/** Entries without what may change from one run to another: which subtask has them, and how many copies of broadcast state there are. */
export function alike(lines: readonly string[]): string[] {
  const kept = new Set<string>();
  const entries: string[] = [];
  for (const line of lines) {
    const rest = parse(line);
    delete rest['subtask'];
    delete rest['index'];
    const text = JSON.stringify(rest);
    if (rest['kind'] === 'broadcast') kept.add(text);
    else if (rest['kind'] !== 'snapshot' && rest['kind'] !== 'operator') entries.push(text);
  }
  return [...entries, ...kept];
}

const plan = buildPlan(everythingPipeline({ source: numbers, sink: discard, outOfOrderness: 0 }));
const idOf = (uid: string) => plan.operators.find((operator) => operator.uid === uid)?.operatorId;

/**
 * Entries that do not depend on when a run took place, or on which of two inputs is read first: without sources, sinks and
 * processing-time windows, without the times of last access, and what a window join holds in one order.
 */
export function comparable(lines: readonly string[]): string[] {
  return alike(lines)
    .map(parse)
    .filter(({ state, operator }) => state !== 'SourceReaderState' && state !== 'writer_raw_states' && operator !== idOf('processing-time'))
    .map((line) => {
      if (line['operator'] === idOf('window-join') && Array.isArray(line['value']))
        line['value'].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      return JSON.stringify(line, (name, value: Json) => (name === '$ttl' ? 0 : value));
    });
}

/** States that stay empty by what the pipeline does, as `uid/state`. */
export const NEVER_FILLED: readonly RegExp[] = [
  /^discard-/,
  /^(?!every-type|processing-time).*\/_timer_state\/processing_/,
  /^(reduce|count-window|processing-time)\/_timer_state\/event_/,
  /^keyed-broadcast\/_timer_state/,
];
/** Also when no window has fired. */
export const NEVER_FILLED_AT_REST: readonly RegExp[] = [...NEVER_FILLED, /^tumbling-process\/(fired|total)$/];

/** States that `tidemark.json` names and the dump has no entry of. */
export function missingStates(location: string, lines: readonly string[], expected: readonly RegExp[]): string[] {
  const manifest = JSON.parse(readFileSync(join(location, 'tidemark.json'), 'utf8')) as SnapshotManifest;
  const filled = new Set(lines.map(parse).map(({ operator, state }) => JSON.stringify([operator, state])));
  return manifest.operators.flatMap(({ uid, operatorId, states }) =>
    states
      .filter(({ name }) => !filled.has(JSON.stringify([operatorId, name])) && !expected.some((pattern) => pattern.test(`${uid}/${name}`)))
      .map(({ name }) => `operator ${uid} has no entry of state ${name}`),
  );
}
