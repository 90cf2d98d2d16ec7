"""Identities of clocks on OFDM: phases, offsets inside and past the prefix, and detuned carriers.

The formulas are of the discrete-time model, in which leakage past the band's edges folds back: one sample an element.
"""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from ..ota import Analog, Identity, Round, Terms, apply
from ..phy import Air, Awgn, FrequencyOffset, FullInversion, Grid, Perfect, Tdl, TimingOffset, keys
from .measure import Row, repeat, row


def phases() -> Iterator[Row]:
    """5: what a phase that nobody corrects leaves of the mean gain."""
    # On subcarrier k a clock offset uniform on +-t samples is a phase uniform on +-2 pi k t / N.
    grid, offset, subcarrier = Grid(advance=4), 3.0, 9
    air = Air(grid, Awgn(), 40_000, impairments=(TimingOffset(low=-offset, high=offset),))
    key = keys.key(5, "phase")
    turn = air.draw(air.init(key), key, 0.0, 1).response()[0, 0, :, 0, grid.subcarriers // 2 + subcarrier]
    phi = 2 * np.pi * subcarrier * offset / grid.subcarriers
    yield row(f"5  phase uniform on +-{phi:.3f}: mean gain", np.sin(phi) / phi, np.real(turn))
    normal = Air(Grid(prefix=20, advance=10), Awgn(), 40_000, impairments=(TimingOffset(deviation=2.0),))
    turn = normal.draw(normal.init(key), key, 0.0, 1).response()[0, 0, :, 0, grid.subcarriers // 2 + 4]
    phi = 2 * np.pi * 4 * 2.0 / grid.subcarriers
    yield row(f"5  normal phase of deviation {phi:.3f}: mean gain", np.exp(-(phi**2) / 2), np.real(turn))


def offsets() -> Iterator[Row]:
    """7, 8 and 9: clock offsets and carrier offsets."""
    seen = _offset_error(TimingOffset(low=0, high=8, seen=True))
    yield Row("7  offsets up to 8 samples inside the prefix, seen: sum error", 0.0, seen, 1e-6)
    last, size = 8, Grid().subcarriers
    air = Air(Grid(), Awgn(), 40_000, impairments=(TimingOffset(low=0, high=last, whole=True),))
    key = keys.key(8, "offset")
    turns = air.draw(air.init(key), key, 0.0, 1).response()[0, 0, :, 0].numpy()  # [K, F]
    for k in (1, 4, 8):
        phases = np.exp(-2j * np.pi * k * np.arange(last + 1) / size)
        mean = phases.mean()
        toward = np.real(turns[:, size // 2 + k] * np.conj(mean) / np.abs(mean))
        yield row(f"8  unseen offsets on 0..{last}, subcarrier {k}: mean gain", np.abs(mean), toward)
    for past, subcarriers in ((4, 64), (-9, 48)):
        yield from _past_the_prefix(past, subcarriers)
    for detuned, subcarriers in ((0.1, 64), (-0.3, 48)):
        yield from _detuned(detuned, subcarriers)


def _offset_error(offset: TimingOffset) -> float:
    devices, size = 10, 1280
    air = Air(Grid(), Tdl(), devices, impairments=(offset,), csit=Perfect())
    terms, key = Terms(air, size, size // 2), keys.key(7)
    place = air.init(key)
    uplink = Analog(Identity(), FullInversion())
    round = Round(terms, key, tf.fill([devices], 1 / devices), air.draw(place, key, 0.0, terms.slots, 200.0))
    return float(apply(uplink, uplink.init(terms, place), round, keys.normal(key, [devices, size]))[2].nmse)


def _past_the_prefix(past: int, subcarriers: int) -> Iterator[Row]:
    """Gain 1 - D/N and disturbance 2 D/N - (D/N)^2 of one device D samples past the prefix, or early without one."""
    grid = Grid(subcarriers, symbols=20, prefix=12)
    delay = float(past + grid.prefix if past > 0 else past)
    air = Air(grid, Awgn(), 1, impairments=(TimingOffset(delay, delay),), oversampling=1)
    share = abs(past) / subcarriers

    def both(key: tf.Tensor) -> tf.Tensor:
        link = air.draw(air.init(key), key, 0.0, 1, 200.0)
        sent = keys.complex_normal(keys.fold(key, "symbols"), [1, 1, grid.symbols, subcarriers])
        heard = air.send(sent, link, key)[:, :, 1:-1]
        known = (link.response(of=link.receiver)[:, :, 0] * sent)[:, :, 1:-1]
        gain = tf.reduce_sum(tf.math.real(tf.math.conj(known) * heard)) / tf.reduce_sum(tf.abs(known) ** 2)
        return tf.stack([gain, tf.reduce_mean(tf.abs(heard - (1 - share) * known) ** 2)])

    draws = repeat(both, 300)
    name = f"7  {abs(past)} of {subcarriers} samples {'past the prefix' if past > 0 else 'early'}"
    yield row(f"{name}: gain", 1 - share, draws[:, 0])
    yield row(f"{name}: disturbance", 2 * share - share**2, draws[:, 1])


def _detuned(spacings: float, subcarriers: int) -> Iterator[Row]:
    """A carrier eps spacings off leaves |c_0|^2, c_0 = sin(pi eps)/(N sin(pi eps/N)), and spreads the rest."""
    grid = Grid(subcarriers, symbols=20, prefix=4)
    air = Air(grid, Awgn(), 1, impairments=(FrequencyOffset(spacings, spacings),), oversampling=1)
    left = (np.sin(np.pi * spacings) / (subcarriers * np.sin(np.pi * spacings / subcarriers))) ** 2

    def both(key: tf.Tensor) -> tf.Tensor:
        link = air.draw(air.init(key), key, 0.0, 1, 200.0)
        sent = keys.complex_normal(keys.fold(key, "symbols"), [1, 1, grid.symbols, subcarriers])
        own = link.response(of=link.receiver)[:, :, 0] * sent
        other = air.send(sent, link, key) - own
        power = tf.reduce_sum(tf.abs(sent) ** 2)
        return tf.stack([tf.reduce_sum(tf.abs(part) ** 2) / power for part in (own, other)])

    draws = repeat(both, 300)
    yield row(f"9  carrier {spacings} spacings off, {subcarriers} subcarriers: power left", left, draws[:, 0])
    yield row(f"9  carrier {spacings} spacings off, {subcarriers} subcarriers: spread", 1 - left, draws[:, 1])
