import type { AvroCode, AvroJson } from './avro/avroForm.ts';
import { formatTime, parseTime } from './isoTime.ts';
import { checkLong, LongType } from './long.ts';
import { misfit } from './misfit.ts';

/** Epoch milliseconds. Flink's LongSerializer; `timestamp-millis` inside a record; ISO 8601 in text. */
export class TimestampType extends LongType {
  override readonly name = 'timestamp';

  protected override code(): AvroCode {
    return super.code('timestamp');
  }

  protected override avroSchema(): AvroJson {
    return { type: 'long', logicalType: 'timestamp-millis' };
  }

  override fromJson(json: unknown): number {
    if (typeof json === 'string') return parseTime(json) ?? misfit('timestamp', json);
    return checkLong(json, this.name);
  }

  override fromText(text: string): number {
    const trimmed = text.trim();
    if (/^[+-]?\d+$/.test(trimmed)) return checkLong(Number(trimmed), this.name);
    return this.fromJson(trimmed);
  }

  override toJson(value: number): unknown {
    return formatTime(value) ?? value;
  }
}
