"""Any framework's updates over our air: arrays of numpy, PyTorch or JAX in, the server's estimate and a report out."""

from typing import Any, NamedTuple

import numpy as np

from .ota import Report, Round, Terms, Uplink, collect
from .ota.forms import check_forms, forms
from .ota.layers import Layers
from .ota.round import Nest
from .phy import Air, Place, keys
from .phy.documented import documented
from .phy.inputs import check_object, is_number, kind, seed_of, snr_of
from .quietly import tensorflow as tf


@documented
class AggregatorState(NamedTuple):
    """What is carried from round to round.

    Given back to ``step`` it goes on where it ended; its shapes never change.

    >>> import tensorflow as tf
    >>> from overair.aggregator import AggregatorState
    >>> AggregatorState(tf.zeros([], tf.int64), uplink=(), place=()).uplink
    ()
    """

    round: tf.Tensor  # rounds done, int64
    uplink: Nest  # such as what devices owe
    place: Place  # where devices are, and what else lasts of their links


@documented
class Aggregated(NamedTuple):
    """What a round brings.

    The estimate is of sum_k w_k u_k; the report's NMSE is |estimate - sum|^2 / |sum|^2.

    >>> import numpy as np
    >>> from overair.aggregator import Aggregated
    >>> Aggregated(estimate=np.zeros(3), state=None, report=None).estimate.shape
    (3,)
    """

    estimate: Any  # of sum_k w_k u_k, [d], an array as the updates are
    state: AggregatorState  # for the next round
    report: Report  # in numpy: errors, energies [K], who is decoded [K], bits, elements, airtime


