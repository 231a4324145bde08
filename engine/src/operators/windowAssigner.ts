/** The start of the latest window of this slide that holds `timestamp`; windows start at multiples of `slide` plus `offset`. */
export function windowStart(timestamp: number, offset: number, slide: number): number {
  const remainder = (timestamp - offset) % slide;
  return remainder < 0 ? timestamp - remainder - slide : timestamp - remainder;
}
