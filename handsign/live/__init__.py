"""The loop over a source, and the sessions that it drives."""
