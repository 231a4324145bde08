package tidemark.judge;

import java.io.DataOutputStream;
import java.math.*;
import java.time.*;
import java.util.*;
import lab.Types_.*;
import org.apache.avro.Schema;
import org.apache.avro.generic.*;
import org.apache.flink.api.common.eventtime.*;
import org.apache.flink.api.common.functions.*;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.*;
import org.apache.flink.api.common.typeinfo.*;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.*;
import org.apache.flink.formats.avro.typeutils.GenericRecordAvroTypeInfo;
import org.apache.flink.runtime.state.*;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.datastream.*;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.co.*;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.operators.*;
import org.apache.flink.streaming.api.windowing.assigners.*;
import org.apache.flink.streaming.api.windowing.evictors.CountEvictor;
import org.apache.flink.streaming.api.windowing.windows.*;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.types.Either;
import org.apache.flink.types.Row;
import org.apache.flink.util.Collector;

/**
 * The job that wrote the fixtures of the snapshot tests, with a source that is silent and without
 * its file sink: it restores a savepoint that was made from one of them. What was changed there is
 * changed here, as `uid:OLD=NEW`, `max:UID=N`, `without:UID`, or `type:STATE=TYPE` for states of
 * "everything": an Avro schema for v-avro, types separated by commas for v-row, those of its
 * numbers for v-tuple3.
 */
final class Zoo {
  static final long FAR = 4102444800000L; // 2100-01-01
  static final String AVRO =
      "{\"type\":\"record\",\"name\":\"Av\",\"namespace\":\"lab\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"s\",\"type\":[\"null\",\"string\"]},{\"name\":\"xs\",\"type\":{\"type\":\"array\",\"items\":\"double\"}}]}";

  private final Map<String, String> uids = new HashMap<>();
  private final Map<String, Integer> maxParallelism = new HashMap<>();
  private final Set<String> without = new HashSet<>();
  private final HashMap<String, String> types = new HashMap<>();

  private Zoo(String[] changes) {
    for (String change : changes) {
      String what = change.substring(0, change.indexOf(':'));
      String[] parts = change.substring(change.indexOf(':') + 1).split("=", 2);
      if (what.equals("uid")) uids.put(parts[0], parts[1]);
      else if (what.equals("max")) maxParallelism.put(parts[0], Integer.parseInt(parts[1]));
      else if (what.equals("type")) types.put(parts[0], parts[1]);
      else without.add(parts[0]);
    }
  }

  static void build(StreamExecutionEnvironment environment, String[] changes) {
    new Zoo(changes).build(environment);
  }

  private void uid(SingleOutputStreamOperator<?> operator, String uid) {
    operator.uid(uids.getOrDefault(uid, uid)).name(uid);
    if (maxParallelism.containsKey(uid)) operator.setMaxParallelism(maxParallelism.get(uid));
  }

  private <K> void keyed(
      SingleOutputStreamOperator<Long> source,
      String uid,
      KeySelector<Long, K> key,
      TypeInformation<K> type) {
    if (!without.contains(uid))
      uid(source.keyBy(key, type).process(new Simple<K>()).returns(Types.LONG), uid);
  }

