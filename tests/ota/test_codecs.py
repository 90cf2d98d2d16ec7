"""Codecs that select and remember: what is owed, what arrives, and the published closed forms."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from overair.ota import Analog, FskVote, Identity, LowRank, OneBit, RandomLinear, Round, Sparse, Terms, apply
from overair.ota.codecs import Codec, Past
from overair.phy import (
    Air,
    Awgn,
    Blind,
    EqualPower,
    FullInversion,
    Grid,
    Individual,
    MseOptimal,
    Opportunistic,
    Rayleigh,
    Tdl,
    TruncatedInversion,
    keys,
)

GRID = Grid(subcarriers=32, symbols=4, prefix=8)


def played(
    uplink: Analog,
    air: Air,
    updates: tf.Tensor,
    elements: int,
    rounds: int = 1,
    snr_db: float = 200.0,
    weights: Any = None,
    layers: tuple[tuple[int, ...], ...] = (),
) -> list[tuple[Any, Any, Any]]:
    """Estimate, state and report of rounds that follow each other with the same updates."""
    terms = Terms(air, updates.shape[1], elements, layers=layers)
    place = air.init(keys.key(0, "place"))
    state, share = uplink.init(terms, place), tf.ones([air.devices]) / air.devices

    @tf.function(autograph=False)
    def one(state: Any, number: tf.Tensor, share: tf.Tensor) -> tuple[Any, Any, Any]:
        key = keys.key(3, number)
        link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, snr_db)
        return apply(uplink, state, Round(terms, key, share, link), updates)

    outcomes = []
    for number in range(rounds):
        present = share if weights is None else tf.constant(weights[number], tf.float32)
        outcomes.append(one(state, tf.constant(number), present))
        state = outcomes[-1][1]
    return outcomes


# --- Error feedback


@pytest.mark.parametrize("codec", [Identity(), RandomLinear(compression=4.0), LowRank(rank=1), Sparse()], ids=str)
@pytest.mark.parametrize("feedback", [0.3, 1.0])
def test_what_was_wanted_is_delivered_or_owed(codec: Codec, feedback: float) -> None:
    """Over rounds, the sum of what was sent for and what is still owed is the sum of all updates."""
    updates = keys.normal(keys.key(1), [3, 60])
    rounds = played(
        Analog(codec, FullInversion(), feedback=feedback), Air(GRID, Awgn(), 3), updates, 60, 4, layers=((6, 10),)
    )
    estimates = np.sum([estimate.numpy() for estimate, _, _ in rounds], axis=0)
    owed = rounds[-1][1].owed.numpy()
    if isinstance(codec, Sparse):  # what is recovered is what was sent, but for what message passing leaves
        assert np.all(np.abs(owed).max(axis=1) < 10)
        sent = 4 * updates.numpy() - owed
        assert np.linalg.norm(sent.mean(axis=0) - estimates) < 0.3 * np.linalg.norm(estimates)
        return
    np.testing.assert_allclose(estimates + owed.mean(axis=0), 4 * updates.numpy().mean(axis=0), atol=2e-3)


def test_sparse_sends_the_largest_entries_and_owes_the_rest_exactly() -> None:
    updates = keys.normal(keys.key(1), [2, 200])
    ((_, state, report),) = played(Analog(Sparse(kept=0.2), FullInversion()), Air(GRID, Awgn(), 2), updates, 40)
    owed, u = state.owed.numpy(), updates.numpy()
    count = round(0.2 * 79)  # of 79 sums; the 80th real number is the mean's
    assert np.array_equal((owed == 0).sum(axis=1), [count, count])
    for row in range(2):
        largest = np.argsort(-np.abs(u[row]))[:count]
        assert np.all(owed[row, largest] == 0)
        assert np.array_equal(np.delete(owed[row], largest), np.delete(u[row], largest))
    assert float(report.nmse_sent) < float(report.nmse)


def test_who_is_absent_owes_what_it_owed_and_who_is_unheard_owes_everything() -> None:
    updates = keys.normal(keys.key(1), [4, 32])
    uplink = Analog(Identity(), TruncatedInversion(threshold=0.9, unbiased=False), feedback=1.0)
    weights = [[0.25] * 4, [0.0, 0.5, 0.5, 0.0]]
    first, second = played(uplink, Air(GRID, Rayleigh(), 4), updates, 16, 2, weights=weights)
    heard = first[2].decoded.numpy()
    assert 0 < heard.sum() < 4
    owed = first[1].owed.numpy()
    np.testing.assert_allclose(owed[heard], 0, atol=1e-5)
    np.testing.assert_allclose(owed[~heard], updates.numpy()[~heard])
    assert np.array_equal(second[1].owed.numpy()[[0, 3]], owed[[0, 3]])


def test_a_capped_device_owes_the_part_that_its_power_left_out() -> None:
    """The form of eq. 5.11: flat gains, so an element arrives by s_i = min(c, sqrt(P/E)) of c."""
    updates = keys.normal(keys.key(1), [3, 64])
    air = Air(GRID, Awgn(), 3, power_offsets_db=(0.0, 0.0, -30.0))
    uplink = Analog(RandomLinear(), MseOptimal(), feedback=1.0)
    ((_, state, _),) = played(uplink, air, updates, 32, snr_db=20.0)
    owed = np.linalg.norm(state.owed, axis=1) / np.linalg.norm(updates, axis=1)
    assert owed[2] > 0.5 and owed[2] > 2 * owed[:2].max()
    share = 1 - np.sum(state.owed[2] * updates[2]) / np.sum(updates[2] ** 2)
    np.testing.assert_allclose(state.owed[2], (1 - share) * updates[2], atol=1e-4)  # A'A = I at full rate


def test_the_residual_of_a_weighted_random_linear_code_keeps_to_its_bound() -> None:
    """Lemma 9 with g = d/m - 1: |r|^2 <= g |x|^2 / (1 - (1 - b)^2 - b^2 g), and without forgetting it blows up."""
    updates = keys.normal(keys.key(1), [1, 64])
    air, gain, energy = Air(GRID, Awgn(), 1), 7.0, float(tf.reduce_sum(updates**2))

    def residual(b: float) -> float:
        uplink = Analog(RandomLinear(compression=8.0), FullInversion(), feedback=b)
        return float(np.mean([np.sum(s.owed**2) for _, s, _ in played(uplink, air, updates, 4, 60)[30:]]))

    b = 1 / (gain + 1)
    assert residual(b) <= gain / (1 - (1 - b) ** 2 - b**2 * gain) * energy
    assert residual(0.6) > 100 * residual(b)


def test_who_knows_no_channel_takes_it_that_all_arrives() -> None:
    updates = keys.normal(keys.key(1), [3, 32])
    uplink = Analog(Identity(), Blind(), feedback=1.0)
    ((_, state, _),) = played(uplink, Air(GRID, Rayleigh(), 3, antennas=4), updates, 16)
    assert not np.any(state.owed)


# --- Sparse


def test_of_equal_entries_no_more_than_the_count_are_sent() -> None:
    layers, codec = ((200,),), Sparse(kept=0.2)
    code = codec.code(layers, 40, keys.key(0), Past.none(layers))
    signs = tf.constant([1.0, -2.0, 1.0, -1.0] * 50)
    sent = codec.select(tf.stack([tf.ones([200]), signs, tf.zeros([200])]), layers, code).numpy()
    count = round(0.2 * 79)
    assert np.count_nonzero(sent, axis=1).tolist() == [count, count, 0]
    assert np.all(sent[1][sent[1] != 0] == -2)
    spoilt = tf.tensor_scatter_nd_update(signs, [[7]], [float("nan")])
    assert np.isnan(codec.select(spoilt[None], layers, code)[0, 7])


@pytest.mark.parametrize("centred", [0, 1])
def test_recovery_is_told_the_noise_that_the_sums_hold(centred: int) -> None:
    """Where the mean goes apart its noise is in all sums besides their own."""
    told: list[float] = []

    @dataclass(frozen=True)
    class Told:
        def recover(self, y: tf.Tensor, projection: Any, noise: Any = None, layers: Any = ()) -> tf.Tensor:
            told.append(float(noise))
            return tf.pad(y, [[0, projection.size - projection.rows]])

    layers, codec, draws = ((600,),), Sparse(centred=centred, recovery=Told()), 400
    code = codec.code(layers, 20, keys.key(0), Past.none(layers))
    heard = keys.complex_normal(keys.key(1), [draws, 20]) * tf.complex(2.0, 0.0)  # 2 a real number
    energies = [float(tf.reduce_sum(codec.decode(each, layers, code, tf.constant(2.0)) ** 2)) / 39 for each in heard]
    error = np.std(energies) / draws**0.5
    assert told == [2.0 * (1 + centred)] * draws and abs(np.mean(energies) - told[0]) < 4.5 * error


@pytest.mark.parametrize("projection", ["hadamard", "gaussian"])
def test_sparse_recovers_a_common_support_without_noise(projection: Any) -> None:
    support = keys.uniform(keys.key(2), [600]) < 0.05
    updates = tf.where(support, keys.normal(keys.key(1), [4, 600]), 0.0)
    ((_, _, report),) = played(
        Analog(Sparse(projection=projection), FullInversion()), Air(GRID, Awgn(), 4), updates, 150
    )
    assert float(report.nmse) < 1e-4


def test_the_mean_of_what_is_projected_goes_apart_in_the_first_rounds_and_is_put_back() -> None:
    layers, codec = ((100,),), Sparse(centred=2)
    first, plain = codec.code(layers, 30, keys.key(0), Past.none(layers)), Sparse(centred=0)
    sent = codec.select(keys.normal(keys.key(1), [3, 100]) + 1.0, layers, first)
    whole = first._replace(centred=0.0)
    expected = plain.decode(plain.encode(sent, layers, whole)[0], layers, whole, tf.zeros([]))
    for rounds, centred in ((0, True), (1, True), (2, False)):
        past = Past(tf.constant(rounds), tf.zeros([100]))
        code = codec.code(layers, 30, keys.key(0), past)
        symbols = codec.encode(sent, layers, code)
        reals = np.stack([np.real(symbols), np.imag(symbols)], axis=-1).reshape(3, 60)
        assert np.allclose(reals[:, :59].mean(axis=1), 0, atol=1e-6) == centred
        assert np.all(reals[:, 59] == 0) != centred
        np.testing.assert_allclose(codec.decode(symbols[0], layers, code, tf.zeros([])), expected, atol=1e-3)


def test_a_matrix_too_large_to_keep_is_made_in_tiles_with_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    layers, codec = ((300,),), Sparse(projection="gaussian")
    sent = keys.normal(keys.key(1), [2, 300])
    kept = codec.encode(sent, layers, codec.code(layers, 40, keys.key(0), Past.none(layers)))
    monkeypatch.setattr("overair.ota.codecs.sparse.MEMORY", 1000)
    code = codec.code(layers, 40, keys.key(0), Past.none(layers))
    assert len(tf.nest.flatten(code.matrix)) == 2 and code.matrix[0].shape == (2,)
    np.testing.assert_allclose(codec.encode(sent, layers, code), kept, atol=1e-4)


# --- Individual power


def test_individual_power_gives_the_mean_weighted_by_amplitudes_and_spends_every_budget() -> None:
    size = 64
    updates = keys.normal(keys.key(1), [3, size]) * tf.constant([[0.5], [1.0], [4.0]])
    air = Air(GRID, Tdl("A", 30e-9), 3, power_offsets_db=(0.0, -3.0, 0.0))
    ((estimate, _, report),) = played(Analog(Identity(), Individual()), air, updates, 33)
    np.testing.assert_allclose(report.energy, 10 ** (np.array([0.0, -0.3, 0.0])), rtol=1e-5)
    # Symbols are a scale of 1 and the parameters' pairs, so the strongest update has the smallest amplitude.
    basis = np.linalg.lstsq(updates.numpy().T, estimate.numpy(), rcond=None)[0]
    np.testing.assert_allclose(basis.sum(), 1.0, rtol=1e-4)
    assert np.all(basis > 0) and basis[0] > basis[2]
    assert float(report.bits) == 0


def test_individual_amplitudes_are_those_of_the_paper_without_fading() -> None:
    updates = keys.normal(keys.key(1), [3, 64]) * tf.constant([[0.5], [1.0], [4.0]])
    ((estimate, _, _),) = played(Analog(Identity(), Individual()), Air(GRID, Awgn(), 3), updates, 33)
    alpha = 1 / (np.sum(updates.numpy() ** 2, axis=1) + 1)  # P/(|g|^2 + 1) up to P
    expected = np.sqrt(alpha) @ updates.numpy() / np.sqrt(alpha).sum()
    np.testing.assert_allclose(estimate, expected, atol=1e-4)


def test_a_scale_lost_in_noise_gives_nothing_rather_than_anything() -> None:
    updates = keys.normal(keys.key(1), [2, 64])
    rounds = played(Analog(Identity(), Individual()), Air(GRID, Awgn(), 2), updates, 33, 40, -40.0)
    estimates, heard = [e.numpy() for e, _, _ in rounds], [bool(np.all(report.decoded)) for _, _, report in rounds]
    silent = sum(not np.any(e) for e in estimates)
    assert [bool(np.any(e)) for e in estimates] == heard
    assert 20 < silent < 40  # Phi(1 - small) = .84 of 40, and 4.5 standard errors
    assert np.all(np.isfinite(estimates))


def test_individual_power_spends_weights_away() -> None:
    updates, air = keys.normal(keys.key(1), [3, 64]), Air(GRID, Awgn(), 3)
    weights = [[0.8, 0.1, 0.1], [1 / 3] * 3]
    one, other = played(Analog(Identity(), Individual()), air, updates, 33, 2, weights=weights)
    np.testing.assert_allclose(one[0], other[0], atol=1e-5)


@pytest.mark.parametrize("rule", [FullInversion(), Individual()], ids=str)
def test_the_smallest_grant_that_is_accepted_carries_something(rule: Any) -> None:
    updates, air = keys.normal(keys.key(1), [2, 8]), Air(GRID, Awgn(), 2)
    for codec in (RandomLinear(), Sparse()):
        least = 1 + (not rule.announced)
        ((estimate, _, _),) = played(Analog(codec, rule), air, updates, least)
        assert np.all(np.isfinite(estimate))
        if not rule.announced:
            with pytest.raises(ValueError, match="grant.elements: expected at least 2 resource elements"):
                Analog(codec, rule).check(Terms(air, 8, 1))


# --- Opportunistic


def test_an_update_of_zeros_is_heard_and_counts_in_the_mean() -> None:
    updates = tf.concat([keys.normal(keys.key(1), [1, 40]), tf.zeros([3, 40])], 0)
    uplink = Analog(Identity(), Opportunistic(threshold=1e-6))
    ((estimate, _, _),) = played(uplink, Air(GRID, Rayleigh(), 4), updates, 20)
    np.testing.assert_allclose(estimate, updates[0] / 4, atol=1e-5)


def test_the_receiver_averages_over_those_whose_channel_was_good() -> None:
    devices, size = 6, 400
    updates = keys.normal(keys.key(1), [devices, size])
    air = Air(GRID, Tdl("A", 300e-9), devices)
    rule = Opportunistic(threshold=0.5)
    ((estimate, _, report),) = played(Analog(Identity(), rule), air, updates, size // 2)
    link = air.draw(air.init(keys.key(0, "place")), keys.fold(keys.key(3, 0), "link"), 0.0, 2, 200.0)
    strong = np.abs(link.response().numpy()[0, 0, :, 0, :]) ** 2 >= 0.5  # [K, F]
    active = np.repeat(np.tile(strong, (1, -(-size // 2 // 32)))[:, : size // 2], 2, axis=1)
    count = active.sum(axis=0)
    expected = np.where(count > 0, (active * updates.numpy()).sum(axis=0) / np.maximum(count, 1), 0.0)
    np.testing.assert_allclose(estimate, expected, atol=1e-4)
    assert np.all(report.energy <= 1 + 1e-5)


# --- Votes


def test_one_bit_reads_the_majority_as_the_binomial_says() -> None:
    voters, size, s = 25, 20_000, 0.25
    updates = keys.normal(keys.key(1), [voters, size]) + s
    air = Air(Grid(subcarriers=1024), Awgn(), voters)
    ((estimate, _, report),) = played(Analog(OneBit(), FullInversion()), air, updates, size // 2)
    wrong = scipy.stats.binom.sf(voters // 2, voters, scipy.stats.norm.cdf(-s))
    assert wrong == pytest.approx(0.156982, abs=1e-6)
    measured = np.mean(estimate.numpy() < 0)
    assert abs(measured - wrong) < 4.5 * (wrong * (1 - wrong) / size) ** 0.5
    assert float(report.nmse_sent) == 0


def test_noise_turns_votes_as_the_gaussian_tail_says() -> None:
    size, snr_db = 40_000, 0.0
    updates = tf.ones([1, size])
    air = Air(Grid(subcarriers=1024), Awgn(), 1)
    ((estimate, _, _),) = played(Analog(OneBit(), FullInversion()), air, updates, size // 2, snr_db=snr_db)
    wrong = scipy.stats.norm.sf(1.0)  # QPSK of energy 1 in noise 1: a real vote of amplitude sqrt(1/2) in sqrt(1/2)
    assert abs(np.mean(estimate.numpy() < 0) - wrong) < 4.5 * (wrong * (1 - wrong) / size) ** 0.5


@pytest.mark.parametrize(("yes", "no", "snr_db"), [(5, 2, 10.0), (4, 3, 200.0), (3, 0, 0.0)])
def test_energy_votes_are_lost_as_the_exponential_law_says(yes: int, no: int, snr_db: float) -> None:
    voters, size = yes + no, 6000
    updates = tf.concat([tf.ones([yes, size]), -tf.ones([no, size])], 0)
    rounds = played(Analog(FskVote(), EqualPower()), Air(GRID, Rayleigh(), voters), updates[:, :16], 32, 1500, snr_db)
    measured = np.mean([estimate.numpy()[0] < 0 for estimate, _, _ in rounds])
    energy = 2.0  # a device of budget P on every second element
    noise = 10 ** (-snr_db / 10)
    wrong = (no * energy + noise) / (voters * energy + 2 * noise)
    assert abs(measured - wrong) < 4.5 * (wrong * (1 - wrong) / 1500) ** 0.5


def test_energy_votes_count_weights_squared() -> None:
    updates = tf.constant([[1.0], [-1.0], [-1.0]]) * tf.ones([1, 16])
    weights = [[0.5, 0.25, 0.25]] * 1500
    rounds = played(Analog(FskVote(), EqualPower()), Air(GRID, Rayleigh(), 3), updates, 32, 1500, weights=weights)
    measured, wrong = np.mean([estimate.numpy()[0] < 0 for estimate, _, _ in rounds]), (2 / 16) / (1 / 4 + 2 / 16)
    assert abs(measured - wrong) < 4.5 * (wrong * (1 - wrong) / 1500) ** 0.5


def test_nobody_votes_where_nobody_takes_part_and_sign_of_zero_is_plus() -> None:
    air = Air(GRID, Awgn(), 2)
    for codec, rule, elements in ((OneBit(), FullInversion(), 4), (FskVote(), EqualPower(), 16)):
        zeros = tf.zeros([2, 8])
        (first, second) = played(Analog(codec, rule), air, zeros, elements, 2, weights=[[0.5, 0.5], [0.0, 0.0]])
        assert np.all(first[0] == 1) and not np.any(second[0])


def test_votes_owe_nothing() -> None:
    with pytest.raises(ValueError, match="analog.feedback: expected 0 for votes"):
        Analog(OneBit(), feedback=0.5)


# --- Low rank


def test_low_rank_reaches_the_leading_directions_over_rounds() -> None:
    rng = np.random.default_rng(0)
    u, _ = np.linalg.qr(rng.normal(size=(30, 30)))
    v, _ = np.linalg.qr(rng.normal(size=(12, 12)))
    matrix = (u[:, :12] * np.array([10, 8, *[0.1] * 10])) @ v.T
    updates = tf.constant(np.tile(matrix.reshape(1, -1), (3, 1)), tf.float32)
    uplink = Analog(LowRank(rank=2), FullInversion(), feedback=0.0)
    rounds = played(uplink, Air(GRID, Awgn(), 3), updates, 30, 6, layers=((30, 12),))
    best = 10 * 0.1**2 / (matrix**2).sum()  # Eckart and Young
    assert float(rounds[0][2].nmse) > 0.1
    assert float(rounds[-1][2].nmse) == pytest.approx(best, rel=0.02)


def test_low_rank_takes_the_elements_of_its_factors_and_vectors_as_they_are() -> None:
    layers = ((5, 5, 1, 10), (10,), (320, 10), (10,))
    codec = LowRank(rank=2)
    longest = max(2 * 25 + 2 * 10, 2 * 10 + 2 * 320) + 20
    assert -(-longest // 2) >= codec.elements(layers, 10_000) >= (20 + 2 * 320) // 2
    updates = keys.normal(keys.key(1), [2, 250 + 10 + 3200 + 10])
    ((estimate, _, _),) = played(Analog(codec, FullInversion()), Air(GRID, Awgn(), 2), updates, 400, layers=layers)
    for first, last in ((250, 260), (3460, 3470)):
        np.testing.assert_allclose(estimate[first:last], updates.numpy().mean(axis=0)[first:last], atol=1e-4)


def test_too_small_a_grant_is_refused_with_what_is_needed() -> None:
    terms = Terms(Air(GRID, Awgn(), 2), 320 * 10, 100, layers=((320, 10),))
    with pytest.raises(ValueError, match="grant.elements: expected at least 320 resource elements"):
        Analog(LowRank(rank=2)).check(terms)


def test_rules_serve_codecs_over_fading_within_budget() -> None:
    updates = keys.normal(keys.key(1), [3, 40])
    for rule in (Individual(), Opportunistic()):
        for codec in (RandomLinear(compression=2.0), Sparse(), OneBit()):
            uplink = Analog(codec, rule)
            air = Air(GRID, Tdl("A", 100e-9), 3)
            ((estimate, _, report),) = played(uplink, air, updates, 60, snr_db=20.0, layers=((4, 10),))
            assert np.all(np.isfinite(estimate)) and np.all(report.energy <= 1 + 1e-5)


def test_without_channel_csi_at_the_devices_antennas_bring_the_sparse_sum_together() -> None:
    """The blind variant: nothing is inverted, and the interference of K devices at A antennas falls as 1/A."""
    support = keys.uniform(keys.key(2), [300]) < 0.03
    updates = tf.where(support, keys.normal(keys.key(1), [4, 300]), 0.0)
    errors = []
    for antennas in (16, 1024):
        air = Air(GRID, Tdl("A", 300e-9), 4, antennas=antennas)
        ((_, _, report),) = played(Analog(Sparse(), Blind()), air, updates, 100, snr_db=20.0)
        errors.append(float(report.nmse))
    assert errors[1] < 0.05 and errors[1] < errors[0] / 5
