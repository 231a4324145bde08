import { coderName, describeCoder, type BeamCoder } from '../serializers/beamCoder.ts';
import { isKnownCoder } from '../values/beamValue.ts';
import { leaf, wrapped, type FieldForm, type Form, type LeafForm } from './form.ts';

const LONG = leaf('integer', { bits: 64, tag: '$long' });
const STRUCTURE = leaf('structure');

const LEAVES: Readonly<Record<string, LeafForm>> = {
  StringUtf8Coder: leaf('string'),
  ByteArrayCoder: leaf('bytes', { tag: '$bytes' }),
  VarLongCoder: LONG,
  BigEndianLongCoder: LONG,
  VarIntCoder: leaf('integer', { bits: 32 }),
  BigEndianIntegerCoder: leaf('integer', { bits: 32 }),
  BigEndianShortCoder: leaf('integer', { bits: 16 }),
  ByteCoder: leaf('integer', { bits: 8 }),
  BooleanCoder: leaf('boolean'),
  DoubleCoder: leaf('double', { tag: '$double' }),
  FloatCoder: leaf('float', { tag: '$float' }),
  BigIntegerCoder: leaf('bigInteger', { tag: '$bigint' }),
  BigDecimalCoder: leaf('decimal', { tag: '$decimal', scale: null }),
  InstantCoder: leaf('instant', { tag: '$instant' }),
  VoidCoder: STRUCTURE,
  IntervalWindowCoder: STRUCTURE,
};

const NEVER_NULL = 'values of this coder of Beam are never null';

/** What values of a coder look like. Those that are not written here are opaque: nothing of them can be redacted alone. */
export function beamForm(coder: BeamCoder): Form {
  const name = coderName(coder);
  const [first, second] = coder.parts;
  const of = (part: BeamCoder) => (): Form => beamForm(part);
  if (!isKnownCoder(coder)) return opaque(coder);
  if (Object.hasOwn(LEAVES, name)) return LEAVES[name] ?? opaque(coder);
  switch (name) {
    case 'KvCoder': {
      const fields = coder.parts.map((part, i): FieldForm => ({ name: `f${String(i)}`, form: of(part), notNull: NEVER_NULL }));
      return { kind: 'record', name: null, fields, listTag: '$tuple' };
    }
    case 'IterableCoder':
    case 'ListCoder':
    case 'CollectionCoder':
    case 'DequeCoder':
    case 'SetCoder':
      return first === undefined
        ? opaque(coder)
        : { kind: 'items', tag: null, item: of(first), notNull: NEVER_NULL, unique: name === 'SetCoder' };
    case 'MapCoder':
    case 'SortedMapCoder':
      return first === undefined || second === undefined
        ? opaque(coder)
        : { kind: 'pairs', key: of(first), value: of(second), valueNotNull: NEVER_NULL, asObject: false };
    case 'NullableCoder':
      return first === undefined ? opaque(coder) : wrapped(of(first), null, true);
    case 'LengthPrefixCoder':
      return first === undefined ? opaque(coder) : beamForm(first);
    default:
      return opaque(coder);
  }
}

function opaque(coder: BeamCoder): LeafForm {
  return leaf('opaque', { name: describeCoder(coder) });
}
