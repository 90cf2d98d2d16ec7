"""The same image at the same seed meets the same channel and noise, whoever sends it, bit for bit, at every SNR."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.learning.images import schemes as schemes
from overair.learning.images import uncoded
from overair.learning.images.evaluation import of_repetition
from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
from overair.learning.images.schemes import ImageScheme, Job
from overair.learning.images.schemes.deepjscc import Deepjscc
from overair.learning.images.schemes.digital import DigitalImages
from overair.learning.images.schemes.linear import LinearImages
from overair.learning.inference.retrieval.packets import Carrier
from overair.learning.over_air import OverAir
from overair.ota import image_links
from overair.ota.images.jpeg import Jpeg
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.mcs import Mcs
from overair.phy import Air, Awgn, Channel, Grid, Rayleigh, Tdl, keys, links

RATIO, ELEMENTS, COUNT = 1 / 2, 384, 50  # of 16 x 16 pixels; more images than are drawn at once
SNRS = (3.0, 12.0)
GRID = Grid(subcarriers=32, symbols=4, prefix=8)
IMAGES = np.random.default_rng(0).random((80, 16, 16, 3), np.float32)
TEST = schemes.Trial(IMAGES[:COUNT], SNRS, 2, keys.key(0, "test", 0), False)
Blocks = dict[tuple[int, ...], np.ndarray]


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], Any]], Blocks]]:
    """What somebody's sendings meet: by the key of a block's noise, the channel's coefficients [b, A, K, L, T]."""
    draw, found = links._draw, []

    def noted(*arguments: Any) -> links.Links:
        drawn = draw(*arguments)
        tf.py_function(
            lambda *values: found.append([each.numpy() for each in values]), [drawn.key, drawn.link.true.a], []
        )
        return drawn

    def sent(send: Callable[[], Any]) -> Blocks:
        found.clear()
        forget()
        send()
        blocks: Blocks = {}
        for key, a in found:
            np.testing.assert_array_equal(blocks.setdefault(tuple(key), a), a)  # at every SNR
        return blocks

    def forget() -> None:
        for compiled in (links._sender, image_links._shares):
            compiled.cache_clear()

    monkeypatch.setattr(links, "_draw", noted)
    yield sent
    forget()


def by(scheme: ImageScheme, channel: Channel) -> Callable[[], Any]:
    job = Job(IMAGES[COUNT:], Air(GRID, channel, 1), (RATIO,), 0)
    sends = scheme.ready(job)
    return lambda: sends(RATIO, TEST)


SENDERS: dict[str, ImageScheme] = {
    "deepjscc": Deepjscc(Bourtsoulatze2019(), 10.0, 10.0, epochs=1, batch_size=16),
    "capacity": DigitalImages(Jpeg(), Capacity()),
    "mcs": DigitalImages(Jpeg(), Mcs()),
    "linear": LinearImages(block=16),
}


@pytest.mark.parametrize("channel", [Awgn(), Rayleigh(), Tdl("A", 100e-9, speed=30.0)], ids=["awgn", "flat", "moving"])
def test_all_schemes_of_images_meet_the_same_links(channel: Channel, met: Callable[..., Blocks]) -> None:
    for kind in ("capacity", "mcs"):  # which choose their rates on links of their own
        by(SENDERS[kind], channel)()
    found = {kind: met(by(scheme, channel)) for kind, scheme in SENDERS.items()}
    values, air = tf.ones([COUNT, 2 * ELEMENTS]), Air(GRID, channel, 1)
    repetitions = [of_repetition(TEST.key, number) for number in range(TEST.repetitions)]
    found["uncoded"] = met(lambda: [uncoded.transmit(values, air, 3.0, key) for key in repetitions])
    expected = found["capacity"]
    blocks = -(-COUNT // links.block(ELEMENTS))
    assert len(expected) == TEST.repetitions * blocks > TEST.repetitions
    for kind, blocks_met in found.items():
        assert blocks_met.keys() == expected.keys(), kind
        for key, a in blocks_met.items():
            np.testing.assert_array_equal(a, expected[key], err_msg=kind)
    if not isinstance(channel, Awgn):
        first, second = list(expected.values())[:2]
        assert np.all(first[0] != second[0])


def test_queries_and_their_packets_meet_the_same_links(met: Callable[..., Blocks]) -> None:
    air, key = Air(Grid(64, 1), Tdl(), 1), keys.key(3)
    analog = met(lambda: OverAir(air)(tf.ones([300, 128]), snr_db=3.0, key=key))
    packets = met(lambda: Carrier(air, Capacity(), 64, 130).carry(-3.0, key))
    assert len(analog) == 5 and len(packets) == 3 and packets.keys() <= analog.keys()
    for block, a in packets.items():
        np.testing.assert_allclose(a, analog[block], rtol=1e-6)  # one is compiled, the other is not


def test_a_batch_is_the_sum_of_its_images() -> None:
    """A layer that is given images a few at a time, with their numbers, reads what it reads of all at once."""
    layer, x = OverAir(Air(GRID, Rayleigh(), 1)), np.random.default_rng(1).normal(size=(150, 100)).astype(np.float32)
    whole = tf.function(lambda: layer(x, snr_db=3.0, key=keys.key(1), return_snr=True))()

    @tf.function(reduce_retracing=True)
    def some(x: tf.Tensor, first: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return layer(x, snr_db=3.0, key=keys.key(1), return_snr=True, first=first)

    for first in range(0, 150, 50):
        parts = some(x[first : first + 50], tf.constant(first))
        for part, all_of_it in zip(parts, whole, strict=True):
            np.testing.assert_allclose(part, all_of_it[first : first + 50], atol=1e-5)
