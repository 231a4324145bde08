package nexmark;

import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import nexmark.Model.Auction;
import nexmark.Model.Bid;
import nexmark.Model.Event;
import nexmark.Model.Person;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.JoinFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.co.KeyedCoProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingProcessingTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/**
 * Nexmark on the DataStream API, in a MiniCluster, at parallelism 1, object reuse on, heap state.
 * Arguments: QUERY CHECKED_EVENTS EVENTS RUNS. Prints one line of JSON for the checked run and one for each measured run.
 */
public class Nexmark {
  interface RowCheck<T> extends Serializable {
    void accept(T row);
  }

  static <T> void end(DataStream<T> rows, boolean checked, RowCheck<T> check) {
    if (!checked) rows.sinkTo(new DiscardingSink<>());
    else rows.map(row -> { check.accept(row); return 0; }).returns(Types.INT).sinkTo(new DiscardingSink<>());
  }

  static DataStream<Bid> bids(DataStream<Event> events) {
    return events.filter(e -> e.bid != null).map(e -> e.bid).returns(Bid.class);
  }

  static DataStream<Auction> auctions(DataStream<Event> events) {
    return events.filter(e -> e.auction != null).map(e -> e.auction).returns(Auction.class);
  }

  static void checkBid(Bid b) {
    Check.row(b.auction, b.bidder, b.price, b.channel, b.url, b.dateTime, b.extra);
  }

  static void build(String query, DataStream<Event> events, boolean checked) {
    switch (query) {
      case "q0": end(bids(events), checked, Nexmark::checkBid); break;
      case "q1":
        end(bids(events).map(b -> new Bid(b.auction, b.bidder, Math.round(b.price * 0.908), b.channel, b.url, b.dateTime, b.extra)).returns(Bid.class),
            checked, Nexmark::checkBid);
        break;
      case "q2":
        end(bids(events).filter(b -> b.auction % 123 == 0).map(b -> Tuple2.of(b.auction, b.price)).returns(Types.TUPLE(Types.LONG, Types.LONG)),
            checked, r -> Check.row(r.f0, r.f1));
        break;
      case "q3": {
        DataStream<Auction> auctions =
            events.filter(e -> e.auction != null && e.auction.category == 10).map(e -> e.auction).returns(Auction.class);
        DataStream<Person> persons =
            events.filter(e -> e.person != null && (e.person.state.equals("OR") || e.person.state.equals("ID") || e.person.state.equals("CA")))
                .map(e -> e.person).returns(Person.class);
        end(auctions.keyBy(a -> a.seller).connect(persons.keyBy(p -> p.id)).process(new LocalItems()),
            checked, r -> Check.row(r.f0, r.f1, r.f2, r.f3, r.f4));
        break;
      }
      case "q4":
        end(auctions(events).keyBy(a -> a.id).connect(bids(events).keyBy(b -> b.auction)).process(new WinningBids()).keyBy(t -> t.f0).process(new Average()),
            checked, r -> Check.lastRow(r.f0, r.f0, (long) Math.floor(r.f1)));
        break;
      case "q5":
        end(bids(events).keyBy(b -> b.auction).window(SlidingEventTimeWindows.of(Duration.ofSeconds(10), Duration.ofSeconds(2)))
                .aggregate(new Count<Bid>(), new WithKeyAndWindow()).returns(Types.TUPLE(Types.LONG, Types.LONG, Types.LONG))
                .windowAll(TumblingEventTimeWindows.of(Duration.ofSeconds(2)))
                .reduce((x, y) -> x.f2 > y.f2 || (x.f2.equals(y.f2) && x.f0 <= y.f0) ? x : y),
            checked, r -> Check.row(r.f0, r.f1, r.f2));
        break;
      case "q7":
        end(bids(events).windowAll(TumblingEventTimeWindows.of(Duration.ofSeconds(10))).reduce((x, y) -> x.price >= y.price ? x : y),
            checked, Nexmark::checkBid);
        break;
      case "q8": {
        DataStream<Person> persons = events.filter(e -> e.person != null).map(e -> e.person).returns(Person.class);
        end(persons.join(auctions(events)).where(p -> p.id).equalTo(a -> a.seller).window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
                .apply((JoinFunction<Person, Auction, Tuple3<Long, String, Long>>) (p, a) -> Tuple3.of(p.id, p.name, a.reserve),
                    Types.TUPLE(Types.LONG, Types.STRING, Types.LONG)),
            checked, r -> Check.row(r.f0, r.f1, r.f2));
        break;
      }
      case "q11":
        end(bids(events).keyBy(b -> b.bidder).window(EventTimeSessionWindows.withGap(Duration.ofSeconds(10))).aggregate(new Count<Bid>()),
            checked, r -> Check.row(r));
        break;
      case "q12":
        end(bids(events).keyBy(b -> b.bidder).window(TumblingProcessingTimeWindows.of(Duration.ofMillis(checked ? 100 : 10_000))).aggregate(new Count<Bid>()),
            checked, r -> Check.count(r));
        break;
      default: throw new IllegalArgumentException(query);
    }
  }

