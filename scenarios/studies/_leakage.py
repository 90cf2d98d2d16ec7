"""From scenarios of leakage to their measures: gradients sent, what is seen of them, and what is made out of that."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..results.measures import ROUNDING
from ..running.units import Work
from ._air import air_of, elements_of
from ._data import load_data

if TYPE_CHECKING:
    from ...learning import Task
    from ...learning.leakage.attacks import Ready
    from ...ota import Terms, Uplink

RECOVERED_DB = 20.0


class Parts(NamedTuple):
    """What a point is made of."""

    task: "Task"
    model: Callable[[int], Any]  # of a seed
    attack: Any
    uplink: "Uplink"
    terms: "Terms"
    x: np.ndarray  # all pictures, [N, S, S, C]
    y: np.ndarray
    batch: int
    behind: int  # pictures behind one gradient that is seen


class Compiled(NamedTuple):
    """What the seeds of a point share."""

    parts: Parts
    send: Callable[..., tuple[Any, Any]]
    attack: "Ready"


class Tried(NamedTuple):
    """Pictures that were made out, in their order."""

    pictures: np.ndarray  # [N, S, S, C]
    psnr: np.ndarray  # [N]


def prepare(study: Any, shared: dict[str, Any]) -> Parts:
    """What a point is made of, checked."""
    from ...learning import Task
    from ...ota import Terms
    from ...ota.overheard import rule_of, together
    from ...ota.terms import check_kept

    data, scheme = load_data(study.data, shared), catalogue.build(study.model, "model")
    x = _resized(study, data.x_train, shared)
    with named("model"):
        task = Task(scheme.build(x.shape[1:], data.classes, 0))
    attack, uplink = catalogue.build(study.attack, "attack"), catalogue.build(study.uplink, "uplink")
    round_of, needed = study.devices * study.batch_size, study.steps() // len(study.link.snr_db)
    if round_of > study.pictures:
        wanted = f"at least {round_of}, of {study.devices} devices with {study.batch_size} each"
        raise ScenarioError(fault("pictures", wanted, study.pictures))
    if needed * round_of > len(x):
        wanted = f"at most {len(x) // round_of * round_of}, as {len(x)} are there in rounds of {round_of}"
        raise ScenarioError(fault("pictures", wanted, study.pictures))
    if study.shown > study.pictures:
        raise ScenarioError(fault("shown", f"at most {study.pictures}, as many as are tried", study.shown))
    if study.devices % (groups := getattr(uplink, "groups", 1)):
        raise ScenarioError(fault("devices", f"a multiple of {groups}, as there are groups", study.devices))
    with named():
        attack.check(task)
        check_kept("devices", "gradients", study.devices * task.size, f"{study.devices} x {task.size} parameters")
        elements = elements_of(study.grant, task.size)
        terms = Terms(air_of(study, study.devices), task.size, elements, layers=task.layers, aggregator=rule_of(uplink))
        uplink.check(terms)
    behind = study.batch_size * together(uplink, terms)
    return Parts(task, lambda seed: scheme.build(x.shape[1:], data.classes, seed), attack, uplink, terms, x,
                 data.y_train, study.batch_size, behind)  # fmt: skip


def build(parts: Parts) -> Compiled:
    """A round, compiled once it is sent, and the attack."""
    import tensorflow as tf

    from ...ota import Round
    from ...ota.overheard import overhear
    from ...phy import keys

    uplink, terms = parts.uplink, parts.terms
    weights = tf.fill([terms.air.devices], 1.0 / terms.air.devices)

    @tf.function(autograph=False)
    def send(state: Any, seed: tf.Tensor, number: tf.Tensor, snr_db: tf.Tensor, updates: tf.Tensor) -> tuple[Any, Any]:
        key, link = keys.key(seed, "round", number), None
        if uplink.uses_air:
            place, time = terms.air.init(keys.key(seed, "place")), tf.cast(number, tf.float64) * terms.airtime
            link = terms.air.draw(place, keys.fold(key, "link"), time, terms.slots, snr_db)
        return tuple(overhear(uplink, state, Round(terms, key, weights, link), updates))

    return Compiled(parts, send, parts.attack.ready(parts.task, parts.behind))


def measure(study: Any, common: Compiled, work: Work) -> dict[str, np.ndarray]:
    """The measures of a seed over SNRs."""
    parts, snrs = common.parts, work.wanted["link.snr_db"]
    order = np.random.default_rng([work.seed, *b"leakage"]).permutation(len(parts.x))
    rounds = _rounds(study, common, work.seed, order)
    used = order[: study.pictures]
    asked = snrs if parts.uplink.uses_air else snrs[:1]
    found = []
    for at, snr in enumerate(asked):
        tried = []
        for number, some in enumerate(rounds):
            tried.append(_tried(common, some, snr))
            work.progress(at * len(rounds) + number + 1, len(asked) * len(rounds))
        found.append(Tried(*(np.concatenate(each)[: study.pictures] for each in zip(*tried, strict=True))))
    found = found if parts.uplink.uses_air else found * len(snrs)
    return {
        "psnr": np.array([each.psnr.mean() for each in found]),
        "recovered": np.array([(each.psnr >= RECOVERED_DB).mean() for each in found]),
        "baseline": np.array(_guesses(parts.x, parts.y, used).mean()),
        "together": np.array(float(parts.behind)),
        "picture": np.stack([_grey(each.pictures[: study.shown]) for each in found]),
        "original": _grey(parts.x[used[: study.shown]]),
    }


class Sent(NamedTuple):
    """A round before it is sent."""

    seed: int
    number: int
    weights: Any  # of the network
    state: Any  # of the uplink
    updates: Any  # [K, d]
    x: np.ndarray  # [K, n, S, S, C]
    y: np.ndarray  # [K, n]


def _rounds(study: Any, common: Compiled, seed: int, order: np.ndarray) -> list[Sent]:
    """All rounds of a seed, with the gradients that devices send."""
    import tensorflow as tf

    from ...learning.federated.task import flatten
    from ...phy import keys

    parts, found = common.parts, []
    task, weights = parts.task, parts.task.weights(parts.model(seed))
    state = parts.uplink.init(parts.terms, parts.terms.air.init(keys.key(seed, "place")))
    each, ones = study.devices * parts.batch, tf.ones([parts.batch])
    for number in range(-(-study.pictures // each)):
        own = order[number * each : (number + 1) * each].reshape(study.devices, parts.batch)
        x, y, key = parts.x[own], parts.y[own], keys.key(seed, "gradient", number)
        updates = []
        for device in range(study.devices):  # once a round, and shared by all SNRs
            told = tf.constant(x[device]), tf.constant(y[device]), ones, keys.fold(key, device), tf.constant(0)
            _, gradient, statistics = task.gradient(weights, *told)
            updates.append(flatten([*gradient, *statistics]))
        found.append(Sent(seed, number, weights, state, tf.stack(updates), x, y))
    return found


def _tried(common: Compiled, sent: Sent, snr_db: float) -> Tried:
    """What is made out of a round at an SNR, picture by picture."""
    import tensorflow as tf

    from ...phy import keys

    numbers = tf.constant(sent.seed, tf.int64), tf.constant(sent.number), tf.constant(snr_db, tf.float32)
    points, behind = (each.numpy() for each in common.send(sent.state, *numbers, sent.updates))
    pictures, psnr = np.zeros_like(sent.x), np.zeros(sent.y.shape)
    for place, point in enumerate(points):
        key = keys.key(sent.seed, "attack", sent.number, place)
        found = common.attack(sent.weights, np.nan_to_num(point), key)
        for device in np.flatnonzero(behind == place):
            for at, (truth, label) in enumerate(zip(sent.x[device], sent.y[device], strict=True)):
                pictures[device, at] = _nearest(truth, found.pictures[found.labels == label])
                psnr[device, at] = _psnr(pictures[device, at], truth)
    return Tried(pictures.reshape(-1, *sent.x.shape[2:]), psnr.ravel())


def _nearest(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The best of the pictures [M, ...] that are said to be of its class; black where there is none."""
    within = np.clip(found, 0.0, 1.0)
    errors = np.mean((within - truth) ** 2, axis=(1, 2, 3))
    return within[np.argmin(errors)] if len(found) else np.zeros_like(truth)


def _psnr(found: np.ndarray, truth: np.ndarray) -> float:
    return float(-10 * np.log10(max(np.mean((found - truth) ** 2), ROUNDING)))


def _guesses(x: np.ndarray, y: np.ndarray, used: np.ndarray) -> np.ndarray:
    """PSNR of the mean of all pictures of its class, for each of those used."""
    means = {label: x[y == label].mean(axis=0) for label in np.unique(y[used])}
    return np.array([_psnr(means[y[one]], x[one]) for one in used])


def _grey(pictures: np.ndarray) -> np.ndarray:
    """Pictures [N, S, S, C] as rows of pixels [N, S S]."""
    return pictures.mean(axis=3).reshape(len(pictures), -1)


def _resized(study: Any, x: np.ndarray, shared: dict[str, Any]) -> np.ndarray:
    """Pictures of the side that is asked for, once."""
    if x.shape[1:3] == (study.side, study.side):
        return x
    key = f"pictures {study.side} {study.data.model_dump_json(exclude={'label'})}"
    if key not in shared:
        import tensorflow as tf

        shared[key] = np.clip(tf.image.resize(x, [study.side, study.side], antialias=True).numpy(), 0.0, 1.0)
    found: np.ndarray = shared[key]
    return found
