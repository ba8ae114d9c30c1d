"""Types that several packages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
"""A NumPy array; its shape and dtype stand in the docstring beside it."""

Predict = Callable[[Array], Array]
"""A model's function: windows (n, window, *sample), or encoded ones, -> predictions (n, *y)."""

Extract = Callable[[Array], Array]
"""Frame (H, W, 3) uint8 BGR -> sample (*sample,) float32."""

Loss = str | Callable[[Any, Any], Any]
"""A loss by Keras' name, or (y_true, y_pred) -> number."""
