import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CancellationTokenSource } from 'vscode-jsonrpc';
import { LSPErrorCodes } from 'vscode-languageserver';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Client, marked } from './client.ts';

let client: Client;
beforeEach(() => {
  client = new Client();
});
afterEach(() => client.dispose());

const HEAD = "import { pipeline, t } from 'tidemark';\n";
const pipeline = (body: string): string => `${HEAD}export default pipeline('x', (p) => {\n${body}\n});\n`;

/** Each marked range must get a diagnostic of this code, and there must be no other. */
async function expectDiagnostics(source: string, code: string | null): Promise<void> {
  await client.initialize(false);
  const { text, ranges } = marked(source);
  const found = await client.diagnostics(await client.open(text));
  expect(found.map((each) => [each.code, each.range])).toEqual(ranges.map((range) => [code, range]));
  expect(found.every(({ source: from }) => from === 'tidemark')).toBe(true);
}

describe('diagnostics', () => {
  const flights = `const flights = p.source('flights', read);`;
  test.each<[string, string | null, string]>([
    ['a uid that is used twice', 'duplicate-uid', pipeline(`${flights}\n flights.map('a', T, f).sink(‹'flights'›, s);`)],
    [
      'the same uid in two pipelines',
      null,
      `${pipeline(`p.source('a', r).sink('b', s);`)}pipeline('y', (q) => { q.source('a', r).sink('b', s) });`,
    ],
    ['a uid from a variable', 'uid-not-literal', pipeline(`const id = 'a';\n p.source(‹id›, r).sink('b', s);`)],
    ['a uid with a substitution', 'uid-not-literal', pipeline('for (const x of xs) p.source(‹`in-${x}`›, r).sink(`out`, s);')],
    ['a number for a uid is TypeScript’s to tell', null, pipeline(`p.source(1, r).sink('b', s);`)],
    ...(
      [
        ['an assignment', `map('a', T, (r) => { ‹(r as any).n = 1›; return r; })`],
        ['an operation', `map('a', T, (r) => { ‹r.n += 1›; ‹(r as any)['m']++›; return r; })`],
        ['a deletion', `filter('a', (r) => ‹delete (r as any).n›)`],
        ['a change deep inside', `flatMap('a', T, (r, emit) => { ‹r.legs[0]!.to = 'SFO'›; ‹r.legs.push(r.legs[1])›; emit(r); })`],
        ['another name', `map('a', T, (r) => { const legs = (r as any).legs; ‹legs.sort()›; return r; })`],
        ['names out of it', `map('a', T, ({ legs: [first], ...rest }) => { ‹first.to = 'SFO'›; rest.n = 1; return rest; })`],
        ['Object.assign', `keyBy(k, t.int).reduce('a', (x, y) => ‹Object.assign(x, { n: y.n })›)`],
        ['an inner function', `process('a', { onRecord(r, ctx) { [1].forEach(() => { ‹r.n = 1›; }); } })`],
        ['a record of an aggregate', `aggregate('a', { add: (sum, r) => { ‹r.n = 1›; sum.n += 1; return sum; } })`],
        [
          'a value of state',
          `process('a', { onRecord(r, ctx) { const v = ctx.state.v.value()!; ‹v.n++›; ‹ctx.state.m.get(r.k).push(1)›; ctx.state.v.update(v); } })`,
        ],
      ] as const
    ).map(([what, chain]): [string, string, string] => [
      `a record that is changed: ${what}`,
      'changed-record',
      pipeline(`p.source('in', read).${chain}.sink('out', s);`),
    ]),
    ...(
      [
        ['a copy', `map('a', T, (r) => { const m = { ...r }; m.n = 1; return m; })`],
        ['a clone', `map('a', T, (r) => { const m = structuredClone(r); m.n = 1; return m; })`],
        ['a copied list', `map('a', T, (r) => ({ ...r, legs: [...r.legs].sort() }))`],
        ['a list that a method gave', `map('a', T, (r) => { const l = r.legs.slice(); l.push(1); return l; })`],
        ['the name alone', `map('a', T, (r) => { r = { ...r }; r.n = 1; return r; })`],
        ['another value of the name', `map('a', T, (r) => { [{ n: 0 }].forEach((r) => { r.n = 1; }); return r; })`],
        ['the accumulator', `aggregate('a', { add: (sum, r) => { sum.push(r); return sum; } })`],
        ['what state made', `process('a', { onRecord(r, ctx) { const l = ctx.state.l.get(); const n = [...l]; n.push(1); } })`],
        ['state itself', `process('a', { onRecord(r, ctx) { ctx.state.m.put(r.k, 1); ctx.state.v.clear(); ctx.seen = 1; } })`],
        ['something outside', `map('a', T, (r) => { seen.push(r); return r; })`],
      ] as const
    ).map(([what, chain]): [string, null, string] => [
      `a record that stays as it is: ${what}`,
      null,
      pipeline(`p.source('in', read).${chain}.sink('out', s);`),
    ]),
    [
      'records that each operator has for itself',
      null,
      `${HEAD}export default pipeline('x', { copyRecords: true }, (p) => { p.source('a', r).map('b', T, (x) => { x.n = 1; return x; }).sink('c', s); });`,
    ],
    ['a stream that reaches no sink', 'no-sink', pipeline(`${flights}\n flights.sink('out', s);\n flights.map(‹'dead'›, T, f);`)],
    ['only the end of a dead branch', 'no-sink', pipeline(`${flights}\n const a = flights.map('a', T, f);\n a.filter(‹'b'›, f);`)],
    ['a union reaches the sink', null, pipeline(`const a = p.source('a', r), b = p.source('b', r);\n a.union(b).sink('c', s);`)],
    [
      'two inputs by connect',
      null,
      pipeline(
        `const a = p.source('a', r), b = p.source('b', r);\n a.keyBy(k, t.int).connect(b.keyBy(k, t.int)).process('c', {}).sink('d', s);`,
      ),
    ],
    [
      'an interval join',
      null,
      pipeline(
        `const a = p.source('a', r), b = p.source('b', r);\n a.keyBy(k, t.int).intervalJoin('c', b.keyBy(k, t.int), {}).sink('d', s);`,
      ),
    ],
    ['a side output is enough', null, pipeline(`const a = p.source('a', r).process('b', {});\n a.sideOutput('late').sink('c', s);`)],
    ['what goes into a function is not followed', null, pipeline(`finish(p.source('a', r));`)],
    [
      'a helper function with a stream',
      'no-sink',
      `${pipeline(`rest(p.source('a', r));`)}function rest(s: Stream<X>) { s.map(‹'b'›, T, f); }`,
    ],
    [
      'what a helper function returns is not followed',
      null,
      `${pipeline(`rest(p.source('a', r));`)}const rest = (s: Stream<X>) => s.map('b', T, f);`,
    ],
    ['arrays have map as well', null, pipeline(`const names = ['a'].map('x', f);\n p.source('a', r).sink('b', s);`)],
    [
      'an inner name hides the stream',
      null,
      pipeline(`const a = p.source('a', r);\n a.sink('b', s);\n xs.forEach((a) => { a.map('c', f); });`),
    ],
    [
      'a state name used twice',
      'duplicate-state',
      pipeline(
        `p.source('a', r).keyBy(k, t.int).window(w).process('b', { windowState: { n: t.state.value(t.int) }, globalState: { ‹n›: t.state.value(t.int) } }).sink('c', s);`,
      ),
    ],
    [
      'twice in one literal is TypeScript’s to tell',
      null,
      pipeline(`p.source('a', r).keyBy(k, t.int).process('b', { state: { n: x, n: y } }).sink('c', s);`),
    ],
    [
      'a module without a default pipeline',
      'no-pipeline',
      `${HEAD}export const x = pipeline(‹'x'›, (p) => { p.source('a', r).sink('b', s); });\n`,
    ],
    ['a module without anything', 'no-pipeline', `‹const a = 1;›\n`],
    ['a default export by name', null, `${HEAD}const x = pipeline('x', (p) => {});\nexport { x as default };\n`],
    ['a default export from elsewhere', null, `export { default } from './other.ts';\n`],
    ['a text that does not parse', null, pipeline(`p.source('a', r).map('a', ((;`)],
    [
      'a renamed import',
      'no-sink',
      `import { pipeline as make } from 'tidemark';\nexport default make('x', (p) => { p.source(‹'a'›, r) });`,
    ],
    ['a namespace import', 'no-sink', `import * as tm from 'tidemark';\nexport default tm.pipeline('x', (p) => { p.source(‹'a'›, r) });`],
    ['somebody else’s pipeline', null, `import { pipeline } from 'other';\nexport default pipeline('x', (p) => { p.source('a', r) });`],
    [
      'Windows line ends and text beyond ASCII',
      'no-sink',
      pipeline(`/* 🦆 é */ const a = p.source('ü🦆', r); /* 日本 */ a.map(‹'Ω🦆'›, T, f);`).replaceAll('\n', '\r\n'),
    ],
  ])('%s', async (_name, code, source) => expectDiagnostics(source, code));

  test('a duplicate points at the first use', async () => {
    await client.initialize(false);
    const { text, ranges } = marked(pipeline(`p.source(‹'a'›, r).sink(‹'a'›, s);`));
    const [found] = await client.diagnostics(await client.open(text));
    expect(found?.relatedInformation?.[0]?.location.range).toEqual(ranges[0]);
  });

  test('changes of the text are seen at once', async () => {
    await client.initialize(false);
    const uri = await client.open(pipeline(`p.source('a', r);`));
    expect(await client.diagnostics(uri)).toHaveLength(1);
    await client.change(uri, pipeline(`p.source('a', r).sink('b', s);`));
    expect(await client.diagnostics(uri)).toEqual([]);
  });

  test('other documents are left alone', async () => {
    await client.initialize(false);
    const uri = await client.open('const a = 1;', 'a.ts');
    expect(await client.diagnostics(uri)).toEqual([]);
    expect(await client.request('textDocument/codeLens', uri)).toEqual([]);
  });
});

