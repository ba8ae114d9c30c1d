"""Takes on disk, and the windows, splits and datasets made of them."""
