import {
  describeCoordinator,
  viewOfElement,
  describeStates,
  type DumpValue,
  type KeyGroupSection,
  type ScanSignal,
  type SnapshotOperator,
  UNREADABLE_REMEDY,
  unreadableText,
} from 'tidemark/snapshot';
import type { SnapshotNode, SnapshotPage } from '../protocol.ts';
import { damagedFiles } from './damagedFiles.ts';
import { channelsPage, elementsPage, inFlightNode } from './inFlightNodes.ts';
import { id, page, type NodePlace } from './nodePlace.ts';
import { factsInWords } from './factsInWords.ts';
import { summaryOf, type OpenedSnapshot } from './openedSnapshot.ts';
import { stateElements } from './stateElements.ts';
import { StateEntries, type PlacedEntry } from './stateEntries.ts';
import { labelText, partsOf, timeText, valueText } from './valueText.ts';

interface Element {
  readonly label: string;
  readonly value: DumpValue;
  readonly description: string;
}

/** The tree of an opened snapshot. A node's children are read when they are asked for. */
export class SnapshotTree {
  readonly #opened: OpenedSnapshot;
  readonly #entries = new Map<number, Promise<StateEntries>>();
  /** By operator: very many states are described once, and shown page by page. */
  readonly #stateNodes = new Map<number, Promise<SnapshotNode[]>>();

  constructor(opened: OpenedSnapshot) {
    this.#opened = opened;
  }

