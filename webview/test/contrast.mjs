/** Text with less than 4.5:1 against what is behind it. */
export function faint() {
  const parse = (text) => {
    let m = /color\(srgb ([\d.]+) ([\d.]+) ([\d.]+)(?: \/ ([\d.]+))?/.exec(text);
    if (m) return [m[1] * 255, m[2] * 255, m[3] * 255, Number(m[4] ?? 1)];
    m = /rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?/.exec(text);
    return m && [Number(m[1]), Number(m[2]), Number(m[3]), Number(m[4] ?? 1)];
  };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color && color[3] > 0) layers.push(color);
      if (color?.[3] === 1) break;
    }
    return layers.reverse().reduce((under, color) => over(color, under), [255, 255, 255, 1]);
  };
  const found = new Set();
  for (const element of document.querySelectorAll('main *')) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
    const svg = element.closest('svg');
    const style = getComputedStyle(element);
    const color = parse(svg ? style.fill : style.color);
    if (!color) continue;
    const behind = background(svg ? svg.parentElement : element);
    const [low, high] = [luminance(over(color, behind)), luminance(behind)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5)
      found.add(`${element.className?.baseVal ?? element.className} ${ratio.toFixed(1)}: ${element.textContent.slice(0, 30)}`);
  }
  return [...found];
}
