"""Every impairment: what it does to paths, to samples, and to symbols on average."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from ..phy import Air, Awgn, Distortion, Grid, Size, Span, Tdl, Waveform, keys
from .compare import GRID, PLACE, finite, is_precise, same
from .found import required

NOTHING: dict[str, dict[str, float]] = {  # where an impairment as it comes does something: with this it does nothing
    "Amplifier": {"backoff_db": 200.0},
    "PathLoss": {"exponent": 0.0},
    "QuantizedReceiver": {"bits": 16, "headroom": 6.0},
}


def test_impairments(impairment: Any) -> None:
    assert isinstance(impairment.seen, bool) and isinstance(impairment.lasting, bool)
    first, last = impairment.delays(GRID)
    assert first <= last
    for channel, steps in ((Awgn(), 1), (Tdl("A", 30e-9, speed=3.0), 8)):  # of Awgn all devices are alike
        paths = channel.draw(Size(2, 2, 6), Span(0.0, steps, GRID.symbol_seconds), keys.key(0), PLACE)
        span = Span(0.5, 8, GRID.symbol_seconds)
        impaired, again, other = (impairment.apply(paths, GRID, span, keys.key(seed)) for seed in (1, 1, 2))
        assert impaired.a.shape[:4] == paths.a.shape[:4] and impaired.steps in (paths.steps, 8)
        assert (impaired.tau.shape, impaired.power.shape) == (paths.tau.shape, paths.power.shape)
        assert is_precise(impaired) and finite(impaired)
        shift = (impaired.tau - paths.tau).numpy() / GRID.sample
        assert np.all((shift >= first / GRID.sample - 1e-3) & (shift <= last / GRID.sample + 1e-3))
        assert same(impaired, again)
        fresh = dataclasses.replace(impairment)  # one that has not been used outside of a graph
        graph = tf.function(
            lambda key, paths=paths, span=span, fresh=fresh: fresh.apply(paths, GRID, span, key), autograph=False
        )
        assert same(graph(keys.key(1)), impaired, rtol=1e-5, atol=1e-9)
        if channel == Awgn():  # devices that come out unlike were drawn, so another key draws them otherwise
            drawn = any(np.ptp(value, axis=axis).any() for value, axis in zip(impaired, (2, 1, 1), strict=True))
            assert not (drawn and same(impaired, other))
            assert same(impaired, other) or drawn or impairment.stage == "receive"  # the receiver's is everybody's


def nothing_of(scheme: type) -> dict[str, Any]:
    """Fields with which an impairment does nothing; another's says them in ``nothing: ClassVar[dict]``."""
    return getattr(scheme, "nothing", NOTHING.get(scheme.__name__, {}))


def waves(places: int) -> tf.Tensor:
    """Waveforms [2, places, 4 symbols] of random symbols, twice as many samples as the grid has."""
    return Waveform(GRID, 0.0, 0.0).modulate(keys.complex_normal(keys.key(5), [2, places, 4, GRID.subcarriers]))


def samples(wave: tf.Tensor, first: int = 0) -> Span:
    return Span(0.5, wave.shape[-1], GRID.sample / 2, first)


