"""From a fetched directory to models that may serve: load, check the feature set, reproduce, warm up."""
