"""Attacks: which devices attack, what of their data and updates is forged, and what they may know of the others.

The same devices attack in all rounds and of all seeds, and fewer attackers are some of more. Those that see the others
know the mean and the deviation of the updates of the honest that take part: of those that are all at hand, or of a
first pass over them.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tensorflow as tf

from ...ota import Terms
from ...ota.round import Updates
from ...phy import keys
from ...phy.keys import Key
from ..data import Arrays
from ..partitions import generator
from .attackers import Attacker, Others


class Attack:
    """The attackers among so many devices; none, if there are none."""

    def __init__(self, attackers: Attacker | None, devices: int) -> None:
        self.attackers, self.devices = attackers, devices
        count = attackers.count if attackers else 0
        order = generator(0, "attackers").permutation(devices)
        self.marked = np.isin(np.arange(devices), order[:count])  # [K]

    def check(self, terms: Terms, rules: bool) -> Terms:
        """The terms as attackers leave them; ``rules``: whether the uplink has a power rule."""
        if self.attackers is None:
            return terms
        self.attackers.check(self.devices)
        if not self.attackers.obeys and not rules:
            raise ValueError("attackers.obeys: expected true for an uplink without a power rule, received false")
        return replace(terms, obeyed=self.attackers.obeys)

    def on(self, data: Arrays, shares: Sequence[np.ndarray]) -> Arrays:
        """The data that devices learn from."""
        if self.attackers is None:
            return data
        labels = data.y_train.copy()
        for device in map(int, np.flatnonzero(self.marked)):
            random = generator(0, f"attacker {device}")
            labels[shares[device]] = self.attackers.labels(labels[shares[device]], data.classes, random)
        return data._replace(y_train=labels)

    @property
    def sees_others(self) -> bool:
        """Whether updates are asked for before it is known what is sent."""
        return self.attackers is not None and self.attackers.sees_others

    @property
    def rebels(self) -> tf.Tensor | None:
        """Who ignores the power rule, bool [K]."""
        return None if self.attackers is None or self.attackers.obeys else tf.constant(self.marked)

    def forged(self, updates_of: Updates, devices: tf.Tensor, chunk: int, size: int, key: Key) -> Updates:
        """Updates [C, size] of the devices [C] that take part, with those of attackers forged."""
        if self.attackers is None or not self.marked.any():
            return updates_of
        others = None
        if self.sees_others:
            updates_of, others = self._seen(updates_of, devices, chunk, size)
        marked, forge, key = tf.constant(self.marked), self.attackers.forge, keys.fold(key, "attackers")

        def one(item: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
            update, device = item
            return forge(update, others, self.devices, keys.fold(key, device))

        def some(devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            updates, losses = updates_of(devices)
            rows = tf.where(tf.gather(marked, devices))[:, 0]
            wanted = tf.gather(updates, rows), tf.gather(devices, rows)
            forged = tf.map_fn(one, wanted, fn_output_signature=tf.TensorSpec(updates.shape[1:]))
            return tf.tensor_scatter_nd_update(updates, rows[:, None], forged), losses

        return some

    def _seen(self, updates_of: Updates, devices: tf.Tensor, chunk: int, size: int) -> tuple[Updates, Others]:
        """Updates, kept where all are at hand, and what there is to know of the honest."""
        honest = tf.logical_not(tf.constant(self.marked))
        if chunk >= self.devices:
            updates, losses = updates_of(devices)
            row = tf.scatter_nd(
                devices[:, None], tf.range(tf.size(devices)), tf.constant([self.devices], devices.dtype)
            )

            def kept(some: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                rows = tf.gather(row, some)
                return tf.nest.map_structure(lambda values: tf.gather(values, rows), (updates, losses))

            return kept, _others(*_sums(updates, tf.gather(honest, devices)))

        def step(first: tf.Tensor, *sums: tf.Tensor) -> tuple[tf.Tensor, ...]:
            some = devices[first : first + chunk]
            more = _sums(updates_of(some)[0], tf.gather(honest, some))
            return first + chunk, *(total + each for total, each in zip(sums, more, strict=True))

        start = tf.constant(0), tf.zeros([]), tf.zeros([size]), tf.zeros([size])
        _, *sums = tf.while_loop(lambda first, *_: first < tf.size(devices), step, start, parallel_iterations=1)
        return updates_of, _others(*sums)


def _sums(updates: tf.Tensor, honest: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """How many are honest, and the sums of their updates and of the squares."""
    chosen = tf.cast(honest, updates.dtype)
    total, squares = (tf.linalg.matvec(each, chosen, transpose_a=True) for each in (updates, updates**2))
    return tf.reduce_sum(chosen), total, squares


def _others(count: tf.Tensor, total: tf.Tensor, squares: tf.Tensor) -> Others:
    mean = tf.math.divide_no_nan(total, count)
    variance = tf.math.divide_no_nan(squares, count) - mean**2
    return Others(mean, tf.sqrt(tf.maximum(variance, 0.0)))
