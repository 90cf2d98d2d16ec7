"""Mistakes that went unseen once, in what images and features meet, each with the test that sees it."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.learning.images import schemes as schemes
from overair.learning.images.evaluation import of_repetition
from overair.learning.images.schemes import Job
from overair.learning.images.schemes.digital import DigitalImages
from overair.learning.images.training import batches
from overair.learning.inference.retrieval import embedding
from overair.learning.over_air import OverAir
from overair.ota.image_links import ImageLinks
from overair.ota.images.jpeg import Jpeg
from overair.ota.rates.capacity import Capacity
from overair.ota.separate import Separate
from overair.phy import Air, ErrorVariance, Grid, MseOptimal, Rayleigh, keys
from overair.phy.links import Links, each

GRID, KEY = Grid(subcarriers=16, symbols=2, prefix=4), keys.key(6)


def test_images_beyond_whole_batches_are_trained_on_in_other_epochs() -> None:
    """Of 11 images 8 fill the batches of an epoch; one stays out of twenty with probability (3/11)^20."""
    images = np.arange(11, dtype=np.float32)[:, None, None, None] * np.ones([1, 2, 2, 1], np.float32)
    seen = [pair[0].numpy()[:, 0, 0, 0] for pair in batches(images, 4, 0, 0, 20)]
    assert len(seen) == 40
    for epoch in range(20):
        assert len(np.unique(seen[2 * epoch : 2 * epoch + 2])) == 8  # nobody twice
    assert set(np.concatenate(seen)) == set(range(11))


def test_every_repetition_of_the_digital_sender_has_links_of_its_own() -> None:
    images, air = np.random.default_rng(0).random((20, 16, 16, 3), np.float32), Air(GRID, Rayleigh(), 1)
    test = schemes.Trial(images, (10.0,), 2, KEY, False)
    outcome = DigitalImages(Jpeg(), Capacity(), belief="link", count="payload").ready(Job(images, air, (1 / 2,), 0))(
        1 / 2, test
    )
    rival, pictures = Separate(Jpeg(), belief="link", count="payload"), np.round(images * 255).astype(np.uint8)
    runs = [rival.run(pictures, 384, [10.0], of_repetition(KEY, number), air) for number in range(2)]
    assert not np.any(runs[0].bits_available == runs[1].bits_available)
    np.testing.assert_allclose(outcome.mse, (runs[0].error + runs[1].error) / 2)
    np.testing.assert_allclose(outcome.bits, [np.mean([run.bits for run in runs])])


def test_the_mean_snr_that_is_believed_is_that_of_all_antennas() -> None:
    for antennas in (1, 4):
        share = ImageLinks(Air(GRID, Rayleigh(), 1, antennas), np.full(4000, 3.0), 4, KEY).share
        np.testing.assert_allclose(share.believed, antennas * 10**0.3, rtol=1e-5)
        found = share.known.numpy()[:, 0]
        assert abs(found.mean() - antennas * 10**0.3) < 4.5 * found.std() / 4000**0.5


def test_a_joint_level_follows_from_what_the_receiver_believes() -> None:
    """The arrival is that of the true gains, which the receiver knows, however wrong the sensors are about them."""
    rule, noise, count, images = MseOptimal(), 0.1, 8, 30
    air = Air(GRID, Rayleigh(), 3, csit=ErrorVariance(0.5))
    x = np.random.default_rng(0).normal(size=(images, 3, 2 * count)).astype(np.float32)
    layer = OverAir(air, rule=rule)
    told = layer(x, snr_db=10.0, key=KEY, return_snr=True)[1].numpy()

    def gains(links: Links) -> tuple[tf.Tensor, tf.Tensor]:
        link = links.link
        return tuple(links.on_elements(link.response(of=belief)[:, 0]) for belief in (link.true, link.transmitters))

    one = tf.TensorSpec([3, count], tf.complex64)
    true, believed = each(air, count, tf.fill([images], 10.0), KEY, gains, [], (one, one))  # [B, K, k]
    energy = tf.abs(layer.symbols(x)) ** 2 / count

    def expected(known: tf.Tensor) -> np.ndarray:
        levels = [
            rule.level(tf.reduce_sum(e * rule.cost(b), axis=-1), air.budgets, k, tf.constant(noise)).arrival
            for e, b, k in zip(energy, believed, known, strict=True)
        ]
        return np.array([20 * np.log10(np.broadcast_to(level, [count])[0]) + 10 for level in levels])

    np.testing.assert_allclose(told, expected(true), atol=1e-3)
    assert np.abs(told - expected(believed)).max() > 1


def test_no_two_characters_or_quarter_turns_share_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the network is trained to tell apart: as many classes as there are characters in four positions."""
    seen: list[np.ndarray] = []
    characters, quarters = (each.ravel() for each in np.meshgrid(np.arange(5), np.arange(4)))
    loss = embedding.cosine_loss

    def drawn(*arguments: Any) -> embedding.Batch:
        return embedding.Batch(*(tf.constant(part, tf.int32) for part in (characters, 0 * characters, quarters)))

    def noted(features: tf.Tensor, centres: tf.Tensor, label: tf.Tensor, *more: Any) -> tf.Tensor:
        tf.py_function(lambda labels: seen.append(labels.numpy()), [label], [])
        assert centres.shape[0] == 20
        return loss(features, centres, label, *more)

    monkeypatch.setattr(embedding, "draw_batch", drawn)
    monkeypatch.setattr(embedding, "cosine_loss", noted)
    embedding.train(np.random.default_rng(0).random((5, 2, 28, 28, 1), np.float32), 1, 0)
    assert sorted(seen[0].tolist()) == list(range(20))


def test_drawings_are_turned_and_stretched_along_their_axes_and_not_sheared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix of a turn after a stretch: columns at right angles, as long as the two stretches say."""
    seen: list[np.ndarray] = []
    really = tf.raw_ops.ImageProjectiveTransformV3

    def noted(**terms: Any) -> tf.Tensor:
        seen.append(terms["transforms"].numpy())
        return really(**terms)

    monkeypatch.setattr(tf.raw_ops, "ImageProjectiveTransformV3", noted)
    embedding.vary(tf.ones([500, 28, 28, 1]), KEY)
    matrix = seen[0][:, [0, 1, 3, 4]].reshape(-1, 2, 2)
    across = np.einsum("nij,nik->njk", matrix, matrix)
    np.testing.assert_allclose(across[:, 0, 1], 0, atol=1e-6)
    lengths = np.sqrt(across[:, [0, 1], [0, 1]])
    assert np.all(np.abs(lengths - 1) <= embedding.STRETCH + 1e-6) and lengths.std() > 0.05
    assert np.linalg.det(matrix).min() > 0
    angles = np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0])
    assert np.abs(angles).max() <= embedding.TURN + 1e-6 and angles.std() > 0.08


def test_the_centre_of_a_drawing_moves_by_the_shift_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "SHIFT", 0.0)
    point = np.zeros([40, 29, 29, 1], np.float32)
    point[:, 14, 14] = 1.0
    np.testing.assert_allclose(embedding.vary(tf.constant(point), KEY)[:, 14, 14, 0], 1.0, atol=1e-4)
