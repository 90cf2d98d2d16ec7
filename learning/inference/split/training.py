"""Training the network that is to be cut: Adam, a learning rate that falls along a cosine, epochs that can go on.

An epoch sees every image once, in an order that the seed and the number of the epoch decide, but for a few that do not
fill a batch. What is kept after an epoch is all that decides the next ones: a training that goes on from there ends
with the same bits.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import keras
import numpy as np
from annotated_types import Ge, Gt

from ....phy.strict import dataclass
from ...data import Arrays

State = list[np.ndarray]  # epochs done, weights and what the optimizer remembers


@dataclass(frozen=True)
class Training:
    """Of a network, before it is cut."""

    epochs: Annotated[int, Ge(0)] = 7
    """Passes over the training images; a network that brings its weights may have none."""
    batch_size: Annotated[int, Gt(0)] = 64
    """Images of a step."""
    learning_rate: Annotated[float, Gt(0)] = 2e-3
    """Of Adam, at its start."""
    mirrored: bool = False
    """Whether half of the images are mirrored from left to right."""

    def check(self, data: Arrays) -> None:
        """Refuses data that do not fill a batch."""
        if self.epochs and len(data.y_train) < self.batch_size:
            raise ValueError(
                f"batch_size: expected at most the {len(data.y_train)} training images, received {self.batch_size}"
            )

    def run(
        self,
        model: keras.Model,
        data: Arrays,
        seed: int,
        there: State | None = None,
        keep: Callable[[State], None] = lambda state: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Train a model in place, from its start or from what was kept after some epochs."""
        if not self.epochs:
            return
        steps, rng = len(data.y_train) // self.batch_size, np.random.default_rng(seed)
        rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.epochs * steps)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(rate), loss)
        model.optimizer.build(model.trainable_variables)
        variables = _variables(model, seed)
        done = _restore(variables, there) if there else 0
        for epoch in range(self.epochs):
            order = rng.permutation(len(data.y_train))[: steps * self.batch_size]
            turned = rng.random(len(order)) < 0.5
            if epoch < done:
                continue
            x = data.x_train[order]
            if self.mirrored:
                x[turned] = x[turned, :, ::-1]
            model.fit(x, data.y_train[order], batch_size=self.batch_size, shuffle=False, verbose=0)
            keep([np.array(epoch + 1), *(variable.numpy() for variable in variables)])
            progress(epoch + 1, self.epochs)


def _variables(model: keras.Model, seed: int) -> Sequence[Any]:
    """All that changes in a training; what layers draw, such as dropout, begins from the seed."""
    variables = [variable for layer in model.layers for variable in layer.variables]
    for place, variable in enumerate(variables):
        if "seed" in variable.path.split("/")[-1]:
            variable.assign(np.random.SeedSequence([seed, place]).generate_state(2).astype(variable.dtype))
    return [*variables, *model.optimizer.variables]


def _restore(variables: Sequence[Any], there: State) -> int:
    """The epochs that were done."""
    done, *values = there
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return int(done)
