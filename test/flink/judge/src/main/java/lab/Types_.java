package lab;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.*;

/** Classes of the job that wrote the fixtures of the snapshot tests: their state names them. */
public class Types_ {
  public enum Color {
    RED,
    GREEN,
    BLUE
  }

  public static class Person implements Serializable {
    public String name;
    public int age;
    public long id;
    public Double score;
    public Address address;
    public List<String> tags;
    public Map<String, Integer> counts;
    public Color color;
    public String nullable;
    public byte[] blob;
    public BigDecimal money;

    public Person() {}

    public Person(long i) {
      id = i;
      name = "person-" + i;
      age = (int) (i % 100);
      score = i % 2 == 0 ? i / 3.0 : null;
      address = i % 3 == 0 ? null : new Address("street-" + i, (int) i);
      tags = new ArrayList<>(Arrays.asList("t" + i % 7, "é-ü-" + i % 3));
      counts = new HashMap<>();
      counts.put("a", (int) i);
      color = Color.values()[(int) (i % 3)];
      blob = new byte[] {(byte) i, 1, 2};
      money = BigDecimal.valueOf(i, 2);
    }

    @Override
    public int hashCode() {
      return Long.hashCode(id) * 31 + String.valueOf(name).hashCode();
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof Person && ((Person) o).id == id;
    }
  }

  public static class Address implements Serializable {
    public String street;
    public int number;

    public Address() {}

    public Address(String s, int n) {
      street = s;
      number = n;
    }
  }

  public static class Employee extends Person {
    public String company;

    public Employee() {}

    public Employee(long i) {
      super(i);
      company = "c" + i % 5;
    }
  }

  /** A POJO as a key. */
  public static class PKey implements Serializable {
    public String a;
    public int b;

    public PKey() {}

    public PKey(String a, int b) {
      this.a = a;
      this.b = b;
    }

    @Override
    public int hashCode() {
      return a.hashCode() * 31 + b;
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof PKey && ((PKey) o).a.equals(a) && ((PKey) o).b == b;
    }
  }

  /** Without a default constructor it is not a POJO: Kryo writes it. */
  public static class Weird implements Serializable {
    private final String s;
    private final int[] xs;
    private final Weird next;

    public Weird(String s, int[] xs, Weird next) {
      this.s = s;
      this.xs = xs;
      this.next = next;
    }

    public String toString() {
      return "Weird(" + s + "," + Arrays.toString(xs) + "," + next + ")";
    }
  }

  public static class Stat implements Serializable {
    public long count;
    public String name;
    public double avg;

    public Stat() {}

    public Stat(long c, String n, double a) {
      count = c;
      name = n;
      avg = a;
    }
  }
}
