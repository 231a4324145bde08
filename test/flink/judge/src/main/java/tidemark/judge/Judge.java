package tidemark.judge;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;

/**
 * Commands, one after the other in one JVM, each ended by `--`:
 *
 * <ul>
 *   <li>`dump SNAPSHOT OUT`: everything in a snapshot, decoded by Flink's own restore code, as JSON Lines.
 *   <li>`resume SNAPSHOT TARGET BACKEND PARALLELISM FIRST RECORDS`: restores {@link Everything} from the snapshot, or starts it
 *       from the beginning where that is `-`, lets every source subtask emit RECORDS numbers, together those from FIRST on, and takes a
 *       canonical savepoint below TARGET. Prints its path.
 *   <li>`keyGroups MAX OUT`: the key groups of the keys of {@link Zoo}'s key-pojo, whose hash is their class's own, as lines
 *       `A B GROUP`.
 *   <li>`zoo SNAPSHOT TARGET BACKEND [CHANGE...]`: restores {@link Zoo} with the changes, and takes a canonical savepoint below
 *       TARGET. Prints its path.
 * </ul>
 */
public final class Judge {
  public static void main(String[] args) throws Exception {
    int from = 0;
    while (from < args.length) {
      int to = from;
      while (to < args.length && !args[to].equals("--")) to++;
      run(Arrays.copyOfRange(args, from, to));
      from = to + 1;
    }
    // MiniCluster leaves threads behind.
    System.exit(0);
  }

  private static void run(String[] command) throws Exception {
    long started = System.nanoTime();
    try {
      switch (command[0]) {
        case "dump":
          SnapshotDump.write(Paths.get(command[1]), Paths.get(command[2]));
          System.out.println("dump " + command[2] + seconds(started));
          break;
        case "resume":
          String path =
              Resume.run(
                  command[1],
                  command[2],
                  command[3],
                  Integer.parseInt(command[4]),
                  Long.parseLong(command[5]),
                  Integer.parseInt(command[6]));
          System.out.println("resumed " + path + seconds(started));
          break;
        case "keyGroups":
          int max = Integer.parseInt(command[1]);
          StringBuilder groups = new StringBuilder();
          for (int a = 0; a < 10; a++)
            for (int b = 0; b < 4; b++)
              groups
                  .append("p" + a + " " + b + " ")
                  .append(KeyGroupRangeAssignment.assignToKeyGroup(new lab.Types_.PKey("p" + a, b), max))
                  .append("\n");
          Files.write(Paths.get(command[2]), groups.toString().getBytes(StandardCharsets.UTF_8));
          break;
        case "zoo":
          String[] changes = Arrays.copyOfRange(command, 4, command.length);
          System.out.println("resumed " + Resume.zoo(command[1], command[2], command[3], changes) + seconds(started));
          break;
        default:
          throw new IllegalArgumentException("no such command: " + command[0]);
      }
    } catch (Throwable problem) {
      System.out.println("FAILED " + String.join(" ", command));
      problem.printStackTrace(System.out);
      System.exit(1);
    }
  }

  private static String seconds(long started) {
    return String.format(java.util.Locale.ROOT, " (%.1f s)", (System.nanoTime() - started) / 1e9);
  }

  private Judge() {}
}
