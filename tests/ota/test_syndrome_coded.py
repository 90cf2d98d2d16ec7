"""Distributed source coding by syndromes: planes, codes, the bound of Slepian and Wolf, erasures, and bits charged."""

import math
from functools import partial
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, optimize, stats
from sionna.phy.fec.crc import CRCDecoder, CRCEncoder

from overair.ota import Nested, SyndromeCoded
from overair.ota.compressors import Known, Sided, Together, _planes, _syndromes
from overair.ota.compressors._coded_blocks import check_bits, cut_into
from overair.ota.compressors._planes import Believed
from overair.ota.compressors._sided_law import expected
from overair.ota.past import Past
from overair.phy import keys

PLENTY = tf.constant(1e9)  # bits


def entropy(p: Any) -> Any:
    return -np.sum(np.where(p > 0, p * np.log2(np.maximum(p, 1e-300)), 0.0), axis=-1)


def h2(p: float) -> float:
    return float(entropy(np.array([p, 1 - p])))


# --- Published numbers


MIDPOINTS = (np.arange(40) + 0.5) / 20 - 1, np.full(40, 1 / 20)
EXACT = np.polynomial.legendre.leggauss(24)


def masses(mean: np.ndarray, s: float, step: float, levels: int, rule: Any = EXACT) -> np.ndarray:
    """P(q) of a clipped dithered quantiser of N(mean, s^2), averaged over the dither, [..., 2 M + 1]."""
    found = [weight / 2 * given_dither(mean, s, step, levels, node / 2) for node, weight in zip(*rule, strict=True)]
    return np.asarray(sum(found))


def given_dither(mean: np.ndarray, s: float, step: float, levels: int, dither: float) -> np.ndarray:
    borders = step * (np.arange(-levels, levels) + 0.5 - dither)
    below = stats.norm.cdf((borders - np.asarray(mean)[..., None]) / s)
    return np.diff(below, axis=-1, prepend=0.0, append=1.0)


def joint(s2: float, step: float, levels: int, rule: Any = EXACT) -> np.ndarray:
    """P(q1, q2) of two updates theta + n_p, theta ~ N(0, 1), [2 M + 1, 2 M + 1]."""
    theta = np.linspace(-8, 8, 2001)
    weight = stats.norm.pdf(theta) * (theta[1] - theta[0])
    each = masses(theta, math.sqrt(s2), step, levels, rule)
    return np.einsum("t,ti,tj->ij", weight, each, each)


@pytest.mark.parametrize(
    ("s2", "step", "levels", "alone", "beside"),
    [(0.1, 1.0, 3, 2.210408, 1.507755), (0.25, 1.0, 1, 1.584955, 1.236831)],
)
def test_entropies_of_indices_that_were_published(
    s2: float, step: float, levels: int, alone: float, beside: float
) -> None:
    """They are those of 40 midpoints of the dither; exactly they are up to 1.3e-4 more."""
    for rule, tolerance in ((MIDPOINTS, 6e-7), (EXACT, 2e-4)):
        both = joint(s2, step, levels, rule)
        assert entropy(both.sum(0)) == pytest.approx(alone, abs=tolerance)
        assert entropy(both.ravel()) - entropy(both.sum(0)) == pytest.approx(beside, abs=tolerance)


def chain(both: np.ndarray, levels: int) -> list[float]:
    """H(b_i | b_<i, q1) of the bits of q2 + M, by our planes."""
    planes = _planes.bits(tf.range(-levels, levels + 1), levels).numpy()  # [P, 2 M + 1]
    whole = [entropy(both.sum(1))]
    for many in range(1, len(planes) + 1):
        words = [tuple(column) for column in planes[:many].T]
        grouped = [both[:, [word == each for word in words]].sum(1) for each in set(words)]
        whole.append(entropy(np.concatenate(grouped)))
    return [float(after - before) for before, after in pairwise(whole)]


def test_planes_share_the_entropy_as_published_and_by_the_chain_rule() -> None:
    np.testing.assert_allclose(chain(joint(0.1, 1, 3, MIDPOINTS), 3), (0.534840, 0.276000, 0.696916), atol=6e-7)
    both = joint(0.4, 0.7, 5)
    assert sum(chain(both, 5)) == pytest.approx(entropy(both.ravel()) - entropy(both.sum(1)), abs=1e-9)


