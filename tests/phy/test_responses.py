"""What an air draws, saved and read again: the same responses, for us, for NumPy and for Sionna."""

import doctest
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import j0
from sionna.phy.channel import CIRDataset, cir_to_ofdm_channel

from overair.phy import (
    Air,
    CirFile,
    Estimated,
    FrequencyOffset,
    Grid,
    Link,
    PathLoss,
    Rayleigh,
    Size,
    Span,
    Tdl,
    TimingOffset,
    keys,
    save_cir,
)
from overair.phy import responses as module
from overair.phy.numbered import Numbered

GRID = Grid(subcarriers=16, symbols=4, prefix=8)
MOVING = Tdl("A", delay_spread=300e-9, speed=60.0)
AIRS = {
    "rayleigh": Air(GRID, Rayleigh(), devices=3, antennas=2),
    "tdl": Air(GRID, Tdl("A"), devices=3, antennas=2, impairments=(PathLoss(), TimingOffset(high=2.0))),
    "moving": Air(GRID, MOVING, devices=3, antennas=2, csir=Estimated()),
    "waveform": Air(GRID, MOVING, devices=3, impairments=(FrequencyOffset(low=-0.1, high=0.1),)),
}


def link_of(air: Air, seed: int, number: int, slots: int) -> Link:
    """As the round of a scenario draws it."""
    airtime = slots * air.grid.slot_seconds + air.pilots / air.grid.subcarriers * air.grid.symbol_seconds
    place, key = air.init(keys.key(seed, "place")), keys.fold(keys.key(seed, "round", number), "link")
    return air.draw(place, key, tf.constant(number * airtime, tf.float64), slots)


def replayed(air: Air, path: Path) -> Air:
    return replace(air, channel=CirFile(str(path), normalized=False, replayed=True), impairments=())


@pytest.mark.parametrize("ending", [".npz", ".mat"])
@pytest.mark.parametrize("name", AIRS)
def test_what_is_saved_is_read_as_the_same_responses(tmp_path: Path, name: str, ending: str) -> None:
    air, path, rounds, slots = AIRS[name], tmp_path / f"own{ending}", 3, 2
    save_cir(air, path, rounds, seed=5, slots=slots)
    again = replayed(air, path)
    for number in (0, 2, 1, rounds):  # past the end it begins again
        source = link_of(air, 5, number % rounds, slots)
        theirs = source.response(of=source.effective)
        ours = link_of(again, 6, number, slots)
        found = ours.response(of=ours.effective)
        np.testing.assert_allclose(found + tf.zeros_like(theirs), theirs, atol=2e-5)  # float32
        each = (np.abs(CirFile(str(path), normalized=False)._examples.a) ** 2).mean((1, 3))
        np.testing.assert_allclose(ours.true.power[0], each.reshape(rounds, 3, -1).mean(0), rtol=1e-5)


def test_arrays_are_those_of_sionna_and_say_what_they_are(tmp_path: Path) -> None:
    air = AIRS["moving"]
    save_cir(air, tmp_path / "own.npz", rounds=2, seed=5)
    with np.load(tmp_path / "own.npz", allow_pickle=False) as file:
        held: dict[str, Any] = {name: file[name] for name in file}
    steps, seconds = air.lead + GRID.symbols, GRID.symbol_seconds
    paths = held["tau"].shape[-1]
    assert held["a"].shape == (2, 1, 2, 3, 1, paths, steps) and held["a"].dtype == np.complex64
    assert held["tau"].shape == (2, 1, 3, paths) and held["tau"].dtype == np.float32
    assert held["step_seconds"] == seconds and held["first_seconds"] == -air.lead * seconds < 0
    assert held["start_seconds"][1] == pytest.approx(4 * seconds + air.pilots / 16 * seconds)
    assert held["carrier_hz"] == 3.5e9 and "time step" in str(held["axes"])
    by_hand = np.einsum("baklt,bklf->baktf", held["a"][:, 0, :, :, 0], np.exp(
        -2j * np.pi * held["tau"][:, 0, ..., None] * held["frequencies_hz"]
    ))  # fmt: skip
    for number in range(2):
        np.testing.assert_allclose(
            link_of(air, 5, number, 1).response()[0], by_hand[number][..., air.lead :, :], atol=2e-5
        )

    def examples() -> Any:
        yield from zip(held["a"], held["tau"], strict=True)

    dataset = CIRDataset(examples, 2, 1, 2, 3, 1, paths, steps)
    a, tau = dataset()
    theirs = cir_to_ofdm_channel(tf.constant(held["frequencies_hz"], tf.float32), a, tau)  # [B, 1, A, K, 1, T, F]
    for found in theirs[:, 0, :, :, 0].numpy():  # in an order of Sionna's
        assert min(np.abs(found - each).max() for each in by_hand) < 2e-5


