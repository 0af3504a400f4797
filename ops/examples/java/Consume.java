// Keep the newest list of each shopper and placement; print what is new: java -cp 'libs/*' Consume.java [SHOPPER]
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

class Consume {
    static final String BROKER = System.getenv().getOrDefault("VITRINE_BROKER", "localhost:9092");
    static final String TOPIC = System.getenv().getOrDefault("VITRINE_TOPIC_PREFIX", "") + "recommendations.v1";
    static final Duration VALID = Duration.ofMinutes(30);  // how long a list is valid
    static final Map<String, Map<String, JsonNode>> lists = new HashMap<>();  // shopper to placement to list

    // What a page calls.  Null: there is no valid list, show bestsellers.
    static JsonNode current(String shopper, String placement) {
        var list = lists.getOrDefault(shopper, Map.of()).get(placement);
        return list != null && Instant.parse(list.get("valid_until").asText()).isAfter(Instant.now()) ? list : null;
    }

    static boolean newer(JsonNode list, JsonNode known) {
        if (known == null || list.get("epoch").asLong() != known.get("epoch").asLong())
            return known == null || list.get("epoch").asLong() > known.get("epoch").asLong();
        return list.get("revision").asLong() > known.get("revision").asLong();
    }

    static JsonNode take(String shopper, String value) throws Exception {
        if (value == null) {  // a tombstone: forget this shopper
            lists.remove(shopper);
            return null;
        }
        var list = new ObjectMapper().readTree(value);
        var placement = list.get("placement").asText();
        var own = lists.computeIfAbsent(shopper, name -> new HashMap<>());
        if (!newer(list, own.get(placement))) return null;  // it came twice, or too late
        own.put(placement, list);
        return current(shopper, placement);
    }

    static void print(JsonNode list) {
        var slots = list.get("slots");
        var items = slots.findValuesAsText("item").stream().collect(Collectors.joining(", "));
        var why = slots.isEmpty() ? "nothing to list" : slots.get(0).at("/reason/text").elements().next().asText();
        System.out.printf("%s %s %d.%d: %s | %s%n", list.get("shopper").asText(), list.get("placement").asText(),
            list.get("epoch").asLong(), list.get("revision").asLong(), items, why);
    }

    public static void main(String[] args) throws Exception {
        // Each instance keeps every list in its memory, so it is a group of its own, and commits nothing.
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", BROKER,
            "group.id", "storefront-" + UUID.randomUUID(),
            "enable.auto.commit", false,
            "isolation.level", "read_committed",
            "fetch.max.wait.ms", 100,
            "default.api.timeout.ms", 5000, "request.timeout.ms", 5000);
        var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        var closed = new CompletableFuture<Void>();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {  // Ctrl-C
            consumer.wakeup();
            closed.join();
        }));
        var problem = "";
        try (consumer) {
            if (consumer.partitionsFor(TOPIC).isEmpty()) throw new KafkaException("there is no such topic");
            consumer.subscribe(List.of(TOPIC), new ConsumerRebalanceListener() {
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) { }
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    // Begin with the lists that may still be valid.
                    var since = Instant.now().minus(VALID).toEpochMilli();
                    var ends = consumer.endOffsets(partitions);
                    consumer.offsetsForTimes(partitions.stream().collect(Collectors.toMap(it -> it, it -> since)))
                        .forEach((it, found) -> consumer.seek(it, found != null ? found.offset() : ends.get(it)));
                    System.out.printf("listening to %s at %s%n", TOPIC, BROKER);
                }
            });
            while (true)
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    var list = take(record.key(), record.value());
                    if (list != null && (args.length == 0 || args[0].equals(record.key()))) print(list);
                }
        } catch (WakeupException stopped) {
        } catch (KafkaException error) {
            problem = TOPIC + " at " + BROKER + ": " + error.getMessage();
        }
        closed.complete(null);
        if (!problem.isEmpty()) {
            System.err.println(problem);
            System.exit(1);
        }
    }
}
