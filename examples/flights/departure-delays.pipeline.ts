/**
 * Flights of the first quarter of 2001, replayed in the order in which they left (planned departure plus delay). So the planned
 * departures, which are the event time here, come truly out of order. Half a minute long unless another speedup is given.
 */
import { days, hours, minutes, pipeline, seconds, t, windows } from 'tidemark';
import { files } from 'tidemark/connectors';

/** As the file has it: dates such as `2001/01/10 18:20`, delays in minutes, distances in miles. */
const RawFlight = t.record('RawFlight', { date: t.string, delay: t.int, distance: t.int, origin: t.string, destination: t.string });

const Flight = t.record('Flight', { origin: t.string, destination: t.string, departure: t.timestamp, delayMinutes: t.int });

/** Late departures of an airport without a punctual one between them. */
const Streak = t.record('Streak', {
  origin: t.string,
  length: t.int,
  totalDelayMinutes: t.int,
  worstDestination: t.string,
  endedAt: t.timestamp,
});

const HourOfAirport = t.record('HourOfAirport', {
  origin: t.string,
  hour: t.timestamp,
  flights: t.int,
  totalDelayMinutes: t.int,
  late: t.int,
});

const LATE_MINUTES = 15;
const SHORTEST_STREAK = 3;
/** An airport without flights for so long is forgotten. */
const FORGET = days(28);

const departureOf = (date: string): number => Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}Z`);
const leftAt = (flight: { readonly date: string; readonly delay: number }): number => departureOf(flight.date) + minutes(flight.delay);

export default pipeline('departure-delays', { checkpointInterval: seconds(2) }, (p) => {
  const speedup = p.parameter('speedup', {
    type: 'number',
    default: 260_000,
    description: 'how much faster than in 2001 the flights leave; 0 is as fast as possible',
  });
  const out = p.parameter('out', { type: 'string', default: 'out', description: 'folder of the results' });

  const flights = p
    .source(
      'departures',
      files.read({
        path: 'data/flights-20k.json',
        type: RawFlight,
        orderBy: leftAt,
        ...(speedup > 0 ? { pace: { by: leftAt, speedup } } : {}),
      }),
      { parallelism: 1 },
    )
    .map(
      'parse',
      Flight,
      ({ origin, destination, date, delay }) => ({ origin, destination, departure: departureOf(date), delayMinutes: delay }),
      { parallelism: 1 },
    )
    .watermarks('planned-departure', { timestamp: (flight) => flight.departure, outOfOrderness: hours(2), parallelism: 1 });

  flights
    .keyBy((flight) => flight.origin, t.string)
    .process('late-streaks', {
      emits: Streak,
      state: {
        length: t.state.value(t.int),
        delays: t.state.map(t.string, t.int),
        lastDeparture: t.state.value(t.timestamp),
      },
      onRecord(flight, ctx) {
        const { length, delays, lastDeparture } = ctx.state;
        const seen = lastDeparture.value();
        if (seen !== null && flight.departure > seen + FORGET) {
          length.clear();
          delays.clear();
        }
        const latest = Math.max(seen ?? flight.departure, flight.departure);
        lastDeparture.update(latest);
        ctx.timers.registerEventTimeTimer(latest + FORGET);

        if (flight.delayMinutes > LATE_MINUTES) {
          length.update((length.value() ?? 0) + 1);
          delays.put(flight.destination, (delays.get(flight.destination) ?? 0) + flight.delayMinutes);
          return;
        }
        const ended = length.value() ?? 0;
        if (ended >= SHORTEST_STREAK) {
          const byDestination = [...delays.entries()];
          const [worst] = byDestination.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
          ctx.emit({
            origin: ctx.key,
            length: ended,
            totalDelayMinutes: byDestination.reduce((sum, [, minutesLate]) => sum + minutesLate, 0),
            worstDestination: worst?.[0] ?? '',
            endedAt: flight.departure,
          });
        }
        if (ended > 0) {
          length.clear();
          delays.clear();
        }
      },
      onTimer(time, ctx) {
        const seen = ctx.state.lastDeparture.value();
        if (seen === null || time < seen + FORGET) return;
        ctx.state.length.clear();
        ctx.state.delays.clear();
        ctx.state.lastDeparture.clear();
      },
    })
    .sink('streaks', files.write({ path: `${out}/streaks.jsonl` }), { parallelism: 1 });

  const hourly = flights
    .keyBy((flight) => flight.origin, t.string)
    .window(windows.tumbling(hours(1)))
    .sideOutputLate('tooLate')
    .aggregate('hourly-delays', {
      acc: t.tuple(t.int, t.int, t.int),
      create: () => [0, 0, 0],
      add: ([count, total, late], flight) => [count + 1, total + flight.delayMinutes, late + (flight.delayMinutes > LATE_MINUTES ? 1 : 0)],
      result: (acc) => acc,
      emits: HourOfAirport,
      process([count, total, late], ctx) {
        ctx.emit({ origin: ctx.key, hour: ctx.window.start, flights: count, totalDelayMinutes: total, late });
      },
    });
  hourly.sink('hours', files.write({ path: `${out}/hours.jsonl` }), { parallelism: 1 });
  // Flights that left so late that their hour had been closed: nothing is lost, they are only not in `hours`.
  hourly.sideOutput('tooLate').sink('too-late', files.write({ path: `${out}/too-late.jsonl` }), { parallelism: 1 });
});
