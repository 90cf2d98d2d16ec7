"""Ray-traced sites: free space, mirrors and angles where the geometry is known; positions that last."""

import sys
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import Paths, Size, Span, keys
from overair.phy.channels import ray_traced
from overair.phy.channels.ray_traced import RayTraced

PLACE = keys.key(0, "place")
SPAN = Span(0.0, 1, 1.0)
DEVICES = 8
SPEED_OF_LIGHT = 299_792_458.0


def draw(channel: RayTraced, key: Any = None, place: Any = PLACE) -> Paths:
    return channel.draw(Size(1, 3, DEVICES), SPAN, keys.key(1) if key is None else key, place)


@pytest.fixture(scope="module", autouse=True)
def tracer() -> None:
    """Skips what needs a tracer where there is none."""
    try:
        draw(RayTraced())
    except ValueError as error:
        if "expected LLVM" in str(error):
            pytest.skip("Sionna RT needs LLVM, which is not installed here")
        raise


def places(channel: RayTraced) -> np.ndarray:
    """Positions of the devices, [K, 3]; in the street all of them are reached at once."""
    across = keys.uniform(keys.fold(PLACE, "positions"), [ray_traced.TRIES, DEVICES, 2]).numpy()[0]
    flat = across * [channel.east - channel.west, channel.north - channel.south] + [channel.west, channel.south]
    return np.concatenate([flat, np.full([DEVICES, 1], channel.height)], 1)


def test_the_line_of_sight_has_the_loss_of_free_space_and_its_direction() -> None:
    channel = RayTraced(max_depth=0, reference_db=0.0, fading="continuous")
    paths = draw(channel)
    away = places(channel) - [0, 0, 20]
    distance = np.linalg.norm(away, axis=1)
    power = paths.power.numpy()[0].astype(float)
    np.testing.assert_allclose(power[:, 0], (SPEED_OF_LIGHT / 3.5e9 / (4 * np.pi * distance)) ** 2, rtol=1e-3)
    assert not power[:, 1:].any() and not paths.tau.numpy().any()
    sight = paths.a.numpy()[0, :, :, 0, 0]  # [A, K]
    turn = np.exp(1j * np.pi * away[:, 1] / distance)  # the antennas stand along y
    np.testing.assert_allclose(sight[1:] / sight[:-1], np.broadcast_to(turn, (2, DEVICES)), atol=5e-3)


def test_a_reflection_on_the_ground_comes_from_the_mirror_image() -> None:
    channel = RayTraced(max_depth=1, longest=1.0)
    spots, tau = places(channel), draw(channel).tau.numpy()[0]
    flat = np.hypot(*spots[:, :2].T)
    direct, mirrored = (np.hypot(flat, 20 + sign * channel.height) for sign in (-1, 1))
    expected = (mirrored - direct) / SPEED_OF_LIGHT
    assert np.all(np.abs(tau - expected[:, None]).min(1) < 0.3e-9)  # the ground lies up to 4 cm from 0


def test_positions_last_and_phases_are_drawn_every_round() -> None:
    one, later = draw(RayTraced(), keys.key(1)), draw(RayTraced(), keys.key(2))
    elsewhere = draw(RayTraced(), place=keys.key(7))
    assert np.array_equal(one.power, later.power) and np.array_equal(one.tau, later.tau)
    assert not np.allclose(one.power, elsewhere.power)
    np.testing.assert_allclose(np.abs(one.a), np.abs(later.a), rtol=1e-4)
    assert not np.allclose(one.a, later.a)
    assert np.ptp(one.power.numpy().sum(2)) > 0
    still = RayTraced(fading="continuous")
    assert np.array_equal(draw(still, keys.key(1)).a, draw(still, keys.key(2)).a)
    rounds = np.stack([draw(RayTraced(), keys.key(round)).a.numpy()[0, 0, :, :, 0].sum(1) for round in range(300)])
    ratio = (np.abs(rounds) ** 2).mean(0) / one.power.numpy()[0].sum(1)
    assert np.all(np.abs(ratio - 1) < 4.5 / 300**0.5)  # paths with random phases vary by at most their mean


def test_gains_keep_to_the_reference_or_are_evened_out() -> None:
    one, louder = draw(RayTraced()), draw(RayTraced(reference_db=110.0))
    np.testing.assert_allclose(louder.power, 10 * one.power, rtol=1e-5)
    even = RayTraced(compensated=True)
    np.testing.assert_allclose(draw(even).power.numpy().sum(2), 1, rtol=1e-5)
    assert RayTraced().scales and not even.scales


def test_few_and_early_paths_are_the_strongest_and_the_first() -> None:
    whole = draw(RayTraced())
    few = draw(RayTraced(paths=2))
    np.testing.assert_allclose(few.power, whole.power[..., :2], rtol=1e-5)
    cut = draw(RayTraced(longest=50e-9))
    late = whole.tau.numpy() > 50e-9
    assert late.any() and not cut.power.numpy()[late].any() and cut.tau.numpy().max() <= 50e-9


def test_shapes_types_and_graphs() -> None:
    channel = RayTraced()
    graph = tf.function(lambda key: channel.draw(Size(2, 3, 4), SPAN, key, PLACE), autograph=False)(keys.key(1))
    eager = channel.draw(Size(2, 3, 4), SPAN, keys.key(1), PLACE)
    assert graph.a.shape == (2, 3, 4, 16, 1) and graph.tau.shape == graph.power.shape == (2, 4, 16)
    assert (graph.a.dtype, graph.tau.dtype, graph.power.dtype) == (tf.complex64, tf.float32, tf.float32)
    for one, other in zip(graph, eager, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6 * np.abs(other).max())
    assert not np.array_equal(eager.power[0], eager.power[1])  # batch items are different places


def test_devices_do_not_stand_in_buildings() -> None:
    channel = RayTraced(south=-30.0, north=30.0, compensated=True)  # houses on either side of the street
    power = draw(channel).power.numpy()[0]
    assert np.all(power.sum(1) > 0.99)


def test_tracing_stays_out_of_this_process() -> None:
    draw(RayTraced())
    assert not {"mitsuba", "drjit", "sionna.rt"} & set(sys.modules)


def test_what_cannot_be_traced_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="ray_traced: expected a box inside the scene"):
        draw(RayTraced(west=-4000.0))
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", "/nowhere/libLLVM.so")
    with pytest.raises(ValueError, match="ray_traced: expected LLVM .* libllvm15"):
        draw(RayTraced(height=1.7))


def test_impossible_sites_are_refused() -> None:
    for fields in (
        {"scene": "atlantis"},
        {"east": -50.0},
        {"north": -8.0},
        {"y": float("nan")},
        {"max_depth": -1},
        {"paths": 0},
        {"reference_db": float("nan")},
    ):
        with pytest.raises(ValueError, match=next(iter(fields))):
            RayTraced(**fields)
