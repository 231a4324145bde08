import { pipeline, seconds, t } from 'tidemark';
import { files, generator } from 'tidemark/connectors';

const Click = t.record('Click', { user: t.string, page: t.string, time: t.timestamp });
const Visits = t.record('Visits', { user: t.string, visits: t.int });
const START = Date.UTC(2026, 0, 5);

export default pipeline('clicks', { checkpointInterval: seconds(2) }, (p) => {
  p.source(
    'clicks',
    generator({ type: Click, rate: 500, next: (n) => ({ user: `user-${n % 150}`, page: `/page/${n % 7}`, time: START + n * 20 }) }),
  )
    .watermarks('event-time', { timestamp: (click) => click.time, outOfOrderness: seconds(1) })
    .keyBy((click) => click.user, t.string)
    .process('visits', {
      emits: Visits,
      state: { count: t.state.value(t.int), pages: t.state.map(t.string, t.int) },
      onRecord(click, ctx) {
        const visits = (ctx.state.count.value() ?? 0) + 1;
        ctx.state.count.update(visits);
        ctx.state.pages.put(click.page, (ctx.state.pages.get(click.page) ?? 0) + 1);
        ctx.emit({ user: ctx.key, visits });
      },
    })
    .sink('visits-file', files.write({ path: 'out/visits.jsonl' }));
});
