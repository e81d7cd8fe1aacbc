"""Keeps predictions fresh: asks the scoring service, live or in batch, and stores what it answers."""