  private void build(StreamExecutionEnvironment env) {
    env.setParallelism(2);
    env.setMaxParallelism(128);
    SingleOutputStreamOperator<Long> src =
        env.fromSource(new SilentSource(0, 0), WatermarkStrategy.noWatermarks(), "zoo source")
            .returns(Types.LONG);
    uid(src, "src");

    uid(
        src.keyBy(v -> "k" + (v % 50), Types.STRING)
            .process(new Everything(types))
            .setParallelism(3)
            .returns(Types.LONG),
        "everything");
    keyed(src, "key-long", v -> v % 40, Types.LONG);
    keyed(src, "key-int", v -> (int) (v % 40), Types.INT);
    keyed(src, "key-short", v -> (short) (v % 40), Types.SHORT);
    keyed(src, "key-byte", v -> (byte) (v % 40), Types.BYTE);
    keyed(src, "key-boolean", v -> v % 2 == 0, Types.BOOLEAN);
    keyed(src, "key-double", v -> (v % 40) / 4.0, Types.DOUBLE);
    keyed(
        src,
        "key-tuple2",
        v -> Tuple2.of("t" + v % 10, (int) (v % 4)),
        Types.TUPLE(Types.STRING, Types.INT));
    keyed(src, "key-pojo", v -> new PKey("p" + v % 10, (int) (v % 4)), Types.POJO(PKey.class));
    keyed(
        src,
        "key-row",
        v -> Row.of("r" + v % 10, (int) (v % 4)),
        Types.ROW(Types.STRING, Types.INT));
    keyed(src, "key-float", v -> (float) (v % 40) / 4, Types.FLOAT);
    keyed(src, "key-localdate", v -> LocalDate.of(2024, 1, 1).plusDays(v % 30), Types.LOCAL_DATE);
    keyed(src, "key-bigdec", v -> BigDecimal.valueOf(v % 30, 1), Types.BIG_DEC);
    // Windows
    KeyedStream<Long, String> ks = src.keyBy(v -> "w" + (v % 5), Types.STRING);
    uid(
        ks.window(TumblingEventTimeWindows.of(Duration.ofMinutes(1)))
            .aggregate(new Avg())
            .returns(Types.DOUBLE),
        "win-tumbling-agg");
    uid(
        ks.window(SlidingEventTimeWindows.of(Duration.ofMinutes(2), Duration.ofMinutes(1)))
            .process(new PW<TimeWindow>())
            .returns(Types.LONG),
        "win-sliding-process");
    uid(
        ks.window(EventTimeSessionWindows.withGap(Duration.ofSeconds(30)))
            .aggregate(new Avg())
            .returns(Types.DOUBLE),
        "win-session-agg");
    uid(
        ks.window(EventTimeSessionWindows.withGap(Duration.ofSeconds(3)))
            .process(new PW<TimeWindow>())
            .returns(Types.LONG),
        "win-session-process");
    uid(
        ks.window(TumblingEventTimeWindows.of(Duration.ofMinutes(1)))
            .reduce((x, y) -> x + y)
            .returns(Types.LONG),
        "win-tumbling-reduce");
    uid(
        ks.window(TumblingEventTimeWindows.of(Duration.ofMinutes(1)))
            .evictor(CountEvictor.of(3))
            .process(new PW<TimeWindow>())
            .returns(Types.LONG),
        "win-evictor");
    uid(ks.countWindow(1000).reduce((x, y) -> x + y).returns(Types.LONG), "win-count-reduce");
    ((SingleOutputStreamOperator<Long>)
            (DataStream<Long>)
                src.join(src.filter(v -> v % 2 == 0))
                    .where(v -> v % 10)
                    .equalTo(v -> v % 10)
                    .window(TumblingEventTimeWindows.of(Duration.ofMinutes(2)))
                    .apply((JoinFunction<Long, Long, Long>) (x, y) -> x + y, Types.LONG))
        .setUidHash("fe3608cb699d9c1840825fb88d71ea40");
    // Operator state
    uid(src.map(new OpState()).returns(Types.LONG), "op-state");
    uid(src.transform("raw-state", Types.LONG, new RawOp()), "raw-state");
    // Broadcast
    MapStateDescriptor<String, Long> bd =
        new MapStateDescriptor<>("rules", Types.STRING, Types.LONG);
    MapStateDescriptor<Integer, Person> bd2 =
        new MapStateDescriptor<>("rules-pojo", Types.INT, Types.POJO(Person.class));
    SingleOutputStreamOperator<Long> rules = src.filter(v -> v < 10);
    uid(rules, "rule-filter");
    uid(
        src.keyBy(v -> v % 20, Types.LONG)
            .connect(rules.broadcast(bd, bd2))
            .process(new KB(bd, bd2))
            .returns(Types.LONG),
        "keyed-broadcast");
    uid(src.connect(rules.broadcast(bd)).process(new NB(bd)).returns(Types.LONG), "broadcast");
    // Co process
    uid(
        src.keyBy(v -> v % 20, Types.LONG)
            .connect(src.filter(v -> v % 3 == 0).keyBy(v -> v % 20, Types.LONG))
            .process(new Co())
            .returns(Types.LONG),
        "co-process");
    // interval join
    uid(
        src.keyBy(v -> v % 7, Types.LONG)
            .intervalJoin(src.keyBy(v -> v % 7, Types.LONG))
            .between(Duration.ofSeconds(-5), Duration.ofSeconds(5))
            .process(
                new ProcessJoinFunction<Long, Long, Long>() {
                  public void processElement(Long l, Long r, Context c, Collector<Long> o) {}
                })
            .returns(Types.LONG),
        "interval-join");
    // Without a uid: their ids came from the shape of the job.
    src.keyBy(v -> v % 8, Types.LONG)
        .reduce((x, y) -> x + y)
        .returns(Types.LONG)
        .name("nouid-reduce")
        .setUidHash("578f2c01e59665439829d143a7c3263d");
  }

