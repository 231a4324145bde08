package nexmark;

/** The records of Nexmark, as Flink's POJO rules want them. */
public class Model {
  public static class Person {
    public long id;
    public String name, email, creditCard, city, state;
    public long dateTime;
    public String extra;
  }

  public static class Auction {
    public long id;
    public String itemName, description;
    public long initialBid, reserve, dateTime, expires, seller, category;
    public String extra;
  }

  public static class Bid {
    public long auction, bidder, price;
    public String channel, url;
    public long dateTime;
    public String extra;

    public Bid() {}

    public Bid(long auction, long bidder, long price, String channel, String url, long dateTime, String extra) {
      this.auction = auction;
      this.bidder = bidder;
      this.price = price;
      this.channel = channel;
      this.url = url;
      this.dateTime = dateTime;
      this.extra = extra;
    }
  }

  /** One of the three. */
  public static class Event {
    public Person person;
    public Auction auction;
    public Bid bid;
    public long ts;
  }
}