  public static class Count<T> implements AggregateFunction<T, Long, Long> {
    public Long createAccumulator() { return 0L; }
    public Long add(T record, Long count) { return count + 1; }
    public Long getResult(Long count) { return count; }
    public Long merge(Long a, Long b) { return a + b; }
  }

  public static class WithKeyAndWindow extends ProcessWindowFunction<Long, Tuple3<Long, Long, Long>, Long, TimeWindow> {
    public void process(Long key, Context context, Iterable<Long> counts, Collector<Tuple3<Long, Long, Long>> out) {
      out.collect(Tuple3.of(key, context.window().getEnd(), counts.iterator().next()));
    }
  }

  public static class LocalItems extends KeyedCoProcessFunction<Long, Auction, Person, Tuple5<String, String, String, Long, Long>> {
    ValueState<Person> person;
    ListState<Auction> auctions;

    public void open(OpenContext context) {
      person = getRuntimeContext().getState(new ValueStateDescriptor<>("person", Person.class));
      auctions = getRuntimeContext().getListState(new ListStateDescriptor<>("auctions", Auction.class));
    }

    static void join(Auction a, Person p, Collector<Tuple5<String, String, String, Long, Long>> out) {
      out.collect(Tuple5.of(p.name, p.city, p.state, a.id, a.category));
    }

    public void processElement1(Auction a, Context context, Collector<Tuple5<String, String, String, Long, Long>> out) throws Exception {
      Person p = person.value();
      if (p != null) join(a, p, out);
      else auctions.add(a);
    }

    public void processElement2(Person p, Context context, Collector<Tuple5<String, String, String, Long, Long>> out) throws Exception {
      person.update(p);
      for (Auction a : auctions.get()) join(a, p, out);
      auctions.clear();
    }
  }

  public static class WinningBids extends KeyedCoProcessFunction<Long, Auction, Bid, Tuple2<Long, Long>> {
    ValueState<Auction> auction;
    ListState<Bid> early;
    ValueState<Long> highest;

    public void open(OpenContext context) {
      auction = getRuntimeContext().getState(new ValueStateDescriptor<>("auction", Auction.class));
      early = getRuntimeContext().getListState(new ListStateDescriptor<>("early", Bid.class));
      highest = getRuntimeContext().getState(new ValueStateDescriptor<>("highest", Long.class));
    }

    void take(Auction a, Bid b) throws Exception {
      if (b.dateTime < a.dateTime || b.dateTime > a.expires) return;
      Long price = highest.value();
      if (price == null || b.price > price) highest.update(b.price);
    }

    public void processElement1(Auction a, Context context, Collector<Tuple2<Long, Long>> out) throws Exception {
      auction.update(a);
      for (Bid b : early.get()) take(a, b);
      early.clear();
      context.timerService().registerEventTimeTimer(a.expires);
    }