describe('the plan', () => {
  const body = `p.source('a', r).sink('b', s);`;
  const facts = (...problems: object[]): any => ({ operators: [], problems });

  test('what the builder says is shown where it says it', async () => {
    const { text, ranges } = marked(pipeline(`‹p›.source('a', r)\n  .sink(‹'b'›, s);`));
    const path = client.install('a.pipeline.ts', text);
    client.facts = facts(
      { severity: 'error', code: 'threw', message: 'Error: no', uid: null, position: { file: path, line: 3, column: 1 } },
      { severity: 'warning', code: 'noWatermarks', message: 'waits', uid: 'b', position: null },
      { severity: 'error', code: 'syntax', message: 'TypeScript says it too', uid: null, position: null },
    );
    await client.initialize(true);
    const refreshed = client.refreshed();
    const uri = await client.open(text);
    await refreshed;
    expect((await client.diagnostics(uri)).map(({ code, message, range }) => [code, message, range])).toEqual([
      ['plan-error', 'Error: no', ranges[0]],
      ['plan-warning', 'waits', ranges[1]],
    ]);
    await client.change(uri, `\n${text}`);
    expect(await client.diagnostics(uri)).toEqual([]);
  });

  test('nothing is run in a workspace that is not trusted, until it is', async () => {
    client.facts = facts({ severity: 'error', code: 'plan', message: 'no', uid: null, position: null });
    await client.initialize(false);
    const uri = await client.open(pipeline(body));
    expect(await client.request('textDocument/codeLens', uri)).toEqual([]);
    expect(client.built).toEqual([]);
    const trusted = client.refreshed();
    await client.connection.sendNotification('tidemark/trust', { trusted: true });
    await trusted;
    await client.refreshed();
    expect(client.built).toHaveLength(1);
    expect(await client.diagnostics(uri)).toHaveLength(1);
    expect(await client.request('textDocument/codeLens', uri)).toHaveLength(3);
  });

  test('nothing is run in a folder whose settings do not want it; in the others it is', async () => {
    client.facts = facts({ severity: 'error', code: 'plan', message: 'no', uid: null, position: null });
    await client.initialize(false);
    const uri = await client.open(pipeline(body));
    const folder = dirname(fileURLToPath(uri));
    const told = client.refreshed();
    await client.connection.sendNotification('tidemark/trust', { trusted: true, withoutBuilder: [folder] });
    await told;
    expect(client.built).toEqual([]);
    expect(await client.diagnostics(uri)).toEqual([]);
    const refreshed = client.refreshed();
    await client.connection.sendNotification('tidemark/trust', { trusted: true, withoutBuilder: [`${folder}-other`] });
    await refreshed;
    await client.refreshed();
    expect(client.built).toHaveLength(1);
    expect(await client.diagnostics(uri)).toHaveLength(1);
  });
});

