"""What an analog codec is told of the noise is the noise of a real number in the symbols it decodes."""

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Identity, Round, Terms, apply
from overair.phy import Air, Awgn, FullInversion, Grid, Individual, MseOptimal, PowerRule, Tdl, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
ELEMENTS = 4096


def told(rule: PowerRule, arrival: tf.Tensor) -> tuple[np.ndarray, float]:
    """Symbols that are noise of power N0 alone, read over an arrival, and what is told of their noise."""
    air = Air(GRID, Awgn(), 2)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, GRID.slots(ELEMENTS), 3.0)
    round = Round(Terms(air, 2 * ELEMENTS, ELEMENTS), keys.key(2), tf.constant([0.5, 0.5]), link)
    heard = keys.complex_normal(keys.key(3), [ELEMENTS]) * tf.cast(tf.sqrt(link.noise), tf.complex64)
    symbols, noise, _ = Analog(Identity(), rule)._read(heard, arrival, round)
    return symbols.numpy(), float(noise)


@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_the_noise_told_is_that_of_a_real_number_at_levels_that_differ(spread: float) -> None:
    """N0/2 mean(1/a^2), which is more than N0/2 over the mean level squared."""
    arrival = tf.exp(spread * (tf.range(ELEMENTS, dtype=tf.float32) / ELEMENTS - 0.5))
    symbols, noise = told(FullInversion(), arrival)
    power = np.concatenate([symbols.real, symbols.imag]) ** 2
    assert abs(power.mean() - noise) < 4 * power.std() / (2 * ELEMENTS) ** 0.5
    assert noise == pytest.approx(10**-0.3 / 2 * float(tf.reduce_mean(1 / arrival**2)), rel=1e-5)


def test_the_noise_told_where_a_scale_is_sent_beside_is_that_of_a_real_number() -> None:
    air = Air(GRID, Awgn(), 1)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, GRID.slots(ELEMENTS), 3.0)
    round = Round(Terms(air, 2 * ELEMENTS, ELEMENTS), keys.key(2), tf.ones([1]), link)
    heard = keys.complex_normal(keys.key(3), [ELEMENTS]) * tf.cast(tf.sqrt(link.noise), tf.complex64)
    heard = tf.concat([heard, [2.0 + 0j]], 0)
    symbols, noise, legible = Analog(Identity(), Individual())._read(heard, tf.ones([]), round)
    power = np.concatenate([symbols.numpy().real, symbols.numpy().imag]) ** 2
    assert bool(legible) and abs(power.mean() - float(noise)) < 4 * power.std() / (2 * ELEMENTS) ** 0.5


def test_a_round_tells_its_codec_the_noise_of_a_real_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The difference of two rounds that differ in their noise alone has twice the noise that codecs are told."""
    heard: list[tuple[np.ndarray, float]] = []
    decode = Identity.decode

    def spy(self: Identity, symbols: tf.Tensor, layers: object, code: object, noise: tf.Tensor) -> tf.Tensor:
        heard.append((symbols.numpy(), float(noise)))
        return decode(self, symbols, layers, code, noise)  # type: ignore[arg-type]

    monkeypatch.setattr(Identity, "decode", spy)
    air, size = Air(GRID, Tdl("A", 3e-7), 3), 2000
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, GRID.slots(size // 2), 5.0)
    uplink, terms = Analog(Identity(), MseOptimal()), Terms(air, size, size // 2)
    for number in (2, 3):
        round = Round(terms, keys.key(number), tf.fill([3], 1 / 3), link)
        apply(uplink, uplink.init(terms, air.init(keys.key(0))), round, keys.normal(keys.key(4), [3, size]))
    (one, noise), (other, _) = heard
    apart = (one - other) / 2**0.5
    power = np.concatenate([apart.real, apart.imag]) ** 2
    # noise is of a different size on each subcarrier, so a standard error is that of what each of 1000 elements adds
    assert abs(power.mean() - noise) < 4 * power.std() / len(power) ** 0.5
