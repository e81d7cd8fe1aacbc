"""The models themselves: boosters, baselines and how far off they are."""