test('lenses run, debug and restore the exported pipeline', async () => {
  await client.initialize(true);
  const { text, ranges } = marked(`${HEAD}pipeline('y', () => {});\nexport default pipeline(‹'x'›, (p) => {});\n`);
  const uri = await client.open(text);
  const lenses = await client.request('textDocument/codeLens', uri);
  expect(lenses.map((lens: any) => [lens.range, lens.command.command, lens.command.arguments])).toEqual(
    ['tidemark.run', 'tidemark.debug', 'tidemark.restore'].map((command) => [ranges[0], command, [uri]]),
  );
});

describe('hover on a uid', () => {
  const source = pipeline(
    `p.source('a', r).keyBy((f) => f.x, t.string).process(‹'streaks'›, {\r\n state: { worst: t.state.map(t.string,\n  t.long) },\n}).sink('b', s);`,
  );

  test('from the syntax', async () => {
    await client.initialize(false);
    const { text, ranges } = marked(source);
    const uri = await client.open(text);
    const hover = await client.request('textDocument/hover', uri, { position: ranges[0]!.start });
    expect(hover.range).toEqual(ranges[0]);
    expect(hover.contents.value).toBe('**streaks** · process\n\nkeyed by `t.string`\n\nstate\n- `worst`: `t.state.map(t.string, t.long)`');
    expect(await client.request('textDocument/hover', uri, { position: { line: 0, character: 0 } })).toBeNull();
  });

  test('from the plan, even when the text has changed since', async () => {
    const states = [{ name: 'worst', kind: 'map', type: 'map<string, long>' }];
    client.facts = {
      operators: [
        { uid: 'streaks', operatorId: 'ab12', kind: 'keyedProcess', detail: 'keyed by string', emits: 'Streak', parallelism: 2, states },
      ],
      problems: [],
    };
    await client.initialize(true);
    const { text, ranges } = marked(source);
    const refreshed = client.refreshed();
    const uri = await client.open(text);
    await refreshed;
    await client.change(uri, `${text}\n`);
    const hover = await client.request('textDocument/hover', uri, { position: ranges[0]!.end });
    expect(hover.contents.value).toBe(
      '**streaks** · keyedProcess\n\nkeyed by string\n\nemits `Streak`\n\nstate\n- `worst`: `map map<string, long>`\n\nparallelism 2, operator id `ab12`',
    );
  });
});

