import { expect, it } from 'vitest';
import { toVariable } from '../../src/run/variables.ts';

it('shows values as trees', () => {
  const variable = toVariable('value', {
    name: 'a',
    count: 3,
    tags: ['x', 'y'],
    seen: new Map([['k', 1n]]),
    raw: new Uint8Array([1, 255]),
    none: null,
  });
  expect(variable.value).toBe('{ name: "a", count: 3, tags: (2) […], seen: (1) […], raw: (2 bytes) 01 ff, none: null }');
  expect(variable.children.map(({ name, value, type }) => [name, value, type])).toEqual([
    ['name', '"a"', 'string'],
    ['count', '3', 'number'],
    ['tags', '(2) ["x", "y"]', 'array'],
    ['seen', '(1) [k: 1n]'.replace('k', '"k"'), 'map'],
    ['raw', '(2 bytes) 01 ff', 'bytes'],
    ['none', 'null', null],
  ]);
});

it('is bounded in depth and breadth, and says what it leaves out', () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  let depth = 0;
  for (let at = toVariable('loop', loop); at.children[0] !== undefined; at = at.children[0]) depth++;
  expect(depth).toBe(5);
  const wide = toVariable(
    'wide',
    Array.from({ length: 1000 }, (_, i) => i),
  );
  expect(wide.children).toHaveLength(101);
  expect(wide.children.at(-1)?.value).toBe('900 more');
});

it('calls no getter of the user', () => {
  const value = {
    get boom(): never {
      throw new Error('called');
    },
  };
  expect(toVariable('x', value).children[0]?.value).toBe('"(computed)"');
});