  public static class Simple<K> extends KeyedProcessFunction<K, Long, Long> {
    transient ValueState<Long> c;
    transient MapState<Long, String> m;

    public void open(OpenContext x) {
      c = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
      m =
          getRuntimeContext()
              .getMapState(new MapStateDescriptor<>("map", Types.LONG, Types.STRING));
    }

    public void processElement(Long v, Context x, Collector<Long> o) throws Exception {
      Long p = c.value();
      c.update(p == null ? 1 : p + 1);
      if (v < 40) m.put(v, "v" + v);
      x.timerService().registerEventTimeTimer(FAR + (v % 3) * 1000);
      if (v < 10) x.timerService().registerProcessingTimeTimer(FAR + v);
    }
  }

  public static class Avg implements AggregateFunction<Long, Tuple2<Long, Long>, Double> {
    public Tuple2<Long, Long> createAccumulator() {
      return Tuple2.of(0L, 0L);
    }

    public Tuple2<Long, Long> add(Long v, Tuple2<Long, Long> t) {
      return Tuple2.of(t.f0 + v, t.f1 + 1);
    }

    public Double getResult(Tuple2<Long, Long> t) {
      return t.f0 * 1.0 / t.f1;
    }

    public Tuple2<Long, Long> merge(Tuple2<Long, Long> x, Tuple2<Long, Long> y) {
      return Tuple2.of(x.f0 + y.f0, x.f1 + y.f1);
    }
  }

  public static class PW<W extends Window> extends ProcessWindowFunction<Long, Long, String, W> {
    public void process(String k, Context c, Iterable<Long> e, Collector<Long> o) {}
  }

  public static class Everything extends KeyedProcessFunction<String, Long, Long> {
    /** Of states that have another type than when they were written. */
    final HashMap<String, String> types;

    Everything(HashMap<String, String> types) {
      this.types = types;
    }

    TypeInformation<Row> rowType() {
      List<TypeInformation<?>> fields = new ArrayList<>();
      for (String name : types.getOrDefault("v-row", "long,string,double").split(","))
        fields.add(simpleType(name));
      return Types.ROW(fields.toArray(new TypeInformation<?>[0]));
    }

    TypeInformation<?> tupleType() {
      String[] names = types.getOrDefault("v-tuple3", "long,int").split(",");
      TypeInformation<?> inner = Types.TUPLE(simpleType(names[1]), Types.BOOLEAN);
      return Types.TUPLE(Types.STRING, simpleType(names[0]), inner);
    }

    static TypeInformation<?> simpleType(String name) {
      switch (name) {
        case "long":
          return Types.LONG;
        case "int":
          return Types.INT;
        case "float":
          return Types.FLOAT;
        case "double":
          return Types.DOUBLE;
        case "string":
          return Types.STRING;
        default:
          throw new IllegalArgumentException("no such type: " + name);
      }
    }

    transient Map<String, ValueState<Object>> vs;
    transient ListState<Long> list;
    transient ListState<Person> plist;
    transient MapState<String, Long> map;
    transient MapState<Integer, Person> pmap;
    transient MapState<String, String> nmap;
    transient ReducingState<Long> red;
    transient AggregatingState<Long, Double> agg;
    transient ValueState<Long> ttl;
    transient ListState<String> ttlList;
    transient MapState<String, Long> ttlMap;
    transient Schema schema;

    @SuppressWarnings({"unchecked", "rawtypes"})
    void v(String n, TypeInformation t) {
      vs.put(n, (ValueState) getRuntimeContext().getState(new ValueStateDescriptor(n, t)));
    }

