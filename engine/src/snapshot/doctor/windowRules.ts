import type { OperatorHeaders } from '../snapshotHeaders.ts';
import type { KeyedStateStatistics } from '../analysis/statistics.ts';
import { namespaceSerializer } from '../stateMetaInfo.ts';
import { argumentOf, stateArgumentOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { lacksTimers } from './layoutRules.ts';
import { declaredStates } from './operatorStates.ts';
import { counted, inOperator } from './place.ts';
import { shellOption } from './shellWord.ts';

/** Flink's WindowOperator keeps a window's elements or their aggregate in it; a window join has one for each side. */
const CONTENTS = 'window-contents';

/**
 * Every window of time has a timer that removes it at its end, whatever its trigger, from its first element on. A window without it never
 * goes away, and as a rule never fires. In any layout.
 */
export function* windowFindings(examination: Examination): Generator<DoctorFinding> {
  for (const operator of examination.headers.operators) {
    const names = windowContents(operator);
    if (names.length === 0 || lacksTimers(operator)) continue;
    if (hasNoTimers(operator)) {
      yield finding(examination, operator, names[0] ?? CONTENTS, 'It has windows, and no timers at all');
      continue;
    }
    const found = examination.statistics?.get(operator.metadata.operatorId);
    // What was not counted cannot be compared.
    if (found === undefined || found.errors.length > 0 || found.states.some(({ unreadable }) => unreadable !== null)) continue;
    const timers = found.states.filter(({ group }) => group === 'timers');
    for (const state of found.states) {
      const missing = names.includes(state.state) && state.group === 'keyed' ? withoutTimer(state, timers) : 0;
      if (missing > 0)
        yield finding(
          examination,
          operator,
          state.state,
          `Of ${counted(state.entries, 'window')}, at least ${missing.toLocaleString('en')} ${missing === 1 ? 'has' : 'have'} no timer`,
        );
    }
  }
}

function finding(examination: Examination, operator: OperatorHeaders, state: string, what: string): DoctorFinding {
  return {
    ...inOperator(examination, operator, state),
    severity: 'error',
    code: 'windowsWithoutTimer',
    message: `${what}: each window has a timer that removes it at its end. Windows without it are never removed, and do not fire by their time.`,
    remedy: `Restore a snapshot that has the timers; an edit that removes timers leaves such windows behind. The windows are shown by:\ntidemark dump SNAPSHOT ${shellOption('operator', argumentOf(examination, operator))} ${shellOption('state', state)}\nIf they are not needed, leave them out:\ntidemark edit SNAPSHOT --out OUT ${shellOption('drop-state', stateArgumentOf(examination, operator, state))}`,
  };
}

/** States of windows that end. */
function windowContents(operator: OperatorHeaders): string[] {
  return declaredStates(operator).flatMap(({ name, group, meta }) =>
    group === 'keyed' && name.startsWith(CONTENTS) && namespaceSerializer(meta)?.kind === 'timeWindow' ? [name] : [],
  );
}

/** An operator of windows declares its timers, even when there are none. */
function hasNoTimers({ keyed, metadata }: OperatorHeaders): boolean {
  return (
    keyed.every(({ header }) => header.states.every(({ kind }) => kind !== 'PRIORITY_QUEUE')) &&
    metadata.subtasks.every(({ rawKeyedState }) => rawKeyedState === null)
  );
}

/** Keys of a key group are not told apart: there may be more of them. */
function withoutTimer({ keyGroups }: KeyedStateStatistics, timers: readonly KeyedStateStatistics[]): number {
  const counts = new Map<number, number>();
  for (const each of timers.flatMap((state) => state.keyGroups)) counts.set(each.keyGroup, (counts.get(each.keyGroup) ?? 0) + each.entries);
  return keyGroups.reduce((sum, { keyGroup, entries }) => sum + Math.max(0, entries - (counts.get(keyGroup) ?? 0)), 0);
}
