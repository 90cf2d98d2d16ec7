"""The margin of syndromes' lengths on gradients, whose distances keep to no law: digits, on which it was not chosen."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from scipy import stats

from overair.learning.data.digits import Digits
from overair.ota import SyndromeCoded
from overair.ota.compressors import Known, Together, _syndromes
from overair.ota.uplinks._sides import Side, add_up, side_of
from overair.phy import keys

LAYERS = ((64, 10), (10,))
SIZE, DEVICES, FIRST, BATCH, LEVELS = 650, 8, 4, 100, 7
PLENTY = tf.constant(1e9)  # bits


def gradients(rounds: int) -> Iterator[np.ndarray]:
    """Of softmax regression on batches of digits, round after round of gradient descent, [K, d]."""
    data, rng = Digits().load(), np.random.default_rng(0)
    x, weights = data.x_train.reshape(-1, 64), np.zeros([65, 10])
    for _ in range(rounds):
        found = []
        for part in rng.permutation(len(x))[: DEVICES * BATCH].reshape(DEVICES, BATCH):
            seen = np.concatenate([x[part], np.ones([BATCH, 1])], axis=1)
            chance = np.exp(seen @ weights)
            off = chance / chance.sum(1, keepdims=True) - np.eye(10)[data.y_train[part]]
            found.append((seen.T @ off / BATCH).ravel())
        yield np.stack(found).astype(np.float32)
        weights -= 0.5 * np.mean(found, axis=0).reshape(65, 10)


def lacking(index: np.ndarray, centre: np.ndarray, deviation: np.ndarray, dither: np.ndarray) -> np.ndarray:
    """-log2 P(b_p | bits above, y, u) of the bits of indices -M to M, summed over entries, [P]; Laplace."""
    law = stats.laplace(centre, deviation / 2**0.5)
    borders = np.arange(-LEVELS, LEVELS)[:, None] + 0.5 - dither
    chance = np.diff(law.cdf(borders), axis=0, prepend=0.0, append=1.0) + 1e-6  # [2 M + 1, n]
    place, points, found, above = index + LEVELS, np.arange(2 * LEVELS + 1)[:, None], [], chance.sum(0)
    for shift in (3, 2, 1, 0):
        here = np.where(points >> shift == place >> shift, chance, 0.0).sum(0)
        found.append(np.log2(above / here).sum())
        above = here
    return np.array(found)


def lost(scheme: SyndromeCoded) -> float:
    """The share of blocks of which some plane lacks more than its syndrome carries."""

    @tf.function(autograph=False)
    def first(update: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        return scheme.compress(update, PLENTY, key, Known(LAYERS))[0]

    @tf.function(autograph=False)
    def second(update: tf.Tensor, side: Side, key: tf.Tensor) -> tuple[tf.Tensor, ...]:
        together = Together(key, tf.constant(FIRST), tf.constant(DEVICES))
        known = Known(LAYERS, spread=side.spread, together=together).filled(SIZE)
        plain, _ = scheme._plain.encode(update, PLENTY, key, known._replace(spread=None))
        planes = scheme._planes(plain)[1]
        index = scheme._blocks(SIZE).cut(scheme._index(plain))
        rungs = scheme._rungs(update, planes, plain.scale, key, known)
        return rungs[0], index[0], *(each[0] for each in scheme._expected(side.estimate, plain.scale, key, known))

    many = []
    for turn, updates in enumerate(gradients(4)):
        decoded = tf.stack([first(tf.constant(x), keys.key(turn, str(k))) for k, x in enumerate(updates[:FIRST])])
        side = side_of(add_up(tf.fill([FIRST], 0.125), decoded, LAYERS), LAYERS)
        for k, x in enumerate(updates[FIRST:]):
            rungs, index, *believed = (each.numpy() for each in second(tf.constant(x), side, keys.key(turn, f"x{k}")))
            needed = lacking(index.astype(int), *believed)
            many.append(np.any(needed > _syndromes.carried(SIZE)[rungs]))
    return float(np.mean(many))


def test_the_margin_holds_on_gradients_and_the_law_alone_does_not() -> None:
    assert lost(SyndromeCoded(levels=LEVELS)) <= 2 * SyndromeCoded().target_failures
    assert lost(SyndromeCoded(levels=LEVELS, margin=0.0)) > 0.2
