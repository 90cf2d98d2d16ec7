"""The impairments of a round in a row: their mean effects on paths, and what they make of waveforms."""

from collections.abc import Callable
from dataclasses import dataclass, replace

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
    one_place: bool = False  # whether what lasts is the same for all of a batch; of mean effects alone

    def where(self, wanted: Callable[[Impairment], bool]) -> "Chain":
        """Those that are wanted, with the keys they have."""
        parts = [part for part in self._parts if wanted(part[0])]
        impairments, each = tuple(impairment for impairment, _ in parts), tuple(key for _, key in parts)
        return replace(self, impairments=impairments, keys=each)

    def apply(self, paths: Paths, span: Span) -> Paths:
        """The paths with all mean effects, stage by stage."""
        for impairment, key in sorted(self._parts, key=lambda part: STAGES.index(part[0].stage)):
            if self.one_place and impairment.lasting:
                one = impairment.apply(_side_by_side(paths), self.grid, span, key)
                paths = _one_by_one(one, paths.a.shape[0])
            else:
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


def _side_by_side(paths: Paths) -> Paths:
    """Paths of B realisations as those of one, in a row, [1, A, K, B L, T]: whatever is drawn for it holds for all."""
    batch, antennas, devices, each, steps = paths.a.shape
    a = tf.reshape(tf.transpose(paths.a, [1, 2, 0, 3, 4]), [1, antennas, devices, batch * each, steps])
    rows = (tf.reshape(tf.transpose(of, [1, 0, 2]), [1, devices, batch * each]) for of in (paths.tau, paths.power))
    return Paths(a, *rows)


def _one_by_one(paths: Paths, batch: int) -> Paths:
    """The way back, [B, A, K, L, T]."""
    _, antennas, devices, row, steps = paths.a.shape
    a = tf.reshape(paths.a[0], [antennas, devices, batch, row // batch, steps])
    rows = (tf.reshape(of[0], [devices, batch, row // batch]) for of in (paths.tau, paths.power))
    return Paths(tf.transpose(a, [2, 0, 1, 3, 4]), *(tf.transpose(of, [1, 0, 2]) for of in rows))


def drawn(grid: Grid, impairments: tuple[Impairment, ...], fresh: Key, lasting: Key, one_place: bool = False) -> Chain:
    """The chain of a round: what lasts draws from a key of its own, all else from the round's.

    The receiver has no number: where devices have, what lasts of it is the same whoever takes part.
    """
    each = tuple(
        keys.fold(_source(impairment, fresh, lasting), "impairment", position)
        for position, impairment in enumerate(impairments)
    )
    return Chain(grid, impairments, each, one_place)


def _source(impairment: Impairment, fresh: Key, lasting: Key) -> Key:
    if not impairment.lasting:
        return fresh
    return keys.of_all(lasting) if impairment.stage == "receive" else lasting
