import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const { contributes } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const texts = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8'));
const ITEMS_MAX = 9;

/** What `viewItem` is for each kind of item of the Savepoints view. */
const ITEMS = ['snapshot.savepoint.owned', 'snapshot.checkpoint', 'snapshot.opened', 'operator', 'state', 'timers', 'key', 'element'];

/** Of a `when` clause only what it says of the item counts: all else may be true. */
function mayShow(when = '', item) {
  return when.split('&&').every((part) => {
    const pattern = /viewItem =~ \/(.*)\//.exec(part);
    const exact = /viewItem == (\S+)/.exec(part);
    return (pattern === null || new RegExp(pattern[1]).test(item)) && (exact === null || exact[1] === item);
  });
}

test.each(ITEMS)('the context menu of %s has at most nine items of one level', (item) => {
  const shown = contributes.menus['view/item/context'].filter(({ when, group }) => !group.startsWith('inline') && mayShow(when, item));
  expect(shown.length).toBeGreaterThan(0);
  expect(shown.length).toBeLessThanOrEqual(ITEMS_MAX);
});

test.each(ITEMS)('the inline buttons of %s leave room for its description: at most two', (item) => {
  const shown = contributes.menus['view/item/context'].filter(({ when, group }) => group.startsWith('inline') && mayShow(when, item));
  expect(shown.length).toBeLessThanOrEqual(2);
});

test('submenus are declared, named and small', () => {
  for (const { id, label } of contributes.submenus) {
    expect(texts[label.slice(1, -1)]).toBeTruthy();
    expect(contributes.menus[id].length).toBeLessThanOrEqual(ITEMS_MAX);
  }
  const used = Object.values(contributes.menus).flatMap((items) => items.flatMap(({ submenu }) => submenu ?? []));
  expect(new Set(used)).toEqual(new Set(contributes.submenus.map(({ id }) => id)));
});

test('a command that acts on an item of a view is not in the palette, or only while such an item is selected', () => {
  const palette = new Map(contributes.menus.commandPalette.map(({ command, when }) => [command, when]));
  const onItems = contributes.menus['view/item/context'].filter(({ when, command }) => command && !/snapshot/.test(when));
  for (const { command } of onItems) expect(palette.get(command), command).toMatch(/^false$|selectedItem/);
});

test('what needs a running pipeline is in the palette only while one runs', () => {
  const palette = new Map(contributes.menus.commandPalette.map(({ command, when }) => [command, when]));
  for (const name of ['takeSavepoint', 'takeCheckpoint', 'stopWithSavepoint', 'compare.withRunning'])
    expect(palette.get(`tidemark.${name}`)).toContain('inDebugMode');
});

test('steps of the walkthrough are ticked by what has been done, not by one of the ways to do it', () => {
  const source = readFileSync(join(root, 'extension/src/walkthrough.ts'), 'utf8');
  const steps = contributes.walkthroughs[0].steps.filter(({ id }) => id !== 'example');
  for (const { id, completionEvents } of steps) {
    expect(completionEvents).toEqual([`onContext:tidemark.walkthrough.${id}`]);
    expect(source).toContain(`tick('${id}'`);
  }
});
