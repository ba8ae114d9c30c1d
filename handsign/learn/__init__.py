"""Training: from a dataset to a network."""
