"""Image schemes measure what they are asked to, on the images that arrive."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.learning.images import schemes as schemes
from overair.learning.images.evaluation import of_repetition
from overair.learning.images.linear import Linear as Scheme
from overair.learning.images.metrics import ssim
from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
from overair.learning.images.networks.refinement import Refinement
from overair.learning.images.schemes import ImageOutcome, ImageScheme, Job
from overair.learning.images.schemes.deepjscc import Deepjscc
from overair.learning.images.schemes.digital import DigitalImages
from overair.learning.images.schemes.linear import LinearImages
from overair.ota.rates.capacity import Capacity
from overair.ota.separate import Separate
from overair.phy import Air, Awgn, Estimated, Grid, Tdl, keys

SNRS, RATIO = (0.0, 60.0), 1 / 2
AIR = Air(Grid(), Awgn(), 1)


def pictures(count: int) -> np.ndarray:
    """Smooth colours, [N, 16, 16, 3]."""
    coarse = np.random.default_rng(count).random((count, 4, 4, 3))
    return tf.clip_by_value(tf.image.resize(coarse, (16, 16), "bicubic"), 0.0, 1.0).numpy()


IMAGES = pictures(60)
SENDERS: dict[str, ImageScheme] = {
    "linear": LinearImages(block=16),
    "digital": DigitalImages(rate=Capacity()),
    "deepjscc": Deepjscc(Bourtsoulatze2019(), epochs=1, batch_size=16),
}


def sent(scheme: ImageScheme, similarity: bool, **changes: Any) -> ImageOutcome:
    test = schemes.Trial(IMAGES[:12], SNRS, 2, keys.key(1), similarity)._replace(**changes)
    return scheme.ready(Job(IMAGES, AIR, (RATIO,), 0))(RATIO, test)


@pytest.mark.parametrize("kind", SENDERS)
def test_similarity_is_measured_where_asked_and_changes_nothing_else(kind: str) -> None:
    without, beside = (sent(SENDERS[kind], similarity) for similarity in (False, True))
    assert np.all(np.isnan(without.ssim)) and np.all(np.isnan(without.ms_ssim))
    assert beside.ssim.shape == (2, 12) and np.all(np.isnan(beside.ms_ssim))  # images are too small for it
    np.testing.assert_allclose(beside.mse, without.mse, rtol=1e-5)
    if kind != "deepjscc":  # which three steps of training teach nothing
        assert beside.ssim[1].mean() > beside.ssim[0].mean()


def test_images_that_arrive_as_they_were_are_alike() -> None:
    """All coefficients of images that the transform was learnt from, nearly without noise."""
    outcome = sent(SENDERS["linear"], True, snrs_db=(90.0,))
    assert outcome.mse.max() < 1e-7 and outcome.ssim.min() > 0.9999
    assert outcome.elements == [384] and outcome.lost == [0]


def test_similarity_is_the_mean_over_repetitions_of_that_of_received_images(monkeypatch: pytest.MonkeyPatch) -> None:
    images, found = tf.constant(IMAGES[:12]), []
    send = Scheme.send

    def listened(*arguments: Any, **terms: Any) -> tf.Tensor:
        received = send(*arguments, **terms)
        found.append(ssim(images, received).numpy())
        return received

    monkeypatch.setattr(Scheme, "send", listened)
    outcome = sent(SENDERS["linear"], True)
    np.testing.assert_allclose(outcome.ssim, np.reshape(found, (2, 2, 12)).mean(axis=1), rtol=1e-5)


def test_a_smaller_ratio_hears_less_and_pilots_are_counted() -> None:
    air = Air(Grid(symbols=1), Tdl(), 1, csir=Estimated("linear"))
    sends = Deepjscc(Refinement(2), epochs=1, batch_size=16).ready(Job(IMAGES, air, (1 / 12, 1 / 6), 0))
    test = schemes.Trial(IMAGES[:12], SNRS, 1, keys.key(1), False)
    half, whole = sends(1 / 12, test), sends(1 / 6, test)
    assert half.elements.tolist() == [64 + 64] * 2 and whole.elements.tolist() == [128 + 64] * 2
    assert not np.allclose(half.mse, whole.mse, rtol=1e-3)


def test_errors_of_the_digital_sender_are_those_of_images_that_are_seen() -> None:
    outcome = sent(SENDERS["digital"], False, repetitions=1)
    pictures = np.round(IMAGES[:12] * 255).astype(np.uint8)
    run = Separate(rate=Capacity()).run(pictures, 384, SNRS, of_repetition(keys.key(1), 0), keep=True)
    assert run.images is not None
    seen = run.images.astype(np.float64) / 255  # [S, N, H, W, 3]
    np.testing.assert_allclose(outcome.mse, ((seen - pictures / 255) ** 2).mean(axis=(2, 3, 4)), rtol=1e-4, atol=1e-9)
