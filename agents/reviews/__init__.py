"""Sentiment and aspects of each review."""