def failing(parity: np.ndarray, p: float) -> float:
    """The chance that a syndrome's likeliest error of a BSC is not the error."""
    checks, n = parity.shape
    best: dict[tuple[int, ...], float] = {}
    for error in product((0, 1), repeat=n):
        weight = sum(error)
        key, chance = tuple(parity @ error % 2), p**weight * (1 - p) ** (n - weight)
        best[key] = max(best.get(key, 0.0), chance)
    assert len(best) == 2**checks
    return 1 - sum(best.values())


def test_syndromes_fail_as_often_as_published() -> None:
    repetition = np.array([[1, 1, 0], [0, 1, 1]])
    hamming = np.array([[1, 0, 1, 0, 1, 0, 1], [0, 1, 1, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 1]])
    assert failing(repetition, 0.05) == pytest.approx(0.00725, abs=1e-9)
    assert failing(hamming, 0.05) == pytest.approx(0.04438054, abs=1e-8)
    assert failing(hamming, 0.11) == pytest.approx(1 - 0.89**7 - 7 * 0.11 * 0.89**6)


def evolves(p: float, variables: dict[int, float], checks: dict[int, float], turns: int = 400) -> bool:
    """Whether density evolution ends at no errors: a population of messages over BSC(p), edge degree shares."""
    rng, count = np.random.default_rng(0), 30_000
    heard = np.where(rng.random(count) < p, -1.0, 1.0) * math.log((1 - p) / p)
    told = heard

    def mixed(shares: dict[int, float], draw: Any) -> np.ndarray:
        degrees = rng.choice(list(shares), count, p=list(shares.values()))
        return np.concatenate([draw(degree, int((degrees == degree).sum())) for degree in shares])

    def from_checks(degree: int, many: int) -> np.ndarray:
        some = np.tanh(told[rng.integers(0, count, [many, degree - 1])] / 2)
        return 2 * np.arctanh(np.clip(some.prod(1), -1 + 1e-12, 1 - 1e-12))

    def from_variables(back: np.ndarray, degree: int, many: int) -> np.ndarray:
        return heard[rng.integers(0, count, many)] + back[rng.integers(0, count, [many, degree - 1])].sum(1)

    for _ in range(turns):
        back = rng.permutation(mixed(checks, from_checks))
        told = mixed(variables, partial(from_variables, back))
        told = rng.permutation(told)
        if (told <= 0).mean() < 1e-4:
            return True
    return False


@pytest.mark.parametrize(("dc", "threshold", "limit"), [(6, 0.0839, 0.1100), (4, 0.1668, 0.2145)])
def test_thresholds_of_regular_codes_that_were_published(dc: int, threshold: float, limit: float) -> None:
    assert optimize.brentq(lambda p: h2(p) - 3 / dc, 1e-6, 0.5) == pytest.approx(limit, abs=6e-5)
    assert evolves(0.96 * threshold, {3: 1.0}, {dc: 1.0}) and not evolves(1.05 * threshold, {3: 1.0}, {dc: 1.0}, 150)


def sum_rates(devices: int, v: float, s2: float, d: float) -> tuple[float, float]:
    """Of the Gaussian CEO problem with and without binning, from its test channel: x_k + N(0, q) to a distortion d."""
    q = optimize.brentq(lambda q: 1 / (1 / v + devices / (s2 + q)) - d, 1e-9, 1e6)
    shape = v * np.ones([devices, devices]) + s2 * np.eye(devices)
    with_binning = 0.5 * np.linalg.slogdet(np.eye(devices) + shape / q)[1] / math.log(2)
    return with_binning, devices / 2 * math.log2(1 + (v + s2) / q)


