import { pipeline, seconds, t, windows, type PipelineModule, type Sink, type Source, type Stream } from 'tidemark';
import { discard, generator } from 'tidemark/connectors';
import type { OpenSource } from 'tidemark/runtime';
import type { Check } from './check.ts';
import {
  event,
  type Auction as AuctionRecord,
  type Bid as BidRecord,
  type Event as EventRecord,
  type Person as PersonRecord,
} from './events.ts';

const Person = t.record('Person', {
  id: t.long,
  name: t.string,
  email: t.string,
  creditCard: t.string,
  city: t.string,
  state: t.string,
  dateTime: t.long,
  extra: t.string,
});
const Auction = t.record('Auction', {
  id: t.long,
  itemName: t.string,
  description: t.string,
  initialBid: t.long,
  reserve: t.long,
  dateTime: t.long,
  expires: t.long,
  seller: t.long,
  category: t.long,
  extra: t.string,
});
const Bid = t.record('Bid', {
  auction: t.long,
  bidder: t.long,
  price: t.long,
  channel: t.string,
  url: t.string,
  dateTime: t.long,
  extra: t.string,
});
const Event = t.record('Event', { person: t.nullable(Person), auction: t.nullable(Auction), bid: t.nullable(Bid), ts: t.long });

type Build = (events: Stream<EventRecord>, end: End) => void;
/** Ends the query: counts and sums up rows in a checked run, drops them in a measured one. */
type End = <T>(rows: Stream<T>, check: (check: Check, row: T) => void) => void;

/** Fields of the source's records are of one type or absent; what a filter lets through is there. */
function bids(events: Stream<EventRecord>): Stream<BidRecord> {
  return events.filter('is-bid', (e) => e.bid !== null).map('bid', Bid, (e: EventRecord): BidRecord => e.bid as BidRecord);
}

function auctions(events: Stream<EventRecord>, accept: (auction: AuctionRecord) => boolean): Stream<AuctionRecord> {
  return events
    .filter('is-auction', (e) => e.auction !== null && accept(e.auction))
    .map('auction', Auction, (e: EventRecord): AuctionRecord => e.auction as AuctionRecord);
}

function persons(events: Stream<EventRecord>, accept: (person: PersonRecord) => boolean): Stream<PersonRecord> {
  return events
    .filter('is-person', (e) => e.person !== null && accept(e.person))
    .map('person', Person, (e: EventRecord): PersonRecord => e.person as PersonRecord);
}

const checkBid = (check: Check, b: BidRecord): void => {
  check.row(b.auction, b.bidder, b.price, b.channel, b.url, b.dateTime, b.extra);
};

const q0: Build = (events, end) => {
  end(bids(events), checkBid);
};

const q1: Build = (events, end) => {
  const euros = bids(events).map('euros', Bid, (b: BidRecord): BidRecord => ({
    auction: b.auction,
    bidder: b.bidder,
    price: Math.round(b.price * 0.908),
    channel: b.channel,
    url: b.url,
    dateTime: b.dateTime,
    extra: b.extra,
  }));
  end(euros, checkBid);
};

const Price = t.record('Price', { auction: t.long, price: t.long });
const q2: Build = (events, end) => {
  const prices = bids(events)
    .filter('some-auctions', (b) => b.auction % 123 === 0)
    .map('price', Price, (b) => ({ auction: b.auction, price: b.price }));
  end(prices, (check, r) => {
    check.row(r.auction, r.price);
  });
};

