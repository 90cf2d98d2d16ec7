"""Someone's own channel (CIR): impulse responses from a file, measured or simulated, an example for each device."""

from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from ... import npz
from .. import keys
from ..keys import Key, fold
from ..link import Paths, Size, Span
from ..numbered import Numbered
from ..strict import dataclass

MOMENTS = 64  # of an example, to see how it changes
LONGEST = 1e9  # seconds of a step
GAINS = 1e-30, 1e30  # of a file that is not normalized, so that float32 holds powers


class _Examples(NamedTuple):
    a: tf.Tensor  # complex [E, A, L, S]
    tau: tf.Tensor  # [E, L]
    step: float  # seconds
    digest: str  # of the file


@dataclass(frozen=True)
class CirFile:
    """Impulse responses of a .npz file.

    The file is a .npz with ``a``, complex path coefficients [examples, antennas, paths, steps], or with the axes of
    Sionna's impulse responses [examples, receivers, antennas, transmitters, transmit antennas, paths, steps] of single
    receivers and transmitters; ``tau``, delays in seconds [examples, paths] or [examples, receivers, transmitters,
    paths]; and where there are several steps ``step_seconds``, the time between them. A single step stands still.
    Otherwise a round is a stretch of an example from a random moment on, linear between steps.

    Devices get different examples while there are enough, drawn anew every round; if ``lasting``, once for all rounds,
    and then near devices stay near. Devices that are known by a number, as those of cohorts, keep any example, whoever
    else has it. If ``normalized``, one factor for the whole file makes the mean gain of examples 1. A file with more
    antennas than asked for gives its first ones. The delay of a path without power says nothing, whatever it is:
    Sionna's own exports have seconds there, or -1.

    What is known in advance is the mean over the whole file: powers of paths (of each example, if lasting) and how they
    change over time. Detection takes paths to fade independently, which those of a measured file need not.
    """

    reads: ClassVar[str] = "path"
    by_number: ClassVar[bool] = True

    path: str
    """Where the file is."""
    lasting: bool = False
    """Whether a device keeps its example for all rounds."""
    normalized: bool = True
    """Whether examples have a mean gain of 1; else gains are those of the file."""

    def __post_init__(self) -> None:
        assert self._examples

    def __eq__(self, other: object) -> bool:
        """Whether they are alike in all and of the same content; what is compiled for one serves the other."""
        return isinstance(other, CirFile) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def static(self) -> bool:
        return self._examples.a.shape[3] == 1

    @cached_property
    def longest(self) -> float:
        with tf.init_scope():
            return float(tf.reduce_max(self._examples.tau))

    @property
    def scales(self) -> bool:
        return self.lasting

    @cached_property
    def _examples(self) -> _Examples:
        read = _read(self.path)
        a, tau, step = _checked(read)
        a = _normalized(a) if self.normalized else _of_fitting_gain(a)
        with tf.init_scope():  # a tensor that graphs refer to; within one it would be copied into it
            return _Examples(tf.constant(a, tf.complex64), tf.constant(tau, tf.float32), step, read.digest)

    @property
    def _identity(self) -> tuple[str, str, bool, bool]:
        return self.path, self._examples.digest, self.lasting, self.normalized

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        examples = self._examples
        total, found = examples.a.shape[:2]
        if found < antennas:
            raise ValueError(f"cir_file.path: expected at least {antennas} antennas in {self.path}, received {found}")
        source = fold(place if self.lasting else key, "examples")
        if devices <= total and not isinstance(source, Numbered):
            order = tf.argsort(keys.uniform(source, [batch, total]), axis=1)[:, :devices]
        else:
            order = keys.whole(source, [batch, devices], 0, total)
        used = examples.a[:, :antennas]
        power = tf.reduce_mean(tf.square(tf.abs(used)), [1, 3])  # [E, L]
        if self.lasting:
            power = tf.gather(power, order)
        else:
            power = tf.broadcast_to(tf.reduce_mean(power, 0), [batch, devices, power.shape[1]])
        a = tf.gather(used, order)  # [B, K, A, L, S]
        if not self.static:
            a = self._stretch(a, span, fold(key, "moment"))
        return Paths(tf.transpose(a, [0, 2, 1, 3, 4]), tf.gather(examples.tau, order), power)

    def correlation(self, then: np.ndarray, now: np.ndarray, seconds: float) -> np.ndarray:
        """That of the file itself over examples, antennas and moments spread over each example, [..., L]."""
        lag = np.asarray(np.subtract(now, then) * seconds / self._examples.step)
        a = np.moveaxis(self._examples.a.numpy(), 3, 0)  # [S, E, A, L]
        different, place = np.unique(lag, return_inverse=True)  # pilots and data of a round have few lags
        return np.array([_autocorrelation(a, each) for each in different])[place.reshape(lag.shape)]

    def _stretch(self, a: tf.Tensor, span: Span, key: Key) -> tf.Tensor:
        """The coefficients over a span [B, K, A, L, T], from random moments on."""
        step, steps = self._examples.step, a.shape[4]
        needed, there = (span.steps - 1) * span.seconds, (steps - 1) * step
        if needed > there * (1 + 1e-6):
            raise ValueError(
                f"cir_file.path: expected examples of at least {needed:.4g} s, as long as a round, received {there:.4g}"
            )
        begin = keys.uniform(key, a.shape[:2], 0.0, max(0.0, there - needed))  # [B, K]
        at = (begin[..., None] + tf.range(span.steps, dtype=tf.float32) * span.seconds) / step  # [B, K, T]
        before = tf.clip_by_value(tf.cast(tf.floor(at), tf.int32), 0, steps - 2)
        share = tf.cast(at - tf.cast(before, tf.float32), a.dtype)[:, :, None, None]
        last = tf.transpose(a, [0, 1, 4, 2, 3])  # [B, K, S, A, L]
        one, next_one = (tf.transpose(tf.gather(last, before + late, batch_dims=2), [0, 1, 3, 4, 2]) for late in (0, 1))
        return one + share * (next_one - one)


