package nexmark;

import nexmark.Model.Auction;
import nexmark.Model.Bid;
import nexmark.Model.Event;
import nexmark.Model.Person;

/** The nth event: 1 person, 3 auctions, 46 bids, ten events a millisecond. The same events as in `events.ts`, number by number. */
public class Events {
  static final long BASE = 1_700_000_000_000L;
  static final String[] CHANNELS = new String[1004], URLS = new String[1004], EXTRAS = new String[4096];
  static final int[] PRICES = new int[1024];
  static final String[] STATES = {"AZ", "CA", "ID", "OR", "WA", "WY"};
  static final String[] CITIES = {"Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend"};

  static {
    String[] hot = {"Google", "Facebook", "Baidu", "Apple"};
    for (int i = 0; i < 1004; i++) {
      CHANNELS[i] = i < 4 ? hot[i] : "channel-" + i;
      URLS[i] = "https://www.nexmark.com/" + text(i * 7 + 1, 5) + "/" + text(i * 7 + 2, 5) + "/" + text(i * 7 + 3, 5) + "/item.htm?query=1";
    }
    for (int i = 0; i < 4096; i++) EXTRAS[i] = text(100000 + i, 20 + (random(i, 77) >>> 1) % 40);
    for (int i = 0; i < 1024; i++) PRICES[i] = (int) Math.round(Math.pow(10, (i + 0.5) / 1024 * 6) * 100);
  }

  static String text(int seed, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) text.append((char) ('a' + (random(seed, i) >>> 1) % 26));
    return text.toString();
  }

  static int random(int n, int salt) {
    int h = n * 0x9E3779B1 + salt * 0x85EBCA6B;
    h ^= h >>> 16;
    h *= 0x85ebca6b;
    h ^= h >>> 13;
    h *= 0xc2b2ae35;
    h ^= h >>> 16;
    return h;
  }

  static int below(int n, int salt, int limit) {
    return (random(n, salt) >>> 1) % limit;
  }

  static Bid bid(int n) {
    int lastPerson = n / 50, lastAuction = n / 50 * 3 + 2, h = random(n, 1) >>> 1;
    int auction = (h & 1) == 0 ? lastAuction / 100 * 100 : Math.max(0, lastAuction - below(n, 2, 100));
    int bidder = (h & 6) != 0 ? lastPerson / 100 * 100 + 1 : Math.max(0, lastPerson - below(n, 3, 1000));
    int channel = (h & 8) != 0 ? (h >>> 4) & 3 : 4 + (h >>> 4) % 1000;
    return new Bid(1000 + auction, 1000 + bidder, PRICES[(h >>> 8) & 1023], CHANNELS[channel], URLS[channel], BASE + n / 10, EXTRAS[(h >>> 12) & 4095]);
  }

  static Event event(int n) {
    Event event = new Event();
    event.ts = BASE + n / 10;
    int epoch = n / 50, offset = n - epoch * 50;
    if (offset == 0) event.person = person(n, epoch, event.ts);
    else if (offset < 4) event.auction = auction(n, epoch, offset, event.ts);
    else event.bid = bid(n);
    return event;
  }

  static Person person(int n, int epoch, long ts) {
    Person person = new Person();
    int h = random(n, 5) >>> 1;
    person.id = 1000 + epoch;
    person.name = EXTRAS[h & 4095];
    person.email = EXTRAS[(h >>> 3) & 4095];
    person.creditCard = "1234 5678 9012 3456";
    person.city = CITIES[h % 6];
    person.state = STATES[(h >>> 5) % 6];
    person.dateTime = ts;
    person.extra = EXTRAS[(h >>> 8) & 4095];
    return person;
  }

  static Auction auction(int n, int epoch, int offset, long ts) {
    Auction auction = new Auction();
    int h = random(n, 6) >>> 1;
    auction.id = 1000 + epoch * 3 + offset - 1;
    auction.itemName = EXTRAS[h & 4095];
    auction.description = EXTRAS[(h >>> 3) & 4095];
    auction.initialBid = PRICES[h & 1023];
    auction.reserve = auction.initialBid + PRICES[(h >>> 10) & 1023];
    auction.dateTime = ts;
    auction.expires = ts + 1 + below(n, 7, 333);
    auction.seller = 1000 + ((h & 3) != 0 ? epoch / 100 * 100 : Math.max(0, epoch - below(n, 8, 1000)));
    auction.category = 10 + (h >>> 7) % 5;
    auction.extra = EXTRAS[(h >>> 9) & 4095];
    return auction;
  }
}
