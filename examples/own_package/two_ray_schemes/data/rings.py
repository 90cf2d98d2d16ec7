"""Rings: noisy pictures of circles of four radii; no files, no download."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from overair.learning.data import Arrays
from overair.phy.strict import dataclass

SIDE, CLASSES = 8, 4  # pixels, radii


@dataclass(frozen=True)
class Rings:
    """Four classes, a fifth of the pictures for tests."""

    pictures: Annotated[int, Ge(20), Le(10**6)] = 1000
    """How many there are, tests included."""
    noise: Annotated[float, Ge(0), Le(10)] = 0.2
    """Deviation of a pixel."""

    def load(self) -> Arrays:
        random = np.random.default_rng(0)
        labels = (np.arange(self.pictures) % CLASSES).astype(np.int32)
        places = np.arange(SIDE) - (SIDE - 1) / 2
        distance = np.hypot(*np.meshgrid(places, places))  # [8, 8]
        rings = np.exp(-((distance - (1 + labels[:, None, None])) ** 2))
        noisy = rings + self.noise * random.standard_normal(rings.shape)
        images = np.clip(noisy, 0, 1)[..., None].astype(np.float32)
        tests = self.pictures // 5
        return Arrays(images[tests:], labels[tests:], images[:tests], labels[:tests], CLASSES)