const Item = t.record('Item', { name: t.string, city: t.string, state: t.string, id: t.long, category: t.long });
const q3: Build = (events, end) => {
  const states = new Set(['OR', 'ID', 'CA']);
  const items = auctions(events, (a) => a.category === 10)
    .keyBy((a) => a.seller, t.long)
    .connect(persons(events, (p) => states.has(p.state)).keyBy((p) => p.id, t.long))
    .process('local-items', {
      emits: Item,
      state: { person: t.state.value(Person), auctions: t.state.list(Auction) },
      onRecord1(a, ctx) {
        const p = ctx.state.person.value();
        if (p === null) ctx.state.auctions.add(a);
        else ctx.emit({ name: p.name, city: p.city, state: p.state, id: a.id, category: a.category });
      },
      onRecord2(p, ctx) {
        ctx.state.person.update(p);
        for (const a of ctx.state.auctions.get()) ctx.emit({ name: p.name, city: p.city, state: p.state, id: a.id, category: a.category });
        ctx.state.auctions.clear();
      },
    });
  end(items, (check, r) => {
    check.row(r.name, r.city, r.state, r.id, r.category);
  });
};

const Winner = t.record('Winner', { category: t.long, price: t.long });
const SumAndCount = t.record('SumAndCount', { sum: t.long, count: t.long });
const Average = t.record('Average', { category: t.long, average: t.double });
const q4: Build = (events, end) => {
  const averages = auctions(events, () => true)
    .keyBy((a) => a.id, t.long)
    .connect(bids(events).keyBy((b) => b.auction, t.long))
    .process('winning-bids', {
      emits: Winner,
      state: { auction: t.state.value(Auction), early: t.state.list(Bid), highest: t.state.value(t.long) },
      onRecord1(a, ctx) {
        ctx.state.auction.update(a);
        for (const b of ctx.state.early.get()) {
          if (b.dateTime >= a.dateTime && b.dateTime <= a.expires && b.price > (ctx.state.highest.value() ?? -1))
            ctx.state.highest.update(b.price);
        }
        ctx.state.early.clear();
        ctx.timers.registerEventTimeTimer(a.expires);
      },
      onRecord2(b, ctx) {
        const a = ctx.state.auction.value();
        if (a !== null) {
          if (b.dateTime >= a.dateTime && b.dateTime <= a.expires && b.price > (ctx.state.highest.value() ?? -1))
            ctx.state.highest.update(b.price);
        } else if (ctx.watermark < b.dateTime) {
          ctx.state.early.add(b);
          ctx.timers.registerEventTimeTimer(b.dateTime + 400);
        }
      },
      onTimer(time, ctx) {
        const a = ctx.state.auction.value();
        if (a !== null) {
          if (time < a.expires) return;
          const price = ctx.state.highest.value();
          if (price !== null) ctx.emit({ category: a.category, price });
          ctx.state.auction.clear();
          ctx.state.highest.clear();
        }
        ctx.state.early.clear();
      },
    })
    .keyBy((w) => w.category, t.long)
    .process('average', {
      emits: Average,
      state: { total: t.state.value(SumAndCount) },
      onRecord(w, ctx) {
        const old = ctx.state.total.value();
        const total = old === null ? { sum: w.price, count: 1 } : { sum: old.sum + w.price, count: old.count + 1 };
        ctx.state.total.update(total);
        ctx.emit({ category: w.category, average: total.sum / total.count });
      },
    });
  end(averages, (check, r) => {
    check.lastRow(r.category, r.category, Math.floor(r.average));
  });
};

const count = {
  acc: t.long,
  create: () => 0,
  add: (n: number) => n + 1,
  merge: (a: number, b: number) => a + b,
};
const Popular = t.record('Popular', { auction: t.long, end: t.long, count: t.long });
const q5: Build = (events, end) => {
  const popular = bids(events)
    .keyBy((b) => b.auction, t.long)
    .window(windows.sliding(seconds(10), seconds(2)))
    .aggregate('count', {
      ...count,
      result: (n: number) => n,
      emits: Popular,
      process(n, ctx) {
        ctx.emit({ auction: ctx.key, end: ctx.window.end, count: n });
      },
    })
    .keyBy(() => 0, t.int)
    .window(windows.tumbling(seconds(2)))
    .reduce('most', (x, y) => (x.count > y.count || (x.count === y.count && x.auction <= y.auction) ? x : y));
  end(popular, (check, r) => {
    check.row(r.auction, r.end, r.count);
  });
};

