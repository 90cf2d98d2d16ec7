"""What a server sees of a round, whatever it needs: each update, the means of groups, or the sum alone."""

from typing import Any, ClassVar, NamedTuple

import tensorflow as tf

from ..phy.strict import dataclass
from .aggregators.mean import Mean
from .collection import collect
from .groups import by_groups, members
from .round import Nest, Outcome, Round, at_devices
from .terms import Terms
from .uplinks._alone import alone
from .uplinks.analog import Analog


class Overheard(NamedTuple):
    """Vectors seen, in units of an update, and in which of them each device is."""

    points: tf.Tensor  # [V, d]: an update, or the mean of those that are in it
    behind: tf.Tensor  # [K]


@dataclass(frozen=True)
class Onlooker(Mean):
    """The rule of terms under which separate estimates are kept and looked at, and their mean is taken.

    An ideal or a digital uplink shows each device's update. An analog one shows sums, unless there are as many antennas
    as devices that send at once: then zero forcing shows each, whatever combiner the scheme itself uses.
    """

    apart: ClassVar[bool] = True


def rule_of(uplink: Any) -> Onlooker | None:
    """The aggregator of terms that an uplink shows all under that it can."""
    return Onlooker() if uplink.apart else None


def together(uplink: Any, terms: Terms) -> int:
    """How many devices are in one vector that is seen, all taking part; at most."""
    if not isinstance(uplink, Analog):
        return 1
    most = -(-terms.air.devices // uplink.groups)
    return 1 if terms.air.antennas >= most else most


def overhear(uplink: Any, state: Nest, round: Round, updates: tf.Tensor) -> Overheard:
    """What is seen of a round in which all devices send their updates [K, d], under terms with the uplink's rule."""
    devices = tf.range(round.terms.air.devices)
    single = isinstance(uplink, Analog) and together(uplink, round.terms) == 1
    rows = tf.zeros_like(updates)

    def one_sum(state: Nest, part: Round, some: tf.Tensor, rows: tf.Tensor) -> tuple[Outcome, tf.Tensor]:
        own = tf.gather(updates, some)
        acc = _received(uplink, state, part, some, own)
        if single:
            rows = tf.tensor_scatter_nd_update(rows, some[:, None], alone(uplink, acc, part, some, own))
        return uplink.end(acc, state, part), rows

    if not isinstance(uplink, Analog):

        def updates_of(some: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return tf.gather(updates, some), tf.zeros(tf.shape(some))

        outcome, _ = collect(uplink, state, round, updates_of, devices, round.terms.air.devices)
        assert outcome.apart is not None  # under the rule that the terms have
        return Overheard(outcome.apart.points, devices)
    if uplink.groups > 1:
        outcome, rows = by_groups(uplink.groups, state, round, devices, one_sum, rows)
    else:
        outcome, rows = one_sum(state, round, devices, rows)
    if single:
        return Overheard(rows, devices)
    if outcome.apart is not None:
        return Overheard(outcome.apart.points, members(round, uplink.groups))
    return Overheard(outcome.estimate[None] / tf.reduce_sum(round.weights), tf.zeros_like(devices))


def _received(uplink: Analog, state: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
    """After devices have sent."""

    def probe(question: Any, nothing: Nest = None) -> Nest:
        answer = question(devices, updates)
        if nothing is None:
            return at_devices(devices, answer, round.weights)
        return tf.nest.map_structure(tf.add, nothing, answer)

    return uplink.add(uplink.begin(state, round, probe), round, devices, updates)
