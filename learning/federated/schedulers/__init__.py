"""Schedulers: who computes and who sends in a round, and with which weights."""

import math
from collections.abc import Callable
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from ....ota.round import Nest
from ....ota.terms import Access
from ....phy.documented import documented
from ....phy.keys import Key


@documented
class Plan(NamedTuple):
    """Who does what in a round, of K devices.

    Updates u_k add up to sum_k w_k u_k by their weights. Who works and has no weight computes, and sends nothing.

    >>> import tensorflow as tf
    >>> from overair.learning import Plan
    >>> plan = Plan(weights=tf.constant([0.5, 0.0, 0.5]), works=tf.constant([True, False, True]))
    >>> plan.turn is None and plan.lasts is None and not plan.mixes
    True
    """

    weights: tf.Tensor  # in the sum of updates, zero of those that are silent, [K]
    works: tf.Tensor  # who computes an update, all that send among them, bool [K]
    shares: tf.Tensor | None = None  # of the band, of those that send; equal unless given, [K]
    turn: tf.Tensor | None = None  # who sends first, second, ... of those that send in turn, int32 [K]
    wait: tf.Tensor | None = None  # seconds that a round lasts in which nobody sends
    lasts: tf.Tensor | None = None  # seconds of the round, where nobody is waited for; with it the next two
    ages: tf.Tensor | None = None  # steps of the server since the models began that send, [K]
    newest: tf.Tensor | None = None  # who begins again with the model after this round, bool [K]
    mixes: bool = False  # whether their models are mixed with the server's, instead of differences added


def nothing(*asked: tf.Tensor | float) -> tf.Tensor:
    """What a scheduler sees that says not that it looks."""
    raise ValueError(
        "sight: expected a scheduler that says what it looks at, received one that does not; see Scheduler"
    )


@documented
class Sight(NamedTuple):
    """What a server may look at before it chooses.

    What costs something to know is a function, which only a scheduler calls that says that it looks.

    >>> import tensorflow as tf
    >>> from overair.learning import Sight
    >>> def rates():
    ...     return tf.constant([1.0, 2.0])  # bits an element
    >>> sight = Sight(tf.fill([2], 0.5), rates, norms=lambda works: tf.cast(works, tf.float32), airtime=0.5)
    >>> sight.uploads().numpy().tolist()  # seconds
    [0.5, 0.25]
    """

    shares: tf.Tensor  # n_k / n, [K]
    rates: Callable[[], tf.Tensor]  # bits that the grant's elements carry, on average, as the receiver believes, [K]
    norms: Callable[[tf.Tensor], tf.Tensor]  # from who computes, bool [K], to their n_k / n |u_k|, 0 of others, [K]
    ready: Callable[[], tf.Tensor] = nothing  # seconds until each has computed, [K]
    airtime: float = 0.0  # seconds of a packet alone on the whole band at a bit an element; 0 where a grant is fixed
    besides: float = 0.0  # seconds that a round takes beside computing and packets of fixed bits
    delivered: Callable[[tf.Tensor, float], tf.Tensor] = nothing  # norms of what arrives on such a share of the grant

    def uploads(self) -> tf.Tensor:
        """Seconds that each sends alone on the whole band, infinite of a link that carries nothing; float64 [K]."""
        rates = tf.cast(self.rates(), tf.float64)
        return tf.where(rates > 0, tf.math.divide_no_nan(tf.constant(self.airtime, tf.float64), rates), math.inf)


@documented
@runtime_checkable
class Scheduler(Protocol):
    """Who computes and who sends in a round, and with which weights.

    Links are drawn before the plan and do not depend on it. What it looks at it says in ``sees_links``,
    ``sees_updates``, ``sees_times`` and ``delivers``. One of your own is a frozen dataclass with these methods; all
    draws come from the key.

    >>> import tensorflow as tf
    >>> from overair.learning import Random, Scheduler, Sight
    >>> from overair.phy import keys
    >>> scheduler = Random(senders=1)
    >>> sight = Sight(tf.fill([4], 0.25), rates=lambda: tf.ones([4]), norms=lambda works: works)
    >>> plan, state = scheduler.plan(scheduler.init(4, keys.key(0)), sight, keys.key(1))
    >>> isinstance(scheduler, Scheduler), plan.weights.shape, plan.weights.dtype.name, plan.works.dtype.name
    (True, TensorShape([4]), 'float32', 'bool')
    """

    sees_links: ClassVar[bool]  # whether it asks for rates: rounds then have a link, also of uplinks without air
    sees_updates: ClassVar[bool]  # whether it asks for norms: those asked compute, and report a float32 each
    sees_times: ClassVar[bool]  # whether it asks how long devices take: their hardware must then be known
    delivers: ClassVar[bool]  # whether it asks what of updates would arrive: a digital uplink's compressor says so
    access: ClassVar[Access]  # to the band, where packets have fixed bits
    stale: ClassVar[bool]  # whether devices go on with the models that they began with, and nobody is waited for
    unbiased: ClassVar[bool]  # whether weights are n_k / n on average, over rounds of the same updates

    @property
    def participation(self) -> float | None:
        """Of each device in each round, by itself and whatever its channel; None where there is no one such chance."""
        ...

    def check(self, devices: int) -> None:
        """Raise ValueError where this is nothing for so many devices, K."""
        ...

    def init(self, devices: int, key: Key) -> Nest:
        """The state before the first round, a nest of tensors of static shapes; ``()`` where nothing is remembered."""
        ...

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        """The plan of a round, and the state after it; the key is of the round.

        In graph. The plan has weights float32 [K], 0 for who is silent, and
        ``works`` bool [K]; the state has the shapes and types that it came with.
        """
        ...

    def learn(self, state: Nest, decoded: tf.Tensor) -> Nest:
        """The state when it is known who was decoded, bool [K]; in graph."""
        ...


@documented
@runtime_checkable
class InTime(Scheduler, Protocol):
    """A scheduler that looks at times: how long devices compute and send.

    It has ``check_times`` besides, by which it refuses what would never end in time.

    >>> from overair.learning import Deadline, Random
    >>> from overair.learning.federated.schedulers import InTime
    >>> isinstance(Deadline(), InTime), isinstance(Random(), InTime)
    (True, False)
    """

    def check_times(self, least: float, besides: float, fixed_bits: bool) -> None:
        """Raise ValueError where such grants do not do, or seconds of the fastest device with what comes besides.

        ``least`` are seconds of computing of the fastest device, ``besides`` those that a round takes beside computing
        and packets, and ``fixed_bits`` says whether packets have fixed bits (``grant.bits``).
        """
        ...


FAMILY = Scheduler  # what each file of this folder is one of

__all__ = ["InTime", "Plan", "Scheduler", "Sight"]