    void set(String n, Object o) throws Exception {
      vs.get(n).update(o);
    }

    public void open(OpenContext x) {
      vs = new LinkedHashMap<>();
      RuntimeContext rc = getRuntimeContext();
      schema = new Schema.Parser().parse(types.getOrDefault("v-avro", AVRO));
      v("v-long", Types.LONG);
      v("v-int", Types.INT);
      v("v-short", Types.SHORT);
      v("v-byte", Types.BYTE);
      v("v-bool", Types.BOOLEAN);
      v("v-double", Types.DOUBLE);
      v("v-float", Types.FLOAT);
      v("v-char", Types.CHAR);
      v("v-string", Types.STRING);
      v("v-bigdec", Types.BIG_DEC);
      v("v-bigint", Types.BIG_INT);
      v("v-instant", Types.INSTANT);
      v("v-localdate", Types.LOCAL_DATE);
      v("v-localtime", Types.LOCAL_TIME);
      v("v-localdatetime", Types.LOCAL_DATE_TIME);
      v("v-sqltimestamp", Types.SQL_TIMESTAMP);
      v("v-sqldate", Types.SQL_DATE);
      v("v-sqltime", Types.SQL_TIME);
      v("v-date", BasicTypeInfo.DATE_TYPE_INFO);
      v("v-bytes", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
      v("v-longs", PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO);
      v("v-ints", PrimitiveArrayTypeInfo.INT_PRIMITIVE_ARRAY_TYPE_INFO);
      v("v-doubles", PrimitiveArrayTypeInfo.DOUBLE_PRIMITIVE_ARRAY_TYPE_INFO);
      v("v-bools", PrimitiveArrayTypeInfo.BOOLEAN_PRIMITIVE_ARRAY_TYPE_INFO);
      v("v-strings", BasicArrayTypeInfo.STRING_ARRAY_TYPE_INFO);
      v("v-objarr", Types.OBJECT_ARRAY(Types.POJO(PKey.class)));
      v("v-tuple3", tupleType());
      v("v-list", Types.LIST(Types.STRING));
      v("v-map", Types.MAP(Types.STRING, Types.INT));
      v("v-enum", Types.ENUM(Color.class));
      v("v-pojo", Types.POJO(Person.class));
      v("v-pojo-sub", Types.POJO(Person.class));
      v("v-row", rowType());
      v("v-either", Types.EITHER(Types.STRING, Types.LONG));
      v("v-kryo", Types.GENERIC(Weird.class));
      v("v-uuid", Types.GENERIC(UUID.class));
      v("v-kryo-list", Types.GENERIC(ArrayList.class));
      v("v-avro", new GenericRecordAvroTypeInfo(schema));
      v("v-void", Types.VOID);
      list = rc.getListState(new ListStateDescriptor<>("list", Types.LONG));
      plist = rc.getListState(new ListStateDescriptor<>("list-pojo", Types.POJO(Person.class)));
      map = rc.getMapState(new MapStateDescriptor<>("map", Types.STRING, Types.LONG));
      pmap =
          rc.getMapState(new MapStateDescriptor<>("map-pojo", Types.INT, Types.POJO(Person.class)));
      nmap = rc.getMapState(new MapStateDescriptor<>("map-nulls", Types.STRING, Types.STRING));
      red =
          rc.getReducingState(
              new ReducingStateDescriptor<>("reducing", (p, q) -> p + q, Types.LONG));
      agg =
          rc.getAggregatingState(
              new AggregatingStateDescriptor<>(
                  "aggregating", new Avg(), Types.TUPLE(Types.LONG, Types.LONG)));
      StateTtlConfig t =
          StateTtlConfig.newBuilder(Duration.ofDays(36500))
              .setUpdateType(StateTtlConfig.UpdateType.OnCreateAndWrite)
              .build();
      ValueStateDescriptor<Long> td = new ValueStateDescriptor<>("ttl-value", Types.LONG);
      td.enableTimeToLive(t);
      ttl = rc.getState(td);
      ListStateDescriptor<String> tl = new ListStateDescriptor<>("ttl-list", Types.STRING);
      tl.enableTimeToLive(t);
      ttlList = rc.getListState(tl);
      MapStateDescriptor<String, Long> tm =
          new MapStateDescriptor<>("ttl-map", Types.STRING, Types.LONG);
      tm.enableTimeToLive(t);
      ttlMap = rc.getMapState(tm);
    }

    public void processElement(Long v, Context c, Collector<Long> o) throws Exception {
      long i = v;
      set("v-long", i);
      set("v-int", (int) -i);
      set("v-short", (short) i);
      set("v-byte", (byte) i);
      set("v-bool", i % 2 == 0);
      set("v-double", i / 7.0);
      set("v-float", (float) (i / 7.0));
      set("v-char", (char) ('a' + i % 26));
      set("v-string", i % 9 == 0 ? "" : "str-日本-😀-" + i);
      set("v-bigdec", new BigDecimal("-12345678901234567890." + (100 + i)));
      set("v-bigint", BigInteger.ONE.shiftLeft((int) (i % 200)).negate());
      set("v-instant", Instant.ofEpochSecond(1700000000L + i, 123456789));
      set("v-localdate", LocalDate.of(2024, 2, 29).plusDays(i));
      set("v-localtime", LocalTime.of(12, 34, 56, (int) i));
      set("v-localdatetime", LocalDateTime.of(2024, 2, 29, 1, 2, 3, (int) i));
      java.sql.Timestamp ts = new java.sql.Timestamp(1700000000000L + i);
      ts.setNanos(123456789);
      set("v-sqltimestamp", ts);
      set("v-sqldate", new java.sql.Date(1700000000000L + i));
      set("v-sqltime", new java.sql.Time(43200000L + i));
      set("v-date", new Date(1700000000000L + i));
      set("v-bytes", new byte[] {(byte) i, (byte) (i >> 8), -1});
      set("v-longs", new long[] {i, -i, Long.MAX_VALUE});
      set("v-ints", new int[] {(int) i});
      set("v-doubles", new double[] {i * 0.5, Double.NaN});
      set("v-bools", new boolean[] {i % 2 == 0, true});
      set("v-strings", new String[] {"a" + i, null, ""});
      set("v-objarr", new PKey[] {new PKey("x" + i, 1), null});
      set("v-tuple3", Tuple3.of("t" + i, i, Tuple2.of((int) i, i % 2 == 0)));
      set("v-list", new ArrayList<>(Arrays.asList("l" + i, "m")));
      Map<String, Integer> mm = new LinkedHashMap<>();
      mm.put("x", (int) i);
      mm.put("nul", null);
      set("v-map", mm);
      set("v-enum", Color.values()[(int) (i % 3)]);
      set("v-pojo", new Person(i));
      set("v-pojo-sub", new Employee(i));
      set("v-row", Row.of(i, i % 4 == 0 ? null : "row" + i, i * 1.5));
      set("v-either", i % 2 == 0 ? Either.Left("L" + i) : Either.Right(i));
      set(
          "v-kryo",
          new Weird(
              "w" + i,
              new int[] {1, (int) i},
              i % 2 == 0 ? new Weird("n", new int[0], null) : null));
      set("v-uuid", new UUID(i, i * 31));
      set("v-kryo-list", new ArrayList<>(Arrays.asList("k", i, Color.RED)));
      GenericRecord g = new GenericData.Record(schema);
      g.put("id", i);
      g.put("s", i % 2 == 0 ? null : "av" + i);
      g.put("xs", Arrays.asList(1.5, i * 1.0));
      set("v-avro", g);
      list.add(i);
      plist.add(new Person(i));
      map.put("m" + i % 4, i);
      pmap.put((int) (i % 3), new Person(i));
      nmap.put("n" + i % 2, i % 2 == 0 ? null : "x" + i);
      red.add(i);
      agg.add(i);
      ttl.update(i);
      ttlList.add("ttl" + i);
      ttlMap.put("tm" + i % 2, i);
      c.timerService().registerEventTimeTimer(FAR + i % 2);
      c.timerService().registerProcessingTimeTimer(FAR + 5);
    }

    public void onTimer(long t, OnTimerContext c, Collector<Long> o) {}
  }

