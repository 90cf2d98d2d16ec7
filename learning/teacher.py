"""A student that learns from a teacher: gradients of two-layer networks on fresh Gaussian inputs, by online SGD.

Both are f(x) = sum_k g(w_k'x/sqrt(N)) of inputs x ~ N(0, I), with g(v) = erf(v/sqrt(2)) or max(v, 0). The teacher has M
hidden units with weights from N(0, 1), which stay; the student K of them, which begin small. A batch of B fresh samples
has the loss 1/(2B) sum (f - f_teacher)^2, whose gradient for w_k is the mean of (f - f_teacher) g'(w_k'x/sqrt(N))
x/sqrt(N). Goldt, Advani, Saxe, Krzakala, Zdeborova, "Dynamics of stochastic gradient descent for two-layer neural
networks in the teacher-student setup", NeurIPS 2019 (whose step is the one here; weights of the second layer are 1).
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import scipy.special

from .gradients import EpochGradients

START = 0.01  # deviation of the student's first weights
Activation = Literal["erf", "relu"]
ACTIVATIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "erf": (lambda v: scipy.special.erf(v / 2**0.5), lambda v: (2 / np.pi) ** 0.5 * np.exp(-(v**2) / 2)),
    "relu": (lambda v: np.maximum(v, 0.0), lambda v: (v > 0).astype(float)),
}


def over_epochs(
    inputs: int,
    hidden: int,
    student: int,
    activation: Activation,
    steps: int,
    wanted: Sequence[int],
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> dict[int, EpochGradients]:
    """Of epochs of so many steps, numbered from 1, for the wanted ones; a gradient is [N, K], flattened."""
    rng = np.random.default_rng([*b"teacher", seed])
    teacher = rng.normal(size=[inputs, hidden])
    weights, found = START * rng.normal(size=[inputs, student]), {}
    for number in range(1, max(wanted) + 1):
        total = np.zeros_like(weights)
        for _ in range(steps):
            last = gradient(weights, teacher, rng.normal(size=[batch_size, inputs]), activation)
            weights -= learning_rate * last
            total += last
        if number in wanted:
            mean, own = (each.astype(np.float32).ravel() for each in (total / steps, last))
            found[number] = EpochGradients(mean, own)
    return found


def gradient(weights: np.ndarray, teacher: np.ndarray, x: np.ndarray, activation: Activation) -> np.ndarray:
    """Of the loss on samples x [B, N] at the student's weights [N, K], for a teacher [N, M]."""
    g, slope = ACTIVATIONS[activation]
    x = x / x.shape[1] ** 0.5
    fields = x @ weights  # [B, K]
    error = g(fields).sum(axis=1) - g(x @ teacher).sum(axis=1)  # [B]
    return x.T @ (error[:, None] * slope(fields)) / len(x)
