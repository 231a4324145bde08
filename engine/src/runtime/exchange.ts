import { keyGroupOfHash, subtaskOfKeyGroup } from '../keys/keyGroup.ts';
import type { Partitioning } from '../plan/plan.ts';
import type { UserFunction } from '../plan/operatorSpec.ts';
import { keyCheckOf, type ValueCheck } from '../state/valueCheck.ts';
import type { KeyType } from '../types/type.ts';
import type { Channel, ControlElement } from './channel.ts';

/** The sending end of an edge between tasks, of one subtask: deals its records to the channels, one to each receiving subtask. */
export interface Exchange {
  record(value: unknown, timestamp: number): void;
  /** Control elements go to every channel. */
  control(element: ControlElement): void;
}

/** `receiver` is the uid of the operator there. `channels[i]` leads to subtask i of the receiver; a forward edge to an equal has the one channel to its peer. `subtask` is the sender's. */
export function createExchange(
  partitioning: Partitioning,
  channels: readonly Channel[],
  subtask: number,
  maxParallelism: number,
  receiver: string,
): Exchange {
  switch (partitioning.kind) {
    case 'hash':
      return new HashExchange(channels, partitioning.key, partitioning.keyType, maxParallelism, receiver);
    case 'broadcast':
      return new BroadcastExchange(channels);
    case 'rebalance':
    case 'forward':
      return new RoundRobinExchange(channels, subtask);
  }
}

abstract class ControlBroadcast {
  protected readonly channels: readonly Channel[];

  constructor(channels: readonly Channel[]) {
    this.channels = channels;
  }

  control(element: ControlElement): void {
    for (const channel of this.channels) channel.pushControl(element);
  }
}

class RoundRobinExchange extends ControlBroadcast implements Exchange {
  #next: number;

  constructor(channels: readonly Channel[], subtask: number) {
    super(channels);
    this.#next = subtask % channels.length;
  }

  record(value: unknown, timestamp: number): void {
    this.channels[this.#next]?.push(value, timestamp);
    this.#next++;
    if (this.#next === this.channels.length) this.#next = 0;
  }
}

class BroadcastExchange extends ControlBroadcast implements Exchange {
  record(value: unknown, timestamp: number): void {
    for (const channel of this.channels) channel.push(value, timestamp);
  }
}

class HashExchange extends ControlBroadcast implements Exchange {
  readonly #key: UserFunction;
  readonly #keyType: KeyType<unknown>;
  readonly #check: ValueCheck;
  readonly #maxParallelism: number;
  /** By key group. */
  readonly #channelOf: readonly Channel[];

  constructor(channels: readonly Channel[], key: UserFunction, keyType: KeyType<unknown>, maxParallelism: number, receiver: string) {
    super(channels);
    this.#check = keyCheckOf(receiver, keyType);
    this.#key = key;
    this.#keyType = keyType;
    this.#maxParallelism = maxParallelism;
    this.#channelOf = Array.from({ length: maxParallelism }, (_, keyGroup) => {
      const channel = channels[subtaskOfKeyGroup(keyGroup, maxParallelism, channels.length)];
      if (channel === undefined) throw new RangeError(`key group ${String(keyGroup)} has no subtask`);
      return channel;
    });
  }

  record(value: unknown, timestamp: number): void {
    const select = this.#key;
    const key = select(value) as unknown;
    this.#check.check(key);
    const hash = this.#keyType.hash(key);
    this.#channelOf[keyGroupOfHash(hash, this.#maxParallelism)]?.push(value, timestamp);
  }
}
