"""The scoring service: feature vectors in, predictions out. Stateless; knows models, not customers."""
