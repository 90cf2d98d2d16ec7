"""Queries over the air: theory of noise and of pairs of classes, and ways that agree in their limits."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.learning.inference.retrieval import analog, heads
from overair.learning.inference.retrieval import ranking as retrieval
from overair.learning.inference.retrieval.evaluate import AnalogQueries, IdealQueries, Labels, Packets, Rung, evaluate
from overair.learning.inference.retrieval.packets import Carrier
from overair.learning.over_air import OverAir
from overair.ota.rates.capacity import Capacity
from overair.phy import Air, Grid, keys
from overair.phy.channels.awgn import Awgn
from overair.phy.channels.rayleigh import Rayleigh
from overair.phy.channels.tdl import Tdl
from overair.phy.csi.estimated import Estimated

GRID = Grid(16, 1)
QUIET = Air(GRID, Awgn(), 1)
FADING = Air(GRID, Rayleigh(), 1)
ESTIMATED = Air(Grid(64, 1), Tdl(), 1, csit=Estimated(), csir=Estimated())


def through(layer: OverAir, z: np.ndarray, snr_db: float, key: keys.Key) -> np.ndarray:
    return tf.function(lambda: layer(z, snr_db=snr_db, key=key), autograph=False)().numpy()


@pytest.mark.parametrize("copies", [2, 4])
def test_repeating_an_embedding_divides_the_noise_by_the_copies(copies: int) -> None:
    count, width, snr_db = 4000, 8, 3.0
    layer = OverAir(QUIET, equalizer="zero_forcing")
    z = np.random.default_rng(0).normal(size=[count, width]).astype(np.float32)
    z *= (width / 2 / (z**2).sum(axis=1, keepdims=True)) ** 0.5  # a mean power of 1/2, as it is sent
    heard = through(layer, np.tile(z, copies), snr_db, keys.key(1)).reshape(count, copies, width)
    noise = (heard.mean(axis=1) - z).ravel()
    expected = 10 ** (-snr_db / 10) / 2 / copies
    assert abs(noise.var() / expected - 1) < 4.5 * (2 / noise.size) ** 0.5


@pytest.mark.parametrize(("snr_db", "within"), [(0.0, 0.0), (0.0, 0.6), (6.0, 0.4)])
def test_two_classes_are_mistaken_as_their_distance_and_both_noises_say(snr_db: float, within: float) -> None:
    count, width = 100_000, 6
    rng = np.random.default_rng(2)
    means = rng.normal(size=[2, width]) * 0.55
    own = rng.integers(0, 2, count)
    z = means[own] + within * rng.normal(size=[count, width])
    total = 1.05 * (z**2).sum(axis=1).max()
    filler = np.sqrt(total - (z**2).sum(axis=1))  # all images then have the same energy, and none is scaled
    sent = np.column_stack([z, filler, np.zeros(count)]).astype(np.float32)
    layer, scale = OverAir(QUIET, equalizer="zero_forcing"), (total / 4) ** 0.5  # of what arrives: 4 symbols
    heard = scale * through(layer, sent, snr_db, keys.key(3))[:, :width]
    nearest = np.argmin(((heard[:, None] - means) ** 2).sum(axis=2), axis=1)
    channel = scale**2 * 10 ** (-snr_db / 10) / 2
    expected = stats.norm.sf(np.linalg.norm(means[0] - means[1]) / (2 * np.sqrt(within**2 + channel)))
    assert abs((nearest != own).mean() - expected) < 4.5 * (expected * (1 - expected) / count) ** 0.5


def points(width: int = 32) -> tuple[Labels, np.ndarray, np.ndarray]:
    """Twelve classes with three entries and two queries each."""
    rng = np.random.default_rng(4)
    centres = rng.normal(size=[12, width])
    gallery, queries = (
        (np.repeat(centres, many, axis=0) + 0.4 * rng.normal(size=[12 * many, width])).astype(np.float32)
        for many in (3, 2)
    )
    return Labels(np.repeat(np.arange(12), 2), np.repeat(np.arange(12), 3)), queries, gallery


@pytest.mark.parametrize("air", [QUIET, FADING])
def test_analog_without_noise_finds_what_the_ideal_finds(air: Air) -> None:
    labels, queries, gallery = points()
    ideal = IdealQueries(labels, queries, gallery).found(0.0, keys.key(0))
    sent = AnalogQueries(labels, queries, gallery, OverAir(air)).found(140.0, keys.key(0))
    np.testing.assert_array_equal(sent.hits, ideal.hits)
    np.testing.assert_array_equal(sent.precision, ideal.precision)


def test_packets_travel_on_the_links_of_the_features_however_few_they_are() -> None:
    key, queries = keys.key(5), 70  # more than a block
    _, believed = OverAir(FADING)(tf.ones([queries, 8]), snr_db=3.0, key=key, return_snr=True)
    assert len(np.unique(believed)) == queries
    for packets in (7, queries):
        room, _ = Carrier(FADING, Capacity(), 4, packets).carry(3.0, key)
        np.testing.assert_allclose(room, 4 * np.log2(1 + 10 ** (believed[:packets] / 10)), rtol=1e-5)


def test_packets_without_fading_hold_what_capacity_says_and_arrive() -> None:
    carrier = Carrier(QUIET, Capacity(), 16, 5)
    room, arrives = carrier.carry(10.0, keys.key(7))
    np.testing.assert_allclose(room, 16 * np.log2(11), rtol=1e-5)
    assert arrives.all() and carrier.carry(10.0, keys.key(7)).bits_available is room


def test_packets_in_fading_hold_what_their_own_gain_allows() -> None:
    room, arrives = Carrier(FADING, Capacity(), 16, 400).carry(7.0, keys.key(8))
    gain = (2 ** (room / 16) - 1) / 10**0.7
    assert arrives.all() and abs(gain.mean() - 1) < 4.5 / 20  # perfect CSI, unit mean


def rungs(labels: Labels) -> list[Rung]:
    """Three descriptions that find nothing, half and all."""
    count = len(labels.queries)
    ones = np.ones([count, 20]), np.ones(count)
    return [
        Rung(np.full(count, bits), retrieval.Found(*(share * one for one in ones)))
        for bits, share in ((5.0, 0.0), (10.0, 0.5), (20.0, 1.0))
    ]


def test_a_query_takes_the_finest_description_that_fits_and_says_which() -> None:
    labels, _, _ = points()
    way = Packets(labels, rungs(labels), Carrier(QUIET, Capacity(), 16, 24))
    room = np.array([6.9, 7.0, 11.9, 12.0, 21.9, 22.0] * 4)  # two bits say which of three
    guess = labels.guess().hits[:, 0]
    np.testing.assert_allclose(
        way.carried(room, np.full(24, True)).hits[:, 0], np.where(np.arange(24) % 6, [0, 0, 0, 0.5, 0.5, 1] * 4, guess)
    )
    lost = way.carried(room, np.full(24, False))
    np.testing.assert_array_equal(lost.hits, labels.guess().hits)


def test_all_ways_are_the_same_for_the_same_key_and_only_then() -> None:
    labels, queries, gallery = points()
    layer = OverAir(FADING)
    ways = (
        AnalogQueries(labels, queries, gallery, layer),
        Packets(labels, rungs(labels), Carrier(FADING, Capacity(0.1), 16, 24)),
    )
    for way in ways:
        one, other, third = (evaluate(way, (-5.0, 0.0), 2, keys.key(seed)) for seed in (1, 1, 2))
        assert [each.mean_precision for each in one] == [each.mean_precision for each in other]
        assert [each.mean_precision for each in one] != [each.mean_precision for each in third]


def test_fewer_packets_than_queries_are_taken_in_turn() -> None:
    labels, _, _ = points()
    few = Packets(labels, rungs(labels), Carrier(FADING, Capacity(), 16, 8))
    found = few.found(-3.0, keys.key(3))
    np.testing.assert_array_equal(found.precision[:8] > 0.3, found.precision[8:16] > 0.3)


def test_a_head_learns_to_tell_characters_apart_through_noise() -> None:
    rng = np.random.default_rng(11)
    telling = np.repeat(2.0 * rng.normal(size=[80, 1, 6]), 10, 1) + 0.3 * rng.normal(size=[80, 10, 6])
    idle = 3.0 * rng.normal(size=[80, 10, 10])  # tells nothing
    features = np.concatenate([telling, idle], 2).astype(np.float32)
    model, layer = heads.head(16, 8, 0), OverAir(QUIET, snr_db=(5.0, 10.0))
    labels = Labels(np.repeat(np.arange(20), 5), np.repeat(np.arange(20), 5))

    def top1() -> float:
        z = model(features[60:].reshape(200, 16)).numpy().reshape(20, 10, 8)
        way = AnalogQueries(labels, z[:, 5:].reshape(100, 8), z[:, :5].reshape(100, 8), layer)
        return way.found(10.0, keys.key(1)).scores().cmc[0]

    before = top1()
    heads.train(model, features[:60], analog.through(layer), 100, keys.key(12), rate=0.02)
    assert top1() > before + 5 * (0.25 / 100) ** 0.5  # five standard errors of a share of 100 queries
