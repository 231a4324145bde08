/** The nth event: 1 person, 3 auctions, 46 bids, ten events a millisecond. The same events as in `Events.java`, number by number. */
export interface Person {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly creditCard: string;
  readonly city: string;
  readonly state: string;
  readonly dateTime: number;
  readonly extra: string;
}

export interface Auction {
  readonly id: number;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly dateTime: number;
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
  readonly extra: string;
}

export interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly dateTime: number;
  readonly extra: string;
}

/** One of the three. */
export interface Event {
  readonly person: Person | null;
  readonly auction: Auction | null;
  readonly bid: Bid | null;
  readonly ts: number;
}

const BASE = 1700000000000;

function random(n: number, salt: number): number {
  let h = (Math.imul(n, 0x9e3779b1) + Math.imul(salt, 0x85ebca6b)) | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h;
}

function below(n: number, salt: number, limit: number): number {
  return (random(n, salt) >>> 1) % limit;
}

function text(seed: number, length: number): string {
  return flat(String.fromCharCode(...Array.from({ length }, (_, i) => 97 + ((random(seed, i) >>> 1) % 26))));
}

/** One string in one piece, as a decoder makes them: not a tree of concatenations. */
function flat(value: string): string {
  return Buffer.from(value, 'latin1').toString('latin1');
}

const HOT = ['Google', 'Facebook', 'Baidu', 'Apple'];
const CHANNELS = Array.from({ length: 1004 }, (_, i) => HOT[i] ?? flat(`channel-${String(i)}`));
const URLS = CHANNELS.map((_, i) =>
  flat(`https://www.nexmark.com/${text(i * 7 + 1, 5)}/${text(i * 7 + 2, 5)}/${text(i * 7 + 3, 5)}/item.htm?query=1`),
);
const EXTRAS = Array.from({ length: 4096 }, (_, i) => text(100000 + i, 20 + ((random(i, 77) >>> 1) % 40)));
const PRICES = Array.from({ length: 1024 }, (_, i) => Math.round(Math.pow(10, ((i + 0.5) / 1024) * 6) * 100));
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const CITIES = ['Phoenix', 'Los Angeles', 'San Francisco', 'Boise', 'Portland', 'Bend'];

/** The pools are full; this is for the compiler. */
function of<T>(pool: readonly T[], i: number): T {
  return pool[i] as T;
}

function bid(n: number): Bid {
  const lastPerson = (n / 50) | 0;
  const lastAuction = lastPerson * 3 + 2;
  const h = random(n, 1) >>> 1;
  const auction = (h & 1) === 0 ? ((lastAuction / 100) | 0) * 100 : Math.max(0, lastAuction - below(n, 2, 100));
  const bidder = (h & 6) !== 0 ? ((lastPerson / 100) | 0) * 100 + 1 : Math.max(0, lastPerson - below(n, 3, 1000));
  const channel = (h & 8) !== 0 ? (h >>> 4) & 3 : 4 + ((h >>> 4) % 1000);
  return {
    auction: 1000 + auction,
    bidder: 1000 + bidder,
    price: of(PRICES, (h >>> 8) & 1023),
    channel: of(CHANNELS, channel),
    url: of(URLS, channel),
    dateTime: BASE + ((n / 10) | 0),
    extra: of(EXTRAS, (h >>> 12) & 4095),
  };
}

function person(n: number, epoch: number, ts: number): Person {
  const h = random(n, 5) >>> 1;
  return {
    id: 1000 + epoch,
    name: of(EXTRAS, h & 4095),
    email: of(EXTRAS, (h >>> 3) & 4095),
    creditCard: '1234 5678 9012 3456',
    city: of(CITIES, h % 6),
    state: of(STATES, (h >>> 5) % 6),
    dateTime: ts,
    extra: of(EXTRAS, (h >>> 8) & 4095),
  };
}

function auction(n: number, epoch: number, offset: number, ts: number): Auction {
  const h = random(n, 6) >>> 1;
  const initialBid = of(PRICES, h & 1023);
  return {
    id: 1000 + epoch * 3 + offset - 1,
    itemName: of(EXTRAS, h & 4095),
    description: of(EXTRAS, (h >>> 3) & 4095),
    initialBid,
    reserve: initialBid + of(PRICES, (h >>> 10) & 1023),
    dateTime: ts,
    expires: ts + 1 + below(n, 7, 333),
    seller: 1000 + ((h & 3) !== 0 ? ((epoch / 100) | 0) * 100 : Math.max(0, epoch - below(n, 8, 1000))),
    category: 10 + ((h >>> 7) % 5),
    extra: of(EXTRAS, (h >>> 9) & 4095),
  };
}

export function event(n: number): Event {
  const ts = BASE + ((n / 10) | 0);
  const epoch = (n / 50) | 0;
  const offset = n - epoch * 50;
  if (offset === 0) return { person: person(n, epoch, ts), auction: null, bid: null, ts };
  if (offset < 4) return { person: null, auction: auction(n, epoch, offset, ts), bid: null, ts };
  return { person: null, auction: null, bid: bid(n), ts };
}