@pytest.mark.parametrize(
    ("case", "published"),
    [
        ((2, 1.0, 0.5, 0.3), (2.131517, 2.378512)),
        ((16, 1.0, 4.0, 0.5), (3.820300, 4.020003)),
        ((5, 2.0, 1.0, 0.3), None),
    ],
)
def test_sum_rates_of_the_gaussian_ceo_problem(case: tuple[int, float, float, float], published: Any) -> None:
    devices, v, s2, d = case
    printed = 0.5 * math.log2(v / d) + devices / 2 * math.log2(devices / (devices - s2 * (1 / d - 1 / v)))
    found = sum_rates(*case)
    assert found[0] == pytest.approx(printed, abs=1e-6)
    if published:
        np.testing.assert_allclose(found, published, atol=2e-6)


# --- Planes and laws


@pytest.mark.parametrize("law", ["laplace", "normal"])
@pytest.mark.parametrize("levels", [1, 3, 6])
def test_ratios_of_planes_are_those_of_the_law(law: Any, levels: int) -> None:
    rng = np.random.default_rng(levels)
    centre, u, s = rng.normal(size=50) * levels / 2, rng.uniform(-0.5, 0.5, 50), rng.uniform(0.3, 2, 50)
    at = stats.norm if law == "normal" else stats.laplace
    scale = s if law == "normal" else s / math.sqrt(2)
    borders = np.arange(-levels, levels)[:, None] + 0.5 - u
    chance = np.diff(at.cdf(borders, centre, scale), axis=0, prepend=0.0, append=1.0)  # [2 M + 1, 50]
    planes = _planes.bits(tf.range(-levels, levels + 1), levels).numpy()
    believed = Believed(*(tf.constant(each, tf.float32) for each in (centre, s, u)))
    for plane, above in ((0, ()), (1, tuple(planes[:1, levels]))):
        here = (planes[:plane] == np.array(above)[:, None]).all(0)
        one, zero = (chance[here & (planes[plane] == bit)].sum(0) for bit in (1, 0))
        low = sum(int(bit) << (len(planes) - 1 - place) for place, bit in enumerate(above))
        half = tf.constant(2 ** (len(planes) - 1 - plane))
        found = _planes.ratio(law, levels, believed, tf.fill([50], low), half)
        good = (one > 1e-3) & (zero > 1e-3)
        assert good.sum() > 5
        np.testing.assert_allclose(found.numpy()[good], np.log(one[good] / zero[good]), atol=0.02)


def test_quantiles_are_those_of_the_laws() -> None:
    chance = np.array([0.001, 0.2, 0.5, 0.9])
    np.testing.assert_allclose(_planes.quantile("normal", tf.constant(chance)), stats.norm.ppf(chance), rtol=1e-6)
    laplace = stats.laplace.ppf(chance, scale=1 / math.sqrt(2))
    np.testing.assert_allclose(_planes.quantile("laplace", tf.constant(chance)), laplace, atol=1e-9)


def test_what_planes_lack_is_their_conditional_entropy() -> None:
    """x = y + z, both normal: the mean over many entries is H(q | y, u), by integration over y and u."""
    levels, s, size = 3, 0.8, 40_000
    rng = np.random.default_rng(0)
    y, u = 1.5 * rng.normal(size=size), rng.uniform(-0.5, 0.5, size)
    q = np.clip(np.round(y + s * rng.normal(size=size) + u), -levels, levels)
    planes = _planes.bits(tf.constant(q, tf.float32)[None], levels)
    believed = Believed(*(tf.constant(each, tf.float32)[None] for each in (y, s + 0 * y, u)))
    mean, _ = _planes.information("normal", levels, planes, believed, tf.zeros([1, 1, size]))

    def at(centre: float, dither: float) -> float:
        return (
            float(entropy(given_dither(np.array(centre), s, 1.0, levels, dither))) * stats.norm.pdf(centre / 1.5) / 1.5
        )

    expected_bits = integrate.dblquad(at, -0.5, 0.5, -8, 8, epsabs=1e-4)[0]
    assert float(tf.reduce_sum(mean)) / size == pytest.approx(expected_bits, abs=4 * 1.5 / size**0.5)


