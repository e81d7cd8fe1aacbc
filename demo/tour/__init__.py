"""The tour: questions put to the running system, and its answers."""
