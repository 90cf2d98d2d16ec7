"""A federation: devices with shares of data that train one Keras model over an uplink, one compiled round at a time.

A round, in the order of ``_round``: the round's link; who takes part; each device's update, sent over the uplink; the
server's step; what of it reaches the devices over the downlink; what it cost. Devices are computed in chunks and the
uplink keeps running sums, so nothing grows with devices x parameters, unless a downlink has noise: then each device has
a model of its own, [K, d].
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ...ota import Report, Round, Terms, Uplink, collect
from ...ota.quality import rates
from ...ota.round import Nest
from ...phy import Air, Link, Place, keys
from ...phy.keys import Key
from ..data import Arrays
from .algorithms import Algorithm
from .devices import Devices, Executor, Seen
from .downlinks import Downlink
from .downlinks.ideal import IdealDownlink
from .population import Population
from .schedulers import Plan, Scheduler, Sight
from .schedulers.coins import Coins
from .server import Server
from .task import Task, Weights

IDEAL = IdealDownlink()
REPORT_BITS = 32.0  # what a device tells of its update where the schedule depends on it


class State(NamedTuple):
    """Everything a run carries from round to round."""

    round: tf.Tensor  # int64
    weights: Weights
    optimizer: list[tf.Tensor]
    uplink: Nest
    place: Place
    drift: tf.Tensor  # devices' models less the server's, [K, d]; [0, d] where all have the server's
    scheduler: Nest


class Metrics(NamedTuple):
    """Scalars of one round."""

    train_loss: tf.Tensor  # mean over those that took part
    nmse: tf.Tensor
    nmse_sent: tf.Tensor
    energy: tf.Tensor  # mean over devices, per granted resource element
    energy_max: tf.Tensor
    decoded: tf.Tensor
    bits: tf.Tensor
    resource_elements: tf.Tensor
    pilot_elements: tf.Tensor
    downlink_elements: tf.Tensor
    airtime: tf.Tensor  # of both ways
    free_bits: tf.Tensor
    silent: tf.Tensor
    unheard: tf.Tensor
    papr_db: tf.Tensor
    finite: tf.Tensor  # bool


class Federation:
    """One scenario, compiled once; seeds and SNRs are inputs of its round."""

    def __init__(
        self,
        model_factory: Callable[[int], keras.Model],
        data: Arrays,
        shares: Sequence[np.ndarray] | Population,
        algorithm: Algorithm,
        uplink: Uplink,
        air: Air,
        elements: int,
        optimizer: Callable[[], keras.optimizers.Optimizer],
        participation: float = 1.0,
        batch_size: int | None = None,
        executor: Executor = "auto",
        chunk: int | None = None,
        loss: keras.losses.Loss | None = None,
        downlink: Downlink = IDEAL,
        papr: bool = False,
        layer: int | None = None,
        scheduler: Scheduler | None = None,
    ) -> None:
        if scheduler and participation != 1:
            raise ValueError(f"participation: expected 1 with a scheduler, received {participation}; leave out one")
        self.model_factory, self.uplink, self.downlink = model_factory, uplink, downlink
        self.task = Task(model_factory(0), loss)
        chance = scheduler.participation if scheduler else participation
        self.population = shares if isinstance(shares, Population) else None
        cohort = self.population is not None
        self.terms = Terms(air, self.task.size, elements, chance, self.task.layers, papr, layer, cohort)
        self.scheduler = scheduler or Coins(participation)
        self.scheduler.check(air.devices)
        uplink.check(self.terms)
        if isinstance(shares, Population):
            shares.check(air, scheduler, downlink)
        elif len(shares) != air.devices:
            raise ValueError(f"shares: expected one for each of {air.devices} devices, received {len(shares)}")
        own, devices = downlink.own_models, air.devices
        self.devices = Devices(self.task, algorithm, data, shares, batch_size, executor, own, devices)
        self.vectorized = self.devices.vectorized
        self.chunk = min(air.devices, chunk or self.devices.fitting(air, self._twice))
        self._x_test, self._y_test = tf.constant(data.x_test), tf.constant(data.y_test)
        made = optimizer()
        self.server = Server(self.task, made)
        downlink.check(uplink, self.terms, made)
        self._broadcast = downlink.elements(uplink, self.terms)  # resource elements

    def init(self, seed: int) -> State:
        """The state before the first round: initial weights, places and what lasts depend on the seed alone."""
        place = self.terms.air.init(keys.key(seed, "place"))
        weights = self.task.weights(self.model_factory(seed))
        uplink, drift = self.uplink.init(self.terms, place), self.downlink.init(self.terms)
        scheduler = self.scheduler.init(self.terms.air.devices, keys.key(seed, "scheduler"))
        return State(tf.zeros([], tf.int64), weights, self.server.start, uplink, place, drift, scheduler)

    def step(self, state: State, seed: int, snr_db: float) -> tuple[State, Metrics]:
        """One round."""
        return self._round(state, tf.constant(seed, tf.int64), tf.constant(snr_db, tf.float32))

    def evaluate(self, state: State) -> tuple[tf.Tensor, tf.Tensor]:
        """Accuracy and mean loss on the test set of the models that devices have.

        It is the server's where the downlink is ideal. Else this is the mean over devices, or over the same ten of them
        where there are more; ``evaluate_server`` tells what the server's own would do.
        """
        accuracy, loss = self._score_devices(state.weights, state.drift)
        return accuracy, loss

    def evaluate_server(self, state: State) -> tuple[tf.Tensor, tf.Tensor]:
        """Accuracy and mean loss on the test set of the server's model, which no noise of a downlink reaches."""
        return self.task.evaluate(state.weights, self._x_test, self._y_test)

    @tf.function(autograph=False)
    def _score_devices(self, weights: Weights, drift: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def score(weights: Weights) -> tf.Tensor:
            return tf.stack(self.task.evaluate(weights, self._x_test, self._y_test))

        mean = self.downlink.score(score, weights, drift)
        return mean[0], mean[1]

    @tf.function(autograph=False)
    def _round(self, state: State, seed: tf.Tensor, snr_db: tf.Tensor) -> tuple[State, Metrics]:
        key = keys.key(seed, "round", state.round)
        numbers = self.population and self.population.cohort(keys.fold(key, "participation"), self.terms.air.devices)
        link = self._link(state if numbers is None else state._replace(place=state.place.of(numbers)), key, snr_db)

        def model_of(device: tf.Tensor) -> Weights:
            return self.downlink.model(state.weights, state.drift, device)

        shares = self.devices.shares
        updates_of = Seen(self.devices.updates_of(model_of, key, numbers), shares, self.chunk)
        sight = Sight(shares, lambda: rates(Round(self.terms, key, shares, link)), updates_of.norms)
        plan, planned = self.scheduler.plan(state.scheduler, sight, keys.fold(key, "participation"))
        round, devices = Round(self.terms, key, plan.weights, link), tf.where(plan.weights > 0)[:, 0]
        outcome, loss = collect(self.uplink, state.uplink, round, updates_of, devices, self.chunk)
        served = self.server.step(state.weights, state.optimizer, outcome.estimate)
        drift = self.downlink.step(state.drift, outcome, served, key)

        loss = tf.math.divide_no_nan(loss, tf.cast(tf.size(devices), tf.float32))
        numbers = [loss, outcome.estimate, drift, *served.weights.trainable, *served.weights.statistics]
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(number)) for number in numbers])
        learnt = self.scheduler.learn(planned, outcome.report.decoded)
        after = State(state.round + 1, served.weights, served.optimizer, outcome.state, state.place, drift, learnt)
        return after, self._metrics(loss, self._told(outcome.report, plan), finite)

    @property
    def _twice(self) -> bool:
        """Whether updates are asked for twice, of which it is best to keep as many as fit."""
        return self.scheduler.sees_updates or self.uplink.probes(self.terms)

    def _told(self, report: Report, plan: Plan) -> Report:
        """With what devices report of their updates before it is known who sends."""
        if not self.scheduler.sees_updates:
            return report
        told = REPORT_BITS * tf.reduce_sum(tf.cast(plan.works, tf.float32))
        return report._replace(bits=report.bits + told, free_bits=report.free_bits + told)

    def _link(self, state: State, key: Key, snr_db: tf.Tensor) -> Link | None:
        if not (self.uplink.uses_air or self.scheduler.sees_links):
            return None
        time = tf.cast(state.round, tf.float64) * self.terms.airtime
        return self.terms.air.draw(state.place, keys.fold(key, "link"), time, self.terms.slots, snr_db)

    def _of_all(self, mean: tf.Tensor) -> tf.Tensor:
        """The mean over all devices, of which those without a part in the round spend nothing."""
        return mean * self.terms.air.devices / self.population.devices if self.population else mean

    def _metrics(self, loss: tf.Tensor, report: Report, finite: tf.Tensor) -> Metrics:
        grid = self.terms.air.grid
        return Metrics(
            train_loss=loss,
            nmse=report.nmse,
            nmse_sent=report.nmse_sent,
            energy=self._of_all(tf.reduce_mean(report.energy)),
            energy_max=tf.reduce_max(report.energy),
            decoded=tf.reduce_sum(tf.cast(report.decoded, tf.float32)),
            bits=report.bits,
            resource_elements=report.payload,
            pilot_elements=report.pilots,
            downlink_elements=tf.constant(self._broadcast, tf.float32),
            airtime=report.airtime + grid.slots(self._broadcast) * grid.slot_seconds,
            free_bits=report.free_bits,
            silent=report.silent,
            unheard=report.unheard,
            papr_db=report.papr_db,
            finite=finite,
        )
