import { createHash } from 'node:crypto';
import { snapshotFiles } from 'tidemark/host';
import { manifestText, type ManifestFile, type ManifestOperator, type SnapshotManifest } from 'tidemark/restore';
import type { Migrating, RewriteReport } from 'tidemark/snapshot';

export const MANIFEST_FILE = 'tidemark.json';

interface Result {
  readonly report: RewriteReport;
  readonly stateBytes: number;
  /** All that was written, but for `_metadata`. */
  readonly files: readonly ManifestFile[];
  readonly metadata: Uint8Array;
}

/**
 * The text of `tidemark.json` for what was made of snapshots that have one themselves: a restore checks it as it checked them. Of operators it
 * says what the sources said, under their new uids, and with the types that a migration gave their states. `program` is a path of
 * the machine that wrote the sources: a redacted snapshot does not name it.
 */
export function resultManifest(
  sources: readonly SnapshotManifest[],
  { migrating, withProgram }: { readonly migrating: Migrating | null; readonly withProgram: boolean },
): (result: Result) => string {
  return ({ report, stateBytes, files, metadata }) => {
    const newest = sources.reduce((one, other) => (other.createdAt > one.createdAt ? other : one));
    const known = new Map(sources.flatMap(({ operators }) => operators).map((operator) => [operator.uid, operator]));
    const uids = new Map(report.operators.map(({ label, uid }) => [label, uid ?? label]));
    const operators = report.operators.flatMap((written): ManifestOperator[] => {
      const operator = known.get(written.label);
      if (operator === undefined) return [];
      const names = new Map(written.states.map(({ name, now }) => [name, now ?? name]));
      return [
        {
          ...operator,
          uid: written.uid ?? operator.uid,
          operatorId: written.operatorId,
          parallelism: written.parallelism,
          inputs: operator.inputs.map((uid) => uids.get(uid) ?? uid),
          states: operator.states
            .filter(({ name }) => names.has(name))
            .map((state) => ({
              ...state,
              name: names.get(state.name) ?? state.name,
              type: migrating?.typeName(written.operatorId, state.name) ?? state.type,
            })),
        },
      ];
    });
    const own = { path: '_metadata', size: metadata.length, sha256: createHash('sha256').update(metadata).digest('hex') };
    return manifestText(
      {
        ...newest,
        program: withProgram ? newest.program : null,
        kind: 'savepoint',
        checkpointId: Math.max(...sources.map(({ checkpointId }) => checkpointId)),
        trigger: 'rewritten',
        createdAt: Date.now(),
        stateBytes,
        maxParallelism: Math.max(...report.operators.map(({ maxParallelism }) => maxParallelism), 0) || newest.maxParallelism,
        operators,
        files: [...files, own],
      },
      snapshotFiles('/'),
    );
  };
}
