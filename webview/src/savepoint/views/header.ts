import { bytes, exact } from '../../format.ts';
import { button, element, whenChanged } from '../../views/element.ts';
import type { Actions } from '../actions.ts';
import { exactBytes, figure, localTime, plural } from '../../snapshot/figures.ts';
import { allEntries, type Model } from '../model.ts';
import type { SnapshotOverview } from '../protocol.ts';
import { icon, type IconName } from '../../snapshot/icons.ts';
import { iconButton } from '../../snapshot/parts.ts';

/** What it is, whether it is whole, what can be done with it. */
export function renderHeader(root: HTMLElement, model: Model, actions: Actions): void {
  const { overview } = model;
  const entries = allEntries(model);
  whenChanged(root, JSON.stringify([model.changes.overview, model.verdict, entries, model.can]), () => {
    if (overview === null) return [];
    return [
      element(
        'div',
        { class: 'row title' },
        element('h1', { 'data-tip': overview.location }, overview.name),
        ...tags(model, overview, actions),
        element('span', { class: 'grow' }),
        iconButton('json', 'Open as JSON', actions.openAsJson, { look: 'secondary-look' }),
        iconButton('export', 'Export…', actions.exportAll, { look: 'secondary-look' }),
        ...(model.can.run ? [iconButton('run', 'Run from here…', actions.runFrom, { look: 'primary-look' })] : []),
      ),
      element('dl', { class: 'about' }, ...facts(overview, entries, actions)),
    ];
  });
}

function tags(model: Model, overview: SnapshotOverview, actions: Actions): HTMLElement[] {
  const made = [verdictTag(model, overview, actions)];
  if (overview.relocatable) made.push(tag('', 'move', 'relocatable', 'All files are in this folder: it can be moved and copied.'));
  else made.push(tag('', 'info', 'refers to other folders', 'Files are referred to by absolute paths: the folder cannot be moved alone.'));
  return made;
}

function verdictTag({ verdict }: Model, overview: SnapshotOverview, actions: Actions): HTMLElement {
  if (verdict === 'checking') return tag('', 'info', overview.hasChecksums ? 'comparing checksums' : 'looking for its files', null);
  if (verdict === null) {
    const check = button(overview.hasChecksums ? 'Compare checksums' : 'Look for its files', null, actions.verify, { class: 'link' });
    return check;
  }
  if ('reason' in verdict) return tag('warning', 'warning', 'could not be checked', verdict.reason);
  if (verdict.ok) {
    return verdict.checksums
      ? tag('ok', 'pass', 'checksums ok', 'Every file has the content that tidemark.json promises.')
      : tag('ok', 'pass', 'files complete', 'Every file is there with its size. It has no checksums to compare contents with.');
  }
  const said = verdict.problems.map(({ file, reason }) => `${file}: ${reason}`).join('\n');
  return tag('error', 'error', plural(verdict.problems.length, 'damaged file'), said);
}

function tag(look: string, glyph: IconName, text: string, tip: string | null): HTMLElement {
  return element('span', { class: `tag ${look}`.trim(), 'data-tip': tip, tabindex: tip === null ? null : '0' }, icon(glyph), text);
}

function facts(overview: SnapshotOverview, entries: number | null, actions: Actions): HTMLElement[] {
  const made: HTMLElement[] = [];
  const fact = (label: string, value: Node | string | null, tip: string | null = null): void => {
    if (value === null || value === '') return;
    made.push(element('div', { 'data-tip': tip }, element('dt', {}, label), element('dd', {}, value)));
  };
  const { pipeline, program, operators } = overview;
  fact(
    'Pipeline',
    pipeline !== null && program !== null ? button(pipeline, null, actions.openProgram, { class: 'link', 'data-tip': program }) : pipeline,
  );
  fact(
    'Taken',
    overview.createdAt === null ? null : localTime(overview.createdAt),
    overview.createdAt === null ? null : new Date(overview.createdAt).toISOString(),
  );
  const number = `${overview.kind === 'unknown' ? 'Snapshot' : overview.kind === 'savepoint' ? 'Savepoint' : 'Checkpoint'} ${String(overview.checkpointId)}`;
  const { trigger, kind } = overview;
  fact('Kind', trigger === null || trigger === kind ? number : `${number}, ${trigger}`);
  fact('Size', bytes(overview.sizeBytes), `${exactBytes(overview.sizeBytes)} in ${plural(overview.fileCount, 'file')}`);
  fact(
    'Keyed entries',
    entries === null ? null : figure(entries),
    entries === null ? null : `${exact(entries)} entries, timers not counted`,
  );
  fact('Format', `${overview.format}, metadata v${String(overview.version)}`);
  fact('Restores on', overview.restoresOn);
  fact('Written by', overview.writer);
  fact('Max parallelism', parallelisms(overview));
  const finished = operators.filter((operator) => operator.finished).length;
  fact('Operators', finished === 0 ? figure(operators.length) : `${figure(operators.length)}, ${figure(finished)} finished`);
  return made;
}

function parallelisms({ operators }: SnapshotOverview): string {
  const all = [...new Set(operators.map(({ maxParallelism }) => maxParallelism))].sort((a, b) => a - b);
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) return '';
  return first === last ? exact(first) : `${exact(first)} to ${exact(last)}`;
}
