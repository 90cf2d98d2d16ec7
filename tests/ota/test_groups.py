"""Groups over the air, and rebels: sums, energies and clean groups, against what follows from gains by hand."""

from math import comb
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from overair.ota import Analog, Identity, Median, OneBit, Outcome, RandomLinear, Round, Terms, collect
from overair.ota.groups import members
from overair.ota.uplinks._rebels import boosted
from overair.phy import Air, FullInversion, Grid, Rayleigh, Tdl, keys

DEVICES, SIZE = 7, 24
GRID = Grid(subcarriers=8, symbols=2)
UPDATES = keys.normal(keys.key(0), [DEVICES, SIZE])
WEIGHTS = tf.constant([0.1, 0.2, 0.0, 0.2, 0.1, 0.2, 0.2])
INVERTS = FullInversion()


def played(uplink: Any, channel: Any, snr_db: float = 120.0, chunk: int = DEVICES, **options: Any) -> Outcome:
    air = Air(GRID, channel, DEVICES)
    terms, place = Terms(air, SIZE, 64, **options), air.init(keys.key(0, "place"))
    uplink.check(terms)
    link = air.draw(place, keys.key(1), 0.0, terms.slots, snr_db)
    rebels = None if terms.obeyed else tf.range(DEVICES) == 3
    round = Round(terms, keys.key(2), WEIGHTS, link, rebels=rebels)

    def updates_of(devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.gather(UPDATES, devices), tf.ones(tf.shape(devices))

    outcome, loss = collect(uplink, uplink.init(terms, place), round, updates_of, tf.where(WEIGHTS > 0)[:, 0], chunk)
    assert float(loss) == 6
    return outcome


@pytest.mark.parametrize("channel", [Rayleigh(), Tdl(delay_spread=30e-9, speed=30.0)], ids=["still", "moving"])
@pytest.mark.parametrize("chunk", [2, DEVICES])
def test_groups_together_are_the_sum_and_apart_their_means(channel: Any, chunk: int) -> None:
    outcome = played(Analog(Identity(), INVERTS, groups=3), channel, chunk=chunk)
    whole = WEIGHTS.numpy() @ UPDATES.numpy()
    np.testing.assert_allclose(outcome.estimate, whole, atol=1e-4)
    round = Round(Terms(Air(GRID, channel, DEVICES), SIZE, 64), keys.key(2), WEIGHTS)
    group = members(round, 3).numpy()
    assert sorted(np.bincount(group[WEIGHTS > 0])) == [2, 2, 2]  # those that take part
    means = [np.average(UPDATES[group == each], axis=0, weights=WEIGHTS[group == each]) for each in range(3)]
    assert outcome.apart is not None
    np.testing.assert_allclose(outcome.apart.points, means, atol=1e-3)
    assert np.all(outcome.apart.there)
    report = outcome.report
    assert np.all(report.energy <= 1 + 1e-5) and report.payload == 3 * SIZE / 2
    strongest = [report.energy.numpy()[(group == each) & (WEIGHTS > 0)].max() for each in range(3)]
    np.testing.assert_allclose(strongest, 1, rtol=1e-4)  # the weakest of each group spends all, at a level of its own
    np.testing.assert_array_equal(report.decoded, WEIGHTS > 0)


def test_a_rule_is_of_the_means_of_groups() -> None:
    uplink = Analog(Identity(), INVERTS, groups=3)
    outcome = played(uplink, Rayleigh(), aggregator=Median())
    assert outcome.apart is not None
    np.testing.assert_allclose(outcome.estimate, np.median(outcome.apart.points, axis=0), rtol=1e-5)
    assert float(outcome.report.nmse) < 1e-6  # of the air, and not of the rule


def test_clean_groups_are_as_many_as_lots_leave() -> None:
    devices, liars, groups, draws = 20, 2, 5, 300
    weights = tf.ones([devices])
    counts = []
    for draw in range(draws):
        group = members(SimpleNamespace(key=keys.key(draw), weights=weights), groups).numpy()  # type: ignore[arg-type]
        assert np.all(np.bincount(group) == devices // groups)
        counts.append(groups - len(set(group[:liars])))
    expected = groups * comb(devices - liars, devices // groups) / comb(devices, devices // groups)
    assert expected == pytest.approx(3.157895, abs=1e-6)
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.std(counts) / draws**0.5)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_rebel_spends_all_it_has_and_lowers_nobody(groups: int) -> None:
    uplink = Analog(Identity(), INVERTS, groups=groups)
    outcome = played(uplink, Rayleigh(), obeyed=False)
    assert float(outcome.report.energy[3]) == pytest.approx(1, rel=1e-4)
    if groups > 1:
        return
    air = Air(GRID, Rayleigh(), DEVICES)
    gains = np.abs(air.draw(air.init(keys.key(0, "place")), keys.key(1), 0.0, 4).response().numpy()[0, 0, :, 0, 0]) ** 2
    spent = (WEIGHTS.numpy() ** 2 * (UPDATES.numpy() ** 2).sum(axis=1)) / gains / 64
    honest = (WEIGHTS.numpy() > 0) & (np.arange(DEVICES) != 3)
    level = 1 / np.sqrt(spent[honest].max())
    louder = 1 / (np.sqrt(spent[3]) * level)
    sent = np.where(np.arange(DEVICES) == 3, louder, 1) * WEIGHTS.numpy()
    np.testing.assert_allclose(outcome.estimate, sent @ UPDATES.numpy(), atol=1e-4)


def test_channel_inversion_is_what_makes_rebels_strong() -> None:
    devices, batches, draws = 20, 10, 100
    power = np.random.default_rng(0).exponential(size=[batches, draws, devices]).astype(np.float32)
    rebels = SimpleNamespace(rebels=tf.ones([devices], tf.bool), terms=SimpleNamespace(budgets=tf.ones([devices])))

    @tf.function(autograph=False)
    def room(power: tf.Tensor) -> tf.Tensor:
        gain, one = tf.cast(tf.sqrt(power), tf.complex64)[:, None], tf.ones([devices, 1])
        level = INVERTS.level(INVERTS.cost(gain)[:, 0], one[:, 0], None, tf.zeros([]))
        b = INVERTS.amplitude(level.scale, gain, one, one)
        return tf.abs(boosted(b, one, rebels, tf.range(devices)) / b)[:, 0]  # type: ignore[arg-type]

    found = np.stack([room(each) for each in power.reshape(-1, devices)]).reshape(batches, draws, devices)
    np.testing.assert_allclose(found.min(axis=2), 1, rtol=1e-5)  # the weakest has no room
    for value, medians in ((4.35, np.median(found, axis=(1, 2))), (9.93, np.median(found.max(axis=2), axis=1))):
        assert medians.mean() == pytest.approx(value, abs=4 * float(medians.std(ddof=1)) / batches**0.5)


@pytest.mark.parametrize(
    ("uplink", "options", "line"),
    [
        (Analog(OneBit(), groups=2), {}, "uplink.groups: expected 1 for votes, which have no mean, received 2"),
        (Analog(groups=2, budget="average"), {}, "uplink.budget: expected round with groups"),
        (Analog(groups=6), {}, "grant.elements: expected at least 72 resource elements for this codec and 24 "
         "parameters in each of 6 groups, received 64; set grant.elements = 72"),
        (Analog(), {"aggregator": Median()}, "aggregator: expected mean for an uplink of which the server has one sum, "
         "received Median; set uplink.groups for several"),
        (Analog(RandomLinear(2.0), groups=2), {"aggregator": Median()}, None),
    ],
)  # fmt: skip
def test_what_groups_cannot_be(uplink: Any, options: Any, line: str | None) -> None:
    terms = Terms(Air(GRID, Rayleigh(), DEVICES), SIZE, 64, **options)
    if line is None:
        uplink.check(terms)
        return
    with pytest.raises(ValueError) as caught:
        uplink.check(terms)
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(
    ("honest", "wrong", "liars", "variance", "error"),
    [(20, 0.3, 0, 0, 0.032553), (16, 0.3, 4, 0, 0.257766), (16, 0.3, 4, 4, 0.278755), (9, 0.2, 2, 1, None)],
)
def test_a_liar_is_a_vote(honest: int, wrong: float, liars: int, variance: float, error: float | None) -> None:
    entries = 40_000
    rng, codec = np.random.default_rng(honest), OneBit()
    truth = rng.choice([-1.0, 1.0], entries)
    votes = np.where(rng.random([honest, entries]) < wrong, -truth, truth)
    updates = np.concatenate([votes, -np.tile(truth, [liars, 1])]).astype(np.float32)
    code = codec.code(((entries,),), entries // 2, keys.key(0), None)  # type: ignore[arg-type]
    symbols = tf.reduce_sum(codec.encode(codec.select(updates, ((entries,),), code), ((entries,),), code), axis=0)
    noise = rng.normal(size=[2, entries // 2]) * variance**0.5
    symbols += tf.complex(*tf.constant(noise, tf.float32))
    found = (codec.decode(symbols, ((entries,),), code, tf.zeros([])).numpy() != truth).mean()
    right = np.arange(honest + 1)
    margin = 2 * right - honest - liars
    loses = norm.cdf(-margin / variance**0.5) if variance else np.where(margin < 0, 1, np.where(margin == 0, 0.5, 0))
    expected = sum(comb(honest, r) * (1 - wrong) ** r * wrong ** (honest - r) * loses[r] for r in right)
    assert error is None or expected == pytest.approx(error, abs=1e-6)
    assert found == pytest.approx(expected, abs=4 * (expected * (1 - expected) / entries) ** 0.5)
