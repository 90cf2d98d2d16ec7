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
from overair.ota.images.jpeg import Jpeg
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.mcs import Mcs
from overair.ota.rates.outage import Outage
from overair.ota.separate import Separate
from overair.phy import Air, Awgn, Estimated, Grid, Rayleigh, Tdl, keys

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
    run = Separate(rate=Capacity()).run(pictures, 384, SNRS, of_repetition(keys.key(1), 0), keep=12)
    seen = run.images.astype(np.float64) / 255  # [S, N, H, W, 3]
    np.testing.assert_allclose(outcome.mse, ((seen - pictures / 255) ** 2).mean(axis=(2, 3, 4)), rtol=1e-4, atol=1e-9)


FADING = Air(Grid(), Rayleigh(), 1)
AGAIN = DigitalImages(Jpeg(), Mcs(retransmissions=2), count="payload", mode_by="target", margin_db=0.0)
SHOWN: dict[str, tuple[ImageScheme, Air]] = {
    "deepjscc": (SENDERS["deepjscc"], AIR),
    "linear": (SENDERS["linear"], FADING),
    "sent again": (AGAIN, FADING),
    "mosaics": (DigitalImages(Jpeg(), Capacity(), mosaic=2), AIR),
    "shares": (Deepjscc(Refinement(2), epochs=1, batch_size=16), FADING),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_pictures_are_the_first_images_as_they_arrived_first_and_change_no_number(kind: str) -> None:
    """The bound is that of values that differ by 1e-5, as a few images are decoded apart from the others."""
    scheme, air = SHOWN[kind]
    sends = scheme.ready(Job(IMAGES, air, (RATIO,), 0))
    trial = schemes.Trial(IMAGES[:12], (0.0, 20.0), 2, keys.key(1), False)
    none, twice = (sends(RATIO, trial._replace(shown=shown)) for shown in (0, 3))
    first = sends(RATIO, trial._replace(repetitions=1, shown=3))
    assert none.pictures.shape == (2, 0, 16, 16, 3)
    for name in ImageOutcome._fields[:-1]:
        np.testing.assert_array_equal(getattr(twice, name), getattr(none, name))
    np.testing.assert_array_equal(twice.pictures, first.pictures)
    errors, seen = first.mse[:, :3], np.mean((first.pictures - pictures_of(scheme)[:3]) ** 2, axis=(2, 3, 4))
    np.testing.assert_array_less(np.abs(seen - errors), 2e-5 * np.sqrt(errors) + 1e-5 * errors + 1e-10)
    assert not np.allclose(first.pictures[0], first.pictures[1], atol=1e-3)


def pictures_of(scheme: ImageScheme) -> np.ndarray:
    """What errors are counted from: digital schemes send bytes."""
    return np.round(255 * IMAGES) / np.float32(255) if isinstance(scheme, DigitalImages) else IMAGES


def test_a_lost_image_is_shown_as_its_mean_colour() -> None:
    """Over slow fading that the transmitter does not know, some of 40 images are lost and others are not."""
    scheme = DigitalImages(Jpeg(), Outage(0.3), count="payload")
    trial = schemes.Trial(IMAGES[:40], (25.0,), 1, keys.key(1), False, shown=40)
    outcome = scheme.ready(Job(IMAGES, FADING, (RATIO,), 0))(RATIO, trial)
    plain = np.ptp(outcome.pictures[0], axis=(1, 2)).max(axis=-1) == 0
    assert plain.sum() == pytest.approx(40 * outcome.lost[0]) and 0 < plain.sum() < 40
    means = np.round(255 * IMAGES[:40]).mean(axis=(1, 2))[plain]
    np.testing.assert_allclose(255 * outcome.pictures[0, plain, 0, 0], np.round(means), atol=1e-4)
