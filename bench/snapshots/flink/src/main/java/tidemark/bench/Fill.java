package tidemark.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.concurrent.atomic.LongAdder;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

/**
 * `Fill KEYS BACKEND FORMAT TARGET`: a job with one value of {@link Stat} for each key 0, 1, 2, ..., in a cluster of this JVM, and a
 * savepoint of it, which is the folder TARGET in the end.
 */
public final class Fill {
  private static final int PARALLELISM = 2;
  private static final LongAdder FILLED = new LongAdder();

  public static void main(String[] args) throws Exception {
    long keys = Long.parseLong(args[0]);
    Configuration configuration = new Configuration();
    configuration.setString("state.backend.type", args[1]);
    configuration.setString("rest.port", "0");
    configuration.setString("execution.checkpointing.timeout", "20 min");
    configuration.setString("taskmanager.memory.managed.size", "512m");
    Path target = Paths.get(args[3]).toAbsolutePath();
    Path unfinished = target.resolveSibling(target.getFileName() + ".unfinished");
    // Without it, state would be taken through memory, and there is too much of it.
    configuration.setString("execution.checkpointing.dir", unfinished.resolve("checkpoints").toUri().toString());
    StreamExecutionEnvironment environment = new StreamExecutionEnvironment(configuration);
    environment.setParallelism(PARALLELISM);
    environment.setMaxParallelism(128);
    environment
        .fromSource(new Numbers(keys), WatermarkStrategy.noWatermarks(), "numbers", Types.LONG)
        .uid("numbers")
        .keyBy(number -> number, Types.LONG)
        .process(new Keep())
        .returns(Types.LONG)
        .name("stats")
        .uid("stats")
        .sinkTo(new DiscardingSink<>());
    JobGraph job = environment.getStreamGraph().getJobGraph();
    MiniClusterConfiguration cluster =
        new MiniClusterConfiguration.Builder()
            .setConfiguration(configuration)
            .setNumTaskManagers(1)
            .setNumSlotsPerTaskManager(PARALLELISM)
            .build();
    try (MiniCluster flink = new MiniCluster(cluster)) {
      flink.start();
      JobID id = flink.submitJob(job).get().getJobID();
      while (FILLED.sum() < keys) {
        AccessExecutionGraph graph = flink.getExecutionGraph(id).get();
        if (graph.getFailureInfo() != null) throw new IllegalStateException(graph.getFailureInfo().getExceptionAsString());
        Thread.sleep(100);
      }
      String path = flink.triggerSavepoint(id, unfinished.toUri().toString(), false, SavepointFormatType.valueOf(args[2])).get();
      Files.move(Paths.get(java.net.URI.create(path)), target);
      flink.cancelJob(id).get();
    }
    // The cluster leaves threads behind.
    System.exit(0);
  }

  static final class Keep extends KeyedProcessFunction<Long, Long, Long> {
    private static final long serialVersionUID = 1;
    private transient ValueState<Stat> stat;

    @Override
    public void open(OpenContext context) {
      stat = getRuntimeContext().getState(new ValueStateDescriptor<>("stat", Types.POJO(Stat.class)));
    }

    @Override
    public void processElement(Long key, Context context, Collector<Long> output) throws Exception {
      stat.update(Stat.of(key));
      FILLED.increment();
    }
  }

  private Fill() {}
}
