"""Devices that are not waited for: each trains from the model that it last began with, [K, d] less the server's.

When the server has moved by D = x_{t+1} - x_t, whoever is under way is D further from it. Who begins in this round
begins with x_t, or, where its update completed the step, with x_{t+1}. An update is the difference x_start - y.
Adding differences is FedBuff; mixing models as FedAsync does, x <- (1 - w) x + w y, moves by w (x_t - x_start) besides.
"""

import tensorflow as tf

from ...ota import Analog, Outcome, Terms, Uplink
from ...ota.terms import check_kept, remembering
from .algorithms import Algorithm
from .downlinks import Downlink
from .effort import Effort
from .schedulers import Plan, Scheduler
from .server import Served
from .task import Weights, flatten


def check(
    scheduler: Scheduler, downlink: Downlink, algorithm: Algorithm, uplink: Uplink, terms: Terms, effort: Effort
) -> None:
    """Refuses what does not go with devices that are not waited for."""
    if not scheduler.stale:
        return
    if downlink.own_models:
        raise ValueError(
            "downlink: expected ideal with a scheduler that waits for nobody, whose devices have old models anyway, "
            f"received {type(downlink).__name__.lower()}"
        )
    if effort.stragglers:
        raise ValueError(
            "effort.stragglers: expected 0 with a scheduler that waits for nobody, as what a device manages is drawn "
            f"in every round that it is under way, received {effort.stragglers:g}; set effort.paces, which last"
        )
    if isinstance(uplink, Analog) and (buffer := getattr(scheduler, "buffer", 1)) > 1:
        raise ValueError(
            "scheduler.buffer: expected 1 with an analog uplink, which cannot add what is sent at different times, "
            f"received {buffer}; take slotted, whose devices send together, or a digital uplink"
        )
    if found := remembering(uplink):
        raise ValueError(
            f"uplink.{found[0]}: expected one that does without the last estimate with a scheduler that waits for "
            f"nobody, by which devices under way do not hear it, received {found[1]}"
        )
    if getattr(scheduler, "mixes", False) and not algorithm.moves:
        raise ValueError(
            f"scheduler.mixes: expected false with {type(algorithm).__name__.lower()}, whose devices have no models of "
            "their own to mix, received true; take fedavg"
        )
    if terms.apart and not terms.separate:
        raise ValueError(
            "aggregator: expected mean with a scheduler that waits for nobody, whose updates count by their ages, "
            f"received {type(terms.aggregator).__name__}"
        )
    devices, size = terms.air.devices, terms.size
    told = f"{devices} devices x {size} parameters"
    check_kept("scheduler", "models that devices began with", devices * size, told)


def start(terms: Terms) -> tf.Tensor:
    """Everybody has the server's model, [K, d]."""
    return tf.zeros([terms.air.devices, terms.size])


def estimate(outcome: Outcome, drift: tf.Tensor, plan: Plan) -> tf.Tensor:
    """What the server moves by, [d]: with how far it has gone since those who are decoded began, where models mix."""
    if not plan.mixes:
        return outcome.estimate
    weights = tf.where(outcome.report.decoded, plan.weights, 0.0)
    return outcome.estimate - tf.linalg.matvec(drift, weights, transpose_a=True)


def after(drift: tf.Tensor, before: Weights, served: Served, plan: Plan) -> tf.Tensor:
    """The models that devices began with, less the server's, after its step, [K, d]."""
    assert plan.newest is not None
    moved = flatten([*served.weights.trainable, *served.weights.statistics])
    moved -= flatten([*before.trainable, *before.statistics])
    begun = tf.where(plan.works[:, None], 0.0, drift) - moved
    return tf.where(plan.newest[:, None], 0.0, begun)
