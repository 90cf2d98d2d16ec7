"""IID: samples at random, the same number for every device.

Without ``samples_per_device`` all samples are dealt and sizes differ by at most one.
"""

from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from pydantic.dataclasses import dataclass

from ...phy.strict import STRICT
from . import check, generator


@dataclass(frozen=True, config=STRICT)
class Iid:
    """The same number for all."""

    samples_per_device: Annotated[int, Gt(0), Le(10**9)] | None = None
    """Samples on a device; all are shared out unless given."""

    def split(self, labels: np.ndarray, devices: int, seed: int) -> list[np.ndarray]:
        check(len(labels), devices, self.samples_per_device or 1, "samples_per_device")
        dealt = generator(seed, "iid").permutation(len(labels)).astype(np.int64)
        if self.samples_per_device is not None:
            dealt = dealt[: devices * self.samples_per_device]
        return np.array_split(dealt, devices)
