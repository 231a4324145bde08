import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ControlRequests, RunPlan } from '../control.ts';
import { nearest } from 'tidemark/plan';
import type { ToClient } from './toClient.ts';

type Verdicts = ControlRequests['setBreakpoints']['result']['breakpoints'];

/** A breakpoint on an operator is `pending` until a plan is there to check it against. Ids stay as long as the uid is set. */
interface FunctionBreakpoint {
  readonly id: number;
  readonly uid: string;
  state: { readonly kind: 'pending' } | { readonly kind: 'applied'; readonly verified: boolean; readonly message: string | null };
}

/** Function breakpoints: their name is the uid of an operator. */
export class FunctionBreakpoints {
  #breakpoints: FunctionBreakpoint[] = [];
  #nextId = 1;

  get uids(): string[] {
    return [...new Set(this.#breakpoints.map(({ uid }) => uid))];
  }

  /** Replaces all of them, as the protocol has it. */
  set(names: readonly string[]): void {
    const old = new Map(this.#breakpoints.map((breakpoint) => [breakpoint.uid, breakpoint]));
    this.#breakpoints = names.map((name) => {
      const uid = name.trim();
      return old.get(uid) ?? { id: this.#nextId++, uid, state: { kind: 'pending' } };
    });
  }

  /** The engine's verdicts; returns the breakpoints whose state is another now. */
  apply(verdicts: Verdicts, plan: RunPlan): readonly number[] {
    const byUid = new Map(verdicts.map((verdict) => [verdict.uid, verdict]));
    const changed: number[] = [];
    for (const breakpoint of this.#breakpoints) {
      const verdict = byUid.get(breakpoint.uid);
      if (verdict === undefined) continue;
      const message = verdict.verified ? null : explain(breakpoint.uid, plan);
      const before = breakpoint.state;
      if (before.kind === 'applied' && before.verified === verdict.verified && before.message === message) continue;
      breakpoint.state = { kind: 'applied', verified: verdict.verified, message };
      changed.push(breakpoint.id);
    }
    return changed;
  }

  /** Another run: what was found out about the old plan counts no more. */
  forget(): void {
    for (const breakpoint of this.#breakpoints) breakpoint.state = { kind: 'pending' };
  }

  idsAt(uid: string): number[] {
    return this.#breakpoints.filter((breakpoint) => breakpoint.uid === uid).map(({ id }) => id);
  }

  toDap(plan: RunPlan | null, toClient: ToClient): (DebugProtocol.Breakpoint & { id: number })[] {
    return this.#breakpoints.map(({ id, uid, state }) => {
      if (state.kind === 'pending') {
        return { id, verified: false, reason: 'pending', message: 'Checked when the pipeline has been loaded.' };
      }
      const position = plan?.operators.find((operator) => operator.uid === uid)?.position ?? null;
      if (!state.verified) return { id, verified: false, reason: 'failed', ...(state.message === null ? {} : { message: state.message }) };
      return { id, verified: true, ...toClient.location(position) };
    });
  }
}

function explain(uid: string, plan: RunPlan): string {
  const near = nearest(
    uid,
    plan.operators.map((operator) => operator.uid),
  );
  const hint = near === null ? 'Set it on the uid of an operator.' : `Did you mean "${near}"?`;
  return `The pipeline "${plan.pipeline}" has no operator with the uid "${uid}". ${hint}`;
}
