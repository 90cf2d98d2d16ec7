"""Uplinks: how updates reach the server, ideal, analog over the air, or digital on orthogonal resource elements."""

from ..round import Uplink

FAMILY = Uplink  # what each file of this folder is one of

__all__ = ["Uplink"]
