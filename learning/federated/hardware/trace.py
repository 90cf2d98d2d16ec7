"""Someone's own measurements: times and energies of real devices, from a file."""

import csv
import hashlib
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from .... import plain_files
from ....phy import keys
from ....phy.keys import Key
from ....phy.numbered import Numbered
from ....phy.strict import dataclass
from . import Work

MOST_BYTES = 2**24  # of a file
COLUMNS = ["device", "seconds", "joules"]
LARGEST = 1e6  # seconds or joules of a sample, and devices


class _Measured(NamedTuple):
    """Rows in order of devices."""

    values: tf.Tensor  # seconds, and joules if there are any, [R, 1 or 2]
    first: tf.Tensor  # row of each device, [D]
    count: tf.Tensor  # rows of each device, [D]
    digest: str  # of the file


@dataclass(frozen=True)
class Trace:
    """Measurements of a .csv file: times and energies of real devices.

    Its first line is ``device,seconds`` or ``device,seconds,joules``, and every further one a measurement: which
    device, counted from 0, and what training on a sample took it. In a round each device takes one of its own
    measurements at random, times its samples. A run with more devices begins again from device 0. Without joules energy
    is ``watts`` times seconds.

    >>> import tempfile
    >>> import tensorflow as tf
    >>> from overair.learning.federated.hardware.trace import Trace
    >>> from overair.phy import keys
    >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
    ...     written = file.write("device,seconds" + chr(10) + "0,0.001" + chr(10) + "1,0.004" + chr(10))
    ...     file.flush()
    ...     work = Trace(file.name).draw(keys.key(0), samples=tf.constant([100, 100]), place=keys.key(0, "place"))
    >>> print(work.seconds.numpy().round(3))
    [0.1 0.4]
    """

    reads: ClassVar[str] = "path"

    path: str
    """Where the file is."""
    watts: Annotated[float, Ge(0), Le(1e6)] = 2.0
    """Power of a device that computes, in watts; counts where the file has no joules."""

    def __post_init__(self) -> None:
        assert self._measured

    def __eq__(self, other: object) -> bool:
        """Whether they are alike and of the same content; what is compiled for one serves the other."""
        return isinstance(other, Trace) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[str, str, float]:
        return self.path, self._measured.digest, self.watts

    @cached_property
    def _measured(self) -> _Measured:
        content = _content(self.path)
        rows = _rows(self.path, content)  # [R, 1 + columns]
        count = np.bincount(rows[:, 0].astype(np.int64))
        if not count.all():
            raise _fault(f"rows of every device from 0 to {len(count) - 1}", f"none of device {np.argmin(count)}")
        ordered = rows[np.argsort(rows[:, 0], kind="stable"), 1:]
        with tf.init_scope():  # tensors that graphs refer to
            return _Measured(
                tf.constant(ordered, tf.float32),
                tf.constant(np.cumsum(count) - count, tf.int32),
                tf.constant(count, tf.int32),
                hashlib.sha256(content).hexdigest(),
            )

    def draw(self, key: Key, samples: tf.Tensor, place: Key) -> Work:
        samples, measured = tf.cast(samples, tf.float32), self._measured
        numbers = place.numbers if isinstance(place, Numbered) else tf.range(tf.size(samples))
        device = numbers % tf.size(measured.count, numbers.dtype)
        count = tf.gather(measured.count, device)
        chosen = keys.uniform(keys.fold(key, "measurement"), [tf.size(samples)], dtype=tf.float64)
        row = tf.cast(tf.floor(chosen * tf.cast(count, tf.float64)), tf.int32)
        each = tf.gather(measured.values, tf.gather(measured.first, device) + row) * samples[:, None]  # [K, 1 or 2]
        seconds = each[:, 0]
        return Work(seconds, each[:, 1] if each.shape[1] > 1 else self.watts * seconds)


def _content(path: str) -> bytes:
    try:
        return plain_files.content(path, MOST_BYTES)
    except plain_files.TooLarge:
        raise _fault(f"a file of at most {MOST_BYTES} bytes", "a larger one") from None
    except (OSError, ValueError):  # no file, or a name that no file can have
        raise ValueError(
            f"trace.path: expected a .csv file of measurements, received {path!r}, which is none"
        ) from None


def _rows(path: str, content: bytes) -> np.ndarray:
    """Device and what was measured, float64 [R, 2 or 3]."""
    try:
        lines = csv.reader(content.decode("utf-8-sig").splitlines(), strict=True)
        heading = [each.strip() for each in next(lines, [])]
        if heading not in (COLUMNS[:2], COLUMNS):
            raise _fault("a first line device,seconds or device,seconds,joules", repr(",".join(heading)[:80]))
        rows = list(_numbers(lines, heading))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _fault("text in lines of numbers with commas between them", f"{path!r}: {error}"[:160]) from None
    if not rows:
        raise _fault("at least one line of numbers below the first", "none")
    return np.array(rows)


def _numbers(lines: Iterator[list[str]], heading: list[str]) -> Iterator[list[float]]:
    for at, cells in enumerate(lines, 2):
        if len(cells) != len(heading):
            raise _fault(f"{len(heading)} numbers in line {at}, {', '.join(heading)}", f"{len(cells)}")
        row = [_number(name, cell, at) for name, cell in zip(heading, cells, strict=True)]
        if row[0] != math.floor(row[0]):
            raise _fault(f"the number of a device from 0 on in line {at}", repr(cells[0][:40]))
        yield row


def _number(name: str, cell: str, at: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LARGEST:
        raise _fault(f"{name} from 0 to {LARGEST:g} in line {at}", repr(cell[:40]))
    return value


def _fault(expected: str, received: str) -> ValueError:
    return ValueError(f"trace.path: expected {expected}, received {received}; mend the file")
