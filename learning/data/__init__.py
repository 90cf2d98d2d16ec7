"""Data sets: images and labels as arrays."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ...phy.documented import documented


@documented
class Arrays(NamedTuple):
    """Images and their labels, to train on and to test on.

    Images are float32 from 0 to 1, labels int32 from 0 to ``classes`` - 1.

    >>> import numpy as np
    >>> from overair.learning.data import Arrays
    >>> x, y = np.zeros([6, 8, 8, 1], np.float32), np.zeros(6, np.int32)
    >>> Arrays(x_train=x[:4], y_train=y[:4], x_test=x[4:], y_test=y[4:], classes=2).x_test.shape
    (2, 8, 8, 1)
    """

    x_train: np.ndarray  # [N, H, W, C]
    y_train: np.ndarray  # [N]
    x_test: np.ndarray  # [M, H, W, C]
    y_test: np.ndarray  # [M]
    classes: int  # how many there are


@runtime_checkable
class Data(Protocol):
    """A data set that can be loaded.

    One of your own is a frozen dataclass with this method.

    >>> from overair.learning.data import Data
    >>> from overair.learning.data.digits import Digits
    >>> isinstance(Digits(), Data), Digits().load().y_train.dtype.name
    (True, 'int32')
    """

    def load(self) -> Arrays:
        """The data set as numpy arrays, the same in every call; ValueError says which file is missing."""
        ...


FAMILY = Data  # what each file of this folder is one of

__all__ = ["Arrays", "Data"]
