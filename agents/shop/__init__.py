"""A simulated shop for the demo and for load tests."""
