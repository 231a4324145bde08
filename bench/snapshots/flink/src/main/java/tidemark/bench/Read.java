package tidemark.bench;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.api.OperatorIdentifier;
import org.apache.flink.state.api.SavepointReader;
import org.apache.flink.state.api.functions.KeyedStateReaderFunction;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.CloseableIterator;
import org.apache.flink.util.Collector;

/**
 * `Read SNAPSHOT BACKEND PARALLELISM`: counts the entries of state `stat` and sums up their counts with Flink's State Processor API.
 * The sum is folded where the entries are read, so that nothing but two numbers a subtask is sent on.
 */
public final class Read {
  public static void main(String[] args) throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("rest.port", "0");
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setRuntimeMode(RuntimeExecutionMode.BATCH);
    environment.setParallelism(Integer.parseInt(args[2]));
    StateBackend backend = args[1].equals("rocksdb") ? new EmbeddedRocksDBStateBackend() : new HashMapStateBackend();
    var counts =
        SavepointReader.read(environment, args[0], backend)
            .readKeyedState(OperatorIdentifier.forUid("stats"), new Counts(), Types.LONG, Types.LONG)
            .transform("fold", Types.TUPLE(Types.LONG, Types.LONG), new Fold());
    long entries = 0;
    long sum = 0;
    try (CloseableIterator<Tuple2<Long, Long>> parts = counts.executeAndCollect("read")) {
      while (parts.hasNext()) {
        Tuple2<Long, Long> part = parts.next();
        entries += part.f0;
        sum += part.f1;
      }
    }
    System.out.printf("{\"count\":%d,\"sum\":%d}%n", entries, sum);
    // The cluster leaves threads behind.
    System.exit(0);
  }

  static final class Counts extends KeyedStateReaderFunction<Long, Long> {
    private static final long serialVersionUID = 1;
    private transient ValueState<Stat> stat;

    @Override
    public void open(OpenContext context) {
      stat = getRuntimeContext().getState(new ValueStateDescriptor<>("stat", Types.POJO(Stat.class)));
    }

    @Override
    public void readKey(Long key, Context context, Collector<Long> output) throws Exception {
      output.collect(stat.value().count);
    }
  }

  static final class Fold extends AbstractStreamOperator<Tuple2<Long, Long>>
      implements OneInputStreamOperator<Long, Tuple2<Long, Long>>, BoundedOneInput {
    private static final long serialVersionUID = 1;
    private long entries;
    private long sum;

    @Override
    public void processElement(StreamRecord<Long> record) {
      entries++;
      sum += record.getValue();
    }

    @Override
    public void endInput() {
      output.collect(new StreamRecord<>(Tuple2.of(entries, sum)));
    }
  }

  private Read() {}
}