@pytest.mark.parametrize(("count", "step"), [(3, 0.0), (8, 1.2)])
def test_the_centre_and_the_deviation_are_those_of_the_best_linear_guess(count: int, step: float) -> None:
    rng, size, v, m = np.random.default_rng(0), 40_000, 0.6, 1.3
    common = m**0.5 * rng.normal(size=size)
    first = common + v**0.5 * rng.normal(size=[count, size]) + step * rng.uniform(-0.5, 0.5, [count, size])
    y, x = first.mean(0), common + v**0.5 * rng.normal(size=size)
    spread = first.var(axis=0, ddof=1).mean() * (1 + 1 / count)
    told = (tf.constant([spread**0.5], tf.float32), tf.constant([step]), tf.constant(float(count)), ((size,),))
    centre, deviation = expected(tf.constant(y, tf.float32), *told, False)
    c = (x @ y) / (y @ y)
    assert float(centre[0]) / y[0] == pytest.approx(c, abs=0.02)
    realised = np.std(x - c * y)
    assert float(deviation[0]) == pytest.approx(realised, rel=0.02)
    assert float(expected(tf.constant(x, tf.float32), *told, True)[1][0]) == pytest.approx(realised, rel=0.03)


def test_variances_follow_rows_and_columns() -> None:
    rng = np.random.default_rng(1)
    own = rng.uniform(0, 2, [200, 1]) * rng.uniform(0.5, 2, 50)
    y = (own * rng.normal(size=[200, 50])).ravel()
    told = (tf.constant([0.5]), tf.constant([0.0]), tf.constant(math.inf), ((200, 50),))
    centre, deviation = expected(tf.constant(y, tf.float32), *told, False)
    np.testing.assert_array_equal(centre, y.astype(np.float32))
    assert np.mean(deviation.numpy() ** 2) == pytest.approx(0.25, rel=1e-4)
    assert np.corrcoef(deviation, own.ravel())[0, 1] > 0.95


# --- Codes


@pytest.mark.parametrize("n", [64, 300, 1024])
def test_codes_count_no_variable_twice_and_checks_are_about_equally_large(n: int) -> None:
    for rung in (20, 40, 62):
        variables, checks = (each.numpy() for each in _syndromes._edges(n, tf.constant(rung)))
        m = _syndromes.sizes(n)[rung]
        if m < _syndromes.FEWEST:
            assert not len(checks) and _syndromes.carried(n)[rung] < 0
            continue
        assert len(set(zip(variables, checks, strict=True))) == len(checks)
        degrees = np.bincount(checks, minlength=m)
        assert len(degrees) == m and np.ptp(degrees) <= 4
        assert set(np.bincount(variables, minlength=n)) <= {2, 3, 12}
        bits = np.random.default_rng(0).integers(0, 2, n)
        parity = np.zeros([m, n], np.int64)
        parity[checks, variables] = 1
        sent = _syndromes.syndrome(tf.constant(bits, tf.int32), tf.constant(rung)).numpy()
        np.testing.assert_array_equal(sent[:m], parity @ bits % 2)
        assert not sent[m:].any()


def test_the_ends_of_the_ladder_send_nothing_and_all() -> None:
    bits = tf.constant(np.random.default_rng(0).integers(0, 2, 100), tf.int32)
    assert not np.any(_syndromes.syndrome(bits, tf.constant(0)))
    np.testing.assert_array_equal(_syndromes.syndrome(bits, tf.constant(_syndromes.RAW)), bits)
    np.testing.assert_array_equal(_syndromes.find(tf.zeros([100]), bits, tf.constant(_syndromes.RAW)), bits)
    guess = _syndromes.find(tf.cast(2 * bits - 1, tf.float32), tf.zeros_like(bits), tf.constant(0))
    np.testing.assert_array_equal(guess, bits)


