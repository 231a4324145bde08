import { keyedStateSchemaOf } from '../operators/keyedOperators.ts';
import type { PlanOperator } from '../plan/plan.ts';
import type { RestoredState } from '../runtime/index.ts';
import type { KeyedStateImporter, KeyedStateSchema } from '../state/operatorSnapshot.ts';

/** What an operator keeps for one key. */
export interface KeyState {
  /** By state name: the value, an array for lists, a Map for maps. States of windows are in `windows`. */
  readonly states: Readonly<Record<string, unknown>>;
  readonly windows: readonly { readonly window: unknown; readonly states: Readonly<Record<string, unknown>> }[];
  readonly timers: readonly { readonly domain: 'event' | 'processing'; readonly timestamp: number; readonly window: unknown }[];
}

/** Reads it from a snapshot, by the same way as a restore. Null when nothing is kept for the key. */
export function keyStateIn(snapshot: RestoredState, operator: PlanOperator, key: unknown): KeyState | null {
  const schema = keyedStateSchemaOf(operator.spec);
  if (schema === null) throw new Error(`operator "${operator.uid}" keeps no keyed state`);
  const gathered = new Gathered(schema, key);
  snapshot.operator(operator.uid, 0, 1, schema).readKeyed(gathered);
  return gathered.result();
}

class Gathered implements KeyedStateImporter {
  readonly #schema: KeyedStateSchema;
  readonly #key: unknown;
  readonly #states = new Map<string, unknown>();
  readonly #windows = new Map<string, { window: unknown; states: Map<string, unknown> }>();
  readonly #timers: KeyState['timers'][number][] = [];
  #found = false;

  constructor(schema: KeyedStateSchema, key: unknown) {
    this.#schema = schema;
    this.#key = key;
  }

  result(): KeyState | null {
    const timers = this.#timers.sort((a, b) => a.timestamp - b.timestamp);
    const windows = [...this.#windows.values()].map(({ window, states }) => ({ window, states: Object.fromEntries(states) }));
    return this.#found ? { states: Object.fromEntries(this.#states), windows, timers } : null;
  }

  single(state: number, _keyGroup: number, key: unknown, namespace: unknown, value: unknown): void {
    this.#put(state, key, namespace, (states, name) => states.set(name, value));
  }

  list(state: number, _keyGroup: number, key: unknown, namespace: unknown, elements: unknown[]): void {
    this.#put(state, key, namespace, (states, name) => states.set(name, elements));
  }

  mapEntry(state: number, _keyGroup: number, key: unknown, namespace: unknown, userKey: unknown, value: unknown): void {
    this.#put(state, key, namespace, (states, name) => {
      const known = states.get(name);
      const map = known instanceof Map ? known : new Map<unknown, unknown>();
      states.set(name, map.set(userKey, value));
    });
  }

  timer(state: number, _keyGroup: number, key: unknown, namespace: unknown, timestamp: number): void {
    if (!this.#schema.keyType.equals(key, this.#key)) return;
    this.#found = true;
    const domain = this.#schema.states[state]?.name.includes('/processing_') === true ? 'processing' : 'event';
    this.#timers.push({ domain, timestamp, window: isWindow(namespace) ? namespace : null });
  }

  #put(state: number, key: unknown, namespace: unknown, set: (states: Map<string, unknown>, name: string) => void): void {
    const name = this.#schema.states[state]?.name;
    if (name === undefined || !this.#schema.keyType.equals(key, this.#key)) return;
    this.#found = true;
    if (!isWindow(namespace)) {
      set(this.#states, name);
      return;
    }
    const id = JSON.stringify(namespace);
    const window = this.#windows.get(id) ?? { window: namespace, states: new Map<string, unknown>() };
    this.#windows.set(id, window);
    set(window.states, name);
  }
}

function isWindow(namespace: unknown): namespace is { start: number; end: number } {
  return typeof namespace === 'object' && namespace !== null && 'start' in namespace;
}
