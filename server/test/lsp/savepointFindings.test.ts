import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DiagnosticSeverity, type CodeAction, type Diagnostic, type TextEdit } from 'vscode-languageserver';
import type { CheckFinding } from '../../src/protocol.ts';
import { Client, marked } from './client.ts';

const SAVEPOINT = '/projects/savepoints/savepoint-a1';

let client: Client;
beforeEach(() => {
  client = new Client();
});
afterEach(() => client.dispose());

const pipeline = (uid: string, type: string): string => `import { pipeline, t } from 'tidemark';
const Count = t.record('Count', { n: ${type} });
export default pipeline('x', (p) => {
  p.source('in', read)
    .process(${uid}, { state: { total: t.state.value(Count) }, onRecord(r, ctx) { ctx.state.total.value(); } })
    .sink('out', write);
});
`;

const finding = (more: Partial<CheckFinding>): CheckFinding => ({
  ...{ severity: 'error', code: 'incompatible', operator: 'count', state: 'total', message: 'does not fit.', remedy: null },
  ...{ written: null, wanted: null, changes: [], schemas: null, edit: null },
  ...more,
});

/** Opens a pipeline that is bound to the savepoint, and waits for what the check says. */
async function opened(text: string, findings: CheckFinding[], trusted = true): Promise<string> {
  client.check = () => ({ savepoint: SAVEPOINT, findings });
  await client.initialize(trusted, true, true);
  return client.open(text);
}

const ofSavepoint = async (uri: string): Promise<Diagnostic[]> =>
  (await client.diagnostics(uri)).filter(({ code }) => String(code).startsWith('savepoint-'));

async function found(uri: string): Promise<Diagnostic[]> {
  return vi.waitFor(async () => {
    const all = await ofSavepoint(uri);
    expect(all).not.toEqual([]);
    return all;
  });
}

/** The text after the preferred fix of a diagnostic. */
async function fixed(uri: string, text: string, diagnostic: Diagnostic): Promise<{ title: string; text: string }> {
  const actions = await client.request<CodeAction[]>('textDocument/codeAction', uri, {
    range: diagnostic.range,
    context: { diagnostics: [diagnostic] },
  });
  expect(actions.map(({ command }) => command?.command)).toEqual(
    expect.arrayContaining(['tidemark.checkSavepoint', 'tidemark.stopCheckingSavepoint']),
  );
  const action = actions.find(({ isPreferred }) => isPreferred)!;
  const lines = text.split('\n');
  const at = ({ line, character }: TextEdit['range']['start']): number =>
    lines.slice(0, line).reduce((sum, each) => sum + each.length + 1, 0) + character;
  const edits = [...action.edit!.changes![uri]!].sort((a, b) => at(b.range.start) - at(a.range.start));
  let result = text;
  for (const { range, newText } of edits) result = result.slice(0, at(range.start)) + newText + result.slice(at(range.end));
  return { title: action.title, text: result };
}

test('state that cannot be restored is an error at its name, with both types beside it; the fix declares the field as it was', async () => {
  const text = pipeline("'count'", 't.string');
  const uri = await opened(text, [
    finding({
      schemas: { written: 'Count<n: long>', wanted: 'Count<n: string>' },
      edit: { kind: 'field', record: 'Count', field: 'n', type: 't.long' },
    }),
  ]);
  const [diagnostic, ...more] = await found(uri);
  expect(more).toEqual([]);
  expect(diagnostic).toMatchObject({ code: 'savepoint-incompatible', severity: DiagnosticSeverity.Error });
  expect(diagnostic!.message).toBe('savepoint-a1 does not fit here. State "total" does not fit.');
  const lines = text.split('\n');
  const { start, end } = diagnostic!.range;
  expect(lines[start.line]!.slice(start.character, end.character)).toBe('total');
  expect(diagnostic!.relatedInformation!.map(({ message }) => message)).toEqual([
    'in savepoint-a1: Count<n: long>',
    'in the pipeline: Count<n: string>',
    'n was t.long in savepoint-a1',
  ]);
  expect(await fixed(uri, text, diagnostic!)).toEqual({
    title: 'Declare Count.n as t.long again',
    text: pipeline("'count'", 't.long'),
  });
});

test('what an operator is called now is where the state of its old uid is missed; the fix calls it so again', async () => {
  const { text, ranges } = marked(pipeline("‹'counter'›", 't.long'));
  const uri = await opened(text, [
    finding({ code: 'unknownOperator', state: null, message: 'has no taker.', edit: { kind: 'uid', from: 'counter', to: 'count' } }),
  ]);
  const [diagnostic] = await found(uri);
  expect(diagnostic).toMatchObject({ code: 'savepoint-left-behind', severity: DiagnosticSeverity.Warning, range: ranges[0] });
  expect(diagnostic!.message).toContain('Operator "count" has no taker.');
  expect(await fixed(uri, text, diagnostic!)).toEqual({
    title: 'Call the operator "count" again',
    text: pipeline("'count'", 't.long'),
  });
});

test('a state gets its name back where it is declared and where it is used', async () => {
  const text = pipeline("'count'", 't.long');
  const edit = { kind: 'state', operator: 'count', from: 'total', to: 'sum' } as const;
  const uri = await opened(text, [finding({ code: 'leftBehind', state: 'sum', message: 'has no taker.', edit })]);
  const [diagnostic] = await found(uri);
  expect((await fixed(uri, text, diagnostic!)).text).toBe(text.replaceAll('total', 'sum'));
});

test('a renamed state can keep its new name: then the savepoint gets it', async () => {
  const text = pipeline("'count'", 't.long');
  const edit = { kind: 'state', operator: 'count', from: 'total', to: 'sum' } as const;
  const uri = await opened(text, [finding({ code: 'leftBehind', state: 'sum', message: 'has no taker.', edit })]);
  const [diagnostic] = await found(uri);
  const actions = await client.request<CodeAction[]>('textDocument/codeAction', uri, {
    range: diagnostic!.range,
    context: { diagnostics: [diagnostic!] },
  });
  expect(actions.find(({ command }) => command?.command === 'tidemark.repair.renameState')).toMatchObject({
    title: 'Rename the state "sum" to "total" in a copy of the savepoint',
    command: { arguments: [SAVEPOINT, { operator: 'count', state: 'sum', to: 'total' }] },
  });
});

test('findings follow what is typed', async () => {
  const text = pipeline("'counter'", 't.long');
  const uri = await opened(text, []);
  client.check = (typed) => ({ savepoint: SAVEPOINT, findings: typed.includes("'counter'") ? [finding({ operator: 'counter' })] : [] });
  await client.change(uri, `${text}// typed\n`);
  await found(uri);
  await client.change(uri, pipeline("'count'", 't.long'));
  await vi.waitFor(async () => expect(await ofSavepoint(uri)).toEqual([]));
});

test('what is restored as it is is not a finding', async () => {
  const uri = await opened(pipeline("'count'", 't.long'), [
    finding({ severity: 'info', code: 'restored', state: 'total' }),
    finding({ severity: 'warning', code: 'maxParallelism', state: null }),
  ]);
  expect(await found(uri)).toEqual([expect.objectContaining({ code: 'savepoint-differs', severity: DiagnosticSeverity.Warning })]);
});

test('where pipelines may not be built any more, nothing is said of savepoints', async () => {
  const uri = await opened(pipeline("'count'", 't.string'), [finding({})]);
  await found(uri);
  await client.connection.sendNotification('tidemark/trust', { trusted: false });
  await vi.waitFor(async () => expect(await ofSavepoint(uri)).toEqual([]));
});
