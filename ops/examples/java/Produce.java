// Send a click: java -cp 'libs/*' Produce.java SHOPPER ITEM [EVENT-ID]
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

class Produce {
    static final String BROKER = System.getenv().getOrDefault("VITRINE_BROKER", "localhost:9092");
    static final String TOPIC = System.getenv().getOrDefault("VITRINE_TOPIC_PREFIX", "") + "clicks.v1";

    public static void main(String[] args) throws Exception {
        if (args.length < 2) {
            System.err.println("usage: java -cp 'libs/*' Produce.java SHOPPER ITEM [EVENT-ID]");
            System.exit(2);
        }
        String shopper = args[0], item = args[1];
        // Name an event where it happens, and keep the name whenever you send it again: then it counts once.
        String event = args.length > 2 ? args[2] : UUID.randomUUID().toString();
        var click = Map.of("kind", "click", "shopper", shopper, "item", item, "at", Instant.now().toString());
        // acks=all, enable.idempotence=true and murmur2 for keys are Java's defaults.
        Map<String, Object> settings = Map.of("bootstrap.servers", BROKER, "max.block.ms", 5000);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            var record = new ProducerRecord<>(TOPIC, shopper, new ObjectMapper().writeValueAsString(click));
            record.headers().add("ce_id", event.getBytes("UTF-8"));
            var at = producer.send(record).get();
            System.out.printf("%s partition %d offset %d: %s clicked %s, event %s%n",
                at.topic(), at.partition(), at.offset(), shopper, item, event);
        } catch (ExecutionException error) {
            System.err.printf("%s at %s: %s%n", TOPIC, BROKER, error.getCause().getMessage());
            System.exit(1);
        }
    }
}
