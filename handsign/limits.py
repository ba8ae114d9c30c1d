"""The most that is read: generous for what people record, and too little to fill a computer's memory.

Whoever refuses something for its size says the limit.
"""

from __future__ import annotations

MIB = 2**20

EXPANSION = 100
"""Bytes that a byte of a compressed file may become."""

EXPANSION_FREE = 64 * MIB
"""Bytes that any compressed file may become: recordings of nobody are zeros, which take almost no room."""

ARCHIVE_BYTES = 16 * 1024 * MIB
"""Bytes of all arrays of an `.npz`, or of an `.h5`, together: a dataset of 80,000 windows of 30 samples of holistic."""

TAKE_BYTES = 512 * MIB
"""Bytes of a take's samples as float32: 20 minutes of holistic samples at 60 a second."""

FILMS_BYTES = 4 * 1024 * MIB
"""Bytes of the films of a file as float32: all of Moving MNIST are 3.3 GB."""

TEXT_BYTES = 64 * MIB
"""Bytes of a table, a `.pose`, or another file that is read as a whole."""

POINTS_BYTES = 16 * MIB
"""Bytes of a list of points: pickled, a point has about 20."""

CONFIG_BYTES = MIB // 4
"""Bytes of a file of settings."""

MEMBERS = 10_000
"""Arrays of an `.npz`."""

FRAMES = 1_000_000
"""Samples of a take."""

ROWS = 2_000_000
"""Rows of a table."""

LINE = 10_000
"""Characters of a line of a table."""

INSTRUCTIONS = 2_500_000
"""Instructions of a pickle: 350,000 points, more than an hour."""

SECONDS = 7 * 86_400.0
"""Seconds of a take."""

SPARSITY = 100
"""Samples that are interpolated for each that was recorded."""

DEPTH = 32
"""Folders inside of each other."""

SIDE = 65_535
"""Pixels of a side of a picture, a screen or a canvas."""

NAME = 255
"""Characters of a name."""

STEM = 200
"""Bytes of a name that files are named after: systems admit 255, with numbers and suffixes."""

TEXT = 4096
"""Characters of a text that is no name, such as a source."""
