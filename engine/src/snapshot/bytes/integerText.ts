const TRIPLES = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'));

/** Decimal digits of a safe integer. JavaScript's own conversion is slow for whatever is beyond 31 bits, as every time in milliseconds is. */
export function integerText(value: number): string {
  return value < 0 ? `-${digits(-value)}` : digits(value);
}

function digits(value: number): string {
  if (value < 1_000_000_000) return String(value);
  const millions = Math.floor(value / 1_000_000);
  const rest = value - millions * 1_000_000;
  return digits(millions) + (TRIPLES[Math.floor(rest / 1000)] ?? '') + (TRIPLES[rest % 1000] ?? '');
}