test('symbols: pipelines, operators, states', async () => {
  await client.initialize(false);
  const { text, ranges } = marked(
    pipeline(`p.source(‹'a'›, r).keyBy(k, t.int).process('b', { state: { ‹n›: t.state.value(t.int) } }).sink(\`c\`, s);`),
  );
  const [symbol] = await client.request('textDocument/documentSymbol', await client.open(text));
  const outline = (each: any): unknown => [each.name, each.detail, ...(each.children ?? []).map(outline)];
  expect(outline(symbol)).toEqual(['x', 'pipeline', ['a', 'source'], ['b', 'process', ['n', 't.state.value(t.int)']], ['c', 'sink']]);
  expect(symbol.children[0].selectionRange).toEqual(ranges[0]);
  expect(symbol.children[1].children[0].selectionRange).toEqual(ranges[1]);
});

test('a missing package gets one hint and a quick fix, and so does TypeScript’s error', async () => {
  await client.initialize(false);
  client.install('node_modules/tidemark/package.json', '');
  const { rmSync } = await import('node:fs');
  rmSync(`${client.folder}/node_modules`, { recursive: true });
  const { text, ranges } = marked(
    `import { pipeline } from ‹'tidemark'›;\nimport { files } from 'tidemark/connectors';\nexport default pipeline('x', (p) => {});\n`,
  );
  const uri = await client.open(text);
  const diagnostics = await client.diagnostics(uri);
  expect(diagnostics.map(({ code, range }) => [code, range])).toEqual([['missing-package', ranges[0]]]);
  const typescript = {
    range: ranges[0]!,
    source: 'ts',
    code: 2307,
    message: "Cannot find module 'tidemark' or its corresponding type declarations.",
  };
  for (const given of [diagnostics, [typescript]]) {
    const [action] = await client.request('textDocument/codeAction', uri, { range: ranges[0], context: { diagnostics: given } });
    expect(action).toMatchObject({ kind: 'quickfix', command: { command: 'tidemark.addPackage', arguments: [uri] } });
  }
  const other = { ...typescript, message: "Cannot find module 'other'" };
  expect(await client.request('textDocument/codeAction', uri, { range: ranges[0], context: { diagnostics: [other] } })).toEqual([]);
});

describe('a client that does not ask for diagnostics', () => {
  test('is sent them: when opened, changed, told by the builder, closed', async () => {
    client.facts = { operators: [], problems: [{ severity: 'error', code: 'plan', message: 'refused', uid: null, position: null }] };
    const { capabilities } = (await client.initialize(true, false)) as any;
    expect(capabilities.diagnosticProvider).toBeUndefined();
    const shown = (): unknown => client.published.at(-1)?.diagnostics.map(({ code }) => code);
    let published = client.publishes();
    const uri = await client.open(pipeline(`p.source('a', r);`));
    await published;
    expect(shown()).toEqual(['no-sink']);
    await client.publishes();
    expect(shown()).toEqual(['no-sink', 'plan-error']);
    published = client.publishes();
    await client.change(uri, pipeline(`p.source('a', r).sink('b', s);`));
    await published;
    expect(shown()).toEqual([]);
    published = client.publishes();
    await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
    await published;
    expect(client.published.at(-1)).toEqual({ uri, diagnostics: [] });
  });
});

test('a request that was cancelled before its turn does no work', async () => {
  await client.initialize(false);
  const uri = await client.open(pipeline(`p.source('a', r);`));
  const cancellation = new CancellationTokenSource();
  const request = client.connection.sendRequest('textDocument/diagnostic', { textDocument: { uri } }, cancellation.token);
  cancellation.cancel();
  await expect(request).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
  expect(await client.diagnostics(uri)).toHaveLength(1);
});
