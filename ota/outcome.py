"""What a round brings: an estimate, what it cost, and what was received."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from ..phy.documented import documented
from .apart import Separate

Nest = Any  # a nest of tensors


@documented
class Report(NamedTuple):
    """What a round cost and what came of it.

    Energies are in units of P, airtime in seconds; ``bits``, ``payload`` and ``pilots`` are of all devices together.

    >>> import tensorflow as tf
    >>> from overair.ota import Ideal, Report, Round, Terms, apply
    >>> from overair.phy import Air, Awgn, Grid, keys
    >>> round = Round(Terms(Air(Grid(), Awgn(), devices=5), size=10, elements=5), keys.key(0), tf.fill([5], 0.2))
    >>> _, _, report = apply(Ideal(), (), round, tf.ones([5, 10]))
    >>> isinstance(report, Report), float(report.nmse), report.decoded.numpy().tolist()
    (True, 0.0, [True, True, True, True, True])
    """

    nmse: tf.Tensor  # |estimate - sum_k w_k u_k|^2 / |sum_k w_k u_k|^2, of all entries or of a layer
    nmse_sent: tf.Tensor  # the same against what the air should have delivered: after feedback and selection
    energy: tf.Tensor  # measured, per granted resource element, sounding included, [K]
    decoded: tf.Tensor  # bool [K]
    bits: tf.Tensor  # payload, side information and channel feedback of all devices
    payload: tf.Tensor  # resource elements that carried data
    pilots: tf.Tensor  # resource elements granted to pilots
    airtime: tf.Tensor  # seconds
    free_bits: tf.Tensor  # those of the bits that take no elements: side information and channel feedback
    silent: tf.Tensor  # share of those that take part that sends nothing: no bit fits, or the rule says so; NaN of none
    unheard: tf.Tensor  # share of them that is not decoded, the silent ones included
    papr_db: tf.Tensor  # mean over devices that send, where the terms ask for it; NaN elsewhere
    sending: Nest = ()  # seconds that each device sends, [K], where packets have fixed bits


@documented
class ReceivedSum(NamedTuple):
    """What an uplink received that decodes a sum of symbols.

        estimate = decode(symbols, 0);   through noise of variance v a real number besides: decode(symbols + noise, v).

    With it a downlink may broadcast what was received and not what was decoded.

    >>> import tensorflow as tf
    >>> from overair.ota import Analog, ReceivedSum, Round, Terms, collect
    >>> from overair.phy import Air, Awgn, Grid, keys
    >>> terms = Terms(Air(Grid(), Awgn(), devices=5), size=10, elements=5)
    >>> place, some = terms.air.init(keys.key(0)), lambda devices: (tf.ones([5, 10]), tf.zeros([5]))  # updates, losses
    >>> link = terms.air.draw(place, keys.key(1), time=0.0, slots=1, snr_db=20.0)
    >>> round = Round(terms, keys.key(2), tf.fill([5], 0.2), link)
    >>> outcome, _ = collect(Analog(), Analog().init(terms, place), round, some, tf.range(5), chunk=5)
    >>> isinstance(outcome.received, ReceivedSum), outcome.received.symbols.shape
    (True, TensorShape([5]))
    """

    symbols: tf.Tensor  # [M]
    decode: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # symbols [M], variance of further noise a real number -> [d]


@documented
class Outcome(NamedTuple):
    """What a round brings.

        estimate ~ sum_k w_k u_k.

    >>> import tensorflow as tf
    >>> from overair.ota import Ideal, Outcome, Round, Terms, collect
    >>> from overair.phy import Air, Awgn, Grid, keys
    >>> round = Round(Terms(Air(Grid(), Awgn(), devices=5), size=10, elements=5), keys.key(0), tf.fill([5], 0.2))
    >>> updates = lambda devices: (tf.ones([tf.size(devices), 10]), tf.zeros(tf.size(devices)))  # and what is beside
    >>> outcome, _ = collect(Ideal(), (), round, updates, tf.range(5), chunk=5)
    >>> isinstance(outcome, Outcome), outcome.estimate.shape
    (True, TensorShape([10]))
    """

    estimate: tf.Tensor  # of the weighted sum, [d]
    state: Nest  # of the uplink, for the next round
    report: Report  # errors and costs
    received: ReceivedSum | None = None  # symbols, of an uplink that decodes a sum
    apart: Separate | None = None  # estimates of single devices or groups, where the terms ask for them
