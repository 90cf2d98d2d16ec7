"""Rounds with a plan: what schedulers see, whom it costs what, and what stays as it is whoever is chosen."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import (
    BestChannel,
    ChannelThenUpdate,
    Coins,
    Federation,
    LargestUpdate,
    Metrics,
    Oldest,
    Optimal,
    ProportionalFair,
    Random,
    Sgd,
    State,
)
from overair.learning.data import Arrays
from overair.ota import Analog, Digital, Ideal, Round, Terms
from overair.ota.quality import rates
from overair.phy import Air, ErrorVariance, Grid, Rayleigh, Tdl, keys

DEVICES, SIZES = 6, [3, 7, 10, 14, 6, 20]
GRID = Grid(subcarriers=16, symbols=2)


def federation(scheduler: Any = None, uplink: Any = None, **options: Any) -> Federation:
    rng = np.random.default_rng(0)
    x, y = rng.random((90, 16), np.float32), rng.integers(0, 3, 90).astype(np.int32)
    data, shares = Arrays(x[:60], y[:60], x[60:], y[60:], 3), np.split(np.arange(60), np.cumsum(SIZES)[:-1])

    def model(seed: int) -> keras.Model:
        init = keras.initializers.GlorotUniform(seed=seed)
        return keras.Sequential([keras.layers.Input((16,)), keras.layers.Dense(3, kernel_initializer=init)])

    options = {"channel": Tdl(delay_spread=30e-9), **options}
    air = Air(GRID, options.pop("channel"), DEVICES)
    parts = (model, data, shares, Sgd(), uplink or Ideal(), air, 60, lambda: keras.optimizers.SGD(0.5))
    return Federation(*parts, batch_size=5, scheduler=scheduler, **options)


def play(one: Federation, rounds: int = 3, seed: int = 4) -> tuple[State, Metrics]:
    state = one.init(seed)
    for _ in range(rounds):
        state, metrics = one.step(state, seed, 10.0)
    return state, metrics


def same(one: Any, other: Any) -> bool:
    return all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True)
    )


def test_a_chance_of_taking_part_is_the_short_form_of_coins() -> None:
    for short, long in ((0.5, Coins(0.5)), (1.0, Coins()), (1.0, Coins(chances=(1.0,)))):
        assert same(play(federation(participation=short, uplink=Analog())), play(federation(long, Analog())))
    with pytest.raises(ValueError, match="participation: expected 1 with a scheduler, received 0.5; leave out one"):
        federation(Coins(0.5), participation=0.5)


@pytest.mark.parametrize("air", [
    Air(GRID, Rayleigh(), 5, 3, csir=ErrorVariance(0.3), power_offsets_db=(0.0, 6.0)),
    Air(GRID, Tdl("A", 1e-6, speed=60.0), 5, 2),
], ids=["still", "moving"])  # fmt: skip
def test_rates_are_means_over_the_grant_of_what_the_receiver_believes(air: Air) -> None:
    elements = 50
    terms, place = Terms(air, 20, elements), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 3.0)
    found = rates(Round(terms, keys.key(2), tf.ones([5]) / 5, link))
    e = 0.3 if air.csir == ErrorVariance(0.3) else 0.0
    told = link.response(of=link.receiver).numpy()[0]
    told = np.broadcast_to(told, [air.antennas, 5, terms.slots * GRID.symbols, GRID.subcarriers])
    gain = (np.abs(told) ** 2).sum(axis=0).reshape(5, -1)[:, :elements]
    snr = 10**0.3 * (np.resize([1, 10**0.6], 5) if e else np.ones(5))[:, None]
    expected = np.log2(1 + (1 - e) * snr * gain / (1 + snr * e)).mean(axis=1)
    np.testing.assert_allclose(found, expected, rtol=2e-5)


def test_every_uplink_is_scheduled_by_the_same_links() -> None:
    states = [play(federation(ProportionalFair(2), uplink))[0] for uplink in (Ideal(), Analog(), Digital())]
    assert all(same(state.scheduler, states[0].scheduler) for state in states[1:])


def test_links_are_those_of_a_round_without_a_schedule(monkeypatch: Any) -> None:
    original, links = Air.draw, []

    def remember(self: Air, *arguments: Any) -> Any:
        link = original(self, *arguments)
        tf.py_function(lambda *values: links.append([value.numpy() for value in values]), tf.nest.flatten(link), [])
        return link

    monkeypatch.setattr(Air, "draw", remember)
    for scheduler in (None, BestChannel(2), Optimal(2), Random(1)):
        play(federation(scheduler, Analog()), rounds=1)
    assert len(links) == 4 and all(same(link, links[0]) for link in links[1:])


@pytest.mark.parametrize("scheduler", [Random(2), Oldest(2), ProportionalFair(2), LargestUpdate(2), Optimal(2),
                                       ChannelThenUpdate(2, 4)], ids=str)  # fmt: skip
def test_a_schedule_does_not_depend_on_how_devices_are_computed(scheduler: Any) -> None:
    first: Any = None
    for executor, chunk in (("loop", None), ("loop", 1), ("loop", 4), ("vectorized", 5)):
        state, metrics = play(federation(scheduler, executor=executor, chunk=chunk), rounds=2)
        now = np.concatenate([np.ravel(part) for part in tf.nest.flatten(state.weights)])
        first = first or (now, metrics)
        np.testing.assert_allclose(now, first[0], atol=3e-6)  # sums of some ten float32 terms in other orders
        assert (metrics.decoded, metrics.bits) == (first[1].decoded, first[1].bits)
        np.testing.assert_allclose(metrics.train_loss, first[1].train_loss, rtol=1e-5)


@pytest.mark.parametrize(
    ("scheduler", "computing"),
    [(LargestUpdate(2), 6), (ChannelThenUpdate(2, 4), 4), (Optimal(3), 6), (BestChannel(2), 0)],
    ids=str,
)
@pytest.mark.parametrize("uplink", [Ideal(), Analog(), Digital()], ids=["ideal", "analog", "digital"])
def test_who_computes_reports_a_number_that_takes_no_elements(scheduler: Any, computing: int, uplink: Any) -> None:
    _, metrics = play(federation(scheduler, uplink, channel=Rayleigh()), rounds=1)
    own = 0.0 if isinstance(uplink, Digital | Ideal) else 32.0 * float(metrics.decoded)  # of an announced level
    acknowledged = float(metrics.free_bits) - 32.0 * computing - own
    assert acknowledged == 0.0
    if not isinstance(uplink, Digital):
        assert metrics.bits == metrics.free_bits


def test_the_largest_updates_move_the_server() -> None:
    """Of full batches, whose gradients are computed here anew."""
    one = federation(LargestUpdate(2))
    one.devices.batch_size = None
    state = one.init(1)
    w, b = (part.numpy().astype(float) for part in state.weights.trainable)
    gradients, x, y = [], one.devices._x.numpy().astype(float), one.devices._y.numpy()
    for first, size in zip(np.cumsum(SIZES) - SIZES, SIZES, strict=True):
        inputs, logits = x[first : first + size], x[first : first + size] @ w + b
        off = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - np.eye(3)[y[first : first + size]]
        gradients.append((inputs.T @ off / size, off.mean(axis=0)))
    norms = [size * np.sqrt((g**2).sum() + (h**2).sum()) for size, (g, h) in zip(SIZES, gradients, strict=True)]
    best = np.argsort(norms)[-2:]
    shares = np.array(SIZES)[best] / np.array(SIZES)[best].sum()
    expected = w - 0.5 * sum(share * gradients[k][0] for share, k in zip(shares, best, strict=True))
    np.testing.assert_allclose(one.step(state, 1, 0.0)[0].weights.trainable[0], expected, atol=1e-6)


@pytest.mark.parametrize("uplink", [Analog(budget="average"), Digital(budget="average")], ids=["analog", "digital"])
def test_an_average_budget_is_refused_where_mean_energies_are_unknown(uplink: Any) -> None:
    for scheduler in (BestChannel(2), Random(2), Coins(chances=(0.5, 1.0))):
        with pytest.raises(
            ValueError, match="^uplink.budget: expected round with this scheduler, .*coins.* one chance$"
        ):
            federation(scheduler, uplink)
    federation(Coins(0.5), uplink)


def test_more_senders_than_devices_are_refused() -> None:
    with pytest.raises(ValueError, match="^scheduler.senders: expected at most all 6 devices, received 7; set .* = 6"):
        federation(BestChannel(7))
