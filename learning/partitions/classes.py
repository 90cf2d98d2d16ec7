"""Classes (non-IID): each device holds samples of a few classes only."""

from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Gt, Le
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from ...phy import numbered
from ...phy.numbered import Numbered
from ...phy.strict import dataclass
from . import check, deal, generator
from ._by_number import Pool, pooled

ATTEMPTS = 20


@dataclass(frozen=True)
class Classes:
    """Few classes on each device (non-IID).

    Slots, devices x per_device of them, go to the classes so that the fewest samples a slot can have are as many as
    possible, each class getting one where there are enough. Devices then draw different classes at random, weighted by
    the slots left. A device's classes count alike, except where devices would differ in size: samples then move from
    device to class to device, by a maximum flow, until the smallest device is as large as it can be; if it stays below
    the mean, the best of 20 draws is kept. Without ``samples_per_device`` all samples of the classes in use are dealt.
    Of a cohort, each device has ``per_device`` classes that it draws for itself, all as likely, and equally many
    samples of each, or one more of the first.

    These are the shards of McMahan et al., "Communication-efficient learning of deep networks from decentralized data",
    AISTATS 2017, for any numbers and never across classes.

    >>> import numpy as np
    >>> from overair.learning.partitions.classes import Classes
    >>> labels = np.arange(20) % 4
    >>> shares = Classes(per_device=2).split(labels, devices=5, seed=0)
    >>> [np.unique(labels[share]).size for share in shares], [share.size for share in shares]
    ([2, 2, 2, 2, 2], [4, 4, 4, 4, 4])
    """

    per_device: Annotated[int, Gt(0), Le(10**9)] = 2
    """Most classes on a device."""
    samples_per_device: Annotated[int, Gt(0), Le(10**9)] | None = None
    """Samples on a device; all are shared out unless given."""

    def split(self, labels: np.ndarray, devices: int, seed: int) -> list[np.ndarray]:
        check(len(labels), devices, self.samples_per_device or 1, "samples_per_device")
        sizes = np.unique(labels, return_counts=True)[1]  # [C]
        if self.per_device > len(sizes):
            came = f"received {self.per_device}; ask for fewer"
            raise ValueError(f"per_device: expected at most the {len(sizes)} classes of the data, {came}")
        random = generator(seed, "classes")
        slots = _slots(sizes, devices, self.per_device, random)
        used = int(sizes[slots > 0].sum())
        wanted = self.samples_per_device or used // devices
        smallest, holders, counts = 0, np.empty(0), np.empty(0)
        for _ in range(ATTEMPTS):
            drawn = _assign(slots, devices, random)
            reached, filled = _fill_all(drawn, sizes, wanted, random)
            if reached > smallest:
                smallest, holders, counts = reached, drawn, filled
            if smallest == wanted or self.per_device == 1:  # with one class each all draws are alike
                break
        if self.samples_per_device is None:
            counts = _pour(_fill(counts, holders, sizes, smallest + 1), holders, sizes)
        elif smallest < wanted:
            raise ValueError(
                f"samples_per_device: expected at most {smallest} with {self.per_device} of {len(sizes)} classes on "
                f"each of {devices} devices, received {wanted}; ask for fewer, or for more classes per_device"
            )
        return deal(labels, counts, random)

    def by_number(self, labels: np.ndarray, seed: int) -> Pool:
        """What devices of any number have."""
        found = len(np.unique(labels))
        if self.per_device > found:
            came = f"received {self.per_device}; ask for fewer"
            raise ValueError(f"per_device: expected at most the {found} classes of the data, {came}")

        def classes_of(devices: Numbered, samples: int) -> tf.Tensor:
            own = numbered.hashed(devices.key, devices.numbers[:, None], tf.range(2, dtype=tf.int64))  # [C, 2]
            few = numbered.in_order(own[:, None], tf.range(self.per_device)[None], found)  # [C, per_device]
            return tf.gather(few, tf.range(samples) % self.per_device, axis=1)

        return pooled(labels, self.samples_per_device, seed, "classes", classes_of)


