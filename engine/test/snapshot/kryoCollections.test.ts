import { expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import type { DeclaredClasses } from '../../src/snapshot/values/declaredClass.ts';
import { NO_CLASSES } from '../../src/snapshot/values/declaredClass.ts';
import type { DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import type { FlinkMajor } from '../../src/snapshot/values/flinkMajor.ts';
import { kryoValueReader } from '../../src/snapshot/values/kryoValue.ts';
import { UnreadableValue } from '../../src/snapshot/values/unreadableValue.ts';

const LOW = { $enum: 'LOW' };
const HIGH = { $enum: 'HIGH' };
const ONE = { $long: '1' };
const THREE = { $long: '3' };

/** What the KryoSerializer of Flink 1.20.5 and 2.3.0 wrote for type Object. */
const VECTORS: readonly { readonly name: string; readonly flink1: string; readonly flink2: string; readonly value: DumpValue }[] = [
  {
    name: 'enumMap',
    flink1: '01006a6176612e7574696c2e456e756d4d61f001020101762e566563244c657665ec01010902010101030906',
    flink2: '01006a6176612e7574696c2e456e756d4d61f001030101762e566563244c657665ec0109020101030906',
    value: {
      $map: [
        [LOW, ONE],
        [HIGH, THREE],
      ],
      class: 'java.util.EnumMap',
    },
  },
  {
    name: 'enumMapEmpty',
    flink1: '01006a6176612e7574696c2e456e756d4d61f00100',
    flink2: '01006a6176612e7574696c2e456e756d4d61f00101',
    value: { $map: [], class: 'java.util.EnumMap' },
  },
  {
    name: 'enumMapInList',
    flink1:
      '01006a6176612e7574696c2e41727261794c6973f4010401016a6176612e7574696c2e456e756d4d61f001020102762e566563244c657665ec01010902010201030906010201020101030101010201020409020102050906',
    flink2:
      '01006a6176612e7574696c2e41727261794c6973f4010501016a6176612e7574696c2e456e756d4d61f001030102762e566563244c657665ec01090201020309060102020101030101010301020109020102030906',
    value: [
      {
        $map: [
          [LOW, ONE],
          [HIGH, THREE],
        ],
        class: 'java.util.EnumMap',
      },
      { $enum: 'MID' },
      {
        $map: [
          [LOW, ONE],
          [HIGH, THREE],
        ],
        class: 'java.util.EnumMap',
      },
      {
        $map: [
          [LOW, ONE],
          [HIGH, THREE],
        ],
        class: 'java.util.EnumMap',
      },
    ],
  },
  {
    name: 'myMap',
    flink1: '0100762e566563244d794d61f00101030182610902',
    flink2: '0100762e566563244d794d61f00102030182610902',
    value: { $map: [['a', ONE]], class: 'v.Vec$MyMap' },
  },
  {
    name: 'myMapInList',
    flink1: '01006a6176612e7574696c2e41727261794c6973f401020101762e566563244d794d61f0010103018261090203018278',
    flink2: '01006a6176612e7574696c2e41727261794c6973f401030101762e566563244d794d61f0010203018261090203018278',
    value: [{ $map: [['a', ONE]], class: 'v.Vec$MyMap' }, 'x'],
  },
  {
    name: 'myList',
    flink1: '0100762e566563244d794c6973f401020301826103018262',
    flink2: '0100762e566563244d794c6973f401830300018261018262',
    value: { $list: ['a', 'b'], class: 'v.Vec$MyList' },
  },
  {
    name: 'mySet',
    flink1: '0100762e566563244d795365f4010103018261',
    flink2: '0100762e566563244d795365f401820300018261',
    value: { $list: ['a'], class: 'v.Vec$MySet' },
  },
  {
    name: 'myTree',
    flink1: '0100762e566563244d79547265e5010001030182610902',
    flink2: '0100762e566563244d79547265e5010200030182610902',
    value: { $map: [['a', ONE]], class: 'v.Vec$MyTree' },
  },
  {
    name: 'properties',
    flink1: '01006a6176612e7574696c2e50726f706572746965f301010301826b03018276',
    flink2: '01006a6176612e7574696c2e50726f706572746965f301020301826b03018276',
    value: { $map: [['k', 'v']], class: 'java.util.Properties' },
  },
];

const DECLARED: DeclaredClasses = new Map([
  ['v.Vec$Level', { kind: 'enum', constants: ['LOW', 'MID', 'HIGH'] }],
  ['v.Vec$MyMap', { kind: 'extends', superclass: 'java.util.HashMap' }],
  ['v.Vec$MyList', { kind: 'extends', superclass: 'java.util.ArrayList' }],
  ['v.Vec$MySet', { kind: 'extends', superclass: 'java.util.HashSet' }],
  ['v.Vec$MyTree', { kind: 'extends', superclass: 'java.util.TreeMap' }],
]);

function read(hex: string, flink: FlinkMajor, declared: DeclaredClasses): DumpValue {
  const reader = new ByteReader(Uint8Array.from(Buffer.from(hex, 'hex')));
  const kryo = { kind: 'kryo', className: 'java.lang.Object', registrations: ['java.lang.Object'], content: new Uint8Array(0) } as const;
  const value = kryoValueReader(kryo, flink, new Map(), declared)(reader);
  expect(reader.remaining).toBe(0);
  return value;
}

test.each(VECTORS)('Kryo wrote $name', ({ flink1, flink2, value }) => {
  expect(read(flink1, 1, DECLARED)).toEqual(value);
  expect(read(flink2, 2, DECLARED)).toEqual(value);
});

test.each(VECTORS.filter(({ name }) => name.startsWith('my')))(
  '$name is unreadable where nothing says what it extends',
  ({ flink1, flink2 }) => {
    expect(() => read(flink1, 1, NO_CLASSES)).toThrow(UnreadableValue);
    expect(() => read(flink2, 2, NO_CLASSES)).toThrow(UnreadableValue);
  },
);
