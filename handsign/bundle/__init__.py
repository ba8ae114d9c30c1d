"""The trained model as one file."""
