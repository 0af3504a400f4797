"""Runs processors on Faust and Kafka; knows nothing of shops."""
