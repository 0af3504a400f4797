"""Says whether a worker can run here, and what to do if not: one small module for each family of checks."""