  public static class OpState implements MapFunction<Long, Long>, CheckpointedFunction {
    transient ListState<Long> l;
    transient ListState<String> u;
    transient ListState<Person> p;
    transient BroadcastState<String, Long> b;
    long n = 0;
    final List<Long> seen = new ArrayList<>();

    public Long map(Long v) {
      n++;
      if (v % 50 == 0) seen.add(v);
      return v;
    }

    public void snapshotState(FunctionSnapshotContext c) throws Exception {
      l.update(new ArrayList<>(seen));
      u.update(Arrays.asList("n=" + n, "cnt=" + seen.size()));
      List<Person> ps = new ArrayList<>();
      for (Long s : seen) ps.add(new Person(s));
      p.update(ps);
      b.put("seen", (long) 1);
    }

    public void initializeState(FunctionInitializationContext c) throws Exception {
      OperatorStateStore s = c.getOperatorStateStore();
      l = s.getListState(new ListStateDescriptor<>("op-list", Types.LONG));
      u = s.getUnionListState(new ListStateDescriptor<>("op-union", Types.STRING));
      p = s.getListState(new ListStateDescriptor<>("op-list-pojo", Types.POJO(Person.class)));
      b = s.getBroadcastState(new MapStateDescriptor<>("op-bcast", Types.STRING, Types.LONG));
      for (Long x : l.get()) seen.add(x);
    }
  }