const q7: Build = (events, end) => {
  const highest = bids(events)
    .keyBy(() => 0, t.int)
    .window(windows.tumbling(seconds(10)))
    .reduce('highest', (x, y) => (x.price >= y.price ? x : y));
  end(highest, checkBid);
};

const NewSeller = t.record('NewSeller', { id: t.long, name: t.string, reserve: t.long });
const q8: Build = (events, end) => {
  const sellers = persons(events, () => true)
    .keyBy((p) => p.id, t.long)
    .windowJoin(
      'new-sellers',
      auctions(events, () => true).keyBy((a) => a.seller, t.long),
      { emits: NewSeller, window: windows.tumbling(seconds(10)), join: (p, a) => ({ id: p.id, name: p.name, reserve: a.reserve }) },
    );
  end(sellers, (check, r) => {
    check.row(r.id, r.name, r.reserve);
  });
};

const q11: Build = (events, end) => {
  const counts = bids(events)
    .keyBy((b) => b.bidder, t.long)
    .window(windows.session(seconds(10)))
    .aggregate('count', { ...count, result: (n: number) => n, emits: t.long });
  end(counts, (check, n) => {
    check.row(n);
  });
};

const q12 =
  (size: number): Build =>
  (events, end) => {
    const counts = bids(events)
      .keyBy((b) => b.bidder, t.long)
      .window(windows.tumbling(size, { time: 'processing' }))
      .aggregate('count', { ...count, result: (n: number) => n, emits: t.long });
    end(counts, (check, n) => {
      check.count(n);
    });
  };

/** A query over the first `events` events. With a check its rows are summed up, else dropped. */
export function query(name: string, events: number, check: Check | null): PipelineModule {
  const builds: Readonly<Record<string, Build>> = { q0, q1, q2, q3, q4, q5, q7, q8, q11, q12: q12(check === null ? seconds(10) : 100) };
  const build = builds[name];
  if (build === undefined) throw new Error(`no query ${name}; there are ${Object.keys(builds).join(', ')}`);
  return pipeline(name, { checkpointInterval: 0, parallelism: 1, restart: { kind: 'none' } }, (p) => {
    const all = generator<EventRecord>({ type: Event, count: events, next: event });
    const source = p.source('events', check === null ? all : withPauseBeforeEnd(all)).watermarks('event-time', { timestamp: (e) => e.ts });
    build(source, (rows, checkRow) => {
      rows.sink('end', check === null ? discard() : summing(check, checkRow));
    });
  });
}

/** Processing-time windows that are open when the input ends are lost, here as in Flink: so a checked run ends some time after the last record. */
function withPauseBeforeEnd<T>(source: Source<T>): Source<T> {
  return {
    ...source,
    open: ((host, subtask, splits) => {
      const reader = (source.open as OpenSource)(host, subtask, splits);
      let endsAt: number | null = null;
      return {
        poll(batch, limit) {
          if (endsAt !== null) return host.now() < endsAt ? { kind: 'waiting', wakeAt: endsAt } : { kind: 'end' };
          const status = reader.poll(batch, limit);
          if (status.kind !== 'end') return status;
          endsAt = host.now() + 300;
          return { kind: 'waiting', wakeAt: endsAt };
        },
        snapshot: () => reader.snapshot(),
        close: () => {
          reader.close();
        },
      };
    }) satisfies OpenSource,
  };
}

function summing<T>(check: Check, checkRow: (check: Check, row: T) => void): Sink<T> {
  return {
    name: 'check',
    details: {},
    open: () => ({
      write: (row: T) => {
        checkRow(check, row);
      },
      prepareCommit: () => [],
      commit: () => undefined,
      finish: () => undefined,
      close: () => undefined,
    }),
  };
}