def test_distortions(impairment: Any) -> None:
    assert impairment.stage in ("paths", "transmit", "receive")
    assert isinstance(impairment, Distortion) == (impairment.stage != "paths")
    if impairment.stage == "paths":
        return
    wave, everywhere = waves(6), tf.range(6)
    span = samples(wave, -2 * wave.shape[-1] // 4)  # two symbols before the data, and two of it

    def distort(wave: tf.Tensor, places: tf.Tensor, seed: int = 1, span: Span = span) -> tf.Tensor:
        return impairment.distort(wave, GRID, span, keys.key(seed), places)

    whole = distort(wave, everywhere)
    assert whole.shape == wave.shape and whole.dtype == tf.complex64 and finite(whole)
    assert same(whole, distort(wave, everywhere))
    assert same(tf.function(distort, autograph=False)(wave, everywhere), whole, rtol=1e-4, atol=1e-4)
    for some in ([4, 1], [5], []):
        chosen = tf.constant(some, tf.int64)  # as ``tf.where`` has them
        assert same(distort(tf.gather(wave, chosen, axis=1), chosen), tf.gather(whole, chosen, axis=1), atol=2e-6)
    assert not np.any(distort(0 * wave, everywhere))
    for factor in (1e-3, 3.0):
        assert same(distort(factor * wave, everywhere), factor * whole, 1e-4, 1e-4 * factor) == impairment.homogeneous
    assert same(whole, wave) == impairment.orthogonal
    with tf.GradientTape() as tape:
        silent_in_part = tf.Variable(wave * tf.cast(everywhere > 0, wave.dtype)[:, None])
        energy = tf.reduce_sum(tf.abs(distort(silent_in_part, everywhere)[:, 1:]) ** 2)
    slope = tape.gradient(energy, silent_in_part)
    assert finite(slope) and np.all(np.any(slope[:, 1:], axis=2))
    if (
        impairment.stage == "transmit"
    ):  # a device that stops earlier has sent the same until then, but for a filter's reach
        half = wave[..., : wave.shape[-1] // 2]
        shorter = distort(half, everywhere, span=samples(half, span.first))
        assert same(shorter[..., :-32], whole[..., : half.shape[-1] - 32], atol=2e-6)
    drawn = not same(distort(wave[:, :1] + 0 * wave, everywhere), tf.broadcast_to(whole[:, :1], wave.shape), 1e-6, 1e-6)
    shared = getattr(impairment, "common", False) and not impairment.orthogonal
    assert same(distort(wave, everywhere, seed=2), whole) != (drawn or shared)


def test_impairments_of_nothing_leave_everything_as_it_is(impairment: Any) -> None:
    scheme = type(impairment)
    nothing = scheme(**required(scheme) | nothing_of(scheme))
    paths = Tdl("A", 30e-9, speed=3.0).draw(Size(2, 2, 6), Span(0.0, 4, 1e-4), keys.key(0), PLACE)
    for one, other in zip(nothing.apply(paths, GRID, Span(0.5, 4, 1e-4), keys.key(1)), paths, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)  # rounding, or the steps of 16 bits
    if nothing.stage != "paths":
        wave = waves(6)
        np.testing.assert_allclose(
            nothing.distort(wave, GRID, samples(wave), keys.key(1), tf.range(6)), wave, atol=2e-4 * np.abs(wave).max()
        )
    if not nothing_of(scheme):
        assert nothing.orthogonal and same(nothing.apply(paths, GRID, Span(0.5, 4, 1e-4), keys.key(1)), paths)


def test_what_an_impairment_is_said_to_do_on_average_is_what_it_does_to_symbols(impairment: Any) -> None:
    grid = Grid(subcarriers=32, symbols=4, prefix=16, advance=4)
    if impairment.stage == "paths":
        impairment = type(impairment)(**required(type(impairment)) | nothing_of(type(impairment)))
    air = Air(grid, Awgn(), 3, impairments=(impairment,), domain="time")
    link = air.draw(air.init(PLACE), keys.key(1), 0.0, 3, 200.0, batch=2)
    for device in range(3):
        x = keys.complex_normal(keys.key(2, device), [2, 1, 12, 32])
        heard = air.receive(air.add(air.empty(3, batch=2), x, link, tf.constant([device])), link, keys.key(3)).numpy()
        known = (link.response(tf.constant([device]), link.receiver)[:, :, 0] * x).numpy()
        power = np.sum(np.abs(known) ** 2)
        off = np.sum((heard - known) * known.conj(), axis=-1) / power  # one a symbol, and symbols are independent
        assert np.abs(np.sum(off)) < 5 * np.sum(np.abs(off) ** 2) ** 0.5 + 1e-4
