"""CSI that is learnt: its error is its estimator's, its age Doppler's, its quantiser's classes are Rayleigh's."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate
from scipy.special import j0
from sionna.phy.ofdm import LSChannelEstimator, ResourceGrid

from overair.phy import Air, Awgn, Cdl, Channel, Grid, Link, Perfect, Rayleigh, Tdl, TimingOffset, keys
from overair.phy.csi.delayed import Delayed
from overair.phy.csi.estimated import Estimated
from overair.phy.csi.quantized_feedback import QuantizedFeedback

GRID = Grid(subcarriers=32, symbols=4, prefix=8)


def draw(air: Air, snr_db: float = 1000.0, slots: int = 1, batch: int = 1) -> Link:
    return air.draw(air.init(keys.key(0)), keys.key(1), 0.0, slots, snr_db, batch)


def error(link: Link) -> np.ndarray:
    """Belief minus truth on the first symbol of the data, [B, A, K, F]."""
    return (link.response(of=link.transmitters) - link.response(of=link.receiver)).numpy()[:, :, :, 0]


# --- estimated from pilots


@pytest.mark.parametrize(("devices", "comb"), [(1, 4), (9, 4), (50, 8), (3, 1)])
@pytest.mark.parametrize("domain", ["frequency", "time"])
def test_without_noise_a_flat_channel_is_estimated_exactly(devices: int, comb: int, domain: str) -> None:
    air = Air(GRID, Rayleigh(), devices, 2, csit=Estimated("linear", comb), domain=domain)  # type: ignore[arg-type]
    assert np.abs(error(draw(air, batch=2))).max() < 1e-4


@pytest.mark.parametrize("comb", [1, 4])
def test_the_error_of_least_squares_at_a_pilot_is_the_noise_over_the_pilots_energy(comb: int) -> None:
    """N0/(comb P), as each device puts a symbol's energy on every comb-th element of it."""
    air = Air(GRID, Rayleigh(), 200, 2, csit=Estimated("nearest", comb))
    wrong, n0 = error(draw(air, snr_db=7.0)), 10**-0.7
    at_pilots = np.concatenate([wrong[:, :, k, k % comb :: comb].ravel() for k in range(200)])
    power = np.abs(at_pilots) ** 2
    assert abs(power.mean() - n0 / comb) < 4.5 * n0 / comb / len(power) ** 0.5
    assert abs((at_pilots**2).mean()) < 4.5 * n0 / comb * (2 / len(power)) ** 0.5


def test_least_squares_is_sionnas_on_a_slot_shared_by_the_same_transmitters() -> None:
    """Sionna's own pattern over one symbol, its own estimator and its own interpolation, on what the air delivers."""
    air = Air(GRID, Tdl("A", 2e-7), 4, csit=Estimated("linear", 4))
    link = draw(air)
    resources = ResourceGrid(
        1, 32, 15e3, num_tx=4, cyclic_prefix_length=8, pilot_pattern="kronecker", pilot_ofdm_symbol_indices=[0]
    )
    pilots = tf.reshape(resources.pilot_pattern.pilots, [1, 4, 1, 32])
    y = tf.reduce_sum(link.response()[:, 0] * pilots, axis=1)  # [1, 1, F]
    expected, _ = LSChannelEstimator(resources, interpolation_type="lin")(y[:, None, None], tf.constant(0.0))
    np.testing.assert_allclose(link.response(of=link.transmitters)[0, 0, :, 0], expected[0, 0, 0, :, 0, 0], atol=2e-5)


def covariance(low: float, high: float) -> np.ndarray:
    """Of responses over 32 subcarriers whose power is spread evenly over delays in samples, [F, F]."""
    delays = low + (np.arange(400) + 0.5) / 400 * (high - low)
    turn = np.exp(-2j * np.pi * np.outer(np.arange(-16, 16), delays) / 32)  # [F, L]
    return turn @ turn.conj().T / 400


