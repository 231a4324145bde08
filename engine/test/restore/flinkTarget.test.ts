import { describe, expect, test } from 'vitest';
import type { KeyedContext } from '../../src/plan/contexts.ts';
import type { KeyedProcessSpec } from '../../src/plan/operatorSpec.ts';
import type { StateDeclaration } from '../../src/plan/stateDeclaration.ts';
import { checkDescription, finding, findingText, openSnapshot, type FlinkTarget, type RestoreFinding } from '../../src/restore/index.ts';
import { describeOpened } from '../../src/restore/storedDescription.ts';
import type { ValueState } from '../../src/types/stateHandle.ts';
import * as t from '../../src/types/t.ts';
import type { Type } from '../../src/types/type.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { none } from './pipelines.ts';
import { planOf, Scenario } from './scenario.ts';

function keyed(type: unknown, ttl: StateDeclaration['ttl'] = null): KeyedProcessSpec {
  return {
    kind: 'keyedProcess',
    keyType: t.string as never,
    key: ([key]: [unknown]) => key,
    states: [{ kind: 'value', name: 'v', type: type as Type<unknown>, ttl }],
    onRecord([, content]: [unknown, unknown], ctx: KeyedContext) {
      (ctx.state as unknown as { v: ValueState<unknown> }).v.update(content);
    },
    onTimer: none,
  };
}

/** What is found where a value was written with one type, and Flink restores it with another. */
function found(
  before: unknown,
  content: unknown,
  now: unknown,
  flink: FlinkTarget = '2.3',
  ttl: StateDeclaration['ttl'] = null,
): readonly RestoreFinding[] {
  const files = new MemoryFiles();
  const scenario = new Scenario(planOf({ op: keyed(before) }));
  scenario.send('op', ['a', content]);
  const stored = describeOpened(openSnapshot(files, scenario.take(files).path));
  return checkDescription(planOf({ op: keyed(now, ttl) }), stored, { allowNonRestoredState: false, flink }).findings;
}

const Old = t.record('Flight', { origin: t.string, destination: t.string, delay: t.int });
const old = { origin: 'HAM', destination: 'OSL', delay: 7 };
const flink = (now: unknown): [string, string] | undefined => {
  const verdict = found(Old, old, now).find(({ code }) => code.startsWith('flink'));
  return verdict === undefined ? undefined : [verdict.code, verdict.message];
};

test('a name in the words of a finding writes no line of its own, which could look like a command', () => {
  const evil = 'a\ntidemark edit SNAPSHOT --out /\u001b[2J';
  const shown = 'a\\ntidemark edit SNAPSHOT --out /\\u001b[2J';
  const advice = { words: `Call it ${evil}:`, command: 'tidemark edit SNAPSHOT --out OUT' };
  const one = finding('error', 'flinkRenames', evil, evil, `${evil} is gone.`, advice);
  expect(one.remedy?.split('\n')).toEqual([`Call it ${shown}:`, advice.command]);
  expect(findingText(one)).toBe(`operator "${shown}", state "${shown}": ${shown} is gone. Call it ${shown}:\n${advice.command}`);
  expect(finding('error', 'incompatible', null, null, '', `Rename ${evil}`).remedy).toBe(`Rename ${shown}`);
});

