package tidemark.judge;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.BufferedWriter;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.memory.DataInputViewStreamWrapper;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.apache.flink.runtime.state.DefaultOperatorStateBackend;
import org.apache.flink.runtime.state.DefaultOperatorStateBackendBuilder;
import org.apache.flink.runtime.state.HeapBroadcastState;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyGroupsStateHandle;
import org.apache.flink.runtime.state.KeyedBackendSerializationProxy;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.LocalRecoveryConfig;
import org.apache.flink.runtime.state.OperatorStateHandle;
import org.apache.flink.runtime.state.PartitionableListState;
import org.apache.flink.runtime.state.StateEntry;
import org.apache.flink.runtime.state.UncompressedStreamCompressionDecorator;
import org.apache.flink.runtime.state.heap.HeapKeyedStateBackend;
import org.apache.flink.runtime.state.heap.HeapKeyedStateBackendBuilder;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueSetFactory;
import org.apache.flink.runtime.state.heap.HeapPriorityQueueSnapshotRestoreWrapper;
import org.apache.flink.runtime.state.heap.StateTable;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.streaming.api.operators.InternalTimer;

/** Everything in a canonical snapshot, as JSON Lines. The state backends that Flink restores jobs with do the decoding. */
final class SnapshotDump {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ClassLoader LOADER = SnapshotDump.class.getClassLoader();

  private final BufferedWriter out;

  private SnapshotDump(BufferedWriter out) {
    this.out = out;
  }

