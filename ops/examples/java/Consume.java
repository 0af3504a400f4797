// Print each new list of a shopper, or of all: java -cp 'libs/*' Consume.java [SHOPPER]
import com.fasterxml.jackson.databind.*;
import java.time.*;
import java.util.*;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

class Consume {
    static final String BROKER = System.getenv().getOrDefault("VITRINE_BROKER", "localhost:9092");
    static final String TOPIC = System.getenv().getOrDefault("VITRINE_TOPIC_PREFIX", "") + "recommendations.v1";
    static final Map<String, Map<String, JsonNode>> lists = new HashMap<>();  // shopper to placement to the newest list
    static final Comparator<JsonNode> AGE = Comparator.<JsonNode>comparingLong(it -> it.get("epoch").asLong())
        .thenComparingLong(it -> it.get("revision").asLong());

    static void take(String shopper, String value, List<String> wanted) throws Exception {
        if (value == null) lists.remove(shopper);  // a tombstone: forget this shopper
        if (value == null) return;
        var list = new ObjectMapper().readTree(value);
        var own = lists.computeIfAbsent(shopper, name -> new HashMap<>());
        var known = own.get(list.get("placement").asText());
        if (known != null && AGE.compare(list, known) <= 0) return;  // it came twice, or too late
        own.put(list.get("placement").asText(), list);
        var valid = Instant.parse(list.get("valid_until").asText()).isAfter(Instant.now());
        if (!valid || !(wanted.isEmpty() || wanted.contains(shopper))) return;
        var why = list.at("/slots/0/reason/text/en").asText("nothing to list");
        System.out.printf("%s %s %s.%s: %s | %s%n", shopper, list.get("placement").asText(), list.get("epoch"),
            list.get("revision"), String.join(", ", list.get("slots").findValuesAsText("item")), why);
    }

    public static void main(String[] args) throws Exception {
        // Each instance keeps the lists in its memory: a group of its own, which commits nothing and reads from the beginning.
        Map<String, Object> settings = Map.of("bootstrap.servers", BROKER, "group.id", "storefront-" + UUID.randomUUID(),
            "enable.auto.commit", false, "auto.offset.reset", "earliest", "isolation.level", "read_committed",
            "fetch.max.wait.ms", 100, "default.api.timeout.ms", 5000, "request.timeout.ms", 5000);
        var main = Thread.currentThread();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            if (consumer.partitionsFor(TOPIC).isEmpty()) throw new KafkaException("there is no such topic");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {  // Ctrl-C
                consumer.wakeup();
                try { main.join(); } catch (InterruptedException ended) { }
            }));
            consumer.subscribe(List.of(TOPIC));
            for (var open = false; ; open |= !consumer.assignment().isEmpty()) {
                var records = consumer.poll(Duration.ofMillis(100));
                if (!open && !consumer.assignment().isEmpty()) System.out.printf("listening to %s at %s%n", TOPIC, BROKER);
                for (var record : records) take(record.key(), record.value(), List.of(args));
            }
        } catch (WakeupException stopped) {  // the consumer is closed
        } catch (KafkaException error) {
            System.err.println(TOPIC + " at " + BROKER + ": " + error.getMessage());
            Runtime.getRuntime().halt(1);  // at once: the hook would wait for this thread
        }
    }
}