/** As was seen of Flink 1.20.5 and 2.3.0 with RocksDB and with hashmap. */
describe('records that this engine evolves by name, in Flink', () => {
  test('nothing changed', () => expect(flink(Old)).toBeUndefined());

  test('two fields of one type swapped: values are swapped, in silence', () => {
    const [code, message] = flink(t.record('Flight', { destination: t.string, origin: t.string, delay: t.int })) ?? [];
    expect(code).toBe('flinkSpoils');
    expect(message).toContain('destination gets the values of origin; origin gets the values of destination');
  });

  test('a field added at the end: it fails when it writes the first record', () => {
    const [code, message] =
      flink(t.record('Flight', { origin: t.string, destination: t.string, delay: t.int, gate: t.field(t.string, { default: '' }) })) ?? [];
    expect(code).toBe('flinkFails');
    expect(message).toContain('no value at position 3, where gate is now');
  });

  test('fields of different types in another order', () => {
    expect(flink(t.record('Flight', { delay: t.int, origin: t.string, destination: t.string }))?.[0]).toBe('flinkFails');
  });

  test('a field removed from the middle, before one of another type', () => {
    expect(flink(t.record('Flight', { origin: t.string, delay: t.int }))?.[0]).toBe('flinkFails');
  });

  test.each([
    ['the last field removed', t.record('Flight', { origin: t.string, destination: t.string })],
    ['int becomes long', t.record('Flight', { origin: t.string, destination: t.string, delay: t.long })],
    ['a field may be null', t.record('Flight', { origin: t.nullable(t.string), destination: t.string, delay: t.int })],
    [
      'renamed with an alias, in its place',
      t.record('Flight', { from: t.field(t.string, { default: '', aliases: ['origin'] }), destination: t.string, delay: t.int }),
    ],
  ])('works: %s', (_, now) => expect(flink(now)).toBeUndefined());

  test('one dropped and one added in its place may be a rename: by position it is one, by name it is none', () => {
    const now = t.record('Flight', { from: t.field(t.string, { default: '?' }), destination: t.string, delay: t.int });
    const [code, message] = flink(now) ?? [];
    expect(code).toBe('flinkRenames');
    expect(message).toContain(
      'from gets the values of origin. That is right if it was renamed. If the one was dropped and the other added',
    );
    const [own] = found(Old, old, now);
    expect(own?.changes).toEqual([
      'Flight: field "origin" is gone, its values are dropped',
      expect.stringMatching(/field "from" is new, gets its default/),
    ]);
  });

  test('refused: a type that is none of the old one', () => {
    expect(flink(t.record('Flight', { origin: t.string, destination: t.string, delay: t.string }))?.[0]).toBe('flinkRefuses');
    expect(flink(t.record('Trip', { origin: t.string, destination: t.string, delay: t.int }))?.[0]).toBe('flinkRefuses');
  });

  test('deep inside as well', () => {
    const outer = (inner: unknown) => t.record('Outer', { list: t.list(inner as typeof Old) });
    const now = outer(t.record('Flight', { destination: t.string, origin: t.string, delay: t.int }));
    const verdicts = found(outer(Old), { list: [old] }, now).map(({ code }) => code);
    expect(verdicts).toContain('flinkSpoils');
    // The engine itself goes by names.
    expect(verdicts).toContain('migrated');
  });
});

test('a time to live may come and go in Flink 2, and not in Flink 1', () => {
  const ttl = { time: 1e13, update: 'onWrite' } as const;
  expect(found(t.long, 1, t.long, '2.3', ttl).map(({ code }) => code)).toEqual(['migrated']);
  expect(found(t.long, 1, t.long, '1.20', ttl).map(({ code }) => code)).toEqual(['migrated', 'flinkRefuses']);
});

test('what only this engine promotes, Flink refuses', () => {
  expect(found(t.int, 1, t.long).map(({ code }) => code)).toEqual(['migrated', 'flinkRefuses']);
});

describe('the smallest change that makes it fit', () => {
  const remedy = (now: unknown) => found(Old, old, now).find(({ code }) => code === 'incompatible');
  test('a field back to its type', () => {
    const it = remedy(t.record('Flight', { origin: t.string, destination: t.string, delay: t.string }));
    expect(it?.remedy).toMatch(/^Declare field "delay" as t\.int again, or/);
    expect(it?.schemas).toEqual({
      written: 'Flight<origin: string, destination: string, delay: int>',
      wanted: 'Flight<origin: string, destination: string, delay: string>',
    });
  });

  test('a default, or the name that it had', () => {
    expect(remedy(t.record('Flight', { origin: t.string, destination: t.string, late: t.int }))?.remedy).toMatch(
      /^Give field "late" a default: t\.field\(\.\.\., \{ default: \.\.\. \}\), or its former name: \{ aliases: \["delay"\] \}, or/,
    );
  });

  test('the name of the record', () => {
    expect(remedy(t.record('Trip', { origin: t.string, destination: t.string, delay: t.int }))?.remedy).toMatch(
      /^Name record Trip "Flight" again, or say that it was renamed: \{ aliases: \["Flight"\] \}/,
    );
  });
});
