import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Plan } from 'tidemark/plan';
import { finding, type RestoreFinding } from 'tidemark/restore';
import { countText, type SnapshotHeaders } from 'tidemark/snapshot';

const MOST = 100;

/** Of sources that read local files: files that are gone, or end before where reading would go on. `folder` is the pipeline's. */
export async function sourceFindings(plan: Plan, { operators }: SnapshotHeaders, folder: string): Promise<RestoreFinding[]> {
  const sources = new Map(plan.operators.filter(({ spec }) => spec.kind === 'source').map(({ operatorId, uid }) => [operatorId, uid]));
  const findings: RestoreFinding[] = [];
  for (const { metadata, operatorStates } of operators) {
    const uid = sources.get(metadata.operatorId);
    if (uid === undefined) continue;
    for (const { kind, fields } of operatorStates.flatMap(({ views }) => views)) {
      const path = fields['path'];
      const position = numberOf(fields['position']);
      if (kind !== 'fileSplit' || typeof path !== 'string' || position === null || findings.length >= MOST) continue;
      const size = await stat(resolve(folder, path)).then(
        (found) => found.size,
        () => null,
      );
      const moved = (message: string, remedy: string): void => {
        findings.push(finding('warning', 'sourceMoved', uid, null, message, remedy));
      };
      if (size === null) moved(`goes on reading ${path}, which is not there.`, 'Bring the file back before the run.');
      else if (size < position)
        moved(
          `has read ${path} up to byte ${countText(position)}, and the file has ${countText(size)} now: it was cut or replaced.`,
          'Bring the old file back, or start the source afresh under a new uid.',
        );
    }
  }
  return findings;
}

function numberOf(value: unknown): number | null {
  const long = typeof value === 'object' && value !== null && '$long' in value ? value.$long : null;
  return typeof long === 'string' ? Number(long) : null;
}
