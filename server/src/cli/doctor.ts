import { resolve } from 'node:path';
import { readHeaders, type SnapshotHeaders } from 'tidemark/snapshot';
import type { DoctorFinding, DoctorReport } from '../protocol.ts';
import { examine, type ExamineOptions } from '../snapshots/doctor/examine.ts';
import { reportOf } from '../snapshots/doctor/doctorReport.ts';
import { KafkaError } from '../snapshots/kafka/clientProperties.ts';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { withPlaces } from '../snapshots/remedyPlaces.ts';
import { untilInterrupted } from './interrupt.ts';
import { EXIT, linesText, plural, timeText, UsageError, type CliIo } from './io.ts';
import { openedForReading, READING_OPTIONS, readingArguments } from './openedForReading.ts';
import { ReadProgress } from './readProgress.ts';
import { durationOption, timeOption } from './timeOptions.ts';
import { plannedUids } from './uidList.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

/** As diff(1) has them, so that a script can ask. */
const DOCTOR_EXIT = { healthy: 0, found: 1, failed: 2 } as const;

export const doctorSyntax = {
  name: 'doctor',
  operands: 'SNAPSHOT',
  about: 'Tells what in a snapshot will cause trouble later, and what to do about it.',
  options: {
    'plan-uids': { value: 'FILE|PIPELINE', about: 'The uids of the job that will restore the snapshot, one a line, or its pipeline.' },
    against: { value: 'SNAPSHOT', about: 'Another snapshot of the same job: what changed between them is looked at, too.' },
    scan: { about: 'Reads all keyed state: sizes of keys, timers, TTL.' },
    ttl: { value: 'DURATION', about: 'With --scan: the time to live of states that have one, such as 7d.' },
    at: {
      value: 'TIME',
      about:
        'The time for which timers and TTL are judged. Default: now; for timers of event time the watermark, where the snapshot has it.',
    },
    kafka: {
      value: 'BROKERS|FILE.properties',
      about: 'Asks this Kafka cluster what it has of the topics that sources read. Nothing is read or written there.',
    },
    ...READING_OPTIONS,
    json: { about: 'Prints JSON.' },
  },
} as const satisfies CommandSyntax;

/** `tidemark doctor SNAPSHOT`: what in it will hurt later, and what to do about it. */
export async function doctor(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(doctorSyntax, args);
  const [location, ...more] = positionals;
  if (location === undefined || more.length > 0) throw new UsageError('doctor needs a snapshot.');
  if (values.ttl !== undefined && !values.scan) throw new UsageError('--ttl needs --scan, because it looks at every entry.');
  const plan = values['plan-uids'] === undefined ? null : await plannedUids('--plan-uids', resolve(io.cwd, values['plan-uids']));
  const ttl = values.ttl === undefined ? null : durationOption('--ttl', values.ttl);
  const asOf = values.at === undefined ? Date.now() : timeOption('--at', values.at);
  const kafka = values.kafka === undefined ? null : { cluster: values.kafka, folder: io.cwd };
  const other = values.against === undefined ? null : await headersOf(values.against, values, io);
  if (typeof other === 'number') return DOCTOR_EXIT.failed;
  const look = async (opened: OpenedSnapshot): Promise<number> => {
    const found = await untilInterrupted((signal) =>
      examined(
        opened,
        {
          asOf,
          asOfGiven: values.at !== undefined,
          plan,
          other,
          kafka: kafka && { ...kafka, signal },
          scan: values.scan ? { ttl, signal } : null,
        },
        io,
      ),
    ).catch((error: unknown) => {
      if (error instanceof KafkaError) return error;
      throw error;
    });
    if (found instanceof KafkaError) {
      io.err(`${found.message}\n`);
      return DOCTOR_EXIT.failed;
    }
    const places = { snapshot: location, options: readingArguments(values), cwd: io.cwd };
    const report = { ...found, findings: withPlaces(found.findings, places) };
    io.out(values.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    return report.findings.some(({ severity }) => severity !== 'info') ? DOCTOR_EXIT.found : DOCTOR_EXIT.healthy;
  };
  return exitCodeOf(await openedForReading(location, values, io, look, plan ?? []));
}

/** The exit code where it cannot be read. */
async function headersOf(location: string, values: Parameters<typeof openedForReading>[1], io: CliIo): Promise<SnapshotHeaders | number> {
  const read: SnapshotHeaders[] = [];
  const code = await openedForReading(location, values, io, async ({ snapshot }) => {
    read.push(await readHeaders(snapshot));
    return EXIT.ok;
  });
  return read[0] ?? code;
}

function exitCodeOf(code: number): number {
  return code === EXIT.notRestored || code === EXIT.usage ? DOCTOR_EXIT.failed : code;
}

interface Wanted {
  readonly asOf: number;
  readonly asOfGiven: boolean;
  readonly plan: readonly string[] | null;
  readonly other: SnapshotHeaders | null;
  readonly kafka: ExamineOptions['kafka'];
  readonly scan: { readonly ttl: number | null; readonly signal: AbortSignal } | null;
}

async function examined(opened: OpenedSnapshot, wanted: Wanted, io: CliIo): Promise<DoctorReport> {
  const progress = new ReadProgress(io, 'read');
  try {
    const onProgress = progress.show.bind(progress);
    const examination = await examine(opened, {
      ...wanted,
      looksOutside: true,
      scan: wanted.scan === null ? null : { ...wanted.scan, onProgress },
    });
    return reportOf(opened, examination);
  } finally {
    progress.end();
  }
}

const PLACES_MAX = 12;
const MARKS = { error: 'error  ', warning: 'warning', info: 'note   ' } as const;

function reportText({ location, asOf, scanned, findings }: DoctorReport): string {
  const lines = [location];
  for (const [{ severity, message, remedy }, places] of gathered(findings)) {
    const first = places.slice(0, PLACES_MAX).join('; ');
    const more = places.length > PLACES_MAX ? ` and ${plural(places.length - PLACES_MAX, 'more place')}` : '';
    lines.push(`${MARKS[severity]}  ${first === '' ? '' : `${first}${more}: `}${message}`);
    if (remedy !== null) lines.push(...remedy.split('\n').map((line) => `         ${line}`));
  }
  const count = (wanted: DoctorFinding['severity']): number => findings.filter(({ severity }) => severity === wanted).length;
  const summary = [plural(count('error'), 'error'), plural(count('warning'), 'warning'), plural(count('info'), 'note')].join(', ');
  lines.push(`${summary} as of ${timeText(asOf)} UTC.${scanned ? '' : ' Sizes of keys, timers and TTL are looked at with --scan.'}`);
  return linesText(lines);
}

/** What is said of several places in the same words is said once. */
function gathered(findings: readonly DoctorFinding[]): Map<DoctorFinding, string[]> {
  const firsts = new Map<string, DoctorFinding>();
  const places = new Map<DoctorFinding, string[]>();
  for (const finding of findings) {
    const { severity, operator, state, file, message, remedy } = finding;
    const words = JSON.stringify([severity, message, remedy]);
    const first = firsts.get(words) ?? finding;
    firsts.set(words, first);
    const place = [operator, state, file].filter((part) => part !== null).join(', ');
    const known = places.get(first) ?? [];
    if (place !== '') known.push(place);
    places.set(first, known);
  }
  return places;
}
