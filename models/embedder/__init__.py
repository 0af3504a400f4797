"""Sentences to vectors: all-MiniLM-L6-v2."""
