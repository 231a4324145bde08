package tidemark.bench;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.api.OperatorIdentifier;
import org.apache.flink.state.api.SavepointWriter;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** `Rename SNAPSHOT TARGET`: gives the operator `stats` another uid with Flink's State Processor API, which copies the state's files. */
public final class Rename {
  public static void main(String[] args) throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("rest.port", "0");
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setRuntimeMode(RuntimeExecutionMode.BATCH);
    environment.setParallelism(2);
    SavepointWriter.fromExistingSavepoint(environment, args[0], new HashMapStateBackend())
        .changeOperatorIdentifier(OperatorIdentifier.forUid("stats"), OperatorIdentifier.forUid("renamed"))
        .write(args[1]);
    environment.execute("rename");
    // The cluster leaves threads behind.
    System.exit(0);
  }
}