class Aggregator:
    """The weighted sum of updates, as a server estimates it behind an uplink; compiled once, seed and SNR are inputs.

    Any framework's updates go over our air: arrays of numpy, PyTorch or JAX in, the server's estimate of sum_k w_k u_k
    and a report out. A round has the keys, links and compiled steps of a ``Federation`` of the same seed, so its
    estimate is the same bit for bit. Arrays cross by numpy's protocol, ``__array__``: no other framework is imported,
    and one that is on a GPU in PyTorch comes by ``.cpu()``.

    Args:
        uplink: how updates reach the server, ``Analog``, ``Digital`` or ``Ideal``.
        air: the links of its devices, of which there are K = ``air.devices``.
        size: numbers of an update, d.
        elements: resource elements granted to a round, for all devices together.
        layers: shapes of the parts of an update, in order, for schemes that work by layer; one of all unless given.
        participation: chance of a device to be in a round, which mean budgets count with.

    >>> import numpy as np
    >>> from overair import Aggregator
    >>> from overair.ota import Analog
    >>> from overair.phy import Air, Grid, Rayleigh
    >>> aggregator = Aggregator(Analog(), Air(Grid(), Rayleigh(), devices=4, antennas=4), size=650, elements=325)
    >>> updates = np.random.default_rng(0).standard_normal([4, 650])
    >>> estimate, state, report = aggregator.step(aggregator.init(seed=0), updates, seed=0, snr_db=10.0)
    >>> estimate.shape, bool(report.nmse < 0.5), report.energy.shape
    ((650,), True, (4,))
    """

    def __init__(
        self, uplink: Uplink, air: Air, size: int, elements: int, layers: Layers = (), participation: float = 1.0
    ) -> None:
        check_object("uplink", uplink, Uplink, "Analog()")
        check_object("air", air, Air, "Air(Grid(), Rayleigh(), 4)")
        self.uplink, self.terms = uplink, Terms(air, size, elements, participation, layers)
        self._forms: dict[str, str] = {}  # of a state's parts, once there was one
        uplink.check(self.terms)

    def init(self, seed: int) -> AggregatorState:
        """The state before the first round: places and what lasts depend on the seed alone."""
        place = self.terms.air.init(keys.key(seed_of(seed), "place"))
        state = AggregatorState(tf.zeros([], tf.int64), self.uplink.init(self.terms, place), place)
        self._forms = forms(state)
        return state

    def step(self, state: AggregatorState, updates: Any, seed: int, snr_db: float, weights: Any = None) -> Aggregated:
        """One round of updates [K, d], which are taken as float32, at an SNR in dB: its ``Aggregated``.

        Weights [K] are those of the sum, 0 for a device that stays away; 1/K each unless given. The estimate, [d], is
        an array as the updates are, on their device; the report is in numpy.
        """
        air, size = self.terms.air, self.terms.size
        self._check(state)
        sent = _numbers("updates", updates, (air.devices, size))
        shares = np.full(air.devices, 1 / air.devices) if weights is None else weights
        shares = _numbers("weights", shares, (air.devices,))
        if shares.min() < 0:
            raise ValueError(f"weights: expected none below 0, received {shares.min():g}")
        told = tf.constant(seed_of(seed), tf.int64), tf.constant(snr_of(snr_db), tf.float32)
        estimate, after, report = self._round(state, tf.constant(sent), tf.constant(shares), *told)
        if not np.isfinite(estimate.numpy()).all():
            raise ValueError(
                "updates: expected numbers whose energies float32 holds, received some up to "
                f"{np.abs(sent).max():g} with weights up to {shares.max():g}; scale them down"
            )
        return Aggregated(_alike(estimate, updates), after, tf.nest.map_structure(lambda each: each.numpy(), report))

    def _check(self, state: Any) -> None:
        """Raise ValueError unless ``init`` or ``step`` of such an aggregator returned it."""
        if not isinstance(state, AggregatorState):
            raise ValueError(f"state: expected what init or step returned, received {kind(state)}")
        if not self._forms:
            self.init(0)
        check_forms(state, self._forms, {"uplink": self.uplink})

    @tf.function(autograph=False)
    def _round(
        self, state: AggregatorState, updates: tf.Tensor, weights: tf.Tensor, seed: tf.Tensor, snr_db: tf.Tensor
    ) -> tuple[tf.Tensor, AggregatorState, Report]:
        terms, key, link = self.terms, keys.key(seed, "round", state.round), None
        if self.uplink.uses_air:
            time = tf.cast(state.round, tf.float64) * terms.airtime
            link = terms.air.draw(state.place, keys.fold(key, "link"), time, terms.slots, snr_db)

        def updates_of(devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return tf.gather(updates, devices), tf.zeros(tf.shape(devices))

        devices = tf.where(weights > 0)[:, 0]
        round = Round(terms, key, weights, link)
        outcome, _ = collect(self.uplink, state.uplink, round, updates_of, devices, terms.air.devices)
        return outcome.estimate, AggregatorState(state.round + 1, outcome.state, state.place), outcome.report


def _numbers(name: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Of any framework's array, as float32; refuses other shapes and what is no array of finite numbers."""
    try:
        given = np.asarray(values)
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.real(given).astype(np.float32)
    except (TypeError, ValueError, RuntimeError) as error:  # of PyTorch: on a GPU, with gradients, of bfloat16
        told = " ".join(str(error).split())
        raise ValueError(
            f"{name}: expected an array that numpy can read, received one of which it says: {told}"
        ) from None
    if given.dtype.kind in "cSUMm":
        raise ValueError(f"{name}: expected real numbers, received {kind(given)}")
    if found.shape != shape:
        raise ValueError(f"{name}: expected {list(shape)}, received {list(found.shape)}")
    if not np.isfinite(found).all():
        place = [int(at) for at in np.argwhere(~np.isfinite(found))[0]]
        value = given[tuple(place)]
        raise ValueError(f"{name}: expected finite numbers, received {value} at {place}{_too_large(value)}")
    return found


def _too_large(value: Any) -> str:
    return ", which float32 does not hold" if is_number(value) and np.isfinite(value) else ""


def _alike(estimate: tf.Tensor, updates: Any) -> Any:
    """An estimate as the updates are: of their framework and on their device."""
    if isinstance(updates, tf.Tensor):
        return estimate
    found = estimate.numpy()
    if hasattr(updates, "new_tensor"):  # PyTorch
        return updates.new_tensor(found)
    if hasattr(updates, "__array_namespace__"):  # the array API: numpy, JAX
        return updates.__array_namespace__().asarray(found, device=updates.device)
    return found


__all__ = ["Aggregated", "Aggregator", "AggregatorState"]
