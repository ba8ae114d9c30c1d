"""The overlay: landmarks and text drawn on an image, in a window or a video file."""
