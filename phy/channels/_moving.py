"""Channels of devices that may move: what their speed and their fading over rounds say of them."""


class Moving:
    """A channel with ``speed`` and ``fading``."""

    speed: float
    fading: str

    @property
    def static(self) -> bool:
        return self.speed == 0.0

    @property
    def lasting(self) -> bool:
        return self.static and self.fading == "continuous"
