"""Channels of devices that may move: what their speed and their fading over rounds say of them."""

import math

import numpy as np
from scipy.special import j0
from sionna.phy import SPEED_OF_LIGHT


class Moving:
    """A channel with ``speed``, ``carrier`` and ``fading``."""

    speed: float
    carrier: float
    fading: str

    @property
    def static(self) -> bool:
        return self.speed == 0.0

    @property
    def lasting(self) -> bool:
        return self.static and self.fading == "continuous"

    @property
    def doppler(self) -> float:
        """The largest Doppler shift in Hz."""
        return self.speed / SPEED_OF_LIGHT * self.carrier

    def correlation(self, then: np.ndarray, now: np.ndarray, seconds: float) -> np.ndarray:
        """Clarke's: waves reach the device level, from all around."""
        return clarke(self.doppler, np.subtract(now, then) * seconds)[..., None]


def clarke(hertz: float | np.ndarray, lag: np.ndarray) -> np.ndarray:
    """J0(2 pi f t), the correlation after t seconds where arrivals are uniform over the circle."""
    return j0(2 * math.pi * hertz * lag)
