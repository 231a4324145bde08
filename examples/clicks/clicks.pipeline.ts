/** Clicks of made-up visitors, without end: something to pause, look into, stop and go on from. */
import { minutes, pipeline, seconds, t, windows } from 'tidemark';
import { files, generator } from 'tidemark/connectors';

const Click = t.record('Click', {
  visitor: t.long,
  page: t.enum('Page', ['home', 'search', 'product', 'basket', 'paid']),
  at: t.timestamp,
});

const Visit = t.record('Visit', { visitor: t.long, clicks: t.int, paid: t.boolean, start: t.timestamp, end: t.timestamp });

const PageCount = t.record('PageCount', { page: t.string, clicks: t.int, minute: t.timestamp });

const PAGES = ['home', 'search', 'product', 'basket', 'paid'] as const;
const START = Date.UTC(2025, 0, 1);

export default pipeline('clicks', { checkpointInterval: seconds(5), parallelism: 2 }, (p) => {
  const rate = p.parameter('rate', { type: 'number', default: 2000, description: 'clicks a second' });

  const clicks = p
    .source(
      'clicks',
      generator({
        type: Click,
        rate,
        next: (n, random) => ({
          visitor: Math.floor(n / 400) * 40 + Math.floor(random() * 80),
          page: PAGES[Math.floor(random() * random() * PAGES.length)] ?? 'home',
          at: START + n * 50 + Math.floor(random() * 2000),
        }),
      }),
    )
    .watermarks('event-time', { timestamp: (click) => click.at, outOfOrderness: seconds(2), idleness: seconds(5) });

  clicks
    .keyBy((click) => click.visitor, t.long)
    .window(windows.session(seconds(30)))
    .process('visits', {
      emits: Visit,
      process(records, ctx) {
        const { start, end } = ctx.window;
        ctx.emit({ visitor: ctx.key, clicks: records.length, paid: records.some((click) => click.page === 'paid'), start, end });
      },
    })
    .filter('buyers', (visit) => visit.paid)
    .sink('buyers-file', files.write({ path: 'out/buyers.jsonl' }));

  clicks
    .keyBy((click) => click.page, t.enum('Page', PAGES))
    .window(windows.tumbling(minutes(1)))
    .aggregate('clicks-per-page', {
      acc: t.int,
      create: () => 0,
      add: (count) => count + 1,
      result: (count) => count,
      emits: PageCount,
      process(count, ctx) {
        ctx.emit({ page: ctx.key, clicks: count, minute: ctx.window.start });
      },
    })
    .sink('pages-file', files.write({ path: 'out/pages.jsonl' }));
});
