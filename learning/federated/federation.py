"""A federation: devices with shares of data that train one Keras model over an uplink, one compiled round at a time."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from ...ota import AggregationRule, Report, Round, Uplink, collect
from ...ota.apart import counted
from ...ota.forms import forms
from ...ota.terms import check_participation
from ...phy import Air, Link, keys
from ...phy.inputs import seed_of, snr_of
from ...phy.keys import Key
from ..data import Arrays
from . import fitting, rows, stale
from .algorithms import Algorithm, Heard
from .attackers import Attacker
from .clipping import task_of
from .clock import Spent, besides, unknown
from .devices import Devices, Executor, Seen
from .downlinks import Downlink
from .downlinks.ideal import IdealDownlink
from .effort import Effort
from .evaluation import Evaluates, Evaluation
from .given import check_factories, check_made, check_numbers, check_parts
from .hardware import Hardware, Work
from .metrics import Metrics, metrics
from .population import Population
from .protections import Protection
from .radio import Radio
from .schedulers import Plan, Scheduler
from .schedulers.coins import Coins
from .server import Server
from .setup import Setup, agreed
from .sight import Eyes, told_of
from .state import State
from .task import Weights, moved

IDEAL, SILENT, ALL = IdealDownlink(), Radio(), Effort()


class Federation(Evaluates):
    """One scenario, compiled once; seeds and SNRs are inputs of its round.

    A round is: the round's link; who takes part; each device's update, sent over the uplink; the server's step; what of
    it reaches the devices over the downlink; what it cost. Devices are computed in chunks and the uplink keeps running
    sums, so nothing grows with devices x parameters, unless an algorithm has devices remember, each a row of its own,
    or a downlink has noise: then each device has a model of its own, [K, d].

    Args:
        model_factory: from a seed to a built Keras model, from samples [B, ...] to logits [B, C].
        data: what is learnt from, and what is tested on.
        shares: of each device the indices of its training samples, [n_k]; or a ``Population``.
        algorithm: what devices compute, and what the server makes of the sum.
        uplink: how updates reach the server, ``Analog``, ``Digital`` or ``Ideal``.
        air: the links of K = ``air.devices`` devices.
        elements: resource elements granted to a round, for all devices together.
        optimizer: a factory of the server's Keras optimizer.
        participation: chance of each device to take part in a round; 1 with a scheduler.
        batch_size: samples of a local step; all that a device has unless given.
        executor: whether devices are computed in a "loop", "vectorized", or "auto": as the model suggests.
        chunk: devices computed at once; as many as fit a fixed memory unless given.
        loss: of each sample; sparse cross-entropy of logits unless given.
        downlink: from the server to the devices; all have the server's model, at no cost, unless given.
        papr: whether the peak-to-average power of what devices send is measured.
        layer: the kernel, from 1, whose NMSE is measured; all parameters unless given.
        scheduler: who computes and who sends; coins of chance ``participation`` unless given.
        hardware: what computing takes a device; rounds have no clock unless given.
        radio: what sending takes a device, in joules.
        payload: bits of every packet of digital uplinks, whose airtime is then an outcome; the grant is fixed without.
        effort: local steps that devices manage, and losses after computing.
        aggregator: what the server makes of separate estimates; their sum unless given.
        attackers: what some devices send in place of updates; nobody attacks unless given.
        protection: whom clips and the channel's noise protect; nobody unless given.

    >>> import keras
    >>> from overair.learning import Federation, Fedavg
    >>> from overair.learning.data.digits import Digits
    >>> from overair.learning.models.softmax import Softmax
    >>> from overair.learning.partitions.iid import Iid
    >>> from overair.ota import Analog
    >>> from overair.phy import Air, Grid, Rayleigh
    >>> data, air = Digits().load(), Air(Grid(), Rayleigh(), devices=5, antennas=4)
    >>> shares, sgd = Iid().split(data.y_train, devices=5, seed=0), lambda: keras.optimizers.SGD(1.0)
    >>> made = lambda seed: Softmax().build((8, 8, 1), data.classes, seed)
    >>> federation = Federation(made, data, shares, Fedavg(steps=5), Analog(), air, 325, sgd, batch_size=32)
    >>> state = federation.init(seed=0)
    >>> for _ in range(20):
    ...     state, metrics = federation.step(state, seed=0, snr_db=10.0)
    >>> accuracy, loss = federation.evaluate(state)
    >>> bool(accuracy > 0.7)
    True
    """

    fit, model, check = fitting.fit, fitting.model, fitting.check_state

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
        hardware: Hardware | None = None,
        radio: Radio = SILENT,
        payload: float | None = None,
        effort: Effort = ALL,
        aggregator: AggregationRule | None = None,
        attackers: Attacker | None = None,
        protection: Protection | None = None,
    ) -> None:
        check_factories(model_factory, optimizer)
        check_numbers(batch_size, chunk, executor)
        check_parts({
            "algorithm": algorithm, "uplink": uplink, "air": air, "downlink": downlink, "radio": radio,
            "effort": effort, "loss": loss, "scheduler": scheduler, "hardware": hardware, "aggregator": aggregator,
            "attackers": attackers, "protection": protection,
        })  # fmt: skip
        check_participation(participation)
        if scheduler is not None and participation != 1:
            raise ValueError(f"participation: expected 1 with a scheduler, received {participation}; leave out one")
        self.model_factory, self.uplink, self.downlink, self.effort = model_factory, uplink, downlink, effort
        self.forms: dict[str, str] = {}  # of a state's parts, once there was one
        self.task = task_of(model_factory(0), loss, protection)
        self.scheduler = Coins(participation) if scheduler is None else scheduler
        self.population = shares if isinstance(shares, Population) else None
        check_made(made := optimizer())
        setup = Setup(
            self.task, data, shares, algorithm, uplink, air, elements,
            optimizer=made, batch_size=batch_size, downlink=downlink, papr=papr, layer=layer, scheduler=self.scheduler,
            hardware=hardware, radio=radio, payload=payload, effort=effort,
            aggregator=aggregator, attackers=attackers, protection=protection,
        )  # fmt: skip
        found = agreed(setup)
        self.terms, self.attack, self.algorithm = found.terms, found.attack, found.algorithm
        self.guard, self.clock = found.guard, found.clock
        self._broadcast, self._broadcast_seconds = found.broadcast, found.broadcast_seconds
        own = downlink.own_models or self.scheduler.stale
        self.devices = Devices(self.task, self.algorithm, found.learnt, shares, batch_size, executor, own, air.devices)
        self._all_send = self.scheduler.participation == 1 and not effort.dropout and self.devices.all_have_data
        self.vectorized = self.devices.vectorized
        self.chunk = min(air.devices, chunk or self.devices.fitting(air, self._twice))
        self._evaluation = Evaluation(self.devices, downlink, data, shares, ~self.attack.marked)
        self.server = Server(self.task, made)
        spare = besides(uplink, self.terms, self._broadcast_seconds)
        self._eyes = Eyes(self.terms, self.devices.shares, getattr(uplink, "compressor", None), spare)

    def init(self, seed: int) -> State:
        """The state before the first round: initial weights, places and what lasts depend on the seed alone."""
        seed = seed_of(seed)
        place = self.terms.air.init(keys.key(seed, "place"))
        weights = self.task.weights(self.model_factory(seed))
        uplink, drift = self.uplink.init(self.terms, place), self.downlink.init(self.terms)
        drift = stale.start(self.terms) if self.scheduler.stale else drift
        scheduler = self.scheduler.init(self.terms.air.devices, keys.key(seed, "scheduler"))
        clock = tf.zeros([], tf.float64) if self.clock else ()
        memory = self.algorithm.init(self.task, self.terms.air.devices)
        last = scheduler, clock, memory, self.guard.start(self.terms.air.devices)
        state = State(tf.zeros([], tf.int64), weights, self.server.start, uplink, place, drift, *last)
        self.forms = forms(state)
        return state

    def step(self, state: State, seed: int, snr_db: float) -> tuple[State, Metrics]:
        """The state after one round at an SNR in dB, and what the round tells.

        Of a seed links and batches are the same whatever the SNR.
        """
        self.check(state)
        self.guard.check_rounds(int(state.round) + 1 if self.guard.plans else 1)
        inputs = tf.constant(seed_of(seed), tf.int64), tf.constant(snr_of(snr_db), tf.float32)
        state, metrics = self._round(state, *inputs)
        return state, metrics._replace(epsilon=tf.constant(self.guard.epsilon(state.leaked)))

    @tf.function(autograph=False)
    def _round(self, state: State, seed: tf.Tensor, snr_db: tf.Tensor) -> tuple[State, Metrics]:
        key = keys.key(seed, "round", state.round)
        numbers = self.population and self.population.cohort(keys.fold(key, "participation"), self.terms.air.devices)
        link = self._link(state, numbers, key, snr_db)

        def model_of(device: tf.Tensor) -> Weights:
            if self.scheduler.stale:
                return moved(state.weights, tf.gather(state.drift, device))
            return self.downlink.model(state.weights, state.drift, device)

        shares, batches = self.devices.shares, self.effort.managed(self.devices.batches(key), key)
        updates_of = Seen(self.devices.updates_of(model_of, batches, state.memory, key, numbers), shares, self.chunk)
        work = self.clock.work(seed, state.round, batches.samples, numbers) if self.clock else None
        sight = self._eyes.open(key, link, updates_of, work)
        plan, planned = self.scheduler.plan(state.scheduler, sight, keys.fold(key, "participation"))
        plan = self.effort.arriving(plan, key)
        devices, kept = rows.senders(plan, self._all_send), rows.kept(state.memory.own)
        round = Round(self.terms, key, plan.weights, link, plan.shares, self.attack.rebels)
        round, told_now = self.guard.guarded(round, self.devices.samples, state.leaked, state.round)
        sent = self.attack.forged(self.guard.clipped(updates_of), devices, self.chunk, self.terms.size, key)
        outcome, (loss, own) = collect(self.uplink, state.uplink, round, sent, devices, self.chunk, kept)
        weights = tf.where(outcome.report.decoded, plan.weights, 0.0)
        counts = counted(self.terms.aggregator, outcome.apart, weights)
        heard = Heard(counts, shares, batches.steps, plan.weights > 0, outcome.apart)
        estimate = stale.estimate(outcome, state.drift, plan)
        memory, step = self.algorithm.conclude(self.task, state.memory, own, estimate, heard)
        served = self.server.step(state.weights, state.optimizer, step)
        drift = self.downlink.step(state.drift, outcome, served, key)
        drift = stale.after(state.drift, state.weights, served, plan) if self.scheduler.stale else drift

        loss = tf.math.divide_no_nan(loss, tf.cast(tf.size(devices), tf.float32))
        results = tf.nest.flatten([loss, outcome.estimate, drift, memory.common, *served.weights])
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(result)) for result in results])
        learnt = self.scheduler.learn(planned, outcome.report.decoded)
        spent = self._spent(work, plan, outcome.report)
        clock = state.clock + spent.seconds if self.clock else ()
        served_by = served.weights, served.optimizer, outcome.state, state.place, drift, learnt, clock
        after = State(state.round + 1, *served_by, memory, state.leaked + told_now)
        spread = self._broadcast, self._broadcast_seconds
        told = metrics(loss, told_of(self.scheduler, plan, outcome.report), finite, spread, spent, clock)
        return after, self.population.of_all(told, self.terms.air.devices) if self.population else told

    @property
    def _twice(self) -> bool:
        """Whether updates are asked for twice, of which it is best to keep as many as fit."""
        sees = self.scheduler.sees_updates or self.attack.sees_others
        return sees or self.uplink.probes(self.terms)

    def _spent(self, work: Work | None, plan: Plan, report: Report) -> Spent:
        if self.clock is None or work is None:
            return Spent(unknown(), unknown(), unknown())
        seen, one = self.scheduler.sees_updates, self.terms.share(getattr(self.uplink, "groups", 1))
        return self.clock.spent(work, plan, report, one, self._broadcast_seconds, seen)

    def _link(self, state: State, numbers: tf.Tensor | None, key: Key, snr_db: tf.Tensor) -> Link | None:
        if not (self.uplink.uses_air or self.scheduler.sees_links):
            return None
        time = tf.cast(state.round, tf.float64) * self.terms.airtime
        place = state.place if numbers is None else state.place.of(numbers)
        return self.terms.air.draw(place, keys.fold(key, "link"), time, self.terms.slots, snr_db)
