import { SINK_WRITER_STATE } from '../operators/sinkOperator.ts';
import { SOURCE_READER_STATE } from '../operators/sourceOperator.ts';
import { byteArray } from '../operators/versionedBytes.ts';
import type { OperatorSpec } from '../plan/operatorSpec.ts';
import { broadcastState, operatorListState, type StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import type { Type } from '../types/type.ts';

/** The operator state that an operator of a plan keeps, as its snapshots have it. */
export type OperatorStateDeclaration =
  | { readonly mode: 'SPLIT_DISTRIBUTE'; readonly name: string; readonly element: Type<unknown> }
  | { readonly mode: 'BROADCAST'; readonly name: string; readonly key: Type<unknown>; readonly value: Type<unknown> };

export function operatorStatesOf(spec: OperatorSpec): OperatorStateDeclaration[] {
  switch (spec.kind) {
    case 'source':
      return [{ mode: 'SPLIT_DISTRIBUTE', name: SOURCE_READER_STATE, element: byteArray }];
    case 'sink':
      return [{ mode: 'SPLIT_DISTRIBUTE', name: SINK_WRITER_STATE, element: byteArray }];
    case 'broadcast':
    case 'keyedBroadcast':
      return spec.broadcastStates.map(({ name, key, value }) => ({ mode: 'BROADCAST', name, key, value }));
    default:
      return [];
  }
}

export function operatorStateTypeName(state: OperatorStateDeclaration): string {
  return state.mode === 'BROADCAST' ? `map<${state.key.name}, ${state.value.name}>` : `list<${state.element.name}>`;
}

/** As a manifest has it. */
export function storedTypeName(
  state:
    | { readonly mode: 'BROADCAST'; readonly key: { readonly name: string }; readonly value: { readonly name: string } }
    | { readonly mode: 'SPLIT_DISTRIBUTE' | 'UNION'; readonly element: { readonly name: string } },
): string {
  return state.mode === 'BROADCAST' ? `map<${state.key.name}, ${state.value.name}>` : state.element.name;
}

/** As a header of operator state has it. */
export function operatorMetaInfo(state: OperatorStateDeclaration): StateMetaInfo {
  return state.mode === 'BROADCAST'
    ? broadcastState(state.name, state.key.serializer, state.value.serializer)
    : operatorListState(state.name, state.mode, state.element.serializer);
}
