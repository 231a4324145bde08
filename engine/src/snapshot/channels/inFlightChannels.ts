import { ByteReader } from '../bytes/byteReader.ts';
import type { ChannelHandle, StreamHandle, SubtaskMetadata } from '../metadata/snapshotMetadata.ts';

/** What was on its way between two subtasks when an unaligned checkpoint was taken, at one of its two ends. */
export interface InFlightChannel {
  /** Waiting in an input, or in a result that had not been sent. */
  readonly direction: 'input' | 'result';
  readonly subtask: number;
  /** Gate and channel of an input; partition and subpartition of a result. */
  readonly first: number;
  readonly second: number;
  /** Bytes in the file, with four in front of each buffer. */
  readonly size: number;
  /** Where each buffer is in the stream. */
  readonly offsets: readonly number[];
  readonly stream: StreamHandle | null;
}

/** Of one channel in a merged handle: two indices, a size and a count. */
const MERGED_MIN = 20;

/** All channels of a subtask, whether each has a handle of its own or all of one file share one. @throws FormatError */
export function inFlightChannels({ inputChannels, resultSubpartitions }: SubtaskMetadata): InFlightChannel[] {
  return [
    ...inputChannels.flatMap((handle) => channelsOf(handle, 'input')),
    ...resultSubpartitions.flatMap((handle) => channelsOf(handle, 'result')),
  ];
}

function channelsOf(handle: ChannelHandle, direction: 'input' | 'result'): InFlightChannel[] {
  const { subtask, stream } = handle;
  if (handle.kind === 'channel') {
    const { first, second, size, offsets } = handle;
    return [{ direction, subtask, first, second, size, offsets, stream }];
  }
  const reader = new ByteReader(handle.offsets);
  return reader.within('offsets of channels', () => {
    const count = reader.count(MERGED_MIN);
    const channels: InFlightChannel[] = [];
    for (let i = 0; i < count; i++) {
      const first = reader.i32();
      const second = reader.i32();
      const size = reader.safeI64();
      const offsets = Array.from({ length: reader.count(8) }, () => reader.safeI64());
      channels.push({ direction, subtask, first, second, size, offsets, stream });
    }
    if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes follow the last channel`);
    return channels;
  });
}
