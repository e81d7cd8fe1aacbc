"""The features by theme, each list in the order of the columns of `feature_vectors.sql`."""
