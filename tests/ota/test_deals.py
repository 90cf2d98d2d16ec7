"""Unequal deals of elements: shares of least error and of equal bits, spread over the band, within every budget."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import tensorflow as tf

from overair.ota import Digital, Eden, RandomK, Round, Sign, Terms, TopK, apply
from overair.ota.allocation import whole
from overair.ota.rates.capacity import Capacity
from overair.ota.uplinks._curves import curve
from overair.ota.uplinks._deals import equal_bits, least_error, spread, table
from overair.phy import Air, Awgn, Channel, ErrorVariance, Grid, Rayleigh, Tdl, TimingOffset, keys
from tests.ota.test_digital import Telltale

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
DEALS = ("equal", "bits", "worst", "error")


def carried(energy: np.ndarray, share: np.ndarray) -> np.ndarray:
    """n log2(1 + S/n), the bits of n elements among which the energy of all is shared."""
    return np.where(share > 0, share * np.log2(1 + energy / np.where(share > 0, share, 1)), 0)


def shares_of_least_error(a: np.ndarray, energy: np.ndarray, size: int, total: int) -> np.ndarray:
    """From a table of errors, as a deal has it, and the whole total."""
    each = [[error(a[[k]], energy[[k]], size, np.array([n])) for n in table(total)] for k in range(len(a))]
    found = least_error(tf.constant(each, tf.float64), table(total)).numpy()
    return np.asarray(found / found.sum() * total)


def error(a: np.ndarray, energy: np.ndarray, size: int, share: np.ndarray) -> float:
    return float(np.sum(a * 4.0 ** (-np.maximum(carried(energy, share) - 32, 0) / size)))


@pytest.mark.parametrize("seed", range(10))
def test_shares_of_least_error_are_those_of_another_optimiser(seed: int) -> None:
    random = np.random.default_rng(seed)
    count, size = int(random.integers(2, 7)), 1000
    a, energy = 10 ** random.normal(0, 0.5, count), 1000 * 10 ** random.normal(1, 0.7, count)
    ours = shares_of_least_error(a, energy, size, 1500)
    best = np.inf
    for start in [np.full(count, 1 / count), *random.dirichlet(np.ones(count), 5)]:
        found = scipy.optimize.minimize(
            lambda x: error(a, energy, size, 1500 * np.maximum(x, 0)), start, bounds=[(0, 1)] * count,
            constraints=[{"type": "eq", "fun": lambda x: x.sum() - 1}], method="SLSQP", options={"ftol": 1e-12},
        )  # fmt: skip
        best = min(best, found.fun) if abs(found.x.sum() - 1) < 1e-9 else best
    assert error(a, energy, size, ours) <= best * 1.001
    assert error(a, energy, size, ours) <= error(a, energy, size, np.full(count, 1500 / count))


def test_a_device_whose_bits_would_not_pay_its_scale_gets_nothing() -> None:
    ours = shares_of_least_error(np.array([1.0, 1e-4]), np.array([2e4, 2e4]), 1000, 1500)
    np.testing.assert_allclose(ours, [1500, 0], rtol=1e-6)


def test_curves_are_those_of_theory() -> None:
    """Random-k leaves 32 d/b - 1; EDEN (d/k)/(1 - .3634) - 1 below a bit and .1331 at two, sign 1 - 2/pi at one."""
    size = 1024
    for compressor, points in (
        (RandomK(), {3200.0: 9.24, 16384.0: 1.0}),
        (Eden(), {32 + 128.0: 8 / 0.6366 - 1, 32 + 512.0: 2 / 0.6366 - 1, 32 + 2048.0: 0.1331}),
        (Sign(), {1056.0: 0.3634, 0.0: 1.0}),
    ):
        found = curve(compressor, size)
        assert np.all(np.diff(found.bits) > 0) and np.all(np.diff(np.diff(found.error) / np.diff(found.bits)) >= 0)
        for bits, expected in points.items():
            assert float(found.at(tf.constant([bits], tf.float64))[0]) == pytest.approx(expected, rel=0.1)
    large = curve(RandomK(), 10**6)
    assert float(large.at(tf.constant([3.2e6], tf.float64))[0]) == pytest.approx(9, rel=0.1)
    assert curve(RandomK(), size).error[0] > 1e3  # silence would be a bias
    assert curve(TopK(), 1).error[-1] == 0


def test_published_shares_at_rates_that_do_not_change() -> None:
    """C (4, 2, 1, .5) bits an element, 2000 elements, d = 1000, no scale."""
    grid, c = table(2000), np.array([4, 2, 1, 0.5])
    found = least_error(tf.constant(4.0 ** (-c[:, None] * grid / 1000)), grid).numpy()
    np.testing.assert_allclose(found, (416.667, 583.333, 666.667, 333.333), rtol=1.5e-2)  # steps of the table
    assert np.sum(4.0 ** (-c * found / 1000)) == pytest.approx(1.488188, rel=1e-4)


@pytest.mark.parametrize("decibels", [(0.0, 10.0, 25.0), (-30.0, -20.0, 5.0), (3.0, 3.0, 3.0)])
def test_shares_of_equal_bits_carry_equal_bits(decibels: tuple[float, ...]) -> None:
    energy = 600 * 10 ** (np.array(decibels) / 10)
    shares = equal_bits(tf.constant(energy), 600).numpy()
    assert shares.sum() == pytest.approx(600, rel=1e-4)
    np.testing.assert_allclose(carried(energy, shares), carried(energy, shares).min(), rtol=1e-6)


def test_who_carries_nothing_gets_none_of_equal_bits() -> None:
    shares = equal_bits(tf.constant([0.0, 5e3, 5e2], tf.float64), 600).numpy()
    assert shares[0] == 0 and shares.sum() == pytest.approx(600, rel=1e-4)
    assert not np.any(equal_bits(tf.zeros([3], tf.float64), 600))


@pytest.mark.parametrize("elements", [320, 301, 40, 5000])
@pytest.mark.parametrize("shares", [(1, 1, 1), (5, 1, 2, 0.3), (0, 1, 0, 30, 3), (1, 2, 4, 8, 16, 32), (1,)])
def test_unequal_shares_are_dealt_evenly_over_subcarriers(elements: int, shares: tuple[float, ...]) -> None:
    """Of n elements over F subcarriers each holds n/F, to within two; in any run of them n times its part, to two."""
    air = Air(GRID, Awgn(), len(shares))
    counts = whole(tf.constant(shares, tf.float64), elements)
    owner = spread(Terms(air, 10, elements), counts).numpy()
    np.testing.assert_array_equal(np.bincount(owner, minlength=len(shares)), counts)
    held = np.array([[np.sum(owner[f::32] == k) for f in range(32)] for k in range(len(shares))])
    size = np.array([len(owner[f::32]) for f in range(32)])
    expected = counts.numpy()[:, None] * size / elements
    assert np.abs(held - expected).max() < 2
    assert np.abs(np.cumsum(held - expected, axis=1)).max() < 2


def test_nobody_gets_anything_where_all_shares_are_nothing() -> None:
    np.testing.assert_array_equal(spread(Terms(Air(GRID, Awgn(), 2), 10, 50), tf.zeros([2], tf.int32)), 2)


def play(
    uplink: Digital, air: Air, updates: tf.Tensor, elements: int, snr_db: float, weights: Any = None, seed: int = 0
) -> Any:
    terms, place = Terms(air, updates.shape[1], elements), air.init(keys.key(0))
    link = air.draw(place, keys.key(1, seed), 0.0, terms.slots, snr_db)
    share = tf.fill([air.devices], 1 / air.devices) if weights is None else tf.constant(weights, tf.float32)
    return apply(uplink, uplink.init(terms, place), Round(terms, keys.key(2, seed), share, link), updates)


OFFSETS = (12.0, 0.0, -9.0, 3.0)


@pytest.mark.parametrize("channel", [Awgn(), Rayleigh(), Tdl("A", 300e-9)], ids=str)
def test_what_a_round_deals_follows_from_what_links_carry(channel: Channel) -> None:
    """With one weight per device in an update of its own, estimates are rates: equal bits are, and worst is, equal."""
    air, elements = Air(GRID, channel, 4, power_offsets_db=OFFSETS), 2000
    rates = {deal: play(Digital(Telltale(), deal=deal), air, tf.eye(4), elements, 0.0)[0].numpy() * 4 for deal in DEALS}  # type: ignore[arg-type]
    assert np.ptp(rates["bits"]) <= 0.06 * rates["bits"].mean()  # of an SNR that fades over the band
    assert rates["equal"].min() < rates["bits"].min() and rates["bits"].max() < rates["equal"].max()
    np.testing.assert_allclose(rates["worst"], rates["equal"].min(), rtol=2e-2)


def test_without_fading_elements_are_dealt_by_need_and_by_rate() -> None:
    """Of random-k, a_k (32 d/b - 1) with a_k = w_k^2 |u_k|^2 and energies P_k N/N_0, against another optimiser."""
    air, elements, size = Air(GRID, Awgn(), 4, power_offsets_db=OFFSETS), 1000, 400
    norms, weights = np.array([1.0, 3.0, 2.0, 0.5]), np.array([0.1, 0.2, 0.4, 0.3])
    updates = keys.normal(keys.key(5), [4, size])
    updates *= tf.constant(norms[:, None], tf.float32) / tf.norm(updates, axis=1, keepdims=True)
    uplink = Digital(RandomK(), deal="error")
    terms, place = Terms(air, size, elements), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 3.0)
    round = Round(terms, keys.key(2), tf.constant(weights, tf.float32), link)

    def probe(question: Any) -> tf.Tensor:
        return question(tf.range(4), updates)

    deal = uplink.begin(uplink.init(terms, place), round, probe).deal
    counts = np.bincount(deal.owner, minlength=4)
    a, energy = (weights * norms) ** 2, elements * 10 ** ((np.array(OFFSETS) + 3) / 10)

    def left(share: np.ndarray) -> float:
        return float(np.sum(a * np.maximum(32 * size / carried(energy, share) - 1, 0)))

    best = scipy.optimize.minimize(
        lambda x: left(elements * x) / a.sum(), np.full(4, 0.25), bounds=[(1e-3, 1)] * 4,
        constraints=[{"type": "eq", "fun": lambda x: x.sum() - 1}], method="SLSQP", options={"ftol": 1e-12},
    )  # fmt: skip
    assert counts.sum() == elements
    assert left(counts) <= best.fun * a.sum() * 1.03  # of a curve that was measured
    assert left(counts) < 0.95 * left(np.full(4, elements / 4))


def test_the_order_of_deals_is_that_of_theory() -> None:
    """Least error <= equal elements < equal bits < all at the worst link's rate, of EDEN at a bit and more."""
    air, size = Air(GRID, Awgn(), 4, power_offsets_db=OFFSETS), 512
    updates = keys.normal(keys.key(7), [4, size]) * tf.constant([[1.0], [2.0], [1.0], [0.5]])
    errors = {}
    for deal in DEALS:
        uplink = Digital(Eden(), deal=deal)  # type: ignore[arg-type]
        run = tf.function(
            lambda seed, uplink=uplink: play(uplink, air, updates, 2400, 0.0, seed=seed)[2].nmse, autograph=False
        )
        errors[deal] = np.mean([run(tf.constant(seed)) for seed in range(12)])
    assert errors["error"] < errors["equal"] < errors["bits"] < errors["worst"]


