"""The streams: processors, the two drivers that run them, and the command `vitrine`."""
