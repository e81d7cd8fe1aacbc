"""The `parcours` command: one front door to every package's commands."""
