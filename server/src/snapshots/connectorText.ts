import { describeConnectorElement, type ConnectorView, type DumpValue } from 'tidemark/snapshot';

/** What a connector says in an element of operator state; null where it is none's, or of one that is not known. */
export function connectorView(state: string, element: DumpValue): ConnectorView | null {
  const bytes = typeof element === 'object' && element !== null && '$bytes' in element ? element['$bytes'] : null;
  return typeof bytes === 'string' ? describeConnectorElement(state, Uint8Array.from(Buffer.from(bytes, 'hex'))) : null;
}

export function connectorText(state: string, element: DumpValue): string | null {
  return connectorView(state, element)?.text ?? null;
}
