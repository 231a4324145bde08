package tidemark.bench;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** Emits the numbers below a bound, shared among the subtasks; then it is silent but does not end, so that a savepoint can be taken. */
final class Numbers implements Source<Long, Numbers.None, Numbers.None> {
  private static final long serialVersionUID = 1;
  private final long end;

  Numbers(long end) {
    this.end = end;
  }

  /** Splits and checkpoints of the enumerator: there are none. */
  static final class None implements SourceSplit {
    @Override
    public String splitId() {
      return "none";
    }
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SourceReader<Long, None> createReader(SourceReaderContext context) {
    return new Reader(context.getIndexOfSubtask(), context.currentParallelism());
  }

  private final class Reader implements SourceReader<Long, None> {
    private final int step;
    private long next;

    Reader(int subtask, int parallelism) {
      next = subtask;
      step = parallelism;
    }

    @Override
    public void start() {}

    @Override
    public InputStatus pollNext(ReaderOutput<Long> output) {
      if (next >= end) return InputStatus.NOTHING_AVAILABLE;
      output.collect(next);
      next += step;
      return InputStatus.MORE_AVAILABLE;
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
      return next >= end ? new CompletableFuture<>() : CompletableFuture.completedFuture(null);
    }

    @Override
    public List<None> snapshotState(long checkpointId) {
      return List.of();
    }

    @Override
    public void addSplits(List<None> splits) {}

    @Override
    public void notifyNoMoreSplits() {}

    @Override
    public void close() {}
  }

  @Override
  public SplitEnumerator<None, None> createEnumerator(SplitEnumeratorContext<None> context) {
    return new Enumerator();
  }

  @Override
  public SplitEnumerator<None, None> restoreEnumerator(SplitEnumeratorContext<None> context, None checkpoint) {
    return new Enumerator();
  }

  private static final class Enumerator implements SplitEnumerator<None, None> {
    @Override
    public void start() {}

    @Override
    public void handleSplitRequest(int subtask, String host) {}

    @Override
    public void addSplitsBack(List<None> splits, int subtask) {}

    @Override
    public void addReader(int subtask) {}

    @Override
    public None snapshotState(long checkpointId) {
      return new None();
    }

    @Override
    public void close() {}
  }

  @Override
  public SimpleVersionedSerializer<None> getSplitSerializer() {
    return new NoneSerializer();
  }

  @Override
  public SimpleVersionedSerializer<None> getEnumeratorCheckpointSerializer() {
    return new NoneSerializer();
  }

  private static final class NoneSerializer implements SimpleVersionedSerializer<None> {
    @Override
    public int getVersion() {
      return 1;
    }

    @Override
    public byte[] serialize(None none) {
      return new byte[0];
    }

    @Override
    public None deserialize(int version, byte[] bytes) {
      return new None();
    }
  }
}
