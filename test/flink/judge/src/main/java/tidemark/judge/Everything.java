package tidemark.judge;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.ReduceFunction;
import org.apache.flink.api.common.state.AggregatingState;
import org.apache.flink.api.common.state.AggregatingStateDescriptor;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ReducingState;
import org.apache.flink.api.common.state.ReducingStateDescriptor;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.common.typeutils.base.DoubleSerializer;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.ListSerializer;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.typeutils.runtime.NullableSerializer;
import org.apache.flink.formats.avro.typeutils.GenericRecordAvroTypeInfo;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.streaming.api.functions.co.BroadcastProcessFunction;
import org.apache.flink.streaming.api.functions.co.KeyedBroadcastProcessFunction;
import org.apache.flink.streaming.api.functions.co.KeyedCoProcessFunction;
import org.apache.flink.streaming.api.functions.co.ProcessJoinFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingProcessingTimeWindows;
import org.apache.flink.streaming.api.windowing.triggers.ContinuousEventTimeTrigger;
import org.apache.flink.streaming.api.windowing.triggers.CountTrigger;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/**
 * The job of `test/flink/everything.ts` in Flink's DataStream API: the same uids, states and types. What the functions compute
 * does not matter; they fill every state.
 */
final class Everything {
  static final long T0 = 1_700_000_000_000L;
  static final long FAR = 4_102_444_800_000L;

  private static final String PLACE =
      "{\"type\":\"record\",\"name\":\"Place\",\"namespace\":\"tidemark\",\"fields\":["
          + "{\"name\":\"name\",\"type\":\"string\"},{\"name\":\"height\",\"type\":[\"null\",\"double\"]}]}";

  static long timeOf(long number) {
    return T0 + number * 1000;
  }

  static void build(StreamExecutionEnvironment environment, long first, int records) {
    DataStream<Long> numbers =
        environment
            .fromSource(new SilentSource(first, records), WatermarkStrategy.noWatermarks(), "numbers", Types.LONG)
            .uid("numbers");
    end(numbers.keyBy(n -> "k" + n % 30, Types.STRING).process(new EveryType()), "every-type");
    keyed(numbers, "key-int", n -> (int) (n % 40) - 20, Types.INT);
    keyed(numbers, "key-long", n -> (n % 40 - 20) * 10_000_000_000L, Types.LONG);
    keyed(numbers, "key-timestamp", n -> T0 + n % 40, Types.LONG);
    keyed(numbers, "key-bigint", n -> BigInteger.valueOf(n % 40 - 20).multiply(BigInteger.TEN.pow(20)), BasicTypeInfo.BIG_INT_TYPE_INFO);
    keyed(numbers, "key-boolean", n -> n % 2 == 0, Types.BOOLEAN);
    keyed(numbers, "key-enum", n -> color(n), Types.STRING);
    keyed(numbers, "key-tuple", n -> Tuple2.of("t" + n % 10, (int) (n % 4)), Types.TUPLE(Types.STRING, Types.INT));
    keyed(numbers, "key-tuple3", n -> Tuple3.of(n % 10, n % 2 == 0, "é" + n % 3), Types.TUPLE(Types.LONG, Types.BOOLEAN, Types.STRING));
    windows(numbers.keyBy(n -> "w" + n % 5, Types.STRING));
    end(numbers.keyBy(n -> n % 8, Types.LONG).reduce((ReduceFunction<Long>) Long::sum), "reduce");
    twoInputs(numbers);
    numbers.process(new ListKeeper()).returns(Types.LONG).uid("sink").sinkTo(new DiscardingSink<>()).uid("discard-sink");
  }

