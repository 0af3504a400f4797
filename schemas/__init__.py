"""Every record that crosses a topic, and nothing else."""
