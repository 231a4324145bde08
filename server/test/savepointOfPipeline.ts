import * as tidemark from 'tidemark';
import * as connectors from 'tidemark/connectors';
import { loadPlan, prepareRun, registerEngineModules } from 'tidemark/host';
import * as testing from 'tidemark/testing';

interface Version {
  /** Fields of the record that is the state, as source text. */
  readonly count: string;
  readonly uid?: string;
  /** The source, as source text. */
  readonly source?: string;
  /** Statements of the function that gets each record, as source text. */
  readonly body?: string;
}

/** Text of a pipeline that counts by key; versions of it differ in what is given. */
export function countingPipeline({ count, uid = 'count', source, body }: Version): string {
  return `
import { pipeline, t } from 'tidemark';
import { discard, files, generator } from 'tidemark/connectors';

const Count = t.record('Count', ${count});

export default pipeline('checked', (p) => {
  p.source('numbers', ${source ?? 'generator({ type: t.long, next: (n) => n })'})
    .keyBy((n: any) => Number(n) % 10, t.long)
    .process('${uid}', {
      emits: t.long,
      state: { count: t.state.value(Count) },
      onRecord(n: any, ctx: any) {
        ctx.state.count.update({ ...({ n: Number(n), note: '' } as any) });
        ${body ?? ''}
      },
      onTimer() {},
    })
    .sink('out', discard());
});
`;
}

/** Runs a pipeline until it has read some records; the folder of a savepoint of it. */
export async function takeSavepoint(program: string, records = 1000): Promise<string> {
  registerEngineModules({ tidemark, 'tidemark/connectors': connectors, 'tidemark/testing': testing });
  const loaded = await loadPlan(program, { parallelism: null, parameters: {} });
  const run = prepareRun(loaded, { program, from: null, claim: false, allowNonRestoredState: false, overwrite: false }, () => undefined);
  const engine = run.createEngine(null, () => undefined);
  while (engine.status().recordsOut + engine.status().recordsIn < records) engine.runSlice(5);
  const savepoint = engine.savepoint(null);
  for (;;) {
    engine.runSlice(10);
    const taken = await Promise.race([savepoint, Promise.resolve(null)]);
    if (taken !== null) return taken.path;
  }
}
