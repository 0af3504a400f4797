"""What comes next: lists of items by what was taken before, each item by its identity."""
