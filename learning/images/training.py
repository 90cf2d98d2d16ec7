"""Training a transmission: plain Keras fit, with a folder from which a run that was stopped goes on.

Every epoch sees each image once, but for a few that do not fill a batch, in an order of its own and half of them
mirrored; both depend on the seed and the epoch alone. After each epoch the folder holds the best model so far as
``best.keras``, ``log.csv``, and ``last.keras``, the model with its optimizer and its generator; each is there whole or
not at all, and they are written in this order. The same call goes on after the last epoch whose model is there, with
the same numbers.
"""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...phy import keys
from .metrics import MeanPsnr, Psnr, mse
from .saved import load
from .transmission import Transmission

JUDGE = "val_psnr"
RISE = 300  # steps in which the learning rate comes to its peak


@keras.saving.register_keras_serializable("overair")
def root_mean_square(images: tf.Tensor, received: tf.Tensor) -> tf.Tensor:
    """Root of each image's mean squared error [B]: a loss in which low SNRs do not drown the others."""
    return tf.sqrt(mse(images, received) + 1e-8)


def train(
    model: Transmission,
    images: np.ndarray,
    validation: np.ndarray,
    epochs: int,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    loss: Any = "mse",
    patience: int | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> Transmission:
    """The model after so many epochs, or the best so far once ``patience`` of them brought nothing better."""
    steps = len(images) // batch_size
    if steps < 1 or not len(validation):
        raise ValueError(
            f"images: expected at least a batch of {batch_size}, and some for validation, received {len(images)} and "
            f"{len(validation)}; take a smaller batch_size or more images"
        )
    keeper = Keeper(Path(folder) if folder else None, patience, steps)
    if (there := keeper.model()) is not None:
        model = there
    else:
        optimizer = keras.optimizers.Adam(rising_and_falling(learning_rate, epochs * steps))
        model.compile(optimizer, loss, metrics=[Psnr(), MeanPsnr()], jit_compile=False)
    done = int(model.optimizer.iterations) // steps
    if done < epochs and not keeper.exhausted:
        model.fit(
            batches(images, batch_size, seed, done, epochs),
            epochs=epochs,
            initial_epoch=done,
            steps_per_epoch=steps,
            shuffle=False,  # they come in their order
            validation_data=(validation, validation),
            callbacks=[keeper, *callbacks],
            verbose=verbose,
        )
    return keeper.best() or model


def rising_and_falling(peak: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """A learning rate that rises over the first steps and then falls along a cosine to a fiftieth."""
    rise = min(RISE, steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        0.01 * peak, steps - rise, alpha=0.02, warmup_target=peak, warmup_steps=rise
    )


def batches(images: np.ndarray, size: int, seed: int, first: int, last: int) -> tf.data.Dataset:
    """Pairs of the same images [size, H, W, C], for one epoch after the other."""
    everything, count = tf.constant(images, tf.float32), len(images) // size * size

    @tf.autograph.experimental.do_not_convert
    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        key = keys.key(seed, "epoch", number)
        order = keys.permutation(keys.fold(key, "order"), len(images))[:count]
        mirrored = keys.uniform(keys.fold(key, "mirrored"), [count]) < 0.5
        return tf.data.Dataset.from_tensor_slices((order, mirrored)).batch(size, drop_remainder=True)

    @tf.autograph.experimental.do_not_convert
    def pair(order: tf.Tensor, mirrored: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        some = tf.gather(everything, order)
        some = tf.where(mirrored[:, None, None, None], some[:, :, ::-1], some)
        return some, some

    return tf.data.Dataset.range(first, last).flat_map(epoch).map(pair).prefetch(2)


def _logged(file: Path) -> list[dict[str, Any]]:
    """The rows of a log, one an epoch."""
    try:
        with file.open(newline="") as stream:
            rows: list[dict[str, Any]] = list(csv.DictReader(stream))
        for row in rows:
            float(row[JUDGE])  # raises what is caught where there is no number
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        fault = " ".join(str(error).split())
        raise ValueError(f"{file}: expected the log of a training, received a fault: {fault}; remove it") from None
    return rows


class Keeper(keras.callbacks.Callback):
    """Keeps the last and the best model in a folder, and stops when nothing gets better; without a folder only that."""

    def __init__(self, folder: Path | None, patience: int | None, steps: int) -> None:
        super().__init__()
        self._folder, self._patience, self._steps = folder, patience, steps  # of an epoch
        self._rows: list[dict[str, Any]] = []
        self._kept: list[np.ndarray] | None = None
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / "log.csv").exists() and (folder / "last.keras").exists():
                self._rows = _logged(folder / "log.csv")
            if self._rows and (there := self._rows[0].get("steps", "another kind")) != str(steps):
                raise ValueError(
                    f"folder: expected a training of {steps} steps an epoch, received one of {there} in {folder}; take "
                    "as many images and the same batch_size, or another folder"
                )

    @property
    def exhausted(self) -> bool:
        """Whether the patience has come to its end."""
        return self._patience is not None and len(self._rows) - 1 - self._best_row() >= self._patience

    def model(self) -> Transmission | None:
        """The last model, if there is one."""
        there = self._folder is not None and bool(self._rows)
        return load(self._folder / "last.keras") if self._folder and there else None

    def best(self) -> Transmission | None:
        """The best model, where stopping early is asked for."""
        if self._patience is None:
            return None
        if self._folder:
            return load(self._folder / "best.keras")
        if self._kept:
            self._model.set_weights(self._kept)
        return self._model

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = {name: float(value) for name, value in (logs or {}).items()}
        self._rows = [*self._rows[:epoch], {"epoch": epoch + 1, "steps": self._steps} | logs]
        is_best = self._best_row() == len(self._rows) - 1
        if self._folder:
            if is_best:
                self._save("best.keras")
            self._log()
            self._save("last.keras")  # what is written before it, an interrupted epoch writes again
        elif is_best and self._patience is not None:
            self._kept = self._model.get_weights()
        if self.exhausted:
            self._model.stop_training = True

    def _best_row(self) -> int:
        """The epoch of the best score; NaN is worse than all."""
        scores = [float(row[JUDGE]) for row in self._rows]
        return int(np.argmax(np.nan_to_num(scores or [0.0], nan=-np.inf)))

    def _save(self, name: str) -> None:
        assert self._folder
        unfinished = self._folder / f"unfinished-{name}"
        self._model.save(unfinished)
        os.replace(unfinished, self._folder / name)

    def _log(self) -> None:
        assert self._folder
        unfinished = self._folder / "unfinished-log.csv"
        with unfinished.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(self._rows[-1]))
            writer.writeheader()
            writer.writerows(self._rows)
        os.replace(unfinished, self._folder / "log.csv")
