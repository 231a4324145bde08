package nexmark;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What a query has put out, in numbers that do not depend on the order: the same sums as in `check.ts`. */
public class Check {
  static final AtomicLong rows = new AtomicLong();
  static final AtomicInteger sum = new AtomicInteger();
  static final Map<Object, Integer> last = new ConcurrentHashMap<>();

  static void reset() {
    rows.set(0);
    sum.set(0);
    last.clear();
  }

  static int hash(Object... fields) {
    int h = 17;
    for (Object field : fields) h = h * 31 + (field instanceof String ? field.hashCode() : (int) ((Number) field).longValue());
    h ^= h >>> 16;
    h *= 0x85ebca6b;
    h ^= h >>> 13;
    return h;
  }

  static void row(Object... fields) {
    rows.incrementAndGet();
    sum.addAndGet(hash(fields));
  }

  /** Only the last row of a key counts: those before depend on the order of timers of one moment. */
  static void lastRow(Object key, Object... fields) {
    rows.incrementAndGet();
    last.put(key, hash(fields));
  }

  static void count(long count) {
    rows.addAndGet(count);
  }

  static String result() {
    int total = sum.get();
    for (int hash : last.values()) total += hash;
    return "\"rows\":" + rows.get() + ",\"checksum\":" + total;
  }
}
