"""Gradient matching: pictures are moved until their gradient is the one that was seen, compiled for so many of them.

DLG takes the squared distance from the gradient seen, in units of that one's square, and L-BFGS, over the pictures and,
if labels are guessed, over their logits. Zhu, Liu, Han, "Deep leakage from gradients", NeurIPS 2019. Inverting
gradients takes one minus the cosine, which no scale of what is seen changes, and the total variation of the pictures;
Adam goes by the signs of the gradient, at a rate that falls to a tenth after 3/8, 5/8 and 7/8 of the steps, and
pictures stay within 0 and 1. Geiping, Bauermeister, Droege, Moeller, "Inverting gradients", NeurIPS 2020.

Labels follow from the bias of the last layer, whose gradient is that of the mean loss: d_c = mean_i p_ic - n_c / N,
with n_c labels c among N. Of one sample the one negative entry tells it (Zhao, Mopuri, Bilen, "iDLG", 2020); of
several the least is taken, raised by 1/N, and so on, which is right where the mean of p_c differs by less than 1/N from
class to class. A gradient of zeros says nothing.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from scipy import optimize

from ...ota.layers import size_of
from ..federated.task import Task, Weights, unflatten

FALLS = (3 / 8, 5 / 8, 7 / 8)  # of the steps, after which the rate is a tenth
MEAN, SQUARE, SMALL = 0.9, 0.999, 1e-8  # of Adam
REMEMBERED = 50  # steps that L-BFGS goes by
ENOUGH = 1e-10  # what a step must gain, in units of the square of what is seen


class Matched(NamedTuple):
    """Pictures found, and how far their gradient is from the one seen."""

    pictures: np.ndarray  # [N, ...]
    logits: np.ndarray  # of their labels, [N, C]
    mismatch: float


def labels_of(bias: np.ndarray, count: int) -> np.ndarray:
    """The labels of so many samples by the gradient [C] of the last layer's bias, in order."""
    left, found = np.array(bias, float), []
    for _ in range(count):
        found.append(int(np.argmin(left)))
        left[found[-1]] += 1 / count
    return np.sort(np.array(found, int))


def check(task: Task) -> None:
    """Refuses networks whose gradients do not follow from weights and samples alone."""
    if task.random or task.keeps_statistics:
        what = "random layers" if task.random else "batch statistics"
        raise ValueError(
            f"attack: expected a network without {what}, which an attacker is not told, received one that has them; "
            "take another model"
        )


