package tidemark.bench;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.api.OperatorIdentifier;
import org.apache.flink.state.api.SavepointReader;
import org.apache.flink.state.api.functions.KeyedStateReaderFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.CloseableIterator;
import org.apache.flink.util.Collector;

/**
 * `Diff BEFORE AFTER PARALLELISM`: compares the entries of state `stat` of two savepoints with Flink's State Processor API: a full outer
 * join by key. Batch execution sorts both sides by key, so that the join keeps one entry and no state.
 */
public final class Diff {
  private static final TypeInformation<Tuple3<Long, Boolean, Stat>> SIDE = Types.TUPLE(Types.LONG, Types.BOOLEAN, Types.POJO(Stat.class));

  public static void main(String[] args) throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("rest.port", "0");
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setRuntimeMode(RuntimeExecutionMode.BATCH);
    environment.setParallelism(Integer.parseInt(args[2]));
    environment.getConfig().enableObjectReuse();
    long[] sums = new long[4];
    DataStream<Tuple3<Long, Boolean, Stat>> both = side(environment, args[0], true).union(side(environment, args[1], false));
    var counts =
        both.keyBy(entry -> entry.f0, Types.LONG)
            .transform("join", Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG), new Join());
    try (CloseableIterator<Tuple4<Long, Long, Long, Long>> parts = counts.executeAndCollect("diff")) {
      while (parts.hasNext()) {
        Tuple4<Long, Long, Long, Long> part = parts.next();
        for (int i = 0; i < sums.length; i++) sums[i] += part.<Long>getField(i);
      }
    }
    System.out.printf("{\"added\":%d,\"removed\":%d,\"changed\":%d,\"same\":%d}%n", sums[0], sums[1], sums[2], sums[3]);
    // The cluster leaves threads behind.
    System.exit(0);
  }

  private static DataStream<Tuple3<Long, Boolean, Stat>> side(StreamExecutionEnvironment environment, String path, boolean isBefore)
      throws Exception {
    return SavepointReader.read(environment, path, new HashMapStateBackend())
        .readKeyedState(OperatorIdentifier.forUid("stats"), new Entries(isBefore), Types.LONG, SIDE);
  }

  static final class Entries extends KeyedStateReaderFunction<Long, Tuple3<Long, Boolean, Stat>> {
    private static final long serialVersionUID = 1;
    private final boolean isBefore;
    private transient ValueState<Stat> stat;

    Entries(boolean isBefore) {
      this.isBefore = isBefore;
    }

    @Override
    public void open(OpenContext context) {
      stat = getRuntimeContext().getState(new ValueStateDescriptor<>("stat", Types.POJO(Stat.class)));
    }

    @Override
    public void readKey(Long key, Context context, Collector<Tuple3<Long, Boolean, Stat>> output) throws Exception {
      output.collect(Tuple3.of(key, isBefore, stat.value()));
    }
  }

  /** Entries of one key come one after another. */
  static final class Join extends AbstractStreamOperator<Tuple4<Long, Long, Long, Long>>
      implements OneInputStreamOperator<Tuple3<Long, Boolean, Stat>, Tuple4<Long, Long, Long, Long>>, BoundedOneInput {
    private static final long serialVersionUID = 1;
    private boolean isWaiting;
    private long key;
    private boolean isBefore;
    private long count;
    private double avg;
    private String name;
    private long added;
    private long removed;
    private long changed;
    private long same;

    @Override
    public void processElement(StreamRecord<Tuple3<Long, Boolean, Stat>> record) {
      Tuple3<Long, Boolean, Stat> entry = record.getValue();
      Stat stat = entry.f2;
      if (isWaiting && key == entry.f0) {
        boolean equal = count == stat.count && Double.compare(avg, stat.avg) == 0 && java.util.Objects.equals(name, stat.name);
        if (equal) same++;
        else changed++;
        isWaiting = false;
        return;
      }
      single();
      isWaiting = true;
      key = entry.f0;
      isBefore = entry.f1;
      count = stat.count;
      avg = stat.avg;
      name = stat.name;
    }

    private void single() {
      if (!isWaiting) return;
      if (isBefore) removed++;
      else added++;
      isWaiting = false;
    }

    @Override
    public void endInput() {
      single();
      output.collect(new StreamRecord<>(Tuple4.of(added, removed, changed, same)));
    }
  }

  private Diff() {}
}
