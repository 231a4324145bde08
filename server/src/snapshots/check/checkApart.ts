import type { CheckedSnapshot, KnownSnapshot } from 'tidemark/restore';
import type { CheckReport } from '../../protocol.ts';
import { PlanChild, type PlanChildOptions } from '../plan/planChild.ts';
import type { CompareOptions, PlanSource, ToPlanProcess } from '../plan/planProcess.ts';

export interface CheckApartOptions extends CompareOptions, PlanChildOptions {}

/**
 * Checks a snapshot against a pipeline whose builder runs in a process of its own, which is thrown away: whatever user code does, it does
 * there. The comparison is made there too, for a plan is full of functions and cannot leave its process; what the snapshot says can.
 * @throws Error with the reason where the pipeline cannot be loaded, the signal's reason
 */
export async function checkApart(checked: CheckedSnapshot, source: PlanSource, options: CheckApartOptions): Promise<CheckReport> {
  const child = new PlanChild(options);
  try {
    child.send({ kind: 'plan', source });
    let isFirst = true;
    let sources: CheckReport['findings'] = [];
    const report = await checked.checkBy(async (known: KnownSnapshot) => {
      const { allowNonRestoredState, flink } = options;
      const question: ToPlanProcess = isFirst
        ? { kind: 'compare', known, options: { allowNonRestoredState, flink } }
        : { kind: 'counts', counts: known.counts };
      isFirst = false;
      const answer = await child.ask(question, 'compared');
      sources = answer.sources.map(plain);
      return answer.comparison;
    }, options.signal);
    return { compatible: report.compatible, findings: [...report.findings.map(plain), ...sources] };
  } finally {
    child.kill();
  }
}

function plain(
  finding: Omit<CheckReport['findings'][number], 'changes'> & { readonly changes: readonly string[] },
): CheckReport['findings'][number] {
  return { ...finding, remedy: finding.remedy === null ? null : forEditor(finding.remedy), changes: [...finding.changes] };
}

/** What a command line would be given, an editor asks for. */
function forEditor(remedy: string): string {
  return remedy
    .replace(/,? or pass --allow-non-restored-state to drop it\./, ', or restore without it.')
    .replaceAll(/ with --allow-non-restored-state/g, '');
}
