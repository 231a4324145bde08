package tidemark.judge;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
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

/** Keeps the splits that it is restored with, whatever is in them, and emits a given count of numbers; then it is silent. */
final class SilentSource implements Source<Long, SilentSource.Split, byte[]> {
  private static final long serialVersionUID = 1;

  /** Numbers that are still to be emitted, of all subtasks: the cluster runs in this JVM. */
  static final AtomicInteger REMAINING = new AtomicInteger();

  private final long first;
  private final int records;

  /** Each subtask emits `records` numbers; together they are those from `first` on. */
  SilentSource(long first, int records) {
    this.first = first;
    this.records = records;
  }

  static final class Split implements SourceSplit {
    final byte[] bytes;

    Split(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public String splitId() {
      return java.util.Arrays.toString(bytes);
    }
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SourceReader<Long, Split> createReader(SourceReaderContext context) {
    return new Reader(context.getIndexOfSubtask(), context.currentParallelism());
  }

  private final class Reader implements SourceReader<Long, Split> {
    private final List<Split> splits = new ArrayList<>();
    private final int subtask;
    private final int parallelism;
    private int emitted;

    Reader(int subtask, int parallelism) {
      this.subtask = subtask;
      this.parallelism = parallelism;
    }

    @Override
    public void start() {}

    @Override
    public InputStatus pollNext(ReaderOutput<Long> output) {
      if (emitted == records) return InputStatus.NOTHING_AVAILABLE;
      long number = first + (long) emitted++ * parallelism + subtask;
      output.collect(number, Everything.timeOf(number));
      REMAINING.decrementAndGet();
      return InputStatus.MORE_AVAILABLE;
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
      return emitted == records ? new CompletableFuture<>() : CompletableFuture.completedFuture(null);
    }

    @Override
    public List<Split> snapshotState(long checkpointId) {
      return new ArrayList<>(splits);
    }

    @Override
    public void addSplits(List<Split> more) {
      splits.addAll(more);
    }

    @Override
    public void notifyNoMoreSplits() {}

    @Override
    public void close() {}
  }

  @Override
  public SplitEnumerator<Split, byte[]> createEnumerator(SplitEnumeratorContext<Split> context) {
    return new NoSplits();
  }

  @Override
  public SplitEnumerator<Split, byte[]> restoreEnumerator(SplitEnumeratorContext<Split> context, byte[] checkpoint) {
    return new NoSplits();
  }

  private static final class NoSplits implements SplitEnumerator<Split, byte[]> {
    @Override
    public void start() {}

    @Override
    public void handleSplitRequest(int subtask, String host) {}

    @Override
    public void addSplitsBack(List<Split> splits, int subtask) {}

    @Override
    public void addReader(int subtask) {}

    @Override
    public byte[] snapshotState(long checkpointId) {
      return new byte[0];
    }

    @Override
    public void close() {}
  }

  @Override
  public SimpleVersionedSerializer<Split> getSplitSerializer() {
    return new SimpleVersionedSerializer<Split>() {
      @Override
      public int getVersion() {
        return 1;
      }

      @Override
      public byte[] serialize(Split split) {
        return split.bytes;
      }

      @Override
      public Split deserialize(int version, byte[] bytes) {
        return new Split(bytes);
      }
    };
  }

  @Override
  public SimpleVersionedSerializer<byte[]> getEnumeratorCheckpointSerializer() {
    return new SimpleVersionedSerializer<byte[]>() {
      @Override
      public int getVersion() {
        return 1;
      }

      @Override
      public byte[] serialize(byte[] bytes) {
        return bytes;
      }

      @Override
      public byte[] deserialize(int version, byte[] bytes) {
        return bytes;
      }
    };
  }
}
