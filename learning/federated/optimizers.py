"""The servers' optimizers of Reddi et al., as published: FedAdam, FedYogi and FedAdagrad.

With the estimate d of a round, m <- b1 m + (1 - b1) d and x <- x - eta m/(sqrt(v) + tau), from m = 0 and v = tau^2 on:

    FedAdam     v <- b2 v + (1 - b2) d^2
    FedYogi     v <- v - (1 - b2) d^2 sign(v - d^2)
    FedAdagrad  v <- v + d^2

They correct no bias: Keras' ``adam`` and ``adagrad`` are other optimizers, whose first steps are larger or start
elsewhere. Reddi, Charles, Zaheer, Garrett, Rush, Konecny, Kumar, McMahan, "Adaptive federated optimization", ICLR 2021,
algorithm 2.
"""

from typing import Any

import keras
from keras import ops


class _Adaptive(keras.optimizers.Optimizer):
    """What they have in common."""

    def __init__(self, learning_rate: float, beta_1: float, tau: float) -> None:
        super().__init__(learning_rate=learning_rate)
        if not tau > 0:
            raise ValueError(f"tau: expected a number above 0, received {tau:g}")
        self.beta_1, self.tau = _share("beta_1", beta_1), tau

    def build(self, variables: list[keras.Variable]) -> None:
        super().build(variables)
        start = keras.initializers.Constant(self.tau**2)
        self._means = [self.add_variable_from_reference(each, "mean") for each in variables]
        self._squares = [self.add_variable_from_reference(each, "square", initializer=start) for each in variables]

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        at = self._get_variable_index(variable)
        mean = self.beta_1 * self._means[at] + (1.0 - self.beta_1) * gradient
        square = self._after(ops.convert_to_tensor(self._squares[at]), ops.square(gradient))
        self.assign(self._means[at], mean)
        self.assign(self._squares[at], square)
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * mean / (ops.sqrt(square) + self.tau))

    def _after(self, square: Any, new: Any) -> Any:
        raise NotImplementedError


class FedAdagrad(_Adaptive):
    """A sum of squares; its authors use it without momentum, beta_1 = 0."""

    def __init__(self, learning_rate: float = 0.1, beta_1: float = 0.0, tau: float = 1e-3) -> None:
        super().__init__(learning_rate, beta_1, tau)

    def _after(self, square: Any, new: Any) -> Any:
        return square + new


class FedAdam(_Adaptive):
    """A moving mean of squares."""

    def __init__(
        self, learning_rate: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.99, tau: float = 1e-3
    ) -> None:
        super().__init__(learning_rate, beta_1, tau)
        self.beta_2 = _share("beta_2", beta_2)

    def _after(self, square: Any, new: Any) -> Any:
        return self.beta_2 * square + (1.0 - self.beta_2) * new


class FedYogi(FedAdam):
    """A mean of squares that moves by no more than the new one."""

    def _after(self, square: Any, new: Any) -> Any:
        return square - (1.0 - self.beta_2) * new * ops.sign(square - new)


def _share(name: str, value: float) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"{name}: expected a number from 0 to below 1, received {value:g}")
    return value
