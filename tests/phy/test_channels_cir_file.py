"""Responses from a file: every device gets an example as it is, and a wrong file is refused in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import Size, Span, keys
from overair.phy.channels.cir_file import CirFile

PLACE = keys.key(0, "place")
STILL = Span(0.0, 1, 1.0)


def responses(examples: int = 12, antennas: int = 3, paths: int = 4, steps: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    shape = (examples, antennas, paths, steps)
    near = 10 ** rng.uniform(-1, 1, [examples, 1, 1, 1])
    a = near * (rng.normal(size=shape) + 1j * rng.normal(size=shape))
    return {"a": a, "tau": rng.uniform(0, 1e-6, (examples, paths))}


def save(folder: Path, **arrays: Any) -> str:
    np.savez(folder / "own.npz", **arrays)
    return str(folder / "own.npz")


def test_devices_get_different_examples_just_as_they_are_in_the_file(tmp_path: Path) -> None:
    own = responses()
    path = save(tmp_path, **own)
    for asked in (3, 2):
        paths = CirFile(path, normalized=False).draw(Size(2, asked, 12), STILL, keys.key(1), PLACE)
        for item in range(2):
            order = [int(np.argmin(np.abs(own["tau"] - tau).sum(1))) for tau in paths.tau.numpy()[item]]
            assert sorted(order) == list(range(12))  # without replacement
            given = paths.a.numpy()[item].transpose(1, 0, 2, 3)
            np.testing.assert_allclose(given, own["a"][order, :asked], rtol=1e-6)
        assert not np.array_equal(paths.tau[0], paths.tau[1])


def test_one_factor_normalizes_the_file_and_near_stays_near(tmp_path: Path) -> None:
    own = responses()
    kept, scaled = (
        CirFile(save(tmp_path, **own), normalized=normalized).draw(Size(1, 3, 12), STILL, keys.key(1), PLACE)
        for normalized in (False, True)
    )
    gain = (np.abs(own["a"]) ** 2).sum(2).mean()
    np.testing.assert_allclose(scaled.a * gain**0.5, kept.a, rtol=1e-5)
    assert (np.abs(scaled.a) ** 2).sum((3, 4)).mean() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(scaled.power.numpy().sum(2), 1, rtol=1e-5)  # the mean over examples, of each path
    np.testing.assert_allclose(scaled.power[0, 0] * gain, (np.abs(own["a"]) ** 2).mean((0, 1, 3)), rtol=1e-5)


def test_lasting_examples_stay_with_their_devices_and_so_does_their_power(tmp_path: Path) -> None:
    path = save(tmp_path, **responses())
    for lasting in (False, True):
        channel = CirFile(path, lasting=lasting)
        one, later = (channel.draw(Size(1, 2, 5), STILL, keys.key(round), PLACE) for round in (1, 2))
        elsewhere = channel.draw(Size(1, 2, 5), STILL, keys.key(1), keys.key(1))
        assert channel.scales == lasting and np.array_equal(one.a, later.a) == lasting
        assert np.array_equal(one.a, elsewhere.a) != lasting
        if lasting:
            np.testing.assert_allclose(one.power, (np.abs(one.a) ** 2).mean((1, 4)), rtol=1e-5)


def test_more_devices_than_examples_share_them_evenly(tmp_path: Path) -> None:
    own = responses(examples=4)
    tau = CirFile(save(tmp_path, **own)).draw(Size(1, 1, 4000), STILL, keys.key(1), PLACE).tau.numpy()[0]
    counts = [np.isclose(tau, each, rtol=1e-5).all(1).sum() for each in own["tau"]]
    assert sum(counts) == 4000 and all(abs(count - 1000) < 4.5 * (4000 * 3 / 16) ** 0.5 for count in counts)


def test_sionnas_axes_are_read_alike(tmp_path: Path) -> None:
    own = responses()
    plain = CirFile(save(tmp_path, **own)).draw(Size(1, 3, 5), STILL, keys.key(1), PLACE)
    a, tau = own["a"][:, None, :, None, None], own["tau"][:, None, None]
    theirs = CirFile(save(tmp_path, a=a, tau=tau)).draw(Size(1, 3, 5), STILL, keys.key(1), PLACE)
    assert all(np.array_equal(one, other) for one, other in zip(plain, theirs, strict=True))


def test_a_moving_channel_is_a_stretch_of_an_example_linear_between_its_steps(tmp_path: Path) -> None:
    steps, apart = 50, 1e-3
    ramp = np.arange(steps) * np.ones([6, 2, 3, 1]) + 1j  # so the value tells the moment
    path = save(tmp_path, a=ramp, tau=np.zeros([6, 3]), step_seconds=np.array(apart))
    channel = CirFile(path, normalized=False)
    assert not channel.static and channel.longest == 0
    draw = tf.function(lambda key: channel.draw(Size(3, 2, 4), Span(9.0, 20, 0.5e-3, -3), key, PLACE), autograph=False)
    a = draw(keys.key(1)).a.numpy()  # [B, A, K, L, T]
    np.testing.assert_allclose(np.diff(a.real), 0.5, atol=1e-4)
    np.testing.assert_allclose(a.imag, 1, rtol=1e-6)
    begin = a[:, 0, :, 0, 0].real
    assert begin.min() >= 0 and begin.max() <= 49 - 9.5 + 1e-3 and len(np.unique(begin)) == 12
    assert not np.array_equal(a, draw(keys.key(2)).a)


def test_a_file_that_does_not_suffice_is_refused(tmp_path: Path) -> None:
    moving = responses(steps=5)
    channel = CirFile(save(tmp_path, **moving, step_seconds=1e-3))
    with pytest.raises(ValueError, match=r"cir_file.path: expected examples of at least 0.009 s.* received 0.004"):
        channel.draw(Size(1, 1, 1), Span(0.0, 10, 1e-3), keys.key(0), PLACE)
    with pytest.raises(ValueError, match="cir_file.path: expected at least 4 antennas .* received 3"):
        channel.draw(Size(1, 4, 1), Span(0.0, 2, 1e-3), keys.key(0), PLACE)


def test_wrong_files_are_refused_in_one_line(tmp_path: Path) -> None:
    own = responses()
    broken = own["a"].copy()
    broken[0] = np.nan
    for arrays, message in (
        ({"b": own["a"], "tau": own["tau"]}, "expected arrays a and tau, or pathGains and pathDelays, received b, tau"),
        (own | {"a": own["a"][..., 0]}, r"received a \[12, 3, 4\] and tau"),
        (own | {"tau": own["tau"][:, :2]}, r"tau \[12, 2\]"),
        (own | {"a": np.stack([own["a"]] * 2, 1)[:, :, :, None, None]}, r"with one receiver"),
        (own | {"a": own["a"].real}, "expected complex a"),
        (own | {"a": broken}, "finite numbers in a"),
        (own | {"tau": own["tau"] * np.inf}, "finite numbers in tau"),
        (own | {"tau": -own["tau"]}, "delays of at least 0 s, received -"),
        (own | {"a": 0 * own["a"]}, "some gain"),
        (responses(steps=3), "expected step_seconds, one positive number, for 3 steps, received none"),
        (responses(steps=3) | {"step_seconds": -1.0}, "received -1.0"),
        (own | {"a": np.array([{}], object)}, "plain arrays"),
    ):
        with pytest.raises(ValueError, match=message) as refusal:
            CirFile(save(tmp_path, **arrays))
        said = next(line for line in str(refusal.value).splitlines() if "cir_file" in line)
        assert "cir_file.path" in said
    (tmp_path / "text.npz").write_text("no archive")
    for path in (str(tmp_path / "text.npz"), str(tmp_path / "none.npz")):
        with pytest.raises(ValueError, match="cir_file.path: expected a .npz or .mat file"):
            CirFile(path)
