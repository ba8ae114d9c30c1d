"""The 1662 columns of a holistic sample, and the extractor that computes them. Only this package imports MediaPipe."""
