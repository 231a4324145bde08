import { minutes, pipeline, seconds, t } from 'tidemark';
import { files } from 'tidemark/connectors';

const Order = t.record('Order', {
  id: t.long,
  customer: t.string,
  cents: t.int,
  time: t.timestamp,
});

const Total = t.record('Total', {
  customer: t.string,
  orders: t.int,
  cents: t.long,
});

/** The running total of every customer, from orders that come slightly out of order. */
export default pipeline('order-totals', { checkpointInterval: seconds(10) }, (p) => {
  p.source('orders', files.read({ path: 'data/orders.jsonl', type: Order }))
    .watermarks('event-time', { timestamp: (order) => order.time, outOfOrderness: minutes(1) })
    .keyBy((order) => order.customer, t.string)
    .process('totals', {
      emits: Total,
      state: { orders: t.state.value(t.int), cents: t.state.value(t.long) },
      onRecord(order, ctx) {
        const orders = (ctx.state.orders.value() ?? 0) + 1;
        const cents = (ctx.state.cents.value() ?? 0) + order.cents;
        ctx.state.orders.update(orders);
        ctx.state.cents.update(cents);
        ctx.emit({ customer: ctx.key, orders, cents });
      },
    })
    .sink('totals-file', files.write({ path: 'out/totals.jsonl' }));
});
