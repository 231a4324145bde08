/** Glyphs on a 16 by 16 grid, drawn as strokes. */
const paths = {
  pass: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M5.5 8.2l1.8 1.8 3.4-3.8',
  error: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M6 6l4 4M10 6l-4 4',
  warning: 'M8 2.5l6 10.500h-12zM8 6.500v3M8 11v.6',
  info: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 7.200v3.600M8 5v.6',
  move: 'M8 2v12M2 8h12M6.300 3.700l1.700-1.700 1.700 1.700M6.300 12.300l1.700 1.700 1.700-1.700M3.700 6.300l-1.700 1.700 1.700 1.700M12.300 6.300l1.700 1.700-1.700 1.700',
  export: 'M2.500 3v10M5 8h8.500M10.500 5l3 3-3 3',
  run: 'M4.500 2.800v10.400l8-5.200z',
  search: 'M6.800 2.500a4.300 4.300 0 1 0 0 8.600a4.300 4.300 0 1 0 0-8.600M10 10l3.700 3.700',
  down: 'M4 6.200l4 4 4-4',
  left: 'M10 4l-4 4 4 4',
  right: 'M6 4l4 4-4 4',
  close: 'M4 4l8 8M12 4l-8 8',
  json: 'M6 2.500c-2 0-2 .8-2 2.500 0 1.700-.3 2.600-1.500 3 1.200.4 1.500 1.300 1.500 3 0 1.700 0 2.500 2 2.500M10 2.500c2 0 2 .8 2 2.500 0 1.700.3 2.600 1.500 3-1.200.4-1.500 1.300-1.500 3 0 1.700 0 2.500-2 2.500',
  swap: 'M3 5.500h10M10.500 3l2.500 2.500-2.500 2.500M13 10.500h-10M5.500 8l-2.500 2.500 2.500 2.500',
  up: 'M4 9.800l4-4 4 4',
  check: 'M3.500 8.500l3 3 6-7',
  compare: 'M2.500 3h4.500v10h-4.500zM9 3h4.500v10h-4.500z',
  copy: 'M5.500 5.500h7v8h-7zM5.500 10.500h-2v-8h7v3',
} as const;

export type IconName = keyof typeof paths;

const SVG = 'http://www.w3.org/2000/svg';

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of Object.entries({ class: 'icon', viewBox: '0 0 16 16', width: '14', height: '14', 'aria-hidden': 'true' }))
    svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}
