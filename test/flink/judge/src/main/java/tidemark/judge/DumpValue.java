package tidemark.judge;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.Field;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.ttl.TtlValue;
import org.apache.flink.streaming.api.windowing.windows.GlobalWindow;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** Values in the JSON form of snapshot dumps, which keeps their types. */
final class DumpValue {
  private static final ObjectMapper JSON = new ObjectMapper();

  static Object of(Object value) {
    if (value == null || value instanceof VoidNamespace) return null;
    if (value instanceof String || value instanceof Boolean) return value;
    if (value instanceof Integer || value instanceof Short || value instanceof Byte) return value;
    if (value instanceof Long) return tagged("$long", value.toString());
    if (value instanceof Double) return tagged("$double", floating((Double) value));
    if (value instanceof Float) return tagged("$float", floating((Float) value));
    if (value instanceof BigInteger) return tagged("$bigint", value.toString());
    if (value instanceof byte[]) return tagged("$bytes", hex((byte[]) value));
    if (value instanceof List) return list((List<?>) value);
    if (value instanceof Map) return map((Map<?, ?>) value);
    if (value instanceof Tuple) return tuple((Tuple) value);
    if (value instanceof GenericRecord) return tagged("$avro", json(value.toString()));
    if (value instanceof TtlValue) {
      TtlValue<?> ttl = (TtlValue<?>) value;
      return tagged("$ttl", ttl.getLastAccessTimestamp(), "value", of(ttl.getUserValue()));
    }
    if (value instanceof StreamRecord) {
      StreamRecord<?> record = (StreamRecord<?>) value;
      return tagged("$streamRecord", of(record.getValue()), "timestamp", record.hasTimestamp() ? record.getTimestamp() : null);
    }
    if (value instanceof TimeWindow) {
      TimeWindow window = (TimeWindow) value;
      return tagged("$window", Arrays.asList(window.getStart(), window.getEnd()));
    }
    if (value instanceof GlobalWindow) return tagged("$window", "global");
    String className = value.getClass().getSimpleName();
    if (className.equals("BufferEntry")) return internal(value, "element", "hasBeenJoined");
    if (className.equals("TaggedUnion")) return internal(value, "one", "two");
    return tagged("$any", true, "class", value.getClass().getName());
  }

  private static Object floating(double value) {
    return Double.isNaN(value) || Double.isInfinite(value) ? Double.toString(value) : (Object) value;
  }

  private static Object list(List<?> values) {
    List<Object> list = new ArrayList<>();
    for (Object value : values) list.add(of(value));
    return list;
  }

  private static Object map(Map<?, ?> map) {
    List<Object> pairs = new ArrayList<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) pairs.add(Arrays.asList(of(entry.getKey()), of(entry.getValue())));
    return tagged("$map", pairs);
  }

  private static Object tuple(Tuple tuple) {
    List<Object> fields = new ArrayList<>();
    for (int i = 0; i < tuple.getArity(); i++) fields.add(of(tuple.<Object>getField(i)));
    return tagged("$tuple", fields);
  }

  /** Classes of Flink's own that are not public. */
  private static Object internal(Object value, String... fieldNames) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("$class", value.getClass().getName());
    for (String name : fieldNames) {
      try {
        Field field = value.getClass().getDeclaredField(name);
        field.setAccessible(true);
        object.put(name, of(field.get(value)));
      } catch (ReflectiveOperationException problem) {
        throw new IllegalStateException(problem);
      }
    }
    return object;
  }

  private static Map<String, Object> tagged(Object... fields) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < fields.length; i += 2) object.put((String) fields[i], fields[i + 1]);
    return Collections.unmodifiableMap(object);
  }

  private static Object json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException problem) {
      throw new IllegalStateException(problem);
    }
  }

  private static String hex(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte each : bytes) text.append(String.format("%02x", each));
    return text.toString();
  }

  private DumpValue() {}
}
