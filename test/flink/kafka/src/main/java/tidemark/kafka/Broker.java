package tidemark.kafka;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * A Kafka of one broker in this JVM: in the clear, and for those who have a password over TLS, as `secured` says for its clients.
 */
final class Broker implements AutoCloseable {
  final String address;

  /** A file of the properties that clients of the secured listener have. */
  final Path secured;

  private static final String USER = "reader";
  private static final String PASSWORD = "a \"quoted\" one";
  private final KafkaRaftServer server;

  Broker(Path folder) throws Exception {
    int port = freePort();
    int controllerPort = freePort();
    int securedPort = freePort();
    address = "127.0.0.1:" + port;
    Properties properties = new Properties();
    properties.put("node.id", "1");
    properties.put("process.roles", "broker,controller");
    properties.put(
        "listeners",
        "PLAINTEXT://"
            + address
            + ",SECURED://localhost:"
            + securedPort
            + ",CONTROLLER://127.0.0.1:"
            + controllerPort);
    properties.put(
        "advertised.listeners",
        "PLAINTEXT://" + address + ",SECURED://localhost:" + securedPort);
    properties.put(
        "listener.security.protocol.map",
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL");
    properties.put("sasl.enabled.mechanisms", "SCRAM-SHA-256");
    properties.put(
        "listener.name.secured.scram-sha-256.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;");
    Path keys = folder.resolveSibling("keys.p12");
    keytool(
        "-genkeypair -alias broker -keyalg RSA -dname CN=localhost -ext san=dns:localhost -validity"
            + " 9 -storetype PKCS12 -keystore",
        keys);
    Path certificate = folder.resolveSibling("broker.pem");
    keytool("-exportcert -rfc -alias broker -file " + certificate + " -keystore", keys);
    properties.put("listener.name.secured.ssl.keystore.type", "PKCS12");
    properties.put("listener.name.secured.ssl.keystore.location", keys.toString());
    properties.put("listener.name.secured.ssl.keystore.password", STORE_PASSWORD);
    properties.put("listener.name.secured.ssl.key.password", STORE_PASSWORD);
    properties.put("controller.listener.names", "CONTROLLER");
    properties.put("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
    properties.put("log.dirs", folder.toString());
    properties.put("offsets.topic.replication.factor", "1");
    properties.put("transaction.state.log.replication.factor", "1");
    properties.put("transaction.state.log.min.isr", "1");
    new Formatter()
        .setNodeId(1)
        .setClusterId(Uuid.randomUuid().toString())
        .setControllerListenerName("CONTROLLER")
        .addDirectory(folder.toString())
        .setMetadataLogDirectory(folder.toString())
        .setReleaseVersion(MetadataVersion.latestProduction())
        .run();
    server = new KafkaRaftServer(new KafkaConfig(properties), Time.SYSTEM);
    server.startup();
    try (Admin admin = admin()) {
      ScramCredentialInfo scram = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
      admin
          .alterUserScramCredentials(
              List.of(new UserScramCredentialUpsertion(USER, scram, PASSWORD)))
          .all()
          .get();
    }
    secured = folder.resolveSibling("client.properties");
    Files.writeString(
        secured,
        String.join(
            "\n",
            "# As operators of Flink have them.",
            "bootstrap.servers=localhost:" + securedPort,
            "security.protocol=SASL_SSL",
            "sasl.mechanism=SCRAM-SHA-256",
            "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\",
            "  username=\"" + USER + "\" \\",
            "  password=\"" + PASSWORD.replace("\"", "\\\\\"") + "\";",
            "ssl.truststore.type=PEM",
            "ssl.truststore.location=" + certificate,
            ""));
  }

  private static final String STORE_PASSWORD = "changeit";

  private static void keytool(String arguments, Path store) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments.split(" ")));
    command.addAll(List.of(store.toString(), "-storepass", STORE_PASSWORD));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) throw new IllegalStateException("keytool: " + said);
  }

  void fill(String topic, int partitions, int from, int records) throws Exception {
    if (from == 0)
      try (Admin admin = admin()) {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
      }
    Map<String, Object> settings = Map.of("bootstrap.servers", address);
    try (Producer<String, String> producer =
        new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      for (int partition = 0; partition < partitions; partition++)
        for (int i = from; i < from + records; i++)
          producer.send(new ProducerRecord<>(topic, partition, null, partition + "-" + i));
    }
  }

  /** As retention does: what is before the offset is gone. */
  void forget(String topic, int partition, long before) throws Exception {
    try (Admin admin = admin()) {
      admin
          .deleteRecords(
              Map.of(new TopicPartition(topic, partition), RecordsToDelete.beforeOffset(before)))
          .all()
          .get();
    }
  }

  private Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", address));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    server.shutdown();
    server.awaitShutdown();
  }
}
