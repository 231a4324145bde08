package tidemark.bench;

/** What is kept for each key: about 100 bytes in a snapshot. */
public class Stat {
  public long count;
  public String name;
  public double avg;

  public Stat() {}

  static Stat of(long key) {
    Stat stat = new Stat();
    stat.count = key % 1000;
    stat.name = String.format("customer-name-%012d-abcdefghijklmnopqrstuvwxyz-0123456789", key);
    stat.avg = key / 8.0;
    return stat;
  }
}
