"""What a federation is given: arrays, shares and numbers that rounds can work with, or a complaint in a line."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from ..data import Arrays
from .devices import Executor
from .population import Population
from .task import Task

Shape = tuple[int | None, ...]


def check_parts(model_factory: Any, optimizer: Any, parts: Mapping[str, tuple[type, object, str]]) -> None:
    """Refuses a model or an optimizer where a function that makes one is meant, and parts of another kind.

    ``parts``: by name the interface, what was given, and an example.
    """
    for name, made, example in (
        ("model_factory", model_factory, "lambda seed: keras.Sequential([...])"),
        ("optimizer", optimizer, "lambda: keras.optimizers.SGD(1.0)"),
    ):
        if not callable(made) or hasattr(made, "variables"):
            raise ValueError(f"{name}: expected a function that makes one, such as {example}, received {kind(made)}")
    for name, (wanted, part, example) in parts.items():
        if isinstance(part, type) or not isinstance(part, wanted):
            raise ValueError(f"{name}: expected an object such as {example}, received {kind(part)}")


def check_numbers(elements: Any, batch_size: Any, chunk: Any, executor: Any) -> None:
    """Refuses sizes that are no sizes, and executors that there are not."""
    if not is_whole(elements, 1):
        raise ValueError(f"grant.elements: expected at least 1 resource element, received {elements!r}")
    for name, value in (("batch_size", batch_size), ("chunk", chunk)):
        if value is not None and not is_whole(value, 1, 2**31 - 1):
            raise ValueError(f"{name}: expected a whole number from 1 to 2^31 - 1 or None, received {value!r}")
    if executor not in (known := get_args(Executor)):
        raise ValueError(f"executor: expected one of {', '.join(known)}, received {executor!r}")


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
    if not isinstance(shares, Sequence | np.ndarray) or isinstance(shares, str):
        raise ValueError(f"shares: expected the indices of each device's samples in a list, received {kind(shares)}")
    if len(shares) != devices:
        raise ValueError(f"shares: expected one for each of {devices} devices, received {len(shares)}")
    for device, share in enumerate(shares):
        held = np.asarray(share)
        if held.ndim == 1 and not held.size:
            raise ValueError(f"shares: expected at least one sample a device, received none for device {device}")
        if held.ndim != 1 or held.dtype.kind not in "iu" or held.min() < 0 or held.max() >= samples:
            told = f"{held.min()} to {held.max()}" if held.ndim == 1 and held.dtype.kind in "iu" else kind(held)
            raise ValueError(f"shares: expected indices from 0 to {samples - 1}, received {told} for device {device}")


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


def is_whole(value: Any, least: int, most: int = 2**63 - 1) -> bool:
    """Whether it is a whole number between two, of Python or numpy."""
    return (
        isinstance(value, int | np.integer) and not isinstance(value, bool) and least <= operator.index(value) <= most
    )


def kind(value: Any) -> str:
    """What something is, in few words."""
    if isinstance(value, np.ndarray):
        return f"an array {list(value.shape)} of {value.dtype}"
    return f"the class {value.__name__}" if isinstance(value, type) else f"{type(value).__name__} {str(value)[:40]!r}"
