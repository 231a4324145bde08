import { ControlClient } from '../controlClient.ts';
import { runningPipelines } from '../run/registry.ts';

/** Stops a run of this user with a savepoint, and returns the savepoint's path; null where the run has ended already. */
export async function stopRun(id: string): Promise<string | null> {
  const run = runningPipelines().find((each) => each.id === id);
  if (run === undefined) return null;
  const control = await ControlClient.connect(run.socket);
  try {
    await control.hello('debugAdapter');
    return (await control.request('stopWithSavepoint', { target: null, drain: false })).path;
  } finally {
    control.close();
  }
}
