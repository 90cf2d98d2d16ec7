"""Every uplink: a round of it."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..ota import Report, Round, Terms, apply, collect
from ..phy import Air, Awgn, Rayleigh, keys
from .compare import GRID, finite, same
from .found import as_it_comes, in_turn


def play(
    uplink: Any,
    updates: tf.Tensor,
    weights: Any = None,
    channel: Any = None,
    snr_db: float = 10.0,
    antennas: int = 4,
    round: int = 0,
    chunk: int | None = None,
) -> tuple[tf.Tensor, Any, Report]:
    """A round, at once or a chunk of devices after another in loops, as a compiled round does."""
    devices, size = updates.shape
    air = Air(GRID, channel or Rayleigh(), devices, antennas)
    terms, place = Terms(air, size, 600), air.init(keys.key(0, "place"))
    uplink.check(terms)
    state, key = uplink.init(terms, place), keys.key(0, "round", round)
    link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, snr_db) if uplink.uses_air else None
    shares = tf.ones([devices]) / devices if weights is None else tf.constant(weights, tf.float32)
    one = Round(terms, key, shares, link)
    if chunk is None:
        return apply(uplink, state, one, updates)

    def updates_of(some: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.gather(updates, some), tf.zeros(tf.shape(some))

    outcome, _ = collect(uplink, state, one, updates_of, tf.where(shares > 0)[:, 0], chunk)
    return outcome.estimate, outcome.state, outcome.report


@pytest.mark.parametrize(("uplink", "shape"), in_turn("uplinks", [(5, 37), (1, 1)]))
def test_uplinks(uplink: Any, shape: tuple[int, int]) -> None:
    devices, size = shape
    updates = keys.normal(keys.key(0), [devices, size]) * tf.linspace(0.1, 3.0, devices)[:, None]
    estimate, state, report = play(uplink, updates)
    assert estimate.shape == (size,) and estimate.dtype == tf.float32
    assert report.energy.shape == report.decoded.shape == (devices,) and report.decoded.dtype == tf.bool
    for name in ("nmse", "bits", "payload", "pilots", "airtime"):
        assert getattr(report, name).shape == () and getattr(report, name).dtype == tf.float32
    assert np.isnan(report.papr_db)  # is measured where it is asked for
    assert finite((estimate, report._replace(papr_db=()))) and np.all(report.energy >= 0)
    if getattr(uplink, "budget", "round") == "round":
        assert np.all(report.energy <= 1 + 1e-5)
    assert report.payload + report.pilots <= 600
    assert same((estimate, state, report), play(uplink, updates))
    another = same(estimate, play(uplink, updates, round=1)[0])
    usual = getattr(uplink, "compressor", None) == getattr(as_it_comes(uplink), "compressor", None)
    if usual and not votes(uplink):  # other compressors may lose nothing
        lossless = float(report.nmse) < 1e-12  # as one parameter is that is a codeword, counted
        assert another != uplink.uses_air or lossless
    estimate, _, report = play(uplink, tf.zeros([devices, size]))
    no_target = report._replace(nmse=estimate, nmse_sent=estimate)  # to compare with
    assert finite(no_target._replace(papr_db=()))
    if votes(uplink):  # sign(0) is +
        assert np.all(np.abs(estimate) == 1)
    elif getattr(getattr(uplink, "rule", None), "announced", True):  # else a scale is sent in any case
        assert not np.any(estimate)


def votes(uplink: Any) -> bool:
    return hasattr(uplink, "codec") and uplink.codec.feedback is None


def test_uplinks_leave_out_who_is_absent(uplink: Any) -> None:
    updates = keys.normal(keys.key(1), [5, 12]) * tf.constant([[1e6], [1.0], [1e6], [1.0], [1e6]])
    alike = getattr(uplink, "sdma", 1) > 1  # devices of one and the same channel cannot be told apart
    channel = Rayleigh() if alike else Awgn()
    estimate, _, report = play(uplink, updates, [0.0, 0.5, 0.0, 0.5, 0.0], channel, snr_db=60.0)
    assert not np.any(tf.gather(report.energy, [0, 2, 4]))
    assert np.array_equal(report.decoded, [False, True, False, True, False])
    assert np.abs(estimate).max() < 100
    estimate, _, report = play(uplink, updates, [0.0] * 5)
    assert not np.any(estimate) and not np.any(report.decoded) and not np.any(report.energy)


def test_uplinks_meet_their_target_without_noise_and_fading(uplink: Any) -> None:
    updates = keys.normal(keys.key(0), [4, 64])
    estimate, _, report = play(uplink, updates, [0.1, 0.2, 0.3, 0.4], Awgn(), snr_db=200.0)
    target = np.array([0.1, 0.2, 0.3, 0.4]) @ updates.numpy()
    error = ((estimate - target) ** 2).numpy().sum() / (target**2).sum()
    assert float(report.nmse) == pytest.approx(error, rel=1e-3, abs=1e-9)
    if votes(uplink):
        assert report.nmse_sent < 0.3  # a tie of these weights is decided by rounding
        return
    rule = getattr(uplink, "rule", None)
    if rule and not rule.aligned and not rule.joint:  # nothing makes up for the gain of four antennas
        return
    coarse = getattr(getattr(uplink, "compressor", None), "unbiased", False)  # one draw of it may do worse than silence
    assert error < (1e-3 if uplink == as_it_comes(uplink) else 2 if coarse else 1) and np.all(report.decoded)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_uplinks_refuse_what_is_not_finite(uplink: Any, bad: float) -> None:
    with pytest.raises(ValueError, match="updates: expected finite numbers"):
        play(uplink, tf.constant([[1.0, 2.0], [1.0, bad]]))


def test_uplinks_streamed_in_a_graph_give_what_they_give_at_once(uplink: Any) -> None:
    updates, weights = keys.normal(keys.key(0), [7, 37]), [0.1, 0.2, 0.0, 0.2, 0.1, 0.2, 0.2]
    streamed = tf.function(lambda: play(uplink, updates, weights, chunk=4), autograph=False)()
    dense = play(uplink, updates, weights)
    assert same(streamed[:2], dense[:2], rtol=1e-3, atol=1e-4)
    assert same(streamed[2], dense[2], rtol=1e-3, atol=1e-6)
