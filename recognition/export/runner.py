"""What runs an exported model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Runner = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (n, height, width, channels) to (n, classes)
