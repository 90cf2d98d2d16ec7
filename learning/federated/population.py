"""Very many devices, of which a cohort takes part in a round: nothing of a round grows with how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import tensorflow as tf

from ...phy import Air, check_cohorts, numbered
from ...phy.documented import documented
from ...phy.keys import Key
from .algorithms import Algorithm
from .attackers import Attacker
from .downlinks import Downlink
from .effort import Effort
from .protections import Protection
from .schedulers import Scheduler
from .schedulers.cohort import Cohort

MOST = 2**40  # devices
Told = TypeVar("Told", bound=Any)  # metrics, which say the energy of a device


class Pool(Protocol):
    """What devices of any number have."""

    @property
    def samples(self) -> int:
        """Of a device."""
        ...

    def indices(self, numbers: tf.Tensor) -> tf.Tensor:
        """The samples of the training data that devices [C] have, [C, S]."""
        ...


@documented
@dataclass(frozen=True)
class Population:
    """So many devices, and what each has by its number; in place of a share for each.

    Of very many devices a cohort takes part in a round: nothing of a round grows with how many there are. Who takes
    part are the first C of a pseudo-random order of all K numbers, which the round's key names: no device twice, and
    every set of C as likely. What a device has and where it is are functions of its number, so that whoever is met
    again is the same. Every device has as many samples, so the sum of the cohort's updates over C, which is n_k/n over
    the chance C/K, is the mean of all on average; with S^2 the variance among all K updates its variance is S^2 (1/C -
    1/K).

    Given to a ``Federation`` as its shares, with the scheduler ``Cohort(senders=C)`` and an air of C devices. The pool
    is that of a partition: ``Iid(samples_per_device=20).by_number(labels, seed)``.

    >>> import numpy as np
    >>> from overair.learning import Population
    >>> from overair.learning.partitions.iid import Iid
    >>> from overair.phy import keys
    >>> population = Population(devices=10**9, pool=Iid(samples_per_device=5).by_number(np.zeros(100, int), seed=0))
    >>> numbers = population.cohort(keys.key(0), count=3)
    >>> numbers.shape, numbers.dtype.name, population.pool.indices(numbers).shape
    (TensorShape([3]), 'int64', TensorShape([3, 5]))
    """

    devices: int  # how many there are in all, K
    pool: Pool  # which samples a device has, by its number

    def __post_init__(self) -> None:
        if not 1 <= self.devices <= MOST:
            raise ValueError(f"population: expected 1 to {MOST} devices, received {self.devices}")

    def cohort(self, key: Key, count: int) -> tf.Tensor:
        """The numbers of those who take part, int64 [C]."""
        return numbered.in_order(key, tf.range(count), self.devices)

    def of_all(self, told: Told, cohort: int) -> Told:
        """A round's metrics: mean energy is over all devices, of which those without a part in it spend nothing."""
        return told._replace(energy=told.energy * cohort / self.devices)

    def check(
        self,
        air: Air,
        scheduler: Scheduler | None,
        downlink: Downlink,
        algorithm: Algorithm,
    ) -> None:
        """Raise ValueError where a round is not one of a cohort, or something lasts that is no function of a number."""
        check_cohorts(air)
        if air.devices > self.devices:
            raise ValueError(
                f"air.devices: expected at most all {self.devices} devices in a cohort, received {air.devices}"
            )
        if not isinstance(scheduler, Cohort) or scheduler.senders != air.devices:
            raise ValueError(
                f"scheduler: expected a cohort of {air.devices} senders, as many as air.devices, for a population of "
                f"{self.devices}, received {scheduler}"
            )
        if algorithm.vectors:
            raise ValueError(
                "algorithm: expected one whose devices keep nothing, such as fedavg or fednova, with a cohort, "
                f"whose devices are others in every round, received {type(algorithm).__name__.lower()}"
            )
        if downlink.own_models:
            raise ValueError(
                "downlink: expected ideal with a cohort, as models that all of very many devices keep would be needed, "
                f"received {type(downlink).__name__}"
            )

    def check_single(self, effort: Effort, attackers: Attacker | None, protection: Protection | None) -> None:
        """Raise ValueError where single devices, which a number does not tell, would be slow, bad or counted."""
        given = {"effort.paces": effort.paces, "attackers": attackers, "protection": protection}
        for name, there in given.items():
            if there:
                raise ValueError(
                    f"{name}: expected none with a cohort, whose devices are others in every round and known by their "
                    f"numbers alone, received {there}; leave it out, or take the scheduler random"
                )


class Dealt:
    """The shares of devices that are all there, of samples held in the order of devices."""

    def __init__(self, shares: Sequence[np.ndarray]) -> None:
        for device, share in enumerate(shares):
            if len(share) == 0:
                raise ValueError(f"shares: expected at least one sample a device, received none for device {device}")
        self.sizes = np.array([len(share) for share in shares])
        self.order: np.ndarray | slice = np.concatenate(shares)
        self._first = tf.constant(np.cumsum(self.sizes) - self.sizes, tf.int32)  # [K]

    def rows(self, devices: tf.Tensor, positions: tf.Tensor, numbers: tf.Tensor | None) -> tf.Tensor:
        """Where samples are held, from positions [C, S, B] within the shares of devices [C]."""
        return tf.gather(self._first, devices)[:, None, None] + positions


class Pooled:
    """The shares of a cohort, by the numbers of its devices, of samples held once."""

    def __init__(self, population: Population, cohort: int) -> None:
        self.sizes = np.full(cohort, population.pool.samples)
        self.order: np.ndarray | slice = slice(None)
        self._indices = population.pool.indices

    def rows(self, devices: tf.Tensor, positions: tf.Tensor, numbers: tf.Tensor | None) -> tf.Tensor:
        """Where samples are held, from positions [C, S, B] within the shares of devices [C] of numbers [K]."""
        return tf.gather(self._indices(tf.gather(numbers, devices)), positions, batch_dims=1)


def held(shares: Sequence[np.ndarray] | Population, devices: int) -> Dealt | Pooled:
    """Who holds what among so many devices of a round."""
    return Pooled(shares, devices) if isinstance(shares, Population) else Dealt(shares)


def sizes(shares: Sequence[np.ndarray] | Population, devices: int) -> list[int]:
    """How many samples each device of a round has."""
    return [shares.pool.samples] * devices if isinstance(shares, Population) else [len(share) for share in shares]
