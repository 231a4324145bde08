import { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { ListState, MapState } from '../types/stateHandle.ts';
import type { Type } from '../types/type.ts';
import type { Cell } from './cell.ts';

const scratch = new ByteWriter(256);

/** Tells at once whether a value fits its type: when debugging, and where a check costs little. */
export class ValueCheck {
  readonly #what: string;
  readonly #type: Type<unknown>;

  /** `what` names the place for people: operator and state. */
  constructor(what: string, type: Type<unknown>) {
    this.#what = what;
    this.#type = type;
  }

  /** @throws TypeError that says where in the value it does not fit. */
  check(value: unknown): void {
    scratch.reset();
    try {
      this.#type.write(scratch, value);
    } catch (error) {
      throw new TypeError(`${this.#what}: no ${this.#type.name}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}

export class CheckedCell implements Cell {
  readonly #cell: Cell;
  readonly #check: ValueCheck;

  constructor(cell: Cell, check: ValueCheck) {
    this.#cell = cell;
    this.#check = check;
  }

  read(): unknown {
    return this.#cell.read();
  }

  write(value: unknown): void {
    this.#check.check(value);
    this.#cell.write(value);
  }

  clear(): void {
    this.#cell.clear();
  }
}

export function checkedList(list: ListState<unknown>, element: ValueCheck): ListState<unknown> {
  const checked = (values: Iterable<unknown>): unknown[] =>
    Array.from(values, (value) => {
      element.check(value);
      return value;
    });
  return {
    get: () => list.get(),
    add: (value) => {
      element.check(value);
      list.add(value);
    },
    addAll: (values) => {
      list.addAll(checked(values));
    },
    update: (values) => {
      list.update(checked(values));
    },
    clear: () => {
      list.clear();
    },
  };
}

export function checkedMap(map: MapState<unknown, unknown>, keys: ValueCheck, values: ValueCheck): MapState<unknown, unknown> {
  return {
    get: (key) => map.get(key),
    contains: (key) => map.contains(key),
    put: (key, value) => {
      keys.check(key);
      // Null needs no type: the entry itself says so.
      if (value !== null && value !== undefined) values.check(value);
      map.put(key, value);
    },
    remove: (key) => {
      map.remove(key);
    },
    entries: () => map.entries(),
    keys: () => map.keys(),
    values: () => map.values(),
    isEmpty: () => map.isEmpty(),
    clear: () => {
      map.clear();
    },
  };
}
