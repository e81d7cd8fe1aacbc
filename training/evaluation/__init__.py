"""How good predictions are: measures with their intervals, by stage and channel, and verdicts between two."""
