"""Runs processors in one process without a broker."""