class Matching:
    """The gradient of a network at so many guessed pictures, and descents of its distance from one that was seen."""

    def __init__(self, task: Task, count: int) -> None:
        check(task)
        self.task, self.count = task, count
        self.shape = (count, *task.model.input_shape[1:])
        self.numbers = size_of((self.shape,))  # of all pictures

    def gradient(self, weights: Weights, x: tf.Tensor, shares: tf.Tensor) -> list[tf.Tensor]:
        """Of the mean loss at pictures whose labels are shares [N, C]; it has a gradient itself."""
        with tf.GradientTape() as tape:
            tape.watch(weights.trainable)
            logits, _, penalties = self.task.model.stateless_call(
                weights.trainable, [], x, training=False, return_losses=True
            )
            # TensorFlow's cross-entropy of logits has no second derivative toward labels
            losses = -tf.reduce_sum(shares * tf.nn.log_softmax(logits), axis=1)
            loss = tf.add_n([tf.reduce_mean(losses), *penalties])
        found: list[tf.Tensor] = tape.gradient(
            loss, weights.trainable, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return found

    def nearest(
        self, weights: Weights, seen: tf.Tensor, start: tf.Tensor, logits: tf.Tensor, joint: bool, steps: int
    ) -> Matched:
        """By L-BFGS from pictures [N, ...], and, if joint, from logits [N, C]; else these are those of the labels."""
        first = np.concatenate([np.ravel(start), np.ravel(logits)[: None if joint else 0]]).astype(float)

        def told(place: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = self._distance(weights, seen, tf.constant(place, tf.float32), logits, joint)
            return float(value), slope.numpy().astype(float)

        options = {"maxiter": steps, "maxfun": 2 * steps, "maxcor": REMEMBERED, "ftol": ENOUGH, "gtol": 0.0}
        end = optimize.minimize(told, first, jac=True, method="L-BFGS-B", options=options)
        pictures, rest = end.x[: self.numbers].reshape(self.shape), end.x[self.numbers :]
        return Matched(pictures, rest.reshape(logits.shape) if joint else np.asarray(logits), float(end.fun))

    @tf.function(autograph=False)
    def _distance(
        self, weights: Weights, seen: tf.Tensor, place: tf.Tensor, logits: tf.Tensor, joint: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """|gradient - seen|^2 / |seen|^2 and its slope."""
        with tf.GradientTape() as tape:
            tape.watch(place)
            x = tf.reshape(place[: self.numbers], self.shape)
            shares = tf.nn.softmax(tf.reshape(place[self.numbers :], logits.shape) if joint else logits)
            parts = zip(self.gradient(weights, x, shares), self._parts(seen), strict=True)
            value = tf.add_n([tf.reduce_sum((own - other) ** 2) for own, other in parts]) / tf.reduce_sum(seen**2)
        return value, tape.gradient(value, place)

    @tf.function(autograph=False)
    def signed(
        self, weights: Weights, seen: tf.Tensor, start: tf.Tensor, shares: tf.Tensor, smooth: tf.Tensor,
        rate: tf.Tensor, steps: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
        """By signed Adam from pictures [N, ...] whose labels are shares [N, C]: the best found, and its mismatch."""

        def step(at: tf.Tensor, x: tf.Tensor, mean: tf.Tensor, square: tf.Tensor, best: tf.Tensor, least: tf.Tensor):  # type: ignore[no-untyped-def]
            value, slope = self._turned(weights, seen, x, shares, smooth)
            better = value < least
            best, least = tf.where(better, x, best), tf.minimum(value, least)
            sign, done = tf.sign(slope), tf.cast(at, tf.float32)
            mean, square = MEAN * mean + (1 - MEAN) * sign, SQUARE * square + (1 - SQUARE) * sign**2
            falls = tf.add_n([tf.cast(done >= share * tf.cast(steps, tf.float32), tf.float32) for share in FALLS])
            unit = (mean / (1 - MEAN ** (done + 1))) / (tf.sqrt(square / (1 - SQUARE ** (done + 1))) + SMALL)
            return at + 1, tf.clip_by_value(x - rate * 0.1**falls * unit, 0.0, 1.0), mean, square, best, least

        nothing, far = tf.zeros(self.shape), tf.constant(np.inf, tf.float32)
        state = tf.constant(0), start, nothing, nothing, start, far
        *_, last, _, _, best, least = tf.while_loop(lambda at, *_: at < steps, step, state, parallel_iterations=1)
        value, _ = self._turned(weights, seen, last, shares, smooth)
        return tf.where(value < least, last, best), tf.minimum(value, least)

    def _turned(
        self, weights: Weights, seen: tf.Tensor, x: tf.Tensor, shares: tf.Tensor, smooth: tf.Tensor | float
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """1 - cosine + the share of the total variation, and its slope."""
        with tf.GradientTape() as tape:
            tape.watch(x)
            own = self.gradient(weights, x, shares)
            inner = tf.add_n([tf.reduce_sum(one * other) for one, other in zip(own, self._parts(seen), strict=True)])
            energy = tf.add_n([tf.reduce_sum(one**2) for one in own]) * tf.reduce_sum(seen**2)
            value = 1.0 - inner / tf.sqrt(energy + 1e-30) + smooth * variation(x)
        return value, tape.gradient(value, x)

    def _parts(self, seen: tf.Tensor) -> list[tf.Tensor]:
        return unflatten(seen, self.task.model.trainable_variables)


def variation(x: tf.Tensor) -> tf.Tensor:
    """Anisotropic total variation of pictures [N, H, W, C]: means of the steps from pixel to pixel, both ways."""
    down, across = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
    return tf.reduce_mean(tf.abs(down)) + tf.reduce_mean(tf.abs(across))
