import { bytes, exact } from '../../format.ts';
import { element } from '../../views/element.ts';
import { figure } from '../../snapshot/figures.ts';

export type Sign = 'added' | 'removed' | 'changed' | 'renamed' | 'same';

/** Colour never is alone: the glyph says the same. */
export const GLYPHS: Readonly<Record<Sign, string>> = { added: '+', removed: '\u2212', changed: '~', renamed: '→', same: '=' };

const WORDS: Readonly<Record<Sign, string>> = {
  added: 'added',
  removed: 'removed',
  changed: 'changed',
  renamed: 'renamed',
  same: 'the same',
};

export function glyph(sign: Sign | null): HTMLElement {
  return element(
    'span',
    { class: `glyph ${sign === null ? 'dim' : `${sign}-ink`}`, 'aria-label': sign === null ? 'comparing' : WORDS[sign] },
    sign === null ? '·' : GLYPHS[sign],
  );
}

/** A number with its sign: `+275 k`. */
export function signed(sign: Sign, value: number): HTMLElement {
  return element(
    'span',
    { class: `${sign === 'same' ? 'muted' : sign}-ink`, 'data-tip': `${exact(value)} ${WORDS[sign]}` },
    `${GLYPHS[sign]}${figure(value)}`,
  );
}

/** A difference with its sign, `±0` where there is none. */
export function difference(value: number, say: (value: number) => string = bytes): string {
  if (value === 0) return '±0';
  return `${value > 0 ? '+' : '\u2212'}${say(Math.abs(value))}`;
}

/** How much more, in percent with one digit; null where there was nothing. */
export function growth(before: number, after: number): string | null {
  if (before === 0) return null;
  const share = ((after - before) / before) * 100;
  return difference(Math.round(share * 10) / 10, (value) => `${value.toFixed(1)}\u202f%`);
}
