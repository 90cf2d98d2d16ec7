"""Partitions: which device holds which samples."""

from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Partition(Protocol):
    """A rule that deals samples to devices. No device is left without any.

    One of your own is a frozen dataclass with this method. Those that serve a cohort have ``by_number(labels, seed)``
    too, which gives what devices of any number have.

    >>> import numpy as np
    >>> from overair.learning.partitions import Partition
    >>> from overair.learning.partitions.iid import Iid
    >>> shares = Iid().split(np.arange(20) % 4, devices=5, seed=0)
    >>> isinstance(Iid(), Partition), len(shares), shares[0].dtype.name, shares[0].shape
    (True, 5, 'int64', (4,))
    """

    def split(self, labels: np.ndarray, devices: int, seed: int) -> list[np.ndarray]:
        """For each device the indices of its samples, int64 [n_k], no sample twice.

        ``labels`` [N] are integers; the same seed deals alike. Raise ValueError where the samples do not serve so many
        devices.
        """
        ...


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Random numbers for one purpose: equal seeds give other numbers elsewhere."""
    if seed < 0:
        raise ValueError(f"seed: expected a number of at least 0, received {seed}")
    return np.random.default_rng([seed, *purpose.encode()])


def check(samples: int, devices: int, each: int = 1, field: str = "devices") -> None:
    """Refuses to deal more samples than there are; ``field`` asks for ``each`` on every device."""
    if devices < 1:
        raise ValueError(f"devices: expected at least 1, received {devices}")
    if devices > samples:
        raise ValueError(
            f"devices: expected at most {samples}, one a sample, received {devices}; use fewer devices or more data"
        )
    if devices * each > samples:
        raise ValueError(
            f"{field}: expected at most {samples // devices}, as {samples} samples go to {devices} devices, "
            f"received {each}; ask for less or use fewer devices"
        )


def deal(labels: np.ndarray, counts: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """Random samples without repetition: ``counts`` [K, C] for each device of each class, in the order of labels."""
    samples, owners = [], []
    for column, label in enumerate(np.unique(labels)):
        owners.append(np.repeat(np.arange(len(counts)), counts[:, column]))
        samples.append(random.permutation(np.flatnonzero(labels == label))[: len(owners[-1])])
    order = np.argsort(np.concatenate(owners), kind="stable")
    dealt = np.concatenate(samples)[order].astype(np.int64)
    return np.split(dealt, np.cumsum(counts.sum(axis=1))[:-1])


FAMILY = Partition  # what each file of this folder is one of

__all__ = ["Partition", "check", "deal", "generator"]