  public static class RawOp extends AbstractStreamOperator<Long>
      implements OneInputStreamOperator<Long, Long> {
    long n;

    public void processElement(StreamRecord<Long> r) {
      n++;
      output.collect(r);
    }

    public void snapshotState(StateSnapshotContext c) throws Exception {
      super.snapshotState(c);
      OperatorStateCheckpointOutputStream o = c.getRawOperatorStateOutput();
      for (int i = 0; i < 3; i++) {
        o.startNewPartition();
        DataOutputStream d = new DataOutputStream(o);
        d.writeUTF("part" + i);
        d.writeLong(n);
        d.flush();
      }
    }
  }

  public static class KB extends KeyedBroadcastProcessFunction<Long, Long, Long, Long> {
    final MapStateDescriptor<String, Long> d;
    final MapStateDescriptor<Integer, Person> d2;
    transient ValueState<String> s;

    KB(MapStateDescriptor<String, Long> d, MapStateDescriptor<Integer, Person> d2) {
      this.d = d;
      this.d2 = d2;
    }

    public void open(OpenContext x) {
      s = getRuntimeContext().getState(new ValueStateDescriptor<>("last", Types.STRING));
    }

    public void processElement(Long v, ReadOnlyContext c, Collector<Long> o) throws Exception {
      s.update("last" + v);
    }

    public void processBroadcastElement(Long v, Context c, Collector<Long> o) throws Exception {
      c.getBroadcastState(d).put("rule" + v, v);
      c.getBroadcastState(d2).put((int) (long) v, new Person(v));
    }
  }

  public static class NB extends BroadcastProcessFunction<Long, Long, Long> {
    final MapStateDescriptor<String, Long> d;

    NB(MapStateDescriptor<String, Long> d) {
      this.d = d;
    }

    public void processElement(Long v, ReadOnlyContext c, Collector<Long> o) {}

    public void processBroadcastElement(Long v, Context c, Collector<Long> o) throws Exception {
      c.getBroadcastState(d).put("rule" + v, v);
    }
  }

  public static class Co extends KeyedCoProcessFunction<Long, Long, Long, Long> {
    transient ValueState<Tuple2<Long, Long>> s;

    public void open(OpenContext x) {
      s =
          getRuntimeContext()
              .getState(new ValueStateDescriptor<>("co", Types.TUPLE(Types.LONG, Types.LONG)));
    }

    void b(long x, long y) throws Exception {
      Tuple2<Long, Long> t = s.value();
      if (t == null) t = Tuple2.of(0L, 0L);
      s.update(Tuple2.of(t.f0 + x, t.f1 + y));
    }

    public void processElement1(Long v, Context c, Collector<Long> o) throws Exception {
      b(1, 0);
      c.timerService().registerEventTimeTimer(FAR);
    }

    public void processElement2(Long v, Context c, Collector<Long> o) throws Exception {
      b(0, 1);
    }
  }
}