  /** @throws the signal's reason */
  async children(node: string | null, offset: number, limit: number, signal: ScanSignal | null = null): Promise<SnapshotPage> {
    if (node === null) return page([factsNode(), ...this.#operators()], offset, limit);
    const place = JSON.parse(node) as NodePlace;
    switch (place.is) {
      case 'facts':
        return page(await this.#facts(signal), offset, limit);
      case 'fact':
      case 'coordinator':
        return page([], offset, limit);
      case 'operator':
        return page(await this.#statesOf(place.operator), offset, limit);
      case 'subtasks':
        return page(await this.#subtasks(place.operator), offset, limit);
      case 'inFlight':
        return channelsPage(place, this.#operator(place.operator), offset, limit);
      case 'channel':
        return elementsPage(place, this.#operator(place.operator), offset, limit);
      case 'subtask':
        return page(await this.#keyGroups(place.operator, place.subtask), offset, limit);
      case 'state':
        return this.#stateContent(place, offset, limit);
      case 'value':
        return page(await this.#parts(place), offset, limit);
    }
  }

  #operator(index: number): SnapshotOperator {
    const operator = this.#opened.snapshot.operators[index];
    if (operator === undefined) throw new Error('The snapshot on disk has changed. Refresh the view.');
    return operator;
  }

  #operators(): SnapshotNode[] {
    return this.#opened.snapshot.operators.map((operator, index) => {
      const { operatorId, parallelism, maxParallelism, finished } = operator.metadata;
      return {
        id: id({ is: 'operator', operator: index }),
        kind: 'operator',
        label: operator.label,
        description: finished ? 'finished' : `parallelism ${String(parallelism)} of at most ${String(maxParallelism)}`,
        tooltip: `Operator ${operatorId}`,
        sizeBytes: operator.stateSize,
        expandable: operator.stateSize > 0,
      };
    });
  }

  async #facts(signal: ScanSignal | null): Promise<SnapshotNode[]> {
    const summary = await summaryOf(this.#opened);
    const facts = factsInWords(summary, await damagedFiles(this.#opened, 1, signal), this.#opened.snapshot.metadata);
    for (const { folder, reason } of this.#opened.snapshot.leftOut) facts.push(['Left out', `${folder} ${reason}`]);
    for (const problem of this.#opened.decoderProblems) facts.push(['Decoders', problem]);
    return facts.map(([label, description], index) => ({
      id: id({ is: 'fact', index }),
      kind: 'fact',
      label,
      description,
      tooltip: `${label}: ${description}`,
      sizeBytes: null,
      expandable: false,
    }));
  }

  async #subtasks(index: number): Promise<SnapshotNode[]> {
    const nodes: SnapshotNode[] = [];
    for (const [i, subtask] of this.#operator(index).subtasks.entries()) {
      const keyGroups = (await subtask.keyedStates()).flatMap((keyed) => keyed.sections.map((section) => section.keyGroup));
      const range = keyGroups.length === 0 ? '' : `key groups ${String(Math.min(...keyGroups))} to ${String(Math.max(...keyGroups))}`;
      nodes.push({
        id: id({ is: 'subtask', operator: index, subtask: i }),
        kind: 'fact',
        label: `Subtask ${String(subtask.metadata.index)}`,
        description: subtask.metadata.finished ? 'finished' : range,
        tooltip: null,
        sizeBytes: subtask.stateSize,
        expandable: keyGroups.length > 0,
      });
    }
    return nodes;
  }

  /** Those whose size is in the snapshot: the files of RocksDB do not say it. */
  async #keyGroups(operator: number, index: number): Promise<SnapshotNode[]> {
    const subtask = this.#operator(operator).subtasks[index];
    const sizes = new Map<number, KeyGroupSection['size']>();
    for (const keyed of (await subtask?.keyedStates()) ?? []) {
      for (const { keyGroup, size } of keyed.sections) {
        const known = sizes.has(keyGroup) ? sizes.get(keyGroup) : 0;
        sizes.set(keyGroup, size === null || known == null ? null : known + size);
      }
    }
    return [...sizes].map(([keyGroup, size]) => ({
      id: id({ is: 'subtask', operator, subtask: index, keyGroup }),
      kind: 'fact',
      label: `Key group ${String(keyGroup)}`,
      description: size === 0 ? 'empty' : '',
      tooltip: null,
      sizeBytes: size === 0 ? null : size,
      expandable: false,
    }));
  }

  #statesOf(index: number): Promise<SnapshotNode[]> {
    let nodes = this.#stateNodes.get(index);
    if (nodes === undefined) {
      nodes = this.#states(index);
      this.#stateNodes.set(index, nodes);
      // What could not be read is tried again when it is asked for again.
      nodes.catch(() => this.#stateNodes.delete(index));
    }
    return nodes;
  }

  async #states(index: number): Promise<SnapshotNode[]> {
    const description = await describeStates(this.#operator(index));
    const nodes = description.states.map((state): SnapshotNode => ({
      id: id({ is: 'state', operator: index, group: state.group, name: state.name }),
      kind: state.group === 'keyed' ? 'state' : state.group === 'timers' ? 'timers' : 'operatorState',
      label: state.name,
      description: `${state.kind}: ${state.type}${state.count === null ? '' : ` (${String(state.count)})`}`,
      tooltip: state.group === 'keyed' && description.key !== null ? `Keyed by ${description.key}` : null,
      sizeBytes: null,
      expandable: state.count !== 0,
    }));
    if (description.unreadable !== null) nodes.push(unreadableNode(index, description.unreadable));
    nodes.push(subtasksNode(index, this.#operator(index)));
    const coordinator = await coordinatorNode(index, this.#operator(index));
    if (coordinator !== null) nodes.push(coordinator);
    const inFlight = inFlightNode(index, this.#operator(index));
    if (inFlight !== null) nodes.push(inFlight);
    return nodes;
  }

  async #stateContent(place: NodePlace & { is: 'state' }, offset: number, limit: number): Promise<SnapshotPage> {
    if (place.group === 'keyed' || place.group === 'timers') {
      const entries = await this.#entriesOf(place.operator);
      const found = await entries.page(place.name, offset, limit);
      const nodes = found.entries.map((entry, i) => entryNode(place, offset + i, entry));
      if (found.hasMore) return { total: null, nodes };
      const total = offset + nodes.length;
      if (found.unreadable === null) return { total, nodes };
      return { total: total + 1, nodes: [...nodes, unreadableNode(place.operator, unreadableText(found.unreadable), UNREADABLE_REMEDY)] };
    }
    const elements = await this.#elements(place);
    const nodes = elements.slice(offset, offset + limit).map((element, i) => elementNode(place, offset + i, element));
    return { total: elements.length, nodes };
  }

  #entriesOf(operator: number): Promise<StateEntries> {
    let entries = this.#entries.get(operator);
    if (entries === undefined) {
      entries = StateEntries.open(this.#operator(operator));
      this.#entries.set(operator, entries);
    }
    return entries;
  }

  /** Elements of operator state, over all subtasks. */
  async #elements({ operator, group, name }: NodePlace & { is: 'state' | 'value' }): Promise<Element[]> {
    return (await stateElements(this.#operator(operator), group, name)).map(({ subtask, key, value }) => {
      const where = `subtask ${String(subtask)}`;
      if (key !== undefined) return { label: labelText(key), value, description: `${valueText(value)}, ${where}` };
      const view = group === 'raw' ? null : viewOfElement(name, value);
      return { label: view?.text ?? labelText(value), value: view?.fields ?? value, description: where };
    });
  }

  async #parts(place: NodePlace & { is: 'value' }): Promise<SnapshotNode[]> {
    let value = await this.#value(place);
    for (const step of place.path) value = partsOf(value)[step]?.[1] ?? null;
    return partsOf(value).map(([name, part], i) => ({
      id: id({ ...place, path: [...place.path, i] }),
      kind: 'entry',
      label: name,
      description: valueText(part),
      tooltip: null,
      sizeBytes: null,
      expandable: partsOf(part).length > 0,
    }));
  }

  async #value(place: NodePlace & { is: 'value' }): Promise<DumpValue> {
    if (place.group !== 'keyed') return (await this.#elements(place))[place.index]?.value ?? null;
    const [found] = (await (await this.#entriesOf(place.operator)).page(place.name, place.index, 1)).entries;
    return found?.entry.kind === 'keyed' ? found.entry.value : null;
  }
}

function factsNode(): SnapshotNode {
  return {
    id: id({ is: 'facts' }),
    kind: 'fact',
    label: 'About this snapshot',
    description: '',
    tooltip: null,
    sizeBytes: null,
    expandable: true,
  };
}

/** What the operator's coordinator kept: of a source, which splits it has not given away. */
async function coordinatorNode(index: number, operator: SnapshotOperator): Promise<SnapshotNode | null> {
  const bytes = await operator.coordinatorState();
  if (bytes === null) return null;
  const view = describeCoordinator(bytes);
  return {
    id: id({ is: 'coordinator', operator: index }),
    kind: 'fact',
    label: 'Coordinator',
    description: view?.text ?? 'of a connector that is not known',
    tooltip: view === null ? `0x${Buffer.from(bytes.subarray(0, 256)).toString('hex')}` : JSON.stringify(view.fields, null, 2),
    sizeBytes: bytes.length,
    expandable: false,
  };
}

function subtasksNode(index: number, operator: SnapshotOperator): SnapshotNode {
  return {
    id: id({ is: 'subtasks', operator: index }),
    kind: 'fact',
    label: 'Subtasks',
    description: String(operator.subtasks.length),
    tooltip: 'The state of each subtask, and of its key groups where their sizes are known',
    sizeBytes: null,
    expandable: operator.subtasks.length > 0,
  };
}

function unreadableNode(operator: number, what: string, tooltip = 'Only the code of the job can tell what is there.'): SnapshotNode {
  return {
    id: id({ is: 'value', operator, group: 'raw', name: '', index: 0, path: [] }),
    kind: 'error',
    label: what,
    description: '',
    tooltip,
    sizeBytes: null,
    expandable: false,
  };
}

function entryNode(place: NodePlace & { is: 'state' }, index: number, { entry, subtask }: PlacedEntry): SnapshotNode {
  const namespace = entry.namespace === null ? '' : ` · ${labelText(entry.namespace)}`;
  const key = `${labelText(entry.key)}${namespace}`;
  const tooltip = `Key group ${String(entry.keyGroup)}, subtask ${String(subtask)}`;
  const common = { id: id({ ...place, is: 'value', index, path: [] }), tooltip, sizeBytes: null };
  if (entry.kind === 'timer') return { ...common, kind: 'timer', label: timeText(entry.timestamp), description: key, expandable: false };
  return { ...common, kind: 'key', label: key, description: valueText(entry.value), expandable: partsOf(entry.value).length > 0 };
}

function elementNode(place: NodePlace & { is: 'state' }, index: number, { label, value, description }: Element): SnapshotNode {
  return {
    id: id({ ...place, is: 'value', index, path: [] }),
    // What is raw nobody but the operator can write.
    kind: place.group === 'raw' ? 'fact' : 'element',
    label,
    description,
    tooltip: null,
    sizeBytes: null,
    expandable: partsOf(value).length > 0,
  };
}
