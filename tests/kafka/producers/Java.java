// Send the records on standard input, a JSON object with key, value and id on each line, as Java does by default.
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

class Java {
    public static void main(String[] args) throws Exception {
        var json = new ObjectMapper();
        Map<String, Object> settings = Map.of("bootstrap.servers", args[0]);
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).lines().toList();
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (var line : lines) {
                var it = json.readTree(line);
                var record = new ProducerRecord<>(args[1], it.get("key").asText(), it.get("value").asText());
                record.headers().add("ce_id", it.get("id").asText().getBytes(StandardCharsets.UTF_8));
                producer.send(record).get();
            }
        }
    }
}