@pytest.mark.parametrize("rung", [12, 32])
def test_success_changes_over_below_the_bound_of_slepian_and_wolf_where_it_is_foretold(rung: int) -> None:
    """Over BSC(p) of 1,024 bits: a fifth below what is foretold nearly all are found, above m bits none."""
    n, words, rng = 1024, 24, np.random.default_rng(rung)
    m, carried = _syndromes.sizes(n)[rung], _syndromes.carried(n)[rung]
    assert carried < m

    @tf.function(autograph=False)
    def found(bits: tf.Tensor, llr: tf.Tensor) -> tf.Tensor:
        def one(item: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
            word = _syndromes.syndrome(item[0], tf.constant(rung))
            return tf.reduce_all(_syndromes.find(item[1], word, tf.constant(rung)) == item[0])

        return tf.map_fn(one, (bits, llr), fn_output_signature=tf.bool)

    shares = []
    for information in (0.8 * carried, 1.05 * m):
        p = optimize.brentq(lambda p: h2(p) - information / n, 1e-6, 0.5)  # noqa: B023
        bits, llr = rng.integers(0, 2, [words, n]), math.log((1 - p) / p)
        flips = np.stack([rng.permutation(n) < round(p * n) for _ in range(words)])  # exactly so much information
        seen = np.where(bits ^ flips, llr, -llr)
        shares.append(found(tf.constant(bits, tf.int32), tf.constant(seen, tf.float32)).numpy().mean())
    assert shares[0] >= 0.8 and shares[1] == 0


# --- The compressor


LAYERS = ((40, 30), (700,))
SIZE = 1900


def correlated(spread: float, seed: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
    x = keys.normal(keys.key(seed, "x"), [SIZE])
    return x, x + spread * keys.normal(keys.key(seed, "z"), [SIZE])


def told(spread: float) -> Known:
    return Known(LAYERS, Past.none(LAYERS), tf.fill([len(LAYERS)], spread))


SCHEME = SyndromeCoded(block=1024, law="normal")
KEY = keys.key(1)
encode, decode = (tf.function(each, autograph=False) for each in (SCHEME.encode, SCHEME.decode))


def fine_of(x: np.ndarray) -> np.ndarray:
    return np.concatenate([np.full(len(part), np.abs(part).max() / 3) for part in np.split(x, [1200])])


def test_it_is_a_compressor_with_side_information() -> None:
    assert isinstance(SCHEME, Sided)


@pytest.mark.parametrize("spread", [0.05, 0.2])
def test_near_side_information_finds_all_from_fewer_bits_than_the_entropy(spread: float) -> None:
    x, y = correlated(spread)
    sent, used = encode(x, PLENTY, KEY, told(spread))
    assert not sent.is_plain and np.all(sent.chosen)
    decoded = decode(sent, KEY, told(spread), y)
    fine = fine_of(x.numpy())
    off = (decoded.numpy() - x.numpy()) / fine
    assert np.abs(off).max() <= 0.5 + 1e-4
    assert abs((off**2).mean() - 1 / 12) < 4 / (180 * SIZE) ** 0.5  # of variance 1/180
    np.testing.assert_allclose(SCHEME.believed(sent, KEY, told(spread), x), decoded, atol=1e-6)
    assert float(SCHEME.failures(sent, KEY, told(spread), y, x, decoded)) == 0
    plain = Nested(first=1.0).compress(x, PLENTY, KEY, told(spread))
    assert float(used) < 0.75 * float(plain[1])
    np.testing.assert_allclose(plain[0], decoded, atol=1e-6)


def test_what_is_charged_is_what_is_sent_and_it_reads_back() -> None:
    """All of it as one string of bits: flag, scales, and of each block rungs, syndromes and CRC."""
    x, y = correlated(0.2)
    sent, used = encode(x, PLENTY, KEY, told(0.2))
    width, sizes = sent.words.shape[2], _syndromes.sizes(sent.words.shape[2])
    scales = np.array([sent.plain.scale[0], sent.plain.scale[1200]], np.float32)
    text = "0" + "".join(format(word, "032b") for word in scales.view(np.uint32))
    for words, rungs, check in zip(sent.words.numpy(), sent.rungs.numpy(), sent.checks.numpy(), strict=True):
        assert not any(word[sizes[rung] :].any() for word, rung in zip(words, rungs, strict=True))
        text += "".join(format(rung, "06b") for rung in rungs)
        text += "".join(str(bit) for word, rung in zip(words, rungs, strict=True) for bit in word[: sizes[rung]])
        text += "".join(str(int(bit)) for bit in check)
    assert len(text) == float(used)

    place = 1 + 64
    read = np.array([int(text[at : at + 32], 2) for at in (1, 33)], np.uint32).view(np.float32)
    blocks, planes = sent.rungs.shape
    words, rungs, checks = np.zeros([blocks, planes, width], np.int32), np.zeros([blocks, planes], np.int32), []
    for block in range(blocks):
        for plane in range(planes):
            rungs[block, plane] = int(text[place : place + 6], 2)
            place += 6
        for plane, rung in enumerate(rungs[block]):
            words[block, plane, : sizes[rung]] = [int(bit) for bit in text[place : place + sizes[rung]]]
            place += sizes[rung]
        checks.append([float(bit) for bit in text[place : place + 16]])
        place += 16
    assert place == len(text)
    scale = tf.constant(np.repeat(read, [1200, 700]))
    nothing = sent.plain._replace(places=tf.zeros_like(sent.plain.places), scale=scale)  # of which nothing is read
    again = sent._replace(plain=nothing, words=tf.constant(words), rungs=tf.constant(rungs), checks=tf.constant(checks))
    np.testing.assert_array_equal(decode(again, KEY, told(0.2), y), decode(sent, KEY, told(0.2), y))


def test_lost_blocks_are_erasures_that_are_counted() -> None:
    """Side information that is far further off than was told: what is decoded is the side information, clipped."""
    x, _ = correlated(0.0)
    y = x + 2.0 * keys.normal(keys.key(5), [SIZE])
    sent, _ = encode(x, PLENTY, KEY, told(0.1))
    decoded = decode(sent, KEY, told(0.1), y)
    scale = 3 * fine_of(x.numpy())
    np.testing.assert_allclose(decoded, np.clip(y, -scale, scale), atol=1e-5)
    assert float(SCHEME.failures(sent, KEY, told(0.1), y, x, decoded)) == 1.0
    believed = SCHEME.believed(sent, KEY, told(0.1), x).numpy()
    assert np.abs((believed - x.numpy()) / fine_of(x.numpy())).max() <= 0.5 + 1e-4


def test_one_lost_block_of_two_leaves_the_other_whole() -> None:
    x, y = correlated(0.1)
    far = tf.concat([y[:950], -y[950:]], axis=0)
    sent, _ = encode(x, PLENTY, KEY, told(0.1))
    decoded = decode(sent, KEY, told(0.1), far)
    assert float(SCHEME.failures(sent, KEY, told(0.1), far, x, decoded)) == 0.5
    assert np.abs((decoded - x).numpy() / fine_of(x.numpy()))[:950].max() <= 0.5 + 1e-4


def test_the_crc_is_that_of_the_field_and_finds_what_the_syndromes_let_pass() -> None:
    """Words of a wrong coset are found with all their sums right: the CRC of the block is not."""
    rng = np.random.default_rng(0)
    planes = rng.integers(0, 2, [3, 2, 100]).astype(np.float32)
    ours, encoder = check_bits(tf.constant(planes)).numpy(), CRCEncoder("CRC16")
    np.testing.assert_array_equal(encoder(tf.constant(planes.reshape(3, -1)))[:, 200:], ours)
    decoder = CRCDecoder(encoder)
    for count in (1, 2, 3, 7):
        wrong = planes.reshape(3, -1).copy()
        for row in wrong:
            row[rng.choice(200, count, replace=False)] += 1
        assert not np.any(decoder(tf.constant(np.concatenate([wrong % 2, ours], axis=1)))[1])

    x, y = correlated(0.1)
    sent, _ = encode(x, PLENTY, KEY, told(0.1))
    other = encode(keys.normal(keys.key(7), [SIZE]), PLENTY, KEY, told(0.1))[0]
    mixed = sent._replace(words=other.words, rungs=other.rungs)  # another's words, decoded by its own side information
    own = keys.normal(keys.key(7), [SIZE])
    scale = 3 * fine_of(x.numpy())
    decoded = decode(mixed._replace(plain=other.plain), KEY, told(0.1), own)
    np.testing.assert_allclose(decoded, np.clip(own, -(s := other.plain.scale.numpy()), s), atol=1e-5)
    assert scale.shape == s.shape


def test_where_side_information_is_no_help_indices_are_sent_plain_for_a_bit_more() -> None:
    x, _ = correlated(0.0)
    plain, whole = Nested(first=1.0).compress(x, PLENTY - 1.0, KEY, Known(LAYERS))
    for spread in (5.0, math.inf):
        sent, used = encode(x, PLENTY, KEY, told(spread))
        assert sent.is_plain and float(used) == float(whole) + 1
        np.testing.assert_allclose(decode(sent, KEY, told(spread), tf.zeros([SIZE])), plain, atol=1e-6)
        believed = SCHEME.believed(sent, KEY, told(spread), x)
        np.testing.assert_allclose(believed, plain, atol=1e-6)


def test_bits_for_one_block_are_spent_on_one_and_the_other_is_what_side_information_says() -> None:
    x, y = correlated(0.1)
    _, used = encode(x, PLENTY, KEY, told(0.1))
    firsts = set()
    for seed in range(6):
        sent, some = encode(x, 0.7 * used, keys.key(seed), told(0.1))
        assert float(some) <= 0.7 * float(used) and np.sum(sent.chosen) == 1
        decoded = decode(sent, keys.key(seed), told(0.1), y).numpy()
        kept = np.repeat(sent.chosen.numpy(), 950)
        assert np.abs((decoded - x.numpy()) / fine_of(x.numpy()))[kept].max() <= 0.5 + 1e-4
        np.testing.assert_allclose(decoded[~kept], y.numpy()[~kept], atol=0.5)
        believed = SCHEME.believed(sent, keys.key(seed), told(0.1), x).numpy()
        assert not believed[~kept].any() and believed[kept].any()
        firsts.add(int(np.argmax(sent.chosen)))
    assert firsts == {0, 1}


def test_the_last_estimate_is_side_information_too() -> None:
    scheme = SyndromeCoded(first=0.0, block=1024, law="normal")
    x, y = correlated(0.1)
    assert scheme.remembers and not SCHEME.remembers
    known = Known(LAYERS, Past(tf.constant(1), y))
    decoded, used = tf.function(scheme.compress, autograph=False)(x, PLENTY, KEY, known)
    start, whole = scheme.compress(x, PLENTY, KEY, Known(LAYERS))
    np.testing.assert_allclose(decoded, start, atol=1e-6)
    assert float(used) < 0.7 * float(whole)


def test_zeros_take_no_bits_and_quiet_layers_are_zeros() -> None:
    x, y = correlated(0.1)
    sent, used = encode(tf.zeros([SIZE]), PLENTY, KEY, told(0.1))
    assert used == 0 and not np.any(decode(sent, KEY, told(0.1), y))
    half = tf.concat([x[:1200], tf.zeros([700])], axis=0)
    sent, used = encode(half, PLENTY, KEY, told(0.1))
    assert used > 0 and not np.any(decode(sent, KEY, told(0.1), y)[1200:])


def test_blocks_are_even_and_keep_their_entries() -> None:
    blocks = cut_into(1900, 1024)
    assert (blocks.many, blocks.width) == (2, 950)
    values = tf.range(1900)
    np.testing.assert_array_equal(blocks.joined(blocks.cut(values)), values)
    assert set(blocks.cut(values).numpy()[0]) == set(range(950))
    small = cut_into(5, 4096)
    np.testing.assert_array_equal(small.joined(small.cut(tf.range(5))), tf.range(5))


def test_the_count_of_the_first_decides_how_far_their_mean_is_trusted() -> None:
    x, y = correlated(1.0)
    found = []
    for devices in (2, 200):
        known = told(1.0)._replace(together=Together(KEY, tf.constant(1), tf.constant(devices)))
        sent, _ = encode(x, PLENTY, KEY, known)
        believed = SCHEME._expected(y, sent.plain.scale, KEY, known)
        found.append(np.std(believed.centre))
    assert found[0] < 0.9 * found[1]


@pytest.mark.parametrize(
    "wrong", [{"levels": 0}, {"block": 10}, {"target_failures": 1.0}, {"first": 2}, {"margin": -1}, {"law": "cauchy"}]
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SyndromeCoded(**wrong)