@pytest.mark.parametrize("comb", [1, 2])
def test_lmmse_has_the_error_of_its_weights_on_the_channel_it_meets(comb: int) -> None:
    """tr(R - 2 Re(W R_p^H) + W (R_pp + s2 I) W^H)/F, with W of arrivals half a sample wider than the prefix."""
    n0 = 0.1
    air = Air(
        GRID,
        Tdl("A", 0.0),  # one Rayleigh gain a device, shifted evenly over the prefix
        4000,
        impairments=(TimingOffset(0.0, float(GRID.prefix), seen=True),),
        csit=Estimated("lmmse", comb),
    )
    measured = (np.abs(error(draw(air, snr_db=10.0))) ** 2).mean(axis=(0, 1, 3))  # [K]
    true, assumed, expected = covariance(0, 8), covariance(-0.5, 8.5), 0.0
    for first in range(comb):  # devices of a comb have their pilots on different elements
        noise = n0 / comb * np.eye(32 // comb)
        some = slice(first, None, comb)
        weights = assumed[:, some] @ np.linalg.inv(assumed[some, some] + noise)
        left = true - 2 * (weights @ true[some]) + weights @ (true[some, some] + noise) @ weights.conj().T
        expected += np.trace(left).real / 32 / comb
    assert abs(measured.mean() - expected) < 4.5 * measured.std() / 4000**0.5
    assert measured.mean() < n0 / comb


@pytest.mark.parametrize("channel", [Rayleigh(), Tdl("A")], ids=str)
@pytest.mark.parametrize("estimator", ["nearest", "linear", "lmmse"])
def test_the_default_estimates_of_the_default_grid_are_good(channel: Channel, estimator: str) -> None:
    """The first arrival is at delay 0, which a prior over as many samples as there are pilots takes for the last."""
    air = Air(Grid(), channel, 40, csit=Estimated(estimator))  # type: ignore[arg-type]
    assert (np.abs(error(draw(air, snr_db=30.0))) ** 2).mean() < 2e-3 / (1 if estimator != "lmmse" else 4)


def test_pilots_too_far_apart_for_the_arrivals_are_refused() -> None:
    late = (TimingOffset(0.0, 7.5, seen=True),)
    Air(GRID, Awgn(), 3, impairments=late, csit=Estimated(comb=2))
    with pytest.raises(ValueError, match="estimated.comb: expected at most 3.76 devices on a symbol.*received 4"):
        Air(GRID, Awgn(), 3, impairments=late, csit=Estimated(comb=4))


def test_a_compiled_draw_may_be_traced_again_for_another_estimator() -> None:
    """Sionna's estimators hold variables, which a graph may make in its first trace only."""
    channel = Tdl("A", 3.1e-7)  # arrivals that no other test has, so that nothing is remembered
    airs = [Air(GRID, channel, 5, csit=Estimated("lmmse", comb)) for comb in (1, 2)]
    drawn = tf.function(lambda which: draw(airs[which]).transmitters.response(tf.zeros([0])), autograph=False)
    assert [drawn(which).shape for which in (0, 1)] == [(1, 1, 5, 1, 32)] * 2


def test_both_sides_learn_the_same_from_one_sounding() -> None:
    knows = Estimated("linear")
    link = draw(Air(GRID, Rayleigh(), 9, 2, csit=knows, csir=knows), snr_db=5.0)
    np.testing.assert_array_equal(link.response(of=link.transmitters), link.response(of=link.receiver))


def test_the_data_sees_the_same_channel_whatever_was_sounded_before() -> None:
    for channel in (Tdl("A", speed=30.0), Tdl("D", speed=30.0, fading="continuous"), Cdl("A", speed=30.0)):
        known, sounded = (
            draw(Air(GRID, channel, 70, 2, csit=each), slots=2)  # more than a group of devices
            for each in (Perfect(), Estimated("linear"))
        )
        np.testing.assert_allclose(sounded.true.a, known.true.a, atol=2e-4)


def test_weak_budgets_send_weak_pilots() -> None:
    air = Air(GRID, Rayleigh(), 400, power_offsets_db=(-10.0, 0.0), csit=Estimated("nearest", 1))
    wrong = np.abs(error(draw(air, snr_db=7.0))[0, 0]) ** 2
    weak, strong, n0 = wrong[::2].ravel(), wrong[1::2].ravel(), 10**-0.7
    assert abs(weak.mean() - 10 * n0) < 4.5 * 10 * n0 / weak.size**0.5
    assert abs(strong.mean() - n0) < 4.5 * n0 / strong.size**0.5


def test_an_offset_in_the_pilots_is_an_offset_the_transmitters_see() -> None:
    """Belief over truth turns by exp(+j 2 pi f tau) exactly when the offset was not there while pilots were sent."""
    for seen in (True, False):
        late = (TimingOffset(3.0, 3.0, seen=seen),)
        air = Air(GRID, Rayleigh(), 6, impairments=late, csit=Estimated("linear", 1))
        link = draw(air, snr_db=60.0)
        ratio = (link.response(of=link.transmitters) / link.response(of=link.receiver)).numpy()[0, 0, :, 0]
        turn = np.exp(2j * np.pi * np.arange(-16, 16) * (0 if seen else 3) / 32)
        np.testing.assert_allclose(ratio, np.broadcast_to(turn, ratio.shape), atol=0.03)


def test_pilots_that_arrive_past_the_prefix_disturb_each_other() -> None:
    known = Estimated("nearest", 1)
    for high, clean in ((8.0, True), (24.0, False)):
        air = Air(GRID, Awgn(), 40, impairments=(TimingOffset(0.0, high, seen=True),), csit=known)
        assert (np.abs(error(draw(air))[:, :, 4:]).max() < 0.02) == clean


@pytest.mark.parametrize(
    ("devices", "subcarriers", "comb", "slots"), [(50, 64, 4, 1), (57, 64, 4, 2), (1000, 64, 4, 18), (1, 32, 1, 1)]
)
def test_sounding_takes_as_many_slots_as_the_pilots_need(devices: int, subcarriers: int, comb: int, slots: int) -> None:
    grid = Grid(subcarriers=subcarriers)
    air = Air(grid, Awgn(), devices, csir=Estimated(comb=comb))
    assert air.pilots == slots * grid.elements and air.lead == slots * grid.symbols
    assert air.pilot_energy == subcarriers


@pytest.mark.parametrize("comb", [3, 32, 64])
def test_combs_that_do_not_fit_the_subcarriers_are_refused(comb: int) -> None:
    expected = f"estimated.comb: expected a divisor of the 32 subcarriers.*received {comb}"
    with pytest.raises(ValueError, match=expected):
        Air(GRID, Awgn(), 3, csit=Estimated(comb=comb))


# --- delayed


@pytest.mark.parametrize("slots", [1, 3])
@pytest.mark.parametrize("domain", ["frequency", "time"])
def test_delayed_csi_keeps_the_correlation_of_clarkes_spectrum(slots: int, domain: str) -> None:
    speed, carrier = 40.0, 3.5e9
    air = Air(GRID, Tdl("A", 0.0, speed=speed), 3000, csit=Delayed(slots), domain=domain)  # type: ignore[arg-type]
    link = draw(air)
    believed, true = (link.response(of=side)[0, 0, :, 0, 0].numpy() for side in (link.transmitters, link.receiver))
    doppler = speed / 299792458.0 * carrier
    expected = j0(2 * np.pi * doppler * slots * GRID.slot_seconds)
    products = (believed.conj() * true).real
    assert abs(products.mean() - expected) < 4.5 * products.std() / 3000**0.5


def test_what_stands_still_is_not_late() -> None:
    assert not np.any(error(draw(Air(GRID, Tdl("A"), 3, csit=Delayed(5)))))


def test_two_sides_may_look_back_by_different_times() -> None:
    sides = {"csit": Delayed(1), "csir": Estimated("linear", 1)}
    air = Air(GRID, Tdl("A", 0.0, speed=40.0), 13, **sides)  # type: ignore[arg-type]
    alone = Air(GRID, Tdl("A", 0.0, speed=40.0), 13, csit=Delayed(4))
    assert air.lead == alone.lead == 16
    link, other = draw(air, slots=5), draw(alone, slots=5)
    believed, late = (each.response(of=each.transmitters).numpy() for each in (link, other))
    np.testing.assert_allclose(believed[:, :, :, :8], late[:, :, :, 12:], atol=1e-6)  # three slots apart


# --- quantised


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_a_quantised_phase_keeps_the_mean_gain_of_what_is_left_of_it(bits: int) -> None:
    air = Air(GRID, Rayleigh(), 4000, csit=QuantizedFeedback(phase_bits=bits, amplitude_bits=8))
    link = draw(air)
    believed, true = (link.response(of=side)[0, 0, :, 0, 0].numpy() for side in (link.transmitters, link.receiver))
    kept = (true / believed / np.abs(true / believed)).real
    width = math.pi / 2**bits
    assert abs(kept.mean() - math.sin(width) / width) < 4.5 * kept.std() / 4000**0.5


@pytest.mark.parametrize("bits", [0, 1, 3])
def test_amplitudes_are_the_mean_of_equally_likely_classes(bits: int) -> None:
    air = Air(GRID, Rayleigh(), 4000, csit=QuantizedFeedback(phase_bits=4, amplitude_bits=bits))
    link = draw(air)
    believed, true = (np.abs(link.response(of=each)[0, 0, :, 0, 0]) for each in (link.transmitters, link.receiver))
    levels, counts = np.unique(believed.round(4), return_counts=True)
    classes = 2**bits
    edges = np.append(-np.log1p(-np.arange(classes) / classes), np.inf)
    for level, count, low, high in zip(levels, counts, edges[:-1], edges[1:], strict=True):
        mean = integrate.quad(lambda power: power**0.5 * math.exp(-power), low, high)[0] * classes
        assert level == pytest.approx(mean, abs=2e-4)
        assert abs(count - 4000 / classes) <= 4.5 * (4000 / classes) ** 0.5
        inside = true[np.abs(believed - level) < 1e-3] ** 2
        assert np.all((inside >= low) & (inside <= high))


def test_feedback_costs_its_bits() -> None:
    assert QuantizedFeedback(3, 2).bits(GRID, 4) == 5 * 32 * 4
