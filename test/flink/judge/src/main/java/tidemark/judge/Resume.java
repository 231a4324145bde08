package tidemark.judge;

import java.time.Duration;
import java.util.function.Consumer;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Restores {@link Everything} in a cluster of this JVM and takes a canonical savepoint. Nothing of
 * the savepoint may be left over. With `-` as the snapshot the job starts from the beginning.
 */
final class Resume {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** As many as any job needs. */
  private static final int SLOTS = 3;

  /** One for all jobs, which come one after the other. */
  private static MiniCluster cluster;

  static String run(
      String snapshot, String target, String backend, int parallelism, long first, int records)
      throws Exception {
    SilentSource.REMAINING.set(records * parallelism);
    return run(
        snapshot,
        target,
        backend,
        environment -> {
          environment.setParallelism(parallelism);
          environment.setMaxParallelism(128);
          Everything.build(environment, first, records);
        });
  }

  /** Restores {@link Zoo} with the changes that were made to it. */
  static String zoo(String snapshot, String target, String backend, String[] changes)
      throws Exception {
    SilentSource.REMAINING.set(0);
    return run(snapshot, target, backend, environment -> Zoo.build(environment, changes));
  }

  private static String run(
      String snapshot,
      String target,
      String backend,
      Consumer<StreamExecutionEnvironment> build)
      throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("state.backend.type", backend);
    StreamExecutionEnvironment environment = new StreamExecutionEnvironment(configuration);
    build.accept(environment);
    JobGraph job = environment.getStreamGraph().getJobGraph();
    if (!snapshot.equals("-"))
      job.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(snapshot, false));
    MiniCluster flink = cluster();
    JobID id = flink.submitJob(job).get().getJobID();
    await(flink, id);
    String path = flink.triggerSavepoint(id, target, false, SavepointFormatType.CANONICAL).get();
    flink.cancelJob(id).get();
    flink.requestJobResult(id).get();
    return path;
  }

  private static MiniCluster cluster() throws Exception {
    if (cluster != null) return cluster;
    Configuration configuration = new Configuration();
    configuration.setString("rest.port", "0");
    configuration.setString("taskmanager.memory.network.max", "256m");
    configuration.setString("taskmanager.memory.network.min", "256m");
    cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(SLOTS)
                .build());
    cluster.start();
    return cluster;
  }

  /** Until every task runs and every number has been emitted. */
  private static void await(MiniCluster flink, JobID id) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!(isRunning(flink.getExecutionGraph(id).get()) && SilentSource.REMAINING.get() == 0)) {
      if (System.nanoTime() > deadline)
        throw new IllegalStateException("the job does not run after " + PATIENCE);
      Thread.sleep(50);
    }
  }

  private static boolean isRunning(AccessExecutionGraph graph) throws Exception {
    if (graph.getFailureInfo() != null) {
      throw new IllegalStateException(
          "the job failed: " + graph.getFailureInfo().getExceptionAsString());
    }
    if (graph.getState() != JobStatus.RUNNING) return false;
    for (AccessExecutionVertex vertex : graph.getAllExecutionVertices()) {
      if (vertex.getExecutionState() != ExecutionState.RUNNING) return false;
    }
    return true;
  }

  private Resume() {}
}
