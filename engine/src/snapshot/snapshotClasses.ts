import { FormatError } from './bytes/formatError.ts';
import { keyGroupsHeader } from './keyed/openKeyGroups.ts';
import { serializersOf } from './keyed/stateCodec.ts';
import type { KeyedStateHandle, OperatorStateHandle, SnapshotMetadata } from './metadata/snapshotMetadata.ts';
import { ElementBounds, operatorSerializers, readOperatorHeader } from './operator/operatorStream.ts';
import { openRocksDbRows } from './rocksdb/rocksDbRows.ts';
import type { SerializerSnapshot } from './serializers/serializerSnapshot.ts';
import type { SnapshotStorage } from './storage/snapshotStorage.ts';
import { openStream } from './storage/stateStream.ts';
import { NO_CLASSES, type DeclaredClasses } from './values/declaredClass.ts';
import { ClassCollector, meetsOtherClasses, type KnownClasses } from './values/knownClasses.ts';

/**
 * What the snapshot's serializers say of classes, in whatever operator and state, and then the workspace. The headers of one subtask an
 * operator are read, when a value can first have an object of a class that its own serializer does not describe: all subtasks have the
 * same serializers.
 */
export class SnapshotClasses {
  readonly #storage: SnapshotStorage;
  readonly #folder: string;
  readonly #metadata: SnapshotMetadata;
  readonly #declared: DeclaredClasses;
  #known: Promise<KnownClasses> | null = null;
  #isPartial = false;

  constructor(storage: SnapshotStorage, folder: string, metadata: SnapshotMetadata, declared: DeclaredClasses = NO_CLASSES) {
    this.#storage = storage;
    this.#folder = folder;
    this.#metadata = metadata;
    this.#declared = declared;
  }

  /** For values of these serializers. */
  knownFor(serializers: readonly (SerializerSnapshot | null)[]): Promise<KnownClasses> {
    if (!meetsOtherClasses(serializers)) return Promise.resolve({ declared: this.#declared, serializers: new Map() });
    this.#known ??= this.#collect().catch((error: unknown) => {
      this.#known = null;
      throw error;
    });
    return this.#known;
  }

  async #collect(): Promise<KnownClasses> {
    const collector = new ClassCollector();
    for (const { subtasks, maxParallelism } of this.#metadata.operators) {
      const keyed = subtasks.find(({ managedKeyedState }) => managedKeyedState !== null)?.managedKeyedState ?? null;
      const operator = subtasks.find(({ managedOperatorState }) => managedOperatorState !== null)?.managedOperatorState ?? null;
      for (const read of [
        () => (keyed === null ? [] : this.#ofKeyed(keyed, maxParallelism)),
        () => (operator === null ? [] : this.#ofOperator(operator)),
      ])
        collector.add(await this.#unlessUnreadable(read));
    }
    if (this.#isPartial) this.#known = null;
    this.#isPartial = false;
    return collector.known(this.#declared);
  }

  /**
   * A header that cannot be read describes nothing here, and spoils no other operator's state; it is reported where its own state is read. What may
   * be had the next time, such as a file on a network, is asked for again then.
   */
  async #unlessUnreadable<T>(read: () => Promise<readonly T[]> | readonly T[]): Promise<readonly T[]> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') throw error;
      if (!(error instanceof FormatError || error instanceof RangeError)) this.#isPartial = true;
      return [];
    }
  }

  async #ofKeyed(handle: KeyedStateHandle, maxParallelism: number): Promise<(SerializerSnapshot | null)[]> {
    switch (handle.kind) {
      case 'keyGroups':
        if (handle.stream === null) return [];
        return serializersOf(await keyGroupsHeader(await openStream(this.#storage, this.#folder, handle.stream), handle));
      case 'incremental':
        return serializersOf((await openRocksDbRows(this.#storage, this.#folder, handle, maxParallelism)).header);
      case 'changelog': {
        const all: (SerializerSnapshot | null)[] = [];
        for (const part of handle.base) all.push(...(await this.#ofKeyed(part, maxParallelism)));
        return all;
      }
      default:
        return [];
    }
  }

  async #ofOperator({ stream: handle, merged, partitions }: OperatorStateHandle): Promise<readonly (SerializerSnapshot | null)[]> {
    if (handle === null || merged?.empty === true) return [];
    const stream = await openStream(this.#storage, this.#folder, handle);
    if (stream.size === 0) return [];
    const { first } = new ElementBounds(partitions, stream.size);
    return operatorSerializers(readOperatorHeader(await stream.read(0, Math.min(first, stream.size))));
  }
}
