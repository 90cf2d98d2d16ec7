"""What a federation is given: arrays, shares and numbers that rounds can work with, or a complaint in a line."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import keras
import numpy as np

from ...ota import AggregationRule, Uplink
from ...phy import Air
from ...phy.inputs import check_object, is_whole, kind, shown
from ..data import Arrays
from .algorithms import Algorithm
from .attackers import Attacker
from .devices import Executor
from .downlinks import Downlink
from .effort import Effort
from .hardware import Hardware
from .losses import EXAMPLE
from .population import Population
from .protections import Protection
from .radio import Radio
from .schedulers import Scheduler
from .task import Task

Shape = tuple[int | None, ...]
Part = tuple[type, str]

PARTS: Mapping[str, Part] = {  # that there always are: their interface, and an example
    "algorithm": (Algorithm, "Sgd()"),
    "uplink": (Uplink, "Ideal()"),
    "air": (Air, "Air(Grid(), Rayleigh(), 3)"),
    "downlink": (Downlink, "IdealDownlink()"),
    "radio": (Radio, "Radio()"),
    "effort": (Effort, "Effort()"),
}
CHOICES: Mapping[str, Part] = {  # or None
    "loss": (keras.losses.Loss, EXAMPLE),
    "scheduler": (Scheduler, "Random(senders=2)"),
    "hardware": (Hardware, "Fixed()"),
    "aggregator": (AggregationRule, "Median()"),
    "attackers": (Attacker, "SignFlip()"),
    "protection": (Protection, "Device()"),
}
MODEL, OPTIMIZER = "lambda seed: keras.Sequential([...])", "lambda: keras.optimizers.SGD(1.0)"


def check_parts(parts: Mapping[str, object]) -> None:
    """Refuses parts of another kind than their names promise, and classes in place of objects."""
    for name, part in parts.items():
        wanted, example = PARTS.get(name) or CHOICES[name]
        if part is not None or name in PARTS:
            check_object(name, part, wanted, example)


def check_factories(model_factory: Any, optimizer: Any) -> None:
    """Refuses a model or an optimizer where a function that makes one is meant, and functions of other arguments."""
    for name, made, example, given in (
        ("model_factory", model_factory, MODEL, [0]),
        ("optimizer", optimizer, OPTIMIZER, []),
    ):
        if not callable(made) or hasattr(made, "variables"):
            raise ValueError(f"{name}: expected a function that makes one, such as {example}, received {kind(made)}")
        if not _takes(made, given):
            raise ValueError(f"{name}: expected a function such as {example}, received one of other arguments")


def check_made(optimizer: Any) -> None:
    """Refuses what a factory made that is no optimizer."""
    if isinstance(optimizer, type) or not isinstance(optimizer, keras.optimizers.Optimizer):
        raise ValueError(
            f"optimizer: expected a function that makes a Keras optimizer, such as {OPTIMIZER}, received one that "
            f"makes {kind(optimizer)}"
        )


def check_numbers(batch_size: Any, chunk: Any, executor: Any) -> None:
    """Refuses sizes that are no sizes, and executors that there are not."""
    for name, value in (("batch_size", batch_size), ("chunk", chunk)):
        if value is not None and not is_whole(value, 1, 2**31 - 1):
            raise ValueError(f"{name}: expected a whole number from 1 to 2^31 - 1 or None, received {shown(value)}")
    if not isinstance(executor, str) or executor not in get_args(Executor):
        known = ", ".join(get_args(Executor))
        raise ValueError(f"executor: expected one of {known}, received {shown(executor)}")


def check_data(data: Any, task: Task) -> None:
    """Refuses samples that the model does not take, and labels that it does not tell."""
    if not isinstance(data, Arrays):
        raise ValueError(f"data: expected Arrays of overair.learning.data, received {kind(data)}")
    for part, x, y in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
        _check_samples(f"data.x_{part}", x, tuple(task.model.inputs[0].shape[1:]))
        _check_labels(f"data.y_{part}", y, len(x), task.outputs)
    most = int(max(data.y_train.max(), data.y_test.max())) + 1
    if not is_whole(data.classes, most):
        raise ValueError(f"data.classes: expected {most} or more, as there are such labels, received {data.classes!r}")


def check_shares(shares: Any, devices: int, samples: int) -> None:
    """Refuses shares that are not a row of indices of samples for each device."""
    if isinstance(shares, Population):
        return
    listed = isinstance(shares, Sequence) and not isinstance(shares, str)
    if not listed and not (isinstance(shares, np.ndarray) and shares.ndim):
        raise ValueError(f"shares: expected the indices of each device's samples in a list, received {kind(shares)}")
    if len(shares) != devices:
        raise ValueError(f"shares: expected one for each of {devices} devices, received {len(shares)}")
    for device, share in enumerate(shares):
        held = _held(share)
        if held.ndim == 1 and not held.size:
            raise ValueError(f"shares: expected at least one sample a device, received none for device {device}")
        if held.ndim != 1 or held.dtype.kind not in "iu" or held.min() < 0 or held.max() >= samples:
            told = f"{held.min()} to {held.max()}" if held.ndim == 1 and held.dtype.kind in "iu" else _told(held, share)
            raise ValueError(f"shares: expected indices from 0 to {samples - 1}, received {told} for device {device}")


def _takes(made: Any, given: Sequence[object]) -> bool:
    """Whether a function takes such arguments, as far as it says."""
    try:
        inspect.signature(made).bind(*given)
    except TypeError:
        return False
    except ValueError:  # of some that are built in
        pass
    return True


def _held(share: Any) -> np.ndarray:
    """The indices of a device; of rows of several lengths an array of objects."""
    try:
        return np.asarray(share)
    except (ValueError, TypeError):
        return np.empty(1, object)


def _told(held: np.ndarray, share: Any) -> str:
    return kind(share if held.dtype == object else held)


def _check_samples(name: str, samples: Any, taken: Shape) -> None:
    if not isinstance(samples, np.ndarray) or samples.dtype.kind not in "fiub" or not samples.ndim:
        raise ValueError(f"{name}: expected a numpy array of numbers, received {kind(samples)}")
    if not len(samples):
        raise ValueError(f"{name}: expected at least one sample, received none")
    known = [taken, (*taken, 1), *([taken[:-1]] if taken[-1:] == (1,) else [])]  # Keras adds and drops a last 1
    if not any(_fits(samples.shape[1:], shape) for shape in known):
        told = ", ".join("any" if size is None else str(size) for size in taken)
        raise ValueError(f"{name}: expected samples [{told}], as the model takes, received {list(samples.shape[1:])}")


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(each in (None, size) for size, each in zip(shape, wanted, strict=True))


def _check_labels(name: str, labels: Any, samples: int, outputs: int) -> None:
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu" or labels.shape != (samples,):
        raise ValueError(f"{name}: expected {samples} whole numbers, one for each sample, received {kind(labels)}")
    if labels.min() < 0 or labels.max() >= outputs:
        raise ValueError(
            f"{name}: expected labels from 0 to {outputs - 1} for a model of {outputs} outputs, "
            f"received {labels.min()} to {labels.max()}"
        )
