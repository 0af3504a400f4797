"""What became of lists and copy."""