  private static void windows(KeyedStream<Long, String> stream) {
    Duration minute = Duration.ofMinutes(1);
    end(
        stream.window(TumblingEventTimeWindows.of(minute)).aggregate(new SumAndCount(), SumAndCount.TYPE, Types.LONG),
        "tumbling-aggregate");
    end(
        stream.window(TumblingEventTimeWindows.of(minute)).allowedLateness(Duration.ofSeconds(30)).process(new WindowStates()),
        "tumbling-process");
    end(
        stream.window(SlidingEventTimeWindows.of(Duration.ofMinutes(2), minute)).reduce((ReduceFunction<Long>) Long::sum),
        "sliding-reduce");
    end(
        stream.window(EventTimeSessionWindows.withGap(Duration.ofSeconds(7))).aggregate(new SumAndCount(), SumAndCount.TYPE, Types.LONG),
        "session-aggregate");
    end(
        stream.window(EventTimeSessionWindows.withGap(Duration.ofSeconds(3))).trigger(CountTrigger.of(3)).process(new Contents()),
        "session-process");
    end(stream.countWindow(7).reduce((ReduceFunction<Long>) Long::sum), "count-window");
    end(
        stream
            .window(TumblingEventTimeWindows.of(minute))
            .trigger(ContinuousEventTimeTrigger.of(Duration.ofSeconds(20)))
            .reduce((ReduceFunction<Long>) Long::sum),
        "continuous");
    end(
        stream
            .window(TumblingProcessingTimeWindows.of(Duration.ofDays(36_500)))
            .aggregate(new SumAndCount(), SumAndCount.TYPE, Types.LONG),
        "processing-time");
  }

  private static void twoInputs(DataStream<Long> numbers) {
    DataStream<Long> rules = numbers.filter(n -> n < 10).uid("rules");
    MapStateDescriptor<String, Long> limits = new MapStateDescriptor<>("limits", Types.STRING, Types.LONG);
    MapStateDescriptor<Integer, GenericRecord> places = new MapStateDescriptor<>("places", Types.INT, record(PLACE));
    end(
        numbers.keyBy(n -> n % 20, Types.LONG).connect(numbers.filter(n -> n % 3 == 0).uid("thirds").keyBy(n -> n % 20, Types.LONG)).process(new Connected()),
        "connect");
    end(
        numbers.keyBy(n -> n % 20, Types.LONG).connect(rules.broadcast(limits, places)).process(new KeyedRules(limits, places)),
        "keyed-broadcast");
    end(numbers.connect(rules.broadcast(limits)).process(new Rules(limits)), "broadcast");
    end(
        numbers
            .keyBy(n -> n % 7, Types.LONG)
            .intervalJoin(numbers.keyBy(n -> n % 7, Types.LONG))
            .between(Duration.ofSeconds(-5), Duration.ofSeconds(3))
            .process(new Pairs()),
        "interval-join");
  }

  private static void end(SingleOutputStreamOperator<Long> stream, String uid) {
    stream.returns(Types.LONG).uid(uid).sinkTo(new DiscardingSink<>()).uid("discard-" + uid);
  }

  private static <K> void keyed(DataStream<Long> numbers, String uid, KeySelector<Long, K> key, TypeInformation<K> type) {
    end(numbers.keyBy(key, type).process(new Count<K>()), uid);
  }

  static String color(long n) {
    return Arrays.asList("RED", "GREEN", "BLUE").get((int) (n % 3));
  }

  static TypeInformation<GenericRecord> record(String schema) {
    return new GenericRecordAvroTypeInfo(new Schema.Parser().parse(schema));
  }

  static GenericRecord place(long n) {
    GenericRecord place = new GenericData.Record(new Schema.Parser().parse(PLACE));
    place.put("name", "p" + n);
    place.put("height", n % 2 == 0 ? null : n / 4.0);
    return place;
  }

  static final class Count<K> extends KeyedProcessFunction<K, Long, Long> {
    private static final long serialVersionUID = 1;
    private transient ValueState<Long> count;

    @Override
    public void open(OpenContext context) {
      count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
    }

    @Override
    public void processElement(Long n, Context context, Collector<Long> out) throws Exception {
      count.update(count.value() == null ? 1 : count.value() + 1);
      context.timerService().registerEventTimeTimer(FAR + n % 3);
    }
  }

  static final class EveryType extends KeyedProcessFunction<String, Long, Long> {
    private static final long serialVersionUID = 1;

