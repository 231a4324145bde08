import type { StateGroup } from '../describeStates.ts';

/** What a comparison leaves out. */
export interface Ignoring {
  /** Times of the last access to values with TTL. */
  readonly lastAccess: boolean;
  readonly timers: boolean;
  /** Names of states. */
  readonly states: ReadonlySet<string>;
  readonly fields: readonly IgnoredField[];
}

interface IgnoredField {
  /** Null for all. */
  readonly state: string | null;
  /** From the value on; `*` stands for any one step. */
  readonly steps: readonly string[];
}

export const IGNORING_NOTHING: Ignoring = { lastAccess: false, timers: false, states: new Set(), fields: [] };

const FIELD = /^(?:(?<state>.+):)?value(?<steps>(?:\.[^.[\]]+|\[[^\]]+\])+)$/;
const STEP = /\.([^.[\]]+)|(\[[^\]]+\])/g;

/**
 * `ttl`, `timers`, a field as a path (`value.updatedAt`, `value.items[*].price`), one of one state (`STATE:value.updatedAt`); anything else
 * is the name of a state.
 */
export function ignoring(texts: readonly string[]): Ignoring {
  const states = new Set<string>();
  const fields: IgnoredField[] = [];
  for (const text of texts) {
    if (text === 'ttl' || text === 'timers') continue;
    const groups = FIELD.exec(text)?.groups;
    if (groups === undefined) states.add(text);
    else {
      const steps = [...(groups['steps'] ?? '').matchAll(STEP)].map(([, name, item]) => name ?? item ?? '');
      fields.push({ state: groups['state'] ?? null, steps: steps.map((step) => (step === '[*]' ? '*' : step)) });
    }
  }
  return { lastAccess: texts.includes('ttl'), timers: texts.includes('timers'), states, fields };
}

export function ignoresState({ timers, states }: Ignoring, name: string, group: StateGroup): boolean {
  return states.has(name) || (timers && group === 'timers');
}

/** Null where everything in the values of this state counts. */
export function ignoredPart({ fields }: Ignoring, state: string): ((steps: readonly string[]) => boolean) | null {
  const own = fields.filter((field) => field.state === null || field.state === state);
  if (own.length === 0) return null;
  return (at) =>
    own.some(
      ({ steps }) => steps.length === at.length && steps.every((step, i) => step === '*' || step === at[i] || `["${step}"]` === at[i]),
    );
}
