"""Cards and vectors of each item."""
