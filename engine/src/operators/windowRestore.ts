import type { KeyContext } from '../state/keyContext.ts';
import { WindowBounds } from '../state/keyWindow.ts';
import type { KeyWindow } from '../state/keyWindow.ts';
import type { KeyedStateImporter, RestoredOperator } from '../state/operatorSnapshot.ts';
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from './operator.ts';
import type { WindowOperator } from './windowOperator.ts';

/** Fills a window operator from a snapshot, which names windows in whatever order its states come. */
export function restoreWindows(operator: WindowOperator, restored: RestoredOperator): void {
  const importer = new WindowImporter(operator);
  restored.readKeyed(importer);
  importer.finish();
}

class WindowImporter implements KeyedStateImporter {
  readonly #operator: WindowOperator;
  readonly #windows = new Set<KeyWindow>();
  /** Sessions: what is under the window as it is has to wait until the state windows are known. */
  readonly #waiting: (() => void)[] = [];
  readonly #sets: { readonly key: KeyContext; readonly pairs: readonly (readonly [Bounds, Bounds])[] }[] = [];

  constructor(operator: WindowOperator) {
    this.#operator = operator;
  }

  single(state: number, _keyGroup: number, key: unknown, namespace: unknown, value: unknown, lastAccess: number): void {
    const { layout, contents, windowSlots, globalSlots } = this.#operator.setup;
    const context = this.#operator.store.enterRestored(key);
    if (state < contents.stateCount) {
      this.#window(context, namespace).contents = contents.importSingle(value);
    } else if (state === layout.triggerState) {
      this.#whenKnown(context, namespace, (window) => (this.#operator.extraOf(window).triggerState = value as number));
    } else if (state >= layout.firstGlobalState) {
      const slot = state - layout.firstGlobalState;
      this.#operator.restoreGlobalState(context, slot, globalSlots[slot]?.importSingle(value, lastAccess));
    } else {
      const slot = state - layout.firstWindowState;
      this.#operator.restoreWindowState(this.#window(context, namespace), slot, windowSlots[slot]?.importSingle(value, lastAccess));
    }
  }

  list(state: number, _keyGroup: number, key: unknown, namespace: unknown, elements: unknown[], lastAccess: number[]): void {
    const { layout, contents, windowSlots, globalSlots } = this.#operator.setup;
    const context = this.#operator.store.enterRestored(key);
    if (state < contents.stateCount) {
      const window = this.#window(context, namespace);
      window.contents = contents.importList(window.contents, state, elements);
    } else if (state === layout.mergingSet) {
      this.#sets.push({ key: context, pairs: elements as (readonly [Bounds, Bounds])[] });
    } else if (state >= layout.firstGlobalState) {
      const slot = state - layout.firstGlobalState;
      this.#operator.restoreGlobalState(context, slot, globalSlots[slot]?.importList(elements, lastAccess));
    } else {
      const slot = state - layout.firstWindowState;
      this.#operator.restoreWindowState(this.#window(context, namespace), slot, windowSlots[slot]?.importList(elements, lastAccess));
    }
  }

  mapEntry(state: number, _keyGroup: number, key: unknown, namespace: unknown, userKey: unknown, value: unknown, lastAccess: number): void {
    const { layout, windowSlots, globalSlots } = this.#operator.setup;
    const context = this.#operator.store.enterRestored(key);
    if (state >= layout.firstGlobalState) {
      const slot = state - layout.firstGlobalState;
      const stored = globalSlots[slot]?.importMapEntry(context.slots[slot], userKey, value, lastAccess);
      this.#operator.restoreGlobalState(context, slot, stored);
    } else {
      const slot = state - layout.firstWindowState;
      const window = this.#window(context, namespace);
      const before = this.#operator.extraOf(window).slots[slot];
      this.#operator.restoreWindowState(window, slot, windowSlots[slot]?.importMapEntry(before, userKey, value, lastAccess));
    }
  }

  timer(state: number, _keyGroup: number, key: unknown, namespace: unknown, timestamp: number): void {
    const context = this.#operator.store.enterRestored(key);
    const domain = state === this.#operator.setup.layout.eventTimers ? 'event' : 'processing';
    this.#whenKnown(context, namespace, (window) => this.#operator.restoreTimer(window, timestamp, domain));
  }

  finish(): void {
    for (const { key, pairs } of this.#sets) {
      for (const [actual, stored] of pairs) this.#place(key, actual, stored);
      this.#operator.store.leave(key);
    }
    for (const apply of this.#waiting) apply();
    for (const window of this.#windows) this.#operator.resume(window);
  }

  /** A session whose contents are under another window than its own. */
  #place(key: KeyContext, actual: Bounds, stored: Bounds): void {
    const window = this.#window(key, stored);
    if (actual.start === stored.start && actual.end === stored.end) return;
    window.stateBounds = window.bounds;
    window.bounds = new WindowBounds(actual.start, actual.end, []);
  }

  #whenKnown(key: KeyContext, namespace: unknown, apply: (window: KeyWindow) => void): void {
    if (this.#operator.setup.layout.mergingSet < 0) {
      apply(this.#window(key, namespace));
      return;
    }
    this.#waiting.push(() => {
      const { start, end } = boundsOf(namespace);
      // A timer of a session that has since become part of another one means nothing.
      for (let window = key.windows; window !== null; window = window.next) {
        if (window.bounds.start === start && window.bounds.end === end) apply(window);
      }
      this.#operator.store.leave(key);
    });
  }

  #window(key: KeyContext, namespace: unknown): KeyWindow {
    const { start, end } = boundsOf(namespace);
    const window = this.#operator.restoredWindow(key, start, end);
    this.#windows.add(window);
    return window;
  }
}

interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** The global window's namespace is null. */
function boundsOf(namespace: unknown): Bounds {
  return namespace === null ? { start: MIN_TIMESTAMP, end: MAX_TIMESTAMP } : (namespace as Bounds);
}