def _autocorrelation(a: np.ndarray, lag: float) -> np.ndarray:
    """Of coefficients [S, E, A, L], linear between steps, with themselves so many steps before, [L]."""
    begin = np.linspace(0.0, max(0.0, len(a) - 1 - abs(lag)), MOMENTS)

    def at(moment: np.ndarray) -> np.ndarray:
        before = np.minimum(moment.astype(int), len(a) - 2)
        share = (moment - before)[:, None, None, None]
        return (1 - share) * a[before] + share * a[before + 1]

    early, late = at(begin), at(np.minimum(begin + abs(lag), len(a) - 1))
    power = (np.abs(early) ** 2 + np.abs(late) ** 2).sum(axis=(0, 1, 2)) / 2
    common = (late * early.conj()).sum(axis=(0, 1, 2))
    return np.divide(common if lag >= 0 else common.conj(), power, out=np.zeros_like(common), where=power > 0)


def _read(path: str) -> npz.Npz:
    if not _is_file(path):
        raise ValueError(f"cir_file.path: expected a .npz file with a and tau, received {path!r}, which is none")
    try:
        return npz.read(path, ("a", "tau", "step_seconds"))
    except npz.FAULTS as error:
        raise ValueError(
            f"cir_file.path: expected a .npz file of plain arrays, received {path!r}: {npz.one_line(error)}"
        ) from None


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # a name that is too long, or that no file can have
        return False


def _checked(read: npz.Npz) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients complex128 [E, A, L, S], delays float64 [E, L] of paths with power, and seconds of a step."""
    if not {"a", "tau"} <= set(read.arrays):
        raise ValueError(f"cir_file.path: expected arrays a and tau, received {', '.join(read.names[:8]) or 'none'}")
    a, tau = read.arrays["a"], read.arrays["tau"]
    given = f"a {list(a.shape)} and tau {list(tau.shape)}"
    if a.ndim == 7 and a.shape[1] == a.shape[3] == a.shape[4] == 1:
        a = a[:, 0, :, 0, 0]
    if tau.ndim == 4 and tau.shape[1] == tau.shape[2] == 1:
        tau = tau[:, 0, 0]
    if a.ndim != 4 or tau.shape != (a.shape[0], a.shape[2]) or not a.size:
        raise ValueError(
            "cir_file.path: expected a [examples, antennas, paths, steps] and tau [examples, paths], or Sionna's axes "
            f"with one receiver, transmitter and transmit antenna, received {given}"
        )
    if not (np.iscomplexobj(a) and np.issubdtype(tau.dtype, np.floating)):
        raise ValueError(f"cir_file.path: expected complex a and real tau, received {a.dtype} and {tau.dtype}")
    a = a.astype(np.complex128)
    tau = np.where(np.any(a != 0, axis=(1, 3)), tau, 0.0).astype(np.float64)  # of silent paths they say nothing
    for name, value in (("a", a), ("tau", tau)):
        if not np.isfinite(value).all():
            raise ValueError(f"cir_file.path: expected finite numbers in {name}, received NaN or infinity")
    if tau.min() < 0:
        raise ValueError(f"cir_file.path: expected delays of at least 0 s, received {tau.min():.4g}")
    if not np.any(a):
        raise ValueError("cir_file.path: expected some gain, received a that is 0 everywhere")
    return a, tau, _step(read.arrays.get("step_seconds"), a.shape[3])


def _step(given: np.ndarray | None, steps: int) -> float:
    """Seconds between steps; 0 of a single one."""
    if steps == 1:
        return 0.0
    if given is None or given.size != 1 or given.dtype.kind not in "fiu" or not 0 < float(given.item()) <= LONGEST:
        came = "none" if given is None else given.ravel()[:3].tolist()
        came = came[0] if isinstance(came, list) and len(came) == 1 else came
        raise ValueError(
            f"cir_file.path: expected step_seconds, one positive number, for {steps} steps, received {came}"
        )
    return float(given.item())


def _normalized(a: np.ndarray) -> np.ndarray:
    """Of a mean gain of 1, whatever their size: a power of two, which is exact, comes off before they are squared."""
    largest = max(np.abs(a.real).max(), np.abs(a.imag).max())
    shift = -int(np.frexp(largest)[1])
    a = np.ldexp(a.real, shift) + 1j * np.ldexp(a.imag, shift)
    return a / (np.abs(a) ** 2).sum(axis=2).mean() ** 0.5


def _of_fitting_gain(a: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        gain = float((np.abs(a) ** 2).sum(axis=2).mean())
    if not GAINS[0] <= gain <= GAINS[1]:
        raise ValueError(
            f"cir_file.normalized: expected true, or a file whose mean gain is between {GAINS[0]:g} and {GAINS[1]:g}, "
            f"received false and a gain of {gain:.4g}; take normalized = true or scale the file"
        )
    return a


__all__ = ["CirFile"]