@pytest.mark.parametrize("deal", ["bits", "worst", "error"])
def test_budgets_hold_whatever_is_dealt(deal: Any) -> None:
    air = Air(GRID, Rayleigh(), 4, power_offsets_db=OFFSETS)
    updates = keys.normal(keys.key(5), [4, 100])
    for seed in range(3):
        report = play(Digital(deal=deal), air, updates, 300, 0.0, seed=seed)[2]
        budgets = 10 ** (np.array(OFFSETS) / 10)
        np.testing.assert_allclose(report.energy, budgets * (report.energy.numpy() > 0), rtol=1e-5)
        assert np.array_equal(report.decoded, report.energy.numpy() > 0)
    asked = 64 if deal == "error" else 32
    assert float(report.free_bits) == 4 * asked


def test_a_device_that_gets_nothing_is_silent_and_the_sum_lacks_it() -> None:
    updates = tf.constant([[1.0], [1.0], [1e-6]]) * keys.normal(keys.key(5), [3, 64])
    estimate, _, report = play(Digital(Sign(), deal="error"), Air(GRID, Awgn(), 3), updates, 50, 5.0)
    assert np.array_equal(report.decoded, [True, True, False]) and report.energy[2] == 0
    assert float(report.silent) == float(report.unheard) == pytest.approx(1 / 3)
    sent = tf.reduce_sum(updates[:2], axis=0) / 3  # weights stay 1/3
    assert float(tf.reduce_sum((estimate - sent) ** 2) / tf.reduce_sum(sent**2)) < 0.8


