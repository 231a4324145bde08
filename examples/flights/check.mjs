/**
 * Calculates what departure-delays should say, from the file alone, and compares. `node check.mjs [FOLDER]`, the folder of the
 * results (default: out). Which flights come too late for their hour depends on how fast they are read, so hours and late flights
 * are compared together: every flight is in exactly one of the two.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FORGET = 28 * 24 * HOUR;
const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const results = resolve(here, process.argv[2] ?? 'out');

/** A result may be one file or a folder of parts. */
function lines(name) {
  const path = join(results, name);
  if (!existsSync(path)) throw new Error(`there is no ${path}: run the pipeline first`);
  const files = statSync(path).isDirectory() ? readdirSync(path).map((part) => join(path, part)) : [path];
  return files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  );
}
const time = (value) => (typeof value === 'string' ? Date.parse(value) : value);

const flights = JSON.parse(readFileSync(join(here, 'data/flights-20k.json'), 'utf8')).map((flight) => ({
  ...flight,
  departure: Date.parse(`${flight.date.replaceAll('/', '-').replace(' ', 'T')}Z`),
}));
flights.sort((a, b) => a.departure + a.delay * MINUTE - (b.departure + b.delay * MINUTE));

const expectedStreaks = [];
const airports = new Map();
for (const { origin, destination, departure, delay } of flights) {
  let airport = airports.get(origin);
  if (airport === undefined || departure > airport.last + FORGET) airports.set(origin, (airport = { last: departure, late: [] }));
  airport.last = Math.max(airport.last, departure);
  if (delay > 15) {
    airport.late.push({ destination, delay });
    continue;
  }
  if (airport.late.length >= 3) {
    const by = {};
    for (const late of airport.late) by[late.destination] = (by[late.destination] ?? 0) + late.delay;
    const most = Math.max(...Object.values(by));
    const worst = Object.keys(by)
      .filter((name) => by[name] === most)
      .sort()[0];
    expectedStreaks.push(
      [origin, airport.late.length, airport.late.reduce((sum, late) => sum + late.delay, 0), worst, departure].join(' '),
    );
  }
  airport.late = [];
}

const perHour = new Map();
const add = (origin, hour, count, total, late) => {
  const key = `${origin} ${Math.floor(hour / HOUR) * HOUR}`;
  const sum = perHour.get(key) ?? [0, 0, 0];
  perHour.set(key, [sum[0] + count, sum[1] + total, sum[2] + late]);
};
for (const { origin, departure, delay } of flights) add(origin, departure, 1, delay, delay > 15 ? 1 : 0);

const streaks = lines('streaks.jsonl').map((s) => [s.origin, s.length, s.totalDelayMinutes, s.worstDestination, time(s.endedAt)].join(' '));
const hours = lines('hours.jsonl');
const tooLate = lines('too-late.jsonl');
for (const hour of hours) add(hour.origin, time(hour.hour), -hour.flights, -hour.totalDelayMinutes, -hour.late);
for (const flight of tooLate) add(flight.origin, time(flight.departure), -1, -flight.delayMinutes, flight.delayMinutes > 15 ? -1 : 0);

const problems = [];
if (JSON.stringify([...streaks].sort()) !== JSON.stringify([...expectedStreaks].sort())) {
  const wanted = new Set(expectedStreaks);
  const got = new Set(streaks);
  const missing = [...wanted].filter((each) => !got.has(each));
  const surplus = [...got].filter((each) => !wanted.has(each));
  problems.push(
    `streaks: ${streaks.length} instead of ${expectedStreaks.length}; missing: ${missing.slice(0, 3).join(', ') || 'none'}; surplus: ${surplus.slice(0, 3).join(', ') || 'none'}`,
  );
}
const wrongHours = [...perHour].filter(([, rest]) => rest.some((value) => value !== 0));
if (wrongHours.length > 0)
  problems.push(`hours: ${wrongHours.length} are wrong, such as ${wrongHours[0][0]} by ${wrongHours[0][1].join(', ')}`);

if (problems.length > 0) {
  console.error(`The results in ${results} are wrong:\n${problems.join('\n')}`);
  process.exitCode = 1;
} else {
  console.log(
    `The results in ${results} are those of the independent calculation: ${streaks.length} streaks, ${hours.length} hours of airports, ${tooLate.length} flights too late for their hour, ${flights.length} flights in all.`,
  );
}
