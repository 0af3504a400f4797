"""Everything that scores. Knows numpy; has never heard of Kafka."""
