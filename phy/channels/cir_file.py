"""Someone's own channel (CIR): impulse responses from a file, measured or simulated."""

from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from .. import keys
from ..keys import Key, fold
from ..link import Paths, Size, Span
from ..numbered import Numbered
from ..strict import dataclass
from . import _cir

MOMENTS = 64  # of an example, to see how it changes
EARLY = 1e-3  # of a step, by which rounding may move a moment
GAINS = 1e-30, 1e30  # of a file that is not normalized, so that float32 holds powers


class _Examples(NamedTuple):
    a: tf.Tensor  # complex [E, A, L, S]
    tau: tf.Tensor  # [E, L]
    devices: int  # transmitters of a realisation, whose examples are side by side
    step: float  # seconds
    starts: np.ndarray | None  # seconds, one a realisation
    first: float  # seconds
    digest: str  # of the file


@dataclass(frozen=True)
class CirFile:
    """Impulse responses of a .npz or .mat file.

    h(t, f) = sum_l a_l(t) exp(-j 2 pi f tau_l) of an example that is drawn for each device.

    A .npz file has ``a``, complex path coefficients in Sionna's axes [batch, 1, antennas, transmitters, 1, paths,
    steps], ``tau``, delays in seconds [batch, 1, transmitters, paths], and where there are several steps
    ``step_seconds``, the time between them. ``phy.save_cir`` writes such files, as .mat too. What Sionna RT and
    MATLAB's toolboxes give, and plain [examples, antennas, paths, steps], is read as well.
    Every transmitter of every realisation is an example for a device. A single step stands still. Otherwise a round is
    a stretch of an example from a random moment on, linear between steps.

    Devices get different examples while there are enough, drawn anew every round; if ``lasting``, once for all rounds,
    and then near devices stay near. Devices that are known by a number, as those of cohorts, keep any example, whoever
    else has it. If ``replayed`` nothing is drawn: device k is the file's transmitter k (of a cohort, that of its
    number, over and over), and a round takes the realisation whose ``start_seconds`` is nearest to its own time, from
    ``first_seconds`` after that on; past the last one the file begins again, and further realisations of a batch are
    the next ones.

    Gains are those of the file if not ``normalized``; else one factor for the whole file makes the mean gain of
    examples 1, sum_l |a_l|^2 over examples, antennas and steps. A file with more antennas than asked for gives its
    first ones. The delay of a path without power says nothing, whatever it is: Sionna's own exports have seconds there,
    or -1.

    What is known in advance is the mean over the whole file: powers of paths (of each example, if lasting, and of each
    transmitter, if replayed) and how they change over time. Detection takes paths to fade independently, which those of
    a measured file need not.

    >>> import tempfile, numpy as np
    >>> from overair.phy import CirFile, Size, Span, keys
    >>> file = tempfile.NamedTemporaryFile(suffix=".npz")
    >>> np.savez(file, a=np.ones([5, 2, 3, 1], np.complex64), tau=np.zeros([5, 3], np.float32)); _ = file.seek(0)
    >>> CirFile(file.name).draw(Size(1, 2, 4), Span(0.0, 14, 83e-6), keys.key(0), keys.key(0, "place")).a.shape
    TensorShape([1, 2, 4, 3, 1])
    """

    reads: ClassVar[str] = "path"
    by_number: ClassVar[bool] = True

    path: str
    """Where the file is."""
    lasting: bool = False
    """Whether a device keeps its example for all rounds."""
    normalized: bool = True
    """Whether examples have a mean gain of 1; else gains are those of the file."""
    replayed: bool = False
    """Whether rounds and devices are those of the file, in its order."""

    def __post_init__(self) -> None:
        starts, total = self._examples.starts, self._examples.a.shape[0] // self._examples.devices
        if self.replayed and self.lasting:
            raise ValueError("cir_file.replayed: expected false where lasting is true, received true; take one of them")
        if self.replayed and total > 1 and (starts is None or not np.all(np.diff(starts) > 0)):
            raise ValueError(
                f"cir_file.replayed: expected start_seconds in {self.path}, {total} numbers that rise, received "
                f"{'none' if starts is None else 'others'}; say when realisations begin, or take replayed = false"
            )

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
        return self.lasting or self.replayed

    @cached_property
    def _examples(self) -> _Examples:
        read = _cir.read(self.path)
        a = _normalized(read.a) if self.normalized else _of_fitting_gain(read.a)
        a, tau = (of.reshape(-1, *of.shape[2:]) for of in (a, read.tau))
        with tf.init_scope():  # a tensor that graphs refer to; within one it would be copied into it
            tensors = tf.constant(a, tf.complex64), tf.constant(tau, tf.float32)
        return _Examples(*tensors, read.a.shape[1], read.step, read.starts, read.first, read.digest)

    @property
    def _identity(self) -> tuple[str, str, bool, bool, bool]:
        return self.path, self._examples.digest, self.lasting, self.normalized, self.replayed

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        examples = self._examples
        found = examples.a.shape[1]
        if found < antennas:
            raise ValueError(f"cir_file.path: expected at least {antennas} antennas in {self.path}, received {found}")
        order = self._played(size, span, place) if self.replayed else self._drawn(size, key, place)  # [B, K]
        used = examples.a[:, :antennas]
        power = tf.reduce_mean(tf.square(tf.abs(used)), [1, 3])  # [E, L]
        if self.replayed:
            power = tf.reduce_mean(tf.reshape(power, [-1, examples.devices, power.shape[1]]), 0)
            power = tf.gather(power, order % examples.devices)
        elif self.lasting:
            power = tf.gather(power, order)
        else:
            power = tf.broadcast_to(tf.reduce_mean(power, 0), [batch, devices, power.shape[1]])
        a = tf.gather(used, order)  # [B, K, A, L, S]
        if not self.static:
            a = self._stretch(a, span, fold(key, "moment"))
        return Paths(tf.transpose(a, [0, 2, 1, 3, 4]), tf.gather(examples.tau, order), power)

    def _drawn(self, size: Size, key: Key, place: Key) -> tf.Tensor:
        """Examples at random, [B, K]."""
        source, total = fold(place if self.lasting else key, "examples"), self._examples.a.shape[0]
        if size.devices <= total and not isinstance(source, Numbered):
            return tf.argsort(keys.uniform(source, [size.batch, total]), axis=1)[:, : size.devices]
        return keys.whole(source, [size.batch, size.devices], 0, total)

    def _played(self, size: Size, span: Span, place: Key) -> tf.Tensor:
        """The examples of the realisation whose data begins nearest, and of the next ones, [B, K]."""
        examples = self._examples
        if isinstance(place, Numbered):
            transmitters = tf.cast(place.numbers % examples.devices, tf.int32)
        elif size.devices > examples.devices:
            raise ValueError(
                f"cir_file.path: expected at least {size.devices} transmitters in {self.path}, one a device, received "
                f"{examples.devices}; take fewer devices, or replayed = false"
            )
        else:
            transmitters = tf.range(size.devices)
        total = examples.a.shape[0] // examples.devices
        now = tf.constant(0)
        if total > 1:
            assert examples.starts is not None
            begin, end = examples.starts[[0, -1]]
            half = (end - begin) / (total - 1) / 2
            since = tf.math.floormod(tf.cast(span.start, tf.float64) - begin + half, 2 * half * total) - half
            now = tf.argmin(tf.abs(examples.starts - begin - since), output_type=tf.int32)
        return (now + tf.range(size.batch))[:, None] % total * examples.devices + transmitters

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
        if self.replayed:
            begin = tf.fill(a.shape[:2], self._into(span, there - needed))
        else:
            begin = keys.uniform(key, a.shape[:2], 0.0, max(0.0, there - needed))  # [B, K]
        at = (begin[..., None] + tf.range(span.steps, dtype=tf.float32) * span.seconds) / step  # [B, K, T]
        before = tf.clip_by_value(tf.cast(tf.floor(at), tf.int32), 0, steps - 2)
        share = tf.cast(at - tf.cast(before, tf.float32), a.dtype)[:, :, None, None]
        last = tf.transpose(a, [0, 1, 4, 2, 3])  # [B, K, S, A, L]
        one, next_one = (tf.transpose(tf.gather(last, before + late, batch_dims=2), [0, 1, 3, 4, 2]) for late in (0, 1))
        return one + share * (next_one - one)

    def _into(self, span: Span, latest: float) -> float:
        """Seconds from the first step of a realisation to that of a round."""
        step, first = self._examples.step, self._examples.first
        into = span.first * span.seconds - first
        if not -EARLY * step <= into <= latest + EARLY * step:
            raise ValueError(
                f"cir_file.path: expected responses from {first + into:.4g} s after a round's data begins on, and "
                f"for all of the round, received those from {first:.4g} s on; the channel is learnt before the data"
            )
        return max(0.0, into)


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


def _normalized(a: np.ndarray) -> np.ndarray:
    """Of a mean gain of 1, whatever their size: a power of two, which is exact, comes off before they are squared."""
    largest = max(np.abs(a.real).max(), np.abs(a.imag).max())
    shift = -int(np.frexp(largest)[1])
    a = np.ldexp(a.real, shift) + 1j * np.ldexp(a.imag, shift)
    return a / (np.abs(a) ** 2).sum(axis=3).mean() ** 0.5


def _of_fitting_gain(a: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        gain = float((np.abs(a) ** 2).sum(axis=3).mean())
    if not GAINS[0] <= gain <= GAINS[1]:
        raise ValueError(
            f"cir_file.normalized: expected true, or a file whose mean gain is between {GAINS[0]:g} and {GAINS[1]:g}, "
            f"received false and a gain of {gain:.4g}; take normalized = true or scale the file"
        )
    return a


__all__ = ["CirFile"]
