"""What the commands do with facts: a snapshot in a temporary folder, then train, predict, judge or watch."""
