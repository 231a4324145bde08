/** Durations are plain numbers of milliseconds; these say how many. */
export function milliseconds(count: number): number {
  return count;
}

export function seconds(count: number): number {
  return whole(count * 1000);
}

export function minutes(count: number): number {
  return whole(count * 60_000);
}

export function hours(count: number): number {
  return whole(count * 3_600_000);
}

export function days(count: number): number {
  return whole(count * 86_400_000);
}

/** `hours(1.1)` is 3960000, not 3960000.0000000005. What is not a whole millisecond stays so, and is refused where it is used. */
function whole(milliseconds: number): number {
  const rounded = Math.round(milliseconds);
  return Math.abs(milliseconds - rounded) < 1e-6 ? rounded : milliseconds;
}
