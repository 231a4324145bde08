package tidemark.kafka;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

/**
 * A job that reads a topic, and the topic: driven line by line, so that savepoints can be changed between its runs.
 *
 * <pre>
 *   read SNAPSHOT COUNT OUT TARGET   restores, reads COUNT records into OUT, and stops with a savepoint; '-' starts from the beginning
 *   forget PARTITION OFFSET          deletes records before the offset
 * </pre>
 */
public final class KafkaProof {
  private static final String TOPIC = "orders";
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(90);
  private static final Queue<String> SEEN = new ConcurrentLinkedQueue<>();

  public static void main(String[] args) throws Exception {
    try (Broker broker = new Broker(Files.createDirectories(Path.of(args[0])));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in))) {
      broker.fill(TOPIC, 2, 0, 100);
      System.out.println("ready " + broker.address + " " + broker.secured);
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        String[] words = line.split(" ");
        if (words[0].equals("forget")) {
          broker.forget(TOPIC, Integer.parseInt(words[1]), Long.parseLong(words[2]));
          System.out.println("forgotten");
        } else {
          String savepoint = read(broker.address, words[1], Integer.parseInt(words[2]), words[4]);
          Files.write(Path.of(words[3]), new TreeSet<>(SEEN));
          System.out.println("taken " + savepoint);
        }
      }
    }
    System.exit(0);
  }

  private static String read(String address, String snapshot, int count, String target)
      throws Exception {
    SEEN.clear();
    Configuration configuration = new Configuration();
    configuration.setString("rest.port", "0");
    configuration.setString("taskmanager.memory.network.max", "64m");
    configuration.setString("taskmanager.memory.network.min", "64m");
    StreamExecutionEnvironment environment = new StreamExecutionEnvironment(configuration);
    environment.setParallelism(2);
    environment
        .fromSource(
            KafkaSource.<String>builder()
                .setBootstrapServers(address)
                .setTopics(TOPIC)
                .setGroupId("proof")
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setValueOnlyDeserializer(new SimpleStringSchema())
                .build(),
            WatermarkStrategy.noWatermarks(),
            TOPIC)
        .uid(TOPIC)
        .flatMap((String value, Collector<String> out) -> SEEN.add(value))
        .returns(String.class)
        .uid("seen")
        .sinkTo(new org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink<>());
    JobGraph graph = environment.getStreamGraph().getJobGraph();
    if (!snapshot.equals("-"))
      graph.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(snapshot, false));
    MiniClusterConfiguration cluster =
        new MiniClusterConfiguration.Builder()
            .setConfiguration(configuration)
            .setNumTaskManagers(1)
            .setNumSlotsPerTaskManager(2)
            .build();
    try (MiniCluster mini = new MiniCluster(cluster)) {
      mini.start();
      JobID job = mini.submitJob(graph).get().getJobID();
      long end = System.nanoTime() + PATIENCE;
      while (SEEN.size() < count) {
        JobStatus status = mini.getJobStatus(job).get();
        if (status == JobStatus.FAILED || status == JobStatus.FAILING || System.nanoTime() > end)
          throw new IllegalStateException(
              "the job is " + status + " after " + SEEN.size() + " records of " + count,
              status == JobStatus.FAILED
                  ? mini.requestJobResult(job).get().getSerializedThrowable().orElse(null)
                  : null);
        Thread.sleep(20);
      }
      return mini.stopWithSavepoint(job, target, false, SavepointFormatType.CANONICAL).get();
    }
  }
}
