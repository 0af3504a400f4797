"""Queries to the items whose texts match, by words and by sense."""