    private final Map<String, ValueState<Object>> values = new HashMap<>();
    private transient Schema schema;
    private transient ListState<Long> longs;
    private transient ValueState<List<Double>> nullables;
    private transient ListState<GenericRecord> records;
    private transient MapState<String, Long> counts;
    private transient MapState<Long, GenericRecord> recordsByNumber;
    private transient MapState<Integer, String> nullableTexts;
    private transient ReducingState<Long> sum;
    private transient AggregatingState<Long, Long> average;
    private transient ValueState<Long> ttlValue;
    private transient ListState<String> ttlList;
    private transient MapState<String, Long> ttlMap;
    private transient ReducingState<Long> ttlSum;
    private transient AggregatingState<Long, Long> ttlAverage;

    @Override
    public void open(OpenContext context) throws Exception {
      schema = new Schema.Parser().parse(Everything.class.getResourceAsStream("/everything.avsc"));
      TypeInformation<GenericRecord> record = new GenericRecordAvroTypeInfo(schema);
      value("string", Types.STRING);
      value("int", Types.INT);
      value("long", Types.LONG);
      value("timestamp", Types.LONG);
      value("bigint", BasicTypeInfo.BIG_INT_TYPE_INFO);
      value("double", Types.DOUBLE);
      value("boolean", Types.BOOLEAN);
      value("bytes", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
      value("list", Types.LIST(Types.STRING));
      value("map", Types.MAP(Types.STRING, Types.LONG));
      value("tuple", Types.TUPLE(Types.STRING, Types.LONG, Types.TUPLE(Types.INT, Types.BOOLEAN)));
      value("enum", Types.STRING);
      value("record", record);
      longs = getRuntimeContext().getListState(new ListStateDescriptor<>("longs", Types.LONG));
      nullables =
          getRuntimeContext()
              .getState(
                  new ValueStateDescriptor<>(
                      "nullables", new ListSerializer<>(NullableSerializer.wrap(DoubleSerializer.INSTANCE, false))));
      records = getRuntimeContext().getListState(new ListStateDescriptor<>("records", record));
      counts = getRuntimeContext().getMapState(new MapStateDescriptor<>("counts", Types.STRING, Types.LONG));
      recordsByNumber = getRuntimeContext().getMapState(new MapStateDescriptor<>("recordsByNumber", Types.LONG, record));
      nullableTexts =
          getRuntimeContext()
              .getMapState(
                  new MapStateDescriptor<>(
                      "nullableTexts", IntSerializer.INSTANCE, NullableSerializer.wrap(StringSerializer.INSTANCE, false)));
      sum = getRuntimeContext().getReducingState(new ReducingStateDescriptor<>("sum", Long::sum, Types.LONG));
      average = getRuntimeContext().getAggregatingState(new AggregatingStateDescriptor<>("average", new SumAndCount(), SumAndCount.TYPE));
      ttlValue = getRuntimeContext().getState(ttl(new ValueStateDescriptor<>("ttlValue", Types.LONG)));
      ttlList = getRuntimeContext().getListState(ttl(new ListStateDescriptor<>("ttlList", Types.STRING)));
      ttlMap = getRuntimeContext().getMapState(ttl(new MapStateDescriptor<>("ttlMap", Types.STRING, Types.LONG)));
      ttlSum = getRuntimeContext().getReducingState(ttl(new ReducingStateDescriptor<>("ttlSum", Long::sum, Types.LONG)));
      ttlAverage = getRuntimeContext().getAggregatingState(ttl(new AggregatingStateDescriptor<>("ttlAverage", new SumAndCount(), SumAndCount.TYPE)));
    }

    private static <D extends StateDescriptor<?, ?>> D ttl(D descriptor) {
      descriptor.enableTimeToLive(StateTtlConfig.newBuilder(Duration.ofDays(36_500)).build());
      return descriptor;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private void value(String name, TypeInformation<?> type) {
      values.put(name, (ValueState) getRuntimeContext().getState(new ValueStateDescriptor(name, type)));
    }

    private void set(String name, Object value) throws Exception {
      values.get(name).update(value);
    }

    @Override
    public void processElement(Long n, Context context, Collector<Long> out) throws Exception {
      set("string", n % 9 == 0 ? "" : "text-日本-😀-" + n);
      set("int", (int) -n);
      set("long", n * 9_007_199_254L);
      set("timestamp", T0 - n);
      set("bigint", BigInteger.TWO.pow((int) (n % 200)).negate());
      set("double", n / 7.0);
      set("boolean", n % 2 == 0);
      set("bytes", new byte[] {(byte) n.longValue(), ',', 0, -1});
      set("list", new ArrayList<>(Arrays.asList("l" + n, "")));
      set("map", new HashMap<>(Collections.singletonMap("m" + n, n)));
      set("tuple", Tuple3.of("t" + n, n, Tuple2.of((int) (n % 100), n % 2 == 0)));
      set("enum", color(n));
      set("record", everything(n, 1));
      longs.add(n);
      nullables.update(new ArrayList<>(Arrays.asList(n % 2 == 0 ? null : n / 3.0, -0.0)));
      records.add(everything(n, 0));
      counts.put("c" + n % 4, n);
      recordsByNumber.put(n % 3, everything(n, 1));
      nullableTexts.put((int) (n % 4), n % 2 == 0 ? null : "x" + n);
      sum.add(n);
      average.add(n);
      ttlValue.update(n);
      ttlList.add("ttl" + n);
      ttlMap.put("tm" + n % 2, n);
      ttlSum.add(n);
      ttlAverage.add(n);
      context.timerService().registerEventTimeTimer(FAR + n % 2);
      context.timerService().registerProcessingTimeTimer(FAR + 86_400_000L + n % 3);
    }

    /** With a record of its own kind inside, `depth` levels deep. */
    private GenericRecord everything(long n, int depth) {
      GenericRecord record = new GenericData.Record(schema);
      record.put("text", "é日本😀" + n);
      record.put("int", (int) -n);
      record.put("long", n * 9_007_199_254L);
      record.put("at", T0 + n);
      record.put("big", ByteBuffer.wrap(BigInteger.valueOf(-n).multiply(BigInteger.TEN.pow(20)).toByteArray()));
      record.put("double", n / 8.0);
      record.put("flag", n % 2 == 0);
      record.put("raw", ByteBuffer.wrap(new byte[] {(byte) n, 44}));
      record.put("numbers", n % 3 == 0 ? Collections.emptyList() : Arrays.asList((int) n, 2, 3));
      record.put("byName", new HashMap<>(Collections.singletonMap("k" + n, n)));
      GenericRecord pair = new GenericData.Record(schema.getField("byNumber").schema().getElementType());
      pair.put("key", n);
      pair.put("value", "v" + n);
      record.put("byNumber", Collections.singletonList(pair));
      record.put("color", new GenericData.EnumSymbol(schema.getField("color").schema(), color(n)));
      record.put("note", n % 2 == 0 ? null : "note" + n);
      record.put("place", place(n));
      record.put("places", Arrays.asList(place(n), place(n + 1)));
      record.put("inner", depth == 0 ? null : everything(n + 1, depth - 1));
      record.put("extra", "-");
      return record;
    }
  }

  static final class SumAndCount implements AggregateFunction<Long, Tuple2<Long, Long>, Long> {
    private static final long serialVersionUID = 1;
    static final TypeInformation<Tuple2<Long, Long>> TYPE = Types.TUPLE(Types.LONG, Types.LONG);

    @Override
    public Tuple2<Long, Long> createAccumulator() {
      return Tuple2.of(0L, 0L);
    }

    @Override
    public Tuple2<Long, Long> add(Long n, Tuple2<Long, Long> sum) {
      return Tuple2.of(sum.f0 + n, sum.f1 + 1);
    }

    @Override
    public Long getResult(Tuple2<Long, Long> sum) {
      return sum.f0 / sum.f1;
    }

    @Override
    public Tuple2<Long, Long> merge(Tuple2<Long, Long> a, Tuple2<Long, Long> b) {
      return Tuple2.of(a.f0 + b.f0, a.f1 + b.f1);
    }
  }

  static final class Contents extends ProcessWindowFunction<Long, Long, String, TimeWindow> {
    private static final long serialVersionUID = 1;

    @Override
    public void process(String key, Context context, Iterable<Long> numbers, Collector<Long> out) {}
  }

  /** Is called when a window fires, so these states are registered then only; a restore keeps them all the same. */
  static final class WindowStates extends ProcessWindowFunction<Long, Long, String, TimeWindow> {
    private static final long serialVersionUID = 1;

    @Override
    public void process(String key, Context context, Iterable<Long> numbers, Collector<Long> out) throws Exception {
      ValueState<Long> fired = context.windowState().getState(new ValueStateDescriptor<>("fired", Types.LONG));
      ValueState<Long> total = context.globalState().getState(new ValueStateDescriptor<>("total", Types.LONG));
      fired.update(fired.value() == null ? 1 : fired.value() + 1);
      total.update(total.value() == null ? 1 : total.value() + 1);
    }
  }

  static final class Connected extends KeyedCoProcessFunction<Long, Long, Long, Long> {
    private static final long serialVersionUID = 1;
    private transient ValueState<Tuple2<Long, Long>> seen;

    @Override
    public void open(OpenContext context) {
      seen = getRuntimeContext().getState(new ValueStateDescriptor<>("seen", Types.TUPLE(Types.LONG, Types.LONG)));
    }

    private void add(long left, long right) throws Exception {
      Tuple2<Long, Long> old = seen.value() == null ? Tuple2.of(0L, 0L) : seen.value();
      seen.update(Tuple2.of(old.f0 + left, old.f1 + right));
    }

    @Override
    public void processElement1(Long n, Context context, Collector<Long> out) throws Exception {
      add(1, 0);
      context.timerService().registerEventTimeTimer(FAR);
    }

    @Override
    public void processElement2(Long n, Context context, Collector<Long> out) throws Exception {
      add(0, 1);
    }
  }

  static final class KeyedRules extends KeyedBroadcastProcessFunction<Long, Long, Long, Long> {
    private static final long serialVersionUID = 1;
    private final MapStateDescriptor<String, Long> limits;
    private final MapStateDescriptor<Integer, GenericRecord> places;
    private transient ValueState<String> last;

    KeyedRules(MapStateDescriptor<String, Long> limits, MapStateDescriptor<Integer, GenericRecord> places) {
      this.limits = limits;
      this.places = places;
    }

    @Override
    public void open(OpenContext context) {
      last = getRuntimeContext().getState(new ValueStateDescriptor<>("last", Types.STRING));
    }

    @Override
    public void processElement(Long n, ReadOnlyContext context, Collector<Long> out) throws Exception {
      last.update("last" + n);
    }

    @Override
    public void processBroadcastElement(Long n, Context context, Collector<Long> out) throws Exception {
      context.getBroadcastState(limits).put("rule" + n, n);
      context.getBroadcastState(places).put((int) (long) n, place(n));
    }
  }

  static final class Rules extends BroadcastProcessFunction<Long, Long, Long> {
    private static final long serialVersionUID = 1;
    private final MapStateDescriptor<String, Long> limits;

    Rules(MapStateDescriptor<String, Long> limits) {
      this.limits = limits;
    }

    @Override
    public void processElement(Long n, ReadOnlyContext context, Collector<Long> out) {}

    @Override
    public void processBroadcastElement(Long n, Context context, Collector<Long> out) throws Exception {
      context.getBroadcastState(limits).put("rule" + n, n);
    }
  }

  static final class Pairs extends ProcessJoinFunction<Long, Long, Long> {
    private static final long serialVersionUID = 1;

    @Override
    public void processElement(Long left, Long right, Context context, Collector<Long> out) {}
  }

  /** Stands for a sink: keeps its pending transactions, which are bytes to Flink. */
  static final class ListKeeper extends ProcessFunction<Long, Long> implements CheckpointedFunction {
    private static final long serialVersionUID = 1;
    private transient ListState<byte[]> pending;

    @Override
    public void processElement(Long n, Context context, Collector<Long> out) {}

    @Override
    public void snapshotState(FunctionSnapshotContext context) {}

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
      pending =
          context
              .getOperatorStateStore()
              .getListState(new ListStateDescriptor<>("writer_raw_states", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    }
  }

  private Everything() {}
}
