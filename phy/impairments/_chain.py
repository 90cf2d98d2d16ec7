"""The impairments of a round in a row: their mean effects on paths, and what they make of waveforms."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from .. import keys
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span
from . import Distortion, Impairment, Stage

STAGES = ("paths", "transmit", "receive")  # the order of mean effects: what turns with a delay comes after it


@dataclass(frozen=True)
class Chain:
    """Impairments of signals on a grid, each with the key of its draws."""

    grid: Grid
    impairments: tuple[Impairment, ...]
    keys: tuple[Key, ...]

    def where(self, wanted: Callable[[Impairment], bool]) -> "Chain":
        """Those that are wanted, with the keys they have."""
        parts = [part for part in self._parts if wanted(part[0])]
        return Chain(self.grid, tuple(impairment for impairment, _ in parts), tuple(key for _, key in parts))

    def apply(self, paths: Paths, span: Span) -> Paths:
        """The paths with all mean effects, stage by stage."""
        for impairment, key in sorted(self._parts, key=lambda part: STAGES.index(part[0].stage)):
            paths = impairment.apply(paths, self.grid, span, key)
        return paths

    def distort(self, wave: tf.Tensor, stage: Stage, span: Span, devices: tf.Tensor) -> tf.Tensor:
        """What the distortions of a stage make of the waveforms [B, C, S] of some devices, or antennas."""
        for impairment, key in self._parts:
            if impairment.stage == stage and isinstance(impairment, Distortion):
                wave = impairment.distort(wave, self.grid, span, key, devices)
        return wave

    @property
    def _parts(self) -> list[tuple[Impairment, Key]]:
        return list(zip(self.impairments, self.keys, strict=True))


def drawn(grid: Grid, impairments: tuple[Impairment, ...], fresh: Key, lasting: Key) -> Chain:
    """The chain of a round: what lasts draws from a key of its own, all else from the round's."""
    each = tuple(
        keys.fold(lasting if impairment.lasting else fresh, "impairment", position)
        for position, impairment in enumerate(impairments)
    )
    return Chain(grid, impairments, each)
