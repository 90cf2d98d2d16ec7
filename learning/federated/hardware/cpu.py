"""A processor (CPU) by its cycles: seconds fall with its clock, and joules rise with the clock's square."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Gt, Le

from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Work


@dataclass(frozen=True)
class Cpu:
    """Cycles over a clock: seconds of a processor (CPU) fall with its clock, and joules rise with the clock's square.

    For n_k samples of c = ``cycles`` cycles each, at a clock of f_k Hz,

        T_k = c n_k / f_k        E_k = kappa c n_k f_k^2

    in seconds and joules: at a clock of f the dynamic power is kappa f^3. Clocks are uniform between ``slowest`` and
    ``frequency``, for all rounds.

    Tran, Bao, Zomaya, Nguyen, Hong, "Federated learning over wireless networks: optimization model design and
    analysis", INFOCOM 2019, whose alpha is 2 kappa.

    >>> import tensorflow as tf
    >>> from overair.learning.federated.hardware.cpu import Cpu
    >>> from overair.phy import keys
    >>> hardware, place = Cpu(cycles=1e6, frequency=1e9), keys.key(0, "place")
    >>> work = hardware.draw(keys.key(0), samples=tf.constant([100, 200]), place=place)
    >>> print(work.seconds.numpy().round(3), work.joules.numpy().round(5))
    [0.1 0.2] [0.01 0.02]
    """

    cycles: Annotated[float, Gt(0), Le(1e15)] = 125_440.0
    """Of training on a sample; 20 for each bit of a digit of 28 x 28 bytes unless given."""
    frequency: Annotated[float, Gt(0), Le(1e12)] = 1e9
    """Of the fastest clock, in Hz."""
    slowest: Annotated[float, Gt(0), Le(1e12)] | None = None
    """Lowest frequency of a clock, in Hz; all are as fast as the fastest unless given."""
    kappa: Annotated[float, Gt(0), Le(1.0)] = 1e-28
    """Effective switched capacitance; joules of a cycle over the squared clock."""

    def __post_init__(self) -> None:
        if self.slowest is not None and self.slowest > self.frequency:
            raise ValueError(
                f"cpu.slowest: expected at most the frequency, {self.frequency:g} Hz, received {self.slowest:g}"
            )

    def draw(self, key: Key, samples: tf.Tensor, place: Key) -> Work:
        samples = tf.cast(samples, tf.float32)
        low = self.frequency if self.slowest is None else self.slowest
        clock = keys.uniform(keys.fold(place, "clock"), [tf.size(samples)], low, self.frequency)  # [K]
        seconds = self.cycles * samples / clock
        return Work(seconds, self.kappa * clock * clock * (self.cycles * samples))
