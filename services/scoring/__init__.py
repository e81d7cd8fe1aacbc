"""The scoring service: feature vectors in, predictions out; stateless, knows no customer."""