def test_what_devices_owe_counts_as_need() -> None:
    """A device that sends little of its own is heard all the same once it owes enough."""
    air, size = Air(GRID, Awgn(), 2), 64
    uplink, updates = Digital(Sign(), deal="error", feedback=1.0), tf.constant([[1.0], [0.1]]) * tf.ones([2, size])
    terms, place = Terms(air, size, 40), air.init(keys.key(0))
    state, decoded = uplink.init(terms, place), []
    step = tf.function(lambda state, index: apply(uplink, state, _round(terms, index), updates)[1:], autograph=False)
    for index in range(25):
        state, report = step(state, tf.constant(index))
        decoded.append(report.decoded.numpy())
    heard = np.stack(decoded)
    assert not heard[0, 1] and 0 < heard[:, 1].mean() < 0.5 < heard[:, 0].mean()


def _round(terms: Terms, index: tf.Tensor) -> Round:
    link = terms.air.draw(terms.air.init(keys.key(0)), keys.key(1, index), 0.0, terms.slots, 5.0)
    return Round(terms, keys.key(2, index), tf.constant([0.5, 0.5]), link)


@pytest.mark.parametrize("deal", ["bits", "worst", "error"])
@pytest.mark.parametrize(
    "options",
    [{"csir": ErrorVariance(0.1)}, {"domain": "time", "impairments": (TimingOffset(high=2, seen=False),)}],
    ids=["csir", "time"],
)
def test_margins_and_waveforms_know_the_deal(deal: Any, options: dict) -> None:
    air = Air(GRID, Tdl("A", 100e-9), 4, power_offsets_db=OFFSETS, **options)
    updates = keys.normal(keys.key(5), [4, 100])
    estimate, _, report = play(Digital(Eden(), deal=deal, margin_db=6.0), air, updates, 900, 20.0)
    assert np.all(np.isfinite(estimate)) and report.decoded.numpy().any()


