"""Data sets: images and labels as arrays."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np


class Arrays(NamedTuple):
    """Images [N, H, W, C] as float32 from 0 to 1, labels [N] as int32, and how many classes there are."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int


@runtime_checkable
class Data(Protocol):
    """A data set that can be loaded."""

    def load(self) -> Arrays:
        """The data set as arrays."""
        ...


FAMILY = Data  # what each file of this folder is one of

__all__ = ["Arrays", "Data"]