def _slots(sizes: np.ndarray, devices: int, per_device: int, random: np.random.Generator) -> np.ndarray:
    """How many devices hold each class [C]: one, and more where sizes/2, sizes/3, ... is largest and at least 1."""
    order = random.permutation(len(sizes))  # equal claims are settled by lot
    claims = sizes[order, None] / np.arange(1, devices + 1)  # [C, K]
    claims[:, 0] = np.inf
    best = np.argsort(-claims, axis=None, kind="stable")[: devices * per_device]
    best = best[claims.flat[best] >= 1]
    return np.bincount(order[best // devices], minlength=len(sizes))


def _assign(slots: np.ndarray, devices: int, random: np.random.Generator) -> np.ndarray:
    """Which device holds which class, bool [K, C]; the devices' numbers of classes differ by at most one."""
    left = slots.astype(float)
    holders = np.zeros([devices, len(slots)], bool)
    for device in range(devices):
        coming = devices - device
        number = -int(-left.sum() // coming)  # those who come first have one more
        weight = np.where(left == coming, np.inf, left)  # infinite: a class that all who come must hold
        taken = np.argsort(random.exponential(size=len(slots)) / np.maximum(weight, 1e-300))[:number]
        holders[device, taken] = True
        left[taken] -= 1
    return random.permutation(holders)


def _fill(counts: np.ndarray, holders: np.ndarray, sizes: np.ndarray, each: int) -> np.ndarray:
    """Counts [K, C] with the devices filled up to ``each`` as far as possible; no device becomes smaller."""
    devices, classes = holders.shape
    source, sink = devices + classes, devices + classes + 1
    device, column = np.nonzero(holders)
    edges = [  # from, to, how much at most
        (np.full(classes, source), devices + np.arange(classes), sizes - counts.sum(axis=0)),
        (devices + column, device, np.full(len(device), each)),
        (device, devices + column, counts[device, column]),
        (np.arange(devices), np.full(devices, sink), each - counts.sum(axis=1)),
    ]
    start, end, room = (np.concatenate(part) for part in zip(*edges, strict=True))
    network = csr_array((room.astype(np.int32), (start, end)), shape=(sink + 1, sink + 1))
    flow = maximum_flow(network, source, sink).flow
    return counts + flow[devices:source, :devices].toarray().T


def _fill_all(holders: np.ndarray, sizes: np.ndarray, most: int, random: np.random.Generator) -> tuple[int, np.ndarray]:
    """The largest size up to ``most`` that all devices can have, and the counts [K, C] that give it to them."""
    held, shared = holders.sum(axis=1, keepdims=True), np.maximum(1, holders.sum(axis=0))
    lots = np.where(holders, random.random(holders.shape), 1)
    rank = np.argsort(np.argsort(lots, axis=1), axis=1)  # which of a device's classes takes odd samples

    def fill(each: int) -> np.ndarray:
        wish = each // held + (rank < each % held)  # equal parts of a device's classes
        return _fill(holders * np.minimum(wish, sizes // shared), holders, sizes, each)

    low, high, size = 1, most, most
    while low < high:
        low, high = (size, high) if fill(size).sum(axis=1).min() == size else (low, size - 1)
        size = (low + high + 1) // 2
    return low, fill(low)


def _pour(counts: np.ndarray, holders: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Counts [K, C] with what is left of each class poured over its holders, the smallest first."""
    counts = counts.copy()
    for column in np.flatnonzero(holders.any(axis=0)):
        left = sizes[column] - counts[:, column].sum()
        mine = np.flatnonzero(holders[:, column])
        now = counts[mine].sum(axis=1)
        order = np.argsort(now, kind="stable")
        mine, now = mine[order], now[order]
        levels = (left + np.cumsum(now)) // np.arange(1, len(now) + 1)  # reached by the first, the first two, ...
        used = np.flatnonzero(now <= levels)[-1] + 1
        more = levels[used - 1] - now[:used]
        more[: left - more.sum()] += 1
        counts[mine[:used], column] += more
    return counts