def test_deals_other_than_equal_have_elements_to_themselves() -> None:
    with pytest.raises(ValueError, match="uplink.deal: expected equal with sdma or water_filling, received error"):
        Digital(deal="error", sdma=2).check(Terms(Air(GRID, Rayleigh(), 4, 2), 10, 10))


@pytest.mark.parametrize("deal", DEALS)
def test_streamed_and_absent_devices_change_nothing(deal: Any) -> None:
    air = Air(GRID, Awgn(), 5)
    updates = keys.normal(keys.key(5), [5, 50])
    estimate, _, report = play(Digital(Eden(), deal=deal), air, updates, 900, 20.0, [0.0, 0.5, 0.0, 0.5, 0.0])
    assert np.array_equal(report.decoded, [False, True, False, True, False])
    nothing, _, silent = play(Digital(Eden(), deal=deal), air, updates, 900, 20.0, [0.0] * 5)
    assert not np.any(nothing) and not np.any(silent.energy)


def test_at_the_worst_links_rate_nobody_is_lost_where_shares_differ() -> None:
    """Of 100 elements three devices own 33, 34 and 33: who owns more has less energy on each."""
    for channel in (Awgn(), Tdl("A", 300e-9)):
        air = Air(GRID, channel, 3)
        _, _, report = play(Digital(Eden(), deal="worst"), air, keys.normal(keys.key(6), [3, 100]), 100, 10.0)
        assert np.all(report.decoded)


def finite(snr: float, n: int, p: float) -> float:
    """Bits of n elements at a block error rate p (Polyanskiy, Poor, Verdu, 2010)."""
    variance = n * (1 - 1 / (1 + snr) ** 2) / math.log(2) ** 2
    return n * math.log2(1 + snr) - variance**0.5 * scipy.stats.norm.isf(p) + math.log2(2 * n) / 2


def test_at_the_worst_links_rate_margins_are_to_blame_only_where_it_carries_something_without_them() -> None:
    """A weak device that can send nothing keeps a strong one silent, however large the margin of that one is."""
    size, elements, backoff = 100, 200, np.array([0.01, 0.25])
    for weak_db, carries in ((-16.0, False), (-8.2, True)):
        air = Air(GRID, Awgn(), 2, power_offsets_db=(20.0, weak_db), csit=ErrorVariance(0.001))
        terms, place = Terms(air, size, elements), air.init(keys.key(0))
        link = air.draw(place, keys.key(1), 0.0, terms.slots, 0.0)
        round, uplink = (
            Round(terms, keys.key(2), tf.constant([0.5, 0.5]), link),
            Digital(RandomK(), Capacity(0.001), deal="worst"),
        )
        state = uplink.init(terms, place)
        state = state._replace(margins=state.margins._replace(db=tf.constant(-10 * np.log10(backoff), tf.float32)))
        acc = uplink.add(uplink.begin(state, round), round, tf.range(2), keys.normal(keys.key(5), [2, size]))
        snr = 2 * 10 ** (weak_db / 10)  # all its power on half of the elements
        assert float(acc.deal.unbacked) == pytest.approx(snr, rel=0.01)
        assert finite(snr / 4, 100, 0.001) <= 0 and (finite(snr, 100, 0.001) > 0) == carries
        assert finite(snr / 4 / 0.01, 100, 0.001) > 0  # by the margin of the strong one it would be otherwise
        assert not np.any(acc.sent)
        np.testing.assert_array_equal(acc.held, [carries, carries])