def test_power_and_correlation_over_time_are_those_of_the_source(tmp_path: Path) -> None:
    rounds, devices, steps = 30, 20, 28
    air = Air(Grid(subcarriers=8, symbols=steps, prefix=8), MOVING, devices=devices)
    save_cir(air, tmp_path / "own.npz", rounds)
    channel, count = CirFile(str(tmp_path / "own.npz"), normalized=False), rounds * devices
    span = Span(0.0, steps, air.grid.symbol_seconds)
    drawn, source = (
        each.draw(Size(1, 1, count), span, keys.key(1), keys.key(2)) for each in (channel, MOVING)
    )  # every example once, against new ones
    gains, fresh = ((np.abs(each.a[0, 0, :, :, 0]) ** 2).sum(1) for each in (drawn, source))
    error = ((gains.var() + fresh.var()) / count) ** 0.5
    assert abs(gains.mean() - fresh.mean()) < 4 * error and abs(gains.mean() - 1) < 4 * gains.std() / count**0.5
    powers = drawn.power[0, 0].numpy()
    np.testing.assert_allclose(powers, source.power[0, 0], atol=4 * powers.max() / count**0.5)
    lags, a = np.array([1, 7, 27]), drawn.a[0, 0].numpy()  # [K, L, T]
    clarke = j0(2 * np.pi * MOVING.doppler * lags * span.seconds)
    told = channel.correlation(np.zeros(3), lags, span.seconds)
    for lag, expected, known in zip(lags, clarke, told, strict=True):
        products = (a[:, :, lag] * a[:, :, 0].conj()).sum(1)
        assert abs(products.mean() - expected) < 4 * products.std() / count**0.5
        assert abs((known * powers).sum() - expected) < 4 * products.std() / count**0.5


def test_without_replay_rounds_draw_among_all_that_was_saved(tmp_path: Path) -> None:
    save_cir(AIRS["rayleigh"], tmp_path / "own.npz", rounds=4)
    channel = CirFile(str(tmp_path / "own.npz"), normalized=False)
    drawn = channel.draw(Size(1, 2, 12), Span(0.0, 1, 1.0), keys.key(1), keys.key(2)).a[0, :, :, 0, 0].numpy()
    there = np.load(tmp_path / "own.npz")["a"][:, 0, :, :, 0, 0, 0].transpose(1, 0, 2).reshape(2, 12)
    order = np.argsort(drawn[0].real), np.argsort(there[0].real)
    assert np.array_equal(drawn[:, order[0]], there[:, order[1]]) and not np.array_equal(drawn, there)


def test_replay_knows_devices_by_number_and_the_links_of_a_batch_one_after_another(tmp_path: Path) -> None:
    save_cir(AIRS["rayleigh"], tmp_path / "own.npz", rounds=4)
    channel = CirFile(str(tmp_path / "own.npz"), normalized=False, replayed=True)
    there = np.load(tmp_path / "own.npz")["a"][:, 0, :, :, 0, 0, 0]  # [B, A, K]
    now, numbers = Span(tf.constant(1.2 * GRID.slot_seconds), 1, 1.0), tf.constant([7, 3000], tf.int64)
    draw = tf.function(lambda size, place: channel.draw(size, now, keys.key(1), place).a[..., 0, 0], autograph=False)
    np.testing.assert_array_equal(draw(Size(5, 2, 3), keys.key(2)), there[[1, 2, 3, 0, 1]])
    np.testing.assert_array_equal(draw(Size(1, 2, 2), Numbered(keys.key(2), numbers)), there[1:2, :, [1, 0]])
    assert channel.scales and channel != CirFile(channel.path, normalized=False)
    with pytest.raises(ValueError, match="cir_file.path: expected at least 4 transmitters in .* received 3"):
        channel.draw(Size(1, 2, 4), now, keys.key(1), keys.key(2))


def test_what_cannot_be_replayed_is_refused(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(0), str(tmp_path / "own.npz")
    own: dict[str, Any] = {"a": rng.normal(size=[3, 1, 2, 4, 1, 5, 1]) + 0j, "tau": np.zeros([3, 1, 4, 5])}
    odd: dict[str, Any] = {"start_seconds": [0.0, 2.0, 1.0]}
    for more in ({}, odd):
        np.savez(path, **own, **more)
        with pytest.raises(ValueError, match="cir_file.replayed: expected start_seconds in .*, 3 numbers that rise"):
            CirFile(path, replayed=True)
    for starts, message in (([0.0, 1.0], "3 finite"), ([0.0, 1.0, np.nan], "3 finite"), (["0"] * 3, "of <U1")):
        np.savez(path, **own, start_seconds=np.array(starts))
        with pytest.raises(ValueError, match=f"cir_file.path: expected start_seconds, .*{message}"):
            CirFile(path)
    np.savez(path, **own, start_seconds=[0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="cir_file.replayed: expected false where lasting is true"):
        CirFile(path, lasting=True, replayed=True)
    save_cir(replace(AIRS["moving"], csir=AIRS["tdl"].csir), path, rounds=2, slots=4)
    with pytest.raises(ValueError, match="expected responses from -0.0.* after a round's data begins .* from 0 s on"):
        link_of(replayed(AIRS["moving"], Path(path)), 5, 0, 1)  # whose pilots come before the data


def test_what_cannot_be_saved_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    air, path = AIRS["rayleigh"], tmp_path / "own.npz"
    early = replace(air, impairments=(TimingOffset(low=-2.0, high=-1.0),))
    for call, message in (
        (lambda: save_cir(air, tmp_path / "own.pkl", 1), r"save_cir.path: expected a name that ends with .npz or .mat"),
        (lambda: save_cir(air, path, 0), "save_cir.rounds: expected a whole number of at least 1, received 0"),
        (lambda: save_cir(air, "none/a.npz", 1), "save_cir.path: expected a file in a folder, received 'none/a.npz'"),
        (lambda: save_cir(air, path, 1, seed=1.5), "save_cir.seed: expected a whole"),  # type: ignore[arg-type]
        (lambda: save_cir(air, path, 1, slots=1.5), "save_cir.slots: expected a whole"),  # type: ignore[arg-type]
        (lambda: save_cir(early, path, 1), "save_cir.air: expected every arrival at 0 s or later"),
        (lambda: save_cir(air, path, 10**8), "save_cir.rounds: expected responses of at most 1 GiB, received 5.59"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert not list(tmp_path.iterdir())


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(module) == (0, 4)
