"""Statistics of draws."""

import numpy as np


def deviation(values: np.ndarray) -> np.ndarray:
    """The standard deviation over the last axis, NaN of a single value."""
    return values.std(axis=-1, ddof=1) if values.shape[-1] > 1 else np.full(values.shape[:-1], np.nan)
