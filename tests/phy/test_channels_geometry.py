"""System-level channels: the path loss, shadowing, sight and angles of 38.901 over positions that last."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from sionna.phy.channel import gen_single_sector_topology, tr38901

from overair.phy import Paths, Size, Span, keys
from overair.phy.channels import _system
from overair.phy.channels.rma import Rma
from overair.phy.channels.uma import Uma
from overair.phy.channels.umi import Umi
from overair.phy.sionna_rng import keyed

PLACE = keys.key(0, "place")
SPEED_OF_LIGHT = 299_792_458.0
CHANNELS = [Umi, Uma, Rma]
SCENARIOS = {Umi: tr38901.UMiScenario, Uma: tr38901.UMaScenario, Rma: tr38901.RMaScenario}


def drop(channel: Any, batch: int = 1, devices: int = 1, place: Any = PLACE) -> _system.Lasting:
    return _system.drop(channel, SCENARIOS[type(channel)], batch, devices, place)


def distances(lasting: _system.Lasting, channel: Any) -> tuple[np.ndarray, np.ndarray]:
    """On the ground and in space, in metres."""
    flat = np.hypot(*lasting.position.numpy().astype(float).T)
    return flat, np.hypot(flat, channel.height - 1.5)


def loss_in_sight(channel: Any, flat: np.ndarray, space: np.ndarray) -> np.ndarray:
    """38.901, table 7.4.1-1, for devices at 1.5 m."""
    ghz, up, device = channel.carrier / 1e9, channel.height, 1.5
    if isinstance(channel, Rma):
        wide = 5.0**1.72

        def near(d: np.ndarray) -> np.ndarray:
            slope = min(0.03 * wide, 10) * np.log10(d) - min(0.044 * wide, 14.77) + 0.002 * np.log10(5.0) * d
            return 20 * np.log10(40 * np.pi * d * ghz / 3) + slope

        bend = 2 * np.pi * up * device * channel.carrier / SPEED_OF_LIGHT
        return np.where(flat < bend, near(space), near(np.array(bend)) + 40 * np.log10(space / bend))
    start, slope, drop_db = (32.4, 21, 9.5) if isinstance(channel, Umi) else (28.0, 22, 9.0)
    bend = 4 * (up - 1) * (device - 1) * channel.carrier / SPEED_OF_LIGHT
    near_db = start + slope * np.log10(space) + 20 * np.log10(ghz)
    far_db = start + 40 * np.log10(space) + 20 * np.log10(ghz) - drop_db * np.log10(bend**2 + (up - device) ** 2)
    return np.where(flat < bend, near_db, far_db)


def loss_out_of_sight(channel: Any, flat: np.ndarray, space: np.ndarray) -> np.ndarray:
    ghz, up = channel.carrier / 1e9, channel.height
    if isinstance(channel, Rma):
        loss = 161.04 - 7.1 * np.log10(20) + 7.5 * np.log10(5) - (24.37 - 3.7 * (5 / up) ** 2) * np.log10(up)
        loss += (43.42 - 3.1 * np.log10(up)) * (np.log10(space) - 3) + 20 * np.log10(ghz)
        loss -= 3.2 * np.log10(11.75 * 1.5) ** 2 - 4.97
    elif isinstance(channel, Uma):
        loss = 13.54 + 39.08 * np.log10(space) + 20 * np.log10(ghz)
    else:
        loss = 35.3 * np.log10(space) + 22.4 + 21.3 * np.log10(ghz)
    return np.maximum(loss, loss_in_sight(channel, flat, space))


@pytest.mark.parametrize("kind", CHANNELS)
@pytest.mark.parametrize("apart", [None, 8000.0])
def test_gains_in_sight_are_the_standards_path_loss_and_shadowing(kind: Any, apart: float | None) -> None:
    channel = kind(indoor_fraction=0.0, los="always", **({"inter_site_distance": apart} if apart else {}))
    lasting = drop(channel, batch=2000)
    flat, space = distances(lasting, channel)
    shadow = -lasting.gain_db.numpy() - loss_in_sight(channel, flat, space)
    deviation = np.full(len(flat), 4.0)
    if kind is Rma:
        deviation[flat >= 2 * np.pi * channel.height * 1.5 * channel.carrier / SPEED_OF_LIGHT] = 6.0
    assert stats.kstest(shadow / deviation, stats.norm.cdf).pvalue > 1e-4


@pytest.mark.parametrize(("kind", "deviation"), [(Umi, 7.82), (Uma, 6.0), (Rma, 8.0)])
def test_gains_out_of_sight_are_the_standards_path_loss_and_shadowing(kind: Any, deviation: float) -> None:
    channel = kind(
        indoor_fraction=0.0, los="never", height=60.0, nearest=10.0, inter_site_distance=120.0
    )  # so near that the height counts
    lasting = drop(channel, batch=2000)
    flat, space = distances(lasting, channel)
    shadow = -lasting.gain_db.numpy() - loss_out_of_sight(channel, flat, space)
    assert stats.kstest(shadow / deviation, stats.norm.cdf).pvalue > 1e-4


@pytest.mark.parametrize(("o2i_loss", "random_db"), [("low", 4.4), ("high", 6.5)])
def test_walls_and_rooms_weaken_devices_indoors(o2i_loss: str, random_db: float) -> None:
    channel = Umi(indoor_fraction=1.0, o2i_loss=o2i_loss)  # type: ignore[arg-type]
    draws = 4000
    lasting = drop(channel, batch=draws)
    loss = -lasting.gain_db.numpy() - loss_out_of_sight(channel, *distances(lasting, channel))
    ghz = 3.5
    glass, share = (2 + 0.2 * ghz, 0.3) if o2i_loss == "low" else (23 + 0.3 * ghz, 0.7)
    wall = 5 - 10 * np.log10(share * 10 ** (-glass / 10) + (1 - share) * 10 ** (-(5 + 4 * ghz) / 10))
    room, room_variance = 0.5 * 25 / 3, 0.25 * 25**2 / 18  # the lesser of two uniform draws
    variance = 7.0**2 + random_db**2 + room_variance
    assert abs(loss.mean() - wall - room) < 4 * (variance / draws) ** 0.5
    assert abs(loss.var() / variance - 1) < 4 * (2 / draws) ** 0.5


@pytest.mark.parametrize("kind", CHANNELS)
def test_devices_outdoors_are_in_sight_as_often_as_the_standard_says(kind: Any) -> None:
    channel = kind(indoor_fraction=0.0)
    lasting = drop(channel, batch=3000)
    flat, _ = distances(lasting, channel)
    seen = lasting.rays.power.numpy()[:, 0].sum(1) > 0
    if kind is Rma:
        chance = np.where(flat <= 10, 1, np.exp(-(flat - 10) / 1000))
    else:
        far = np.exp(-flat / (36 if kind is Umi else 63))
        chance = np.where(flat <= 18, 1, 18 / flat + far * (1 - 18 / flat))
    assert abs((seen - chance).sum()) < 4 * (chance * (1 - chance)).sum() ** 0.5
    near = flat < np.median(flat)
    assert abs((seen - chance)[near].sum()) < 4 * (chance * (1 - chance))[near].sum() ** 0.5
    none = drop(kind(indoor_fraction=1.0), batch=200).rays.power.numpy()[:, 0]
    assert not none.any()


def test_shadowing_is_alike_for_neighbours_and_not_for_strangers() -> None:
    channel = Rma(indoor_fraction=0.0, los="never", inter_site_distance=400.0)
    places = 2000
    lasting = drop(channel, batch=places, devices=2)
    shadow = (lasting.gain_db.numpy() + loss_out_of_sight(channel, *distances(lasting, channel))).reshape(places, 2) / 8
    apart = np.linalg.norm(np.diff(lasting.position.numpy().reshape(places, 2, 2), axis=1)[:, 0], axis=1)
    expected = np.exp(-apart / 120)  # table 7.5-6
    product = shadow.prod(1)
    weight = expected - expected.mean()  # the slope as well as the mean
    assert abs((product - expected).mean()) < 4 * (1 + expected**2).mean() ** 0.5 / places**0.5
    assert abs((weight * (product - expected)).sum()) < 4 * (weight**2 * (1 + expected**2)).sum() ** 0.5


@pytest.mark.parametrize("kind", CHANNELS)
def test_devices_stand_in_the_sector(kind: Any) -> None:
    channel = kind()
    east, north = drop(channel, batch=3000).position.numpy().astype(float).T
    angle, distance = np.degrees(np.arctan2(north, east)), np.hypot(east, north)
    assert stats.kstest(angle, stats.uniform(0, 120).cdf).pvalue > 1e-4
    edge = channel.inter_site_distance / 2 / np.cos(np.radians((angle % 60) - 30))
    share = (distance**2 - channel.nearest**2) / (edge**2 - channel.nearest**2)
    assert stats.kstest(share, stats.uniform.cdf).pvalue > 1e-4


def test_a_line_of_sight_reaches_the_antennas_from_where_the_device_stands() -> None:
    channel = Umi(indoor_fraction=0.0, los="always")
    size = Size(2, 4, 30)
    first = channel.draw(size, Span(0.0, 1, 1.0), keys.key(1), PLACE).a.numpy()[:, :, :, 0, 0]
    lasting = drop(channel, 2, 30)
    flat, space = distances(lasting, channel)
    east, north = lasting.position.numpy().T
    sine = flat / space * np.sin(np.arctan2(north, east) - np.pi / 3)
    turn = (first[:, 1:] / first[:, :-1]).transpose(1, 0, 2).reshape(3, 60)
    np.testing.assert_allclose(turn, np.broadcast_to(np.exp(1j * np.pi * sine), (3, 60)), atol=2e-4)


def test_the_elements_pattern_favours_the_middle_of_the_sector() -> None:
    plain, directed = (
        drop(Umi(indoor_fraction=0.0, los="always", pattern=pattern), batch=200).rays.power.numpy()[:, 0, 0]
        for pattern in ("omni", "38.901")
    )
    lasting = drop(Umi(indoor_fraction=0.0, los="always"), batch=200)
    east, north = lasting.position.numpy().T
    aside = np.degrees(np.arctan2(north, east)) - 60
    down = np.degrees(np.arctan2(8.5, np.hypot(east, north)))
    loss = np.minimum(np.minimum(12 * (down / 65) ** 2, 30) + np.minimum(12 * (aside / 65) ** 2, 30), 30)
    np.testing.assert_allclose(10 * np.log10(directed / plain), 8 - loss, atol=2e-3)


def many_rounds(channel: Any, rounds: int, devices: int = 5) -> tuple[np.ndarray, Paths]:
    """Coefficients of many rounds in one place, [R, K, L], and one of the rounds."""

    @tf.function(autograph=False)
    def draw(round: tf.Tensor) -> Paths:
        return channel.draw(Size(1, 1, devices), Span(0.0, 1, 1e-4), keys.key(round), PLACE)

    drawn = [draw(tf.constant(round)) for round in range(rounds)]
    assert all(np.array_equal(each.tau, drawn[0].tau) and np.array_equal(each.power, drawn[0].power) for each in drawn)
    return np.stack([each.a.numpy()[0, 0, :, :, 0] for each in drawn]), drawn[0]


@pytest.mark.parametrize("kind", CHANNELS)
def test_large_scale_gains_last_and_are_the_mean_over_fading(kind: Any) -> None:
    rounds = 500
    a, one = many_rounds(kind(indoor_fraction=0.3), rounds)
    power = one.power.numpy()[0]
    used = power > 0
    measured = (np.abs(a) ** 2).mean(0)[used] / power[used]
    # a sum of rays of random phases varies by at most its mean; about 100 paths
    assert np.all(np.abs(measured - 1) < 5 / rounds**0.5)
    assert not a[:, ~used].any()
    correlation = (a[1:] * a[:-1].conj()).mean(0)[used] / power[used]
    assert np.all(np.abs(correlation) < 5 / rounds**0.5)  # rounds fade independently, in sight or not
    total = power.sum(1)
    assert total.max() > 3 * total.min()
    elsewhere = kind(indoor_fraction=0.3).draw(Size(1, 1, 5), Span(0.0, 1, 1e-4), keys.key(0), keys.key(1))
    assert not np.any(np.isclose(elsewhere.power.numpy()[0].sum(1), total, rtol=1e-3))


@pytest.mark.parametrize("kind", CHANNELS)
def test_gains_are_relative_to_the_loss_that_the_snr_is_defined_at(kind: Any) -> None:
    size, span = Size(1, 1, 20), Span(0.0, 1, 1.0)
    lasting = drop(kind(longest=1.0), 1, 20)
    for reference in (100.0, 120.0):
        paths = kind(reference_db=reference, longest=1.0).draw(size, span, keys.key(1), PLACE)
        total = 10 * np.log10(paths.power.numpy()[0].sum(1))
        np.testing.assert_allclose(total, lasting.gain_db.numpy() + reference, atol=1e-3)
    even = kind(compensated=True)
    assert not even.scales and kind().scales
    np.testing.assert_allclose(even.draw(size, span, keys.key(1), PLACE).power.numpy().sum(2), 1, rtol=1e-5)


def test_late_paths_are_left_out_and_the_others_stay() -> None:
    size, span = Size(1, 1, 50), Span(0.0, 1, 1.0)
    whole, cut = (Umi(longest=longest).draw(size, span, keys.key(1), PLACE) for longest in (1.0, 0.5e-6))
    late = whole.tau.numpy() > 0.5e-6
    assert late.any() and not cut.power.numpy()[late].any() and not cut.tau.numpy()[late].any()
    assert not np.abs(cut.a.numpy()[:, 0, ..., 0])[late].any()
    assert np.array_equal(cut.power.numpy()[~late], whole.power.numpy()[~late])
    assert np.array_equal(cut.a.numpy()[:, 0, ..., 0][~late], whole.a.numpy()[:, 0, ..., 0][~late])


def test_a_moving_device_turns_each_ray_by_its_doppler_shift_over_all_rounds() -> None:
    channel = Umi(speed=20.0, fading="continuous", indoor_fraction=0.0, los="always")
    size, start, step = Size(1, 1, 4), 3600.0, 1e-4
    whole = channel.draw(size, Span(start, 12, step, -2), keys.key(1), PLACE).a.numpy()
    later = channel.draw(size, Span(start + 4 * step, 6, step), keys.key(2), PLACE).a.numpy()
    np.testing.assert_allclose(later, whole[..., 6:], atol=1e-4 * np.abs(whole).max())
    sight = whole[0, 0, :, 0]  # [K, T], a single ray
    hertz = drop(channel, 1, 4).rays.hertz.numpy()[:, 0, 0]
    turn = np.exp(2j * np.pi * hertz * step)[:, None]
    np.testing.assert_allclose(sight[:, 1:] / sight[:, :-1], np.broadcast_to(turn, (4, 11)), atol=1e-3)


def test_the_doppler_shift_of_a_line_of_sight_is_that_of_a_random_level_direction() -> None:
    channel = Umi(speed=3.0, indoor_fraction=0.0, los="always")
    lasting = drop(channel, batch=2000)
    flat, space = distances(lasting, channel)
    cosine = lasting.rays.hertz.numpy()[:, 0, 0] / (3.0 / SPEED_OF_LIGHT * channel.carrier * flat / space)
    assert stats.kstest(cosine, stats.arcsine(-1, 2).cdf).pvalue > 1e-4


@pytest.mark.parametrize("kind", CHANNELS)
def test_delay_spreads_are_those_of_sionnas_own_model(kind: Any) -> None:
    draws = 1500
    ours = kind(longest=1.0, indoor_fraction=0.0, los="never").draw(
        Size(draws, 1, 1), Span(0.0, 1, 1.0), keys.key(1), PLACE
    )
    element = tr38901.PanelArray(1, 1, "single", "V", "omni", 3.5e9)
    more = {} if kind is Rma else {"o2i_model": "low"}
    model = getattr(tr38901, {Umi: "UMi", Uma: "UMa", Rma: "RMa"}[kind])(
        carrier_frequency=3.5e9, ut_array=element, bs_array=element, direction="uplink", **more
    )
    keyed(keys.key(5))
    model.set_topology(*gen_single_sector_topology(draws, 1, kind.__name__.lower(), indoor_probability=0.0), los=False)
    a, tau = model(1, 1.0)

    def spread(gain: np.ndarray, tau: np.ndarray) -> np.ndarray:
        share = gain / gain.sum(-1, keepdims=True)
        return ((share * tau**2).sum(-1) - (share * tau).sum(-1) ** 2) ** 0.5

    mine = spread(np.abs(ours.a.numpy()[:, 0, 0, :, 0]).astype(float) ** 2, ours.tau.numpy()[:, 0].astype(float))
    theirs = spread(np.abs(a.numpy()[:, 0, 0, 0, 0, :, 0]).astype(float) ** 2, tau.numpy()[:, 0, 0].astype(float))
    assert stats.ks_2samp(mine, theirs).pvalue > 1e-4


def test_a_thousand_devices_are_drawn_and_the_draw_is_the_same_in_a_graph() -> None:
    channel, size, span = Uma(), Size(1, 1, 1000), Span(0.0, 1, 1.0)
    graph = tf.function(lambda: channel.draw(size, span, keys.key(1), PLACE), autograph=False)()
    assert graph.a.shape == (1, 1, 1000, 25, 1) and np.isfinite(graph.a).all()
    eager = channel.draw(size, span, keys.key(1), PLACE)
    np.testing.assert_allclose(graph.a, eager.a, atol=1e-4 * np.abs(eager.a).max())


@pytest.mark.parametrize("kind", CHANNELS)
def test_impossible_sectors_are_refused(kind: Any) -> None:
    for fields in (
        {"speed": -1.0},
        {"indoor_fraction": 1.5},
        {"los": "maybe"},
        {"nearest": 5.0},
        {"inter_site_distance": 30.0, "nearest": 20.0},
        {"reference_db": float("inf")},
        {"longest": 0.0},
    ):
        with pytest.raises(ValueError, match=next(iter(fields))):
            kind(**fields)
