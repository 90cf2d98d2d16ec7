"""Joint source-channel coding: the air as a Keras layer, and what to measure it by."""

from .over_air import OverAir as OverAir