  static void write(Path snapshot, Path target) throws Exception {
    CheckpointMetadata metadata;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(snapshot.resolve("_metadata"))))) {
      metadata = Checkpoints.loadCheckpointMetadata(in, LOADER, "file://" + snapshot.toAbsolutePath());
    }
    try (BufferedWriter out = Files.newBufferedWriter(target, StandardCharsets.UTF_8)) {
      SnapshotDump dump = new SnapshotDump(out);
      dump.line("snapshot", "checkpointId", metadata.getCheckpointId(), "operators", metadata.getOperatorStates().size());
      for (OperatorState operator : metadata.getOperatorStates()) dump.operator(operator);
    }
  }

  private void operator(OperatorState operator) throws Exception {
    String id = operator.getOperatorID().toHexString();
    line(
        "operator",
        "operator", id,
        "uid", optional(operator, "getOperatorUid"),
        "name", optional(operator, "getOperatorName"),
        "parallelism", operator.getParallelism(),
        "maxParallelism", operator.getMaxParallelism(),
        "finished", operator.isFullyFinished(),
        "stateSize", operator.getStateSize());
    for (Map.Entry<Integer, OperatorSubtaskState> entry : new TreeMap<>(operator.getSubtaskStates()).entrySet()) {
      int subtask = entry.getKey();
      OperatorSubtaskState state = entry.getValue();
      for (OperatorStateHandle handle : state.getManagedOperatorState()) operatorState(id, subtask, handle);
      for (KeyedStateHandle handle : state.getManagedKeyedState()) {
        keyedState(id, subtask, (KeyGroupsStateHandle) handle, operator.getMaxParallelism());
      }
    }
  }

  private void operatorState(String id, int subtask, OperatorStateHandle handle) throws Exception {
    DefaultOperatorStateBackend backend =
        new DefaultOperatorStateBackendBuilder(
                LOADER, new ExecutionConfig(), false, Collections.singletonList(handle), new CloseableRegistry())
            .build();
    Map<String, PartitionableListState<?>> lists = field(backend, "registeredOperatorStates");
    for (Map.Entry<String, PartitionableListState<?>> list : lists.entrySet()) {
      int index = 0;
      for (Object value : list.getValue().get()) {
        line("list", "operator", id, "subtask", subtask, "state", list.getKey(), "index", index++, "value", DumpValue.of(value));
      }
    }
    Map<String, HeapBroadcastState<?, ?>> broadcasts = field(backend, "registeredBroadcastStates");
    for (Map.Entry<String, HeapBroadcastState<?, ?>> broadcast : broadcasts.entrySet()) {
      for (Map.Entry<?, ?> entry : broadcast.getValue().entries()) {
        line(
            "broadcast",
            "operator", id,
            "subtask", subtask,
            "state", broadcast.getKey(),
            "key", DumpValue.of(entry.getKey()),
            "value", DumpValue.of(entry.getValue()));
      }
    }
    backend.dispose();
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private void keyedState(String id, int subtask, KeyGroupsStateHandle handle, int maxParallelism) throws Exception {
    HeapKeyedStateBackend<?> backend = keyedBackend(handle, maxParallelism);
    Map<String, StateTable> tables = field(backend, "registeredKVStates");
    for (Map.Entry<String, StateTable> table : tables.entrySet()) {
      for (Iterator<StateEntry> entries = table.getValue().iterator(); entries.hasNext(); ) {
        StateEntry entry = entries.next();
        line(
            "keyed",
            "operator", id,
            "subtask", subtask,
            "state", table.getKey(),
            "keyGroup", KeyGroupRangeAssignment.assignToKeyGroup(entry.getKey(), maxParallelism),
            "key", DumpValue.of(entry.getKey()),
            "namespace", DumpValue.of(entry.getNamespace()),
            "value", DumpValue.of(entry.getState()));
      }
    }
    Object queues = field(backend, "priorityQueuesManager");
    Map<String, HeapPriorityQueueSnapshotRestoreWrapper> timers = field(queues, "registeredPQStates");
    for (Map.Entry<String, HeapPriorityQueueSnapshotRestoreWrapper> queue : timers.entrySet()) {
      for (Iterator<?> elements = queue.getValue().getPriorityQueue().iterator(); elements.hasNext(); ) {
        InternalTimer<?, ?> timer = (InternalTimer<?, ?>) elements.next();
        line(
            "timer",
            "operator", id,
            "subtask", subtask,
            "state", queue.getKey(),
            "keyGroup", KeyGroupRangeAssignment.assignToKeyGroup(timer.getKey(), maxParallelism),
            "timestamp", timer.getTimestamp(),
            "key", DumpValue.of(timer.getKey()),
            "namespace", DumpValue.of(timer.getNamespace()));
      }
    }
    backend.dispose();
  }

  /** The builder's constructor differs from version to version: its arguments are found by their types. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  private static HeapKeyedStateBackend<?> keyedBackend(KeyGroupsStateHandle handle, int maxParallelism) throws Exception {
    TypeSerializer<?> keySerializer;
    try (FSDataInputStream in = handle.openInputStream()) {
      KeyedBackendSerializationProxy<?> proxy = new KeyedBackendSerializationProxy<>(LOADER);
      proxy.read(new DataInputViewStreamWrapper(in));
      keySerializer = proxy.getKeySerializerSnapshot().restoreSerializer();
    }
    KeyGroupRange range = handle.getKeyGroupRange();
    Constructor<?> constructor = HeapKeyedStateBackendBuilder.class.getConstructors()[0];
    Class<?>[] types = constructor.getParameterTypes();
    Object[] arguments = new Object[types.length];
    for (int i = 0; i < types.length; i++) {
      Class<?> type = types[i];
      if (type == TypeSerializer.class) arguments[i] = keySerializer;
      else if (type == ClassLoader.class) arguments[i] = LOADER;
      else if (type == int.class) arguments[i] = maxParallelism;
      else if (type == boolean.class) arguments[i] = false;
      else if (type == KeyGroupRange.class) arguments[i] = range;
      else if (type == ExecutionConfig.class) arguments[i] = new ExecutionConfig();
      else if (type == TtlTimeProvider.class) arguments[i] = TtlTimeProvider.DEFAULT;
      else if (type == Collection.class) arguments[i] = Collections.singletonList(handle);
      else if (type == LocalRecoveryConfig.class) arguments[i] = LocalRecoveryConfig.BACKUP_AND_RECOVERY_DISABLED;
      else if (type == HeapPriorityQueueSetFactory.class) arguments[i] = new HeapPriorityQueueSetFactory(range, maxParallelism, 128);
      else if (type == CloseableRegistry.class) arguments[i] = new CloseableRegistry();
      else if (type.getSimpleName().equals("StreamCompressionDecorator")) arguments[i] = UncompressedStreamCompressionDecorator.INSTANCE;
      else if (type.getSimpleName().endsWith("TrackingStateConfig")) arguments[i] = type.getMethod("disabled").invoke(null);
    }
    return ((HeapKeyedStateBackendBuilder) constructor.newInstance(arguments)).build();
  }

  /** Kept by Flink 2 only. */
  private static Object optional(OperatorState operator, String getter) throws ReflectiveOperationException {
    try {
      return ((Optional<?>) operator.getClass().getMethod(getter).invoke(operator)).orElse(null);
    } catch (NoSuchMethodException older) {
      return null;
    }
  }

  @SuppressWarnings("unchecked")
  private static <T> T field(Object object, String name) throws ReflectiveOperationException {
    for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (!field.getName().equals(name)) continue;
        field.setAccessible(true);
        return (T) field.get(object);
      }
    }
    throw new NoSuchFieldException(name + " in " + object.getClass());
  }

  private void line(String kind, Object... fields) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("kind", kind);
    for (int i = 0; i < fields.length; i += 2) line.put((String) fields[i], fields[i + 1]);
    try {
      out.write(JSON.writeValueAsString(line));
      out.write('\n');
    } catch (IOException problem) {
      throw new UncheckedIOException(problem);
    }
  }
}