    public void processElement2(Bid b, Context context, Collector<Tuple2<Long, Long>> out) throws Exception {
      Auction a = auction.value();
      if (a != null) take(a, b);
      else if (context.timerService().currentWatermark() < b.dateTime) {
        early.add(b);
        context.timerService().registerEventTimeTimer(b.dateTime + 400);
      }
    }

    public void onTimer(long time, OnTimerContext context, Collector<Tuple2<Long, Long>> out) throws Exception {
      Auction a = auction.value();
      if (a != null) {
        if (time < a.expires) return;
        Long price = highest.value();
        if (price != null) out.collect(Tuple2.of(a.category, price));
        auction.clear();
        highest.clear();
      }
      early.clear();
    }
  }

  public static class Average extends KeyedProcessFunction<Long, Tuple2<Long, Long>, Tuple2<Long, Double>> {
    ValueState<Tuple2<Long, Long>> sumAndCount;

    public void open(OpenContext context) {
      sumAndCount = getRuntimeContext().getState(new ValueStateDescriptor<>("sumAndCount", Types.TUPLE(Types.LONG, Types.LONG)));
    }

    public void processElement(Tuple2<Long, Long> row, Context context, Collector<Tuple2<Long, Double>> out) throws Exception {
      Tuple2<Long, Long> old = sumAndCount.value();
      Tuple2<Long, Long> now = old == null ? Tuple2.of(row.f1, 1L) : Tuple2.of(old.f0 + row.f1, old.f1 + 1);
      sumAndCount.update(now);
      out.collect(Tuple2.of(row.f0, (double) now.f0 / now.f1));
    }
  }

  static void run(MiniCluster cluster, String query, long count, boolean checked) throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(1, new Configuration());
    env.getConfig().enableObjectReuse();
    GeneratorFunction<Long, Event> next = new GeneratorFunction<Long, Event>() {
      public Event map(Long n) throws Exception {
        // Processing-time windows that are open when the input ends are lost: in a checked run those of all bids have fired before the last event.
        if (checked && n == count - 1) Thread.sleep(600);
        return Events.event(n.intValue());
      }
    };
    DataStream<Event> events = env.fromSource(
        new DataGeneratorSource<>(next, count, TypeInformation.of(Event.class)),
        WatermarkStrategy.<Event>forMonotonousTimestamps().withTimestampAssigner((e, t) -> e.ts), "events");
    build(query, events, checked);
    cluster.executeJobBlocking(env.getStreamGraph().getJobGraph());
  }

  public static void main(String[] args) throws Exception {
    String query = args[0];
    long checkedEvents = Long.parseLong(args[1]), count = Long.parseLong(args[2]);
    int runs = Integer.parseInt(args[3]);
    var os = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    Configuration config = new Configuration();
    config.setString("taskmanager.memory.managed.size", "64m");
    config.setString("state.backend.type", "hashmap");
    config.setString("rest.port", "0");
    MiniCluster cluster = new MiniCluster(
        new MiniClusterConfiguration.Builder().setConfiguration(config).setNumTaskManagers(1).setNumSlotsPerTaskManager(4).build());
    cluster.start();
    Check.reset();
    run(cluster, query, checkedEvents, true);
    System.out.println("{\"kind\":\"check\"," + Check.result() + "}");
    run(cluster, query, count / 2, false);
    for (int i = 0; i < runs; i++) {
      System.gc();
      long cpu = os.getProcessCpuTime(), wall = System.nanoTime();
      run(cluster, query, count, false);
      System.out.println("{\"kind\":\"run\",\"cpuSeconds\":" + (os.getProcessCpuTime() - cpu) / 1e9 + ",\"wallSeconds\":" + (System.nanoTime() - wall) / 1e9 + "}");
    }
    System.exit(0);
  }
}
