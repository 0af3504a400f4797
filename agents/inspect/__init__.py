"""Looking at what the agents have made: pure summaries and explanations, and the end of a topic."""
