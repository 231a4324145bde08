import type { StateDeclaration } from '../plan/stateDeclaration.ts';
import type { KeyedStateDescriptor } from '../state/operatorSnapshot.ts';
import type { StateScope } from '../state/stateScope.ts';
import { aggregatingSlot, ListSlot, MapSlot, reducingSlot, valueSlot } from '../state/stateSlot.ts';
import type { StateSlot } from '../state/stateSlot.ts';
import type { Type } from '../types/type.ts';

/** What the user declared, as slots of a context in the order of declaration. */
export function slotsOf(declarations: readonly StateDeclaration[]): readonly StateSlot[] {
  return declarations.map(slotOf);
}

function slotOf(declaration: StateDeclaration): StateSlot {
  const { name, ttl } = declaration;
  switch (declaration.kind) {
    case 'value':
      return valueSlot(name, declaration.type, ttl);
    case 'list':
      return new ListSlot(name, declaration.element, ttl);
    case 'map':
      return new MapSlot(name, declaration.key, declaration.value, ttl);
    case 'reducing':
      return reducingSlot(name, declaration.type, declaration.reduce, ttl);
    case 'aggregating':
      return aggregatingSlot(name, declaration.accumulator, declaration, ttl);
  }
}

export function descriptorOf(slot: StateSlot, namespace: Type<unknown>): KeyedStateDescriptor {
  return { kind: slot.kind, name: slot.name, namespace, value: slot.valueType };
}

/** Handles by state name, for contexts of user functions. */
export function handlesOf(slots: readonly StateSlot[], scope: StateScope, firstSlot = 0): Readonly<Record<string, unknown>> {
  return Object.fromEntries(slots.map((slot, i) => [slot.name, slot.createHandle(scope, firstSlot + i)]));
}
