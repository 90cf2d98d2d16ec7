"""Channels: paths of known number and shape."""

from typing import Any

from ...phy import Paths, Size, Span, keys
from . import gives, traced, wrong


def keep(channel: Any) -> None:
    size, steps = Size(3, 1, 2), 1 if channel.static else 2
    traced(lambda: paths(channel, channel.draw(size, Span(0.0, steps, 1e-4), keys.key(0), keys.key(1)), size, steps))


def paths(channel: Any, drawn: Any, size: Size, steps: int) -> Paths:
    """What was drawn, if it is what it should be."""
    if not isinstance(drawn, Paths):
        raise wrong(channel, "draw", "Paths(a, tau, power)", f"a {type(drawn).__name__}")
    batch, antennas, devices = size
    count = drawn.tau.shape[-1] if drawn.tau.shape.rank else 1
    for_each = [batch, devices, count or 1]
    gives(channel, "draw", drawn.tau, "float32", for_each, "tau of batch, devices, paths: ")
    gives(channel, "draw", drawn.power, "float32", for_each, "power of batch, devices, paths: ")
    every = [batch, antennas, devices, count or 1, steps]
    gives(channel, "draw", drawn.a, "complex64", every, "a of batch, antennas, devices, paths, steps: ")
    return drawn
