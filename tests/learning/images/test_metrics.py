"""PSNR, SSIM and MS-SSIM are what their papers say, and pictures on different scales are refused."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from overair.learning.images import MeanPsnr, Psnr, mean_psnr, ms_ssim, mse, psnr, psnr_of_mean, ssim

C1, C2 = 0.01**2, 0.03**2
WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])  # Wang et al. 2003, section 3.2
FLOAT = 8 * 2**-24 / C2  # SSIM divides differences of float32 numbers of size 1 by at least C2


def pictures(count: int, side: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Smooth pictures, and the same with noise."""
    rng = np.random.default_rng(side)
    smooth = scipy.ndimage.gaussian_filter(rng.normal(size=(count, side, side + 1, 3)), (0, 3, 3, 0))
    clean = 0.5 + 0.2 * smooth / smooth.std()
    noisy = clean + noise * np.arange(1, count + 1)[:, None, None, None] * rng.normal(size=clean.shape)
    return clean.clip(0, 1).astype(np.float32), noisy.clip(0, 1).astype(np.float32)


def windowed(x: np.ndarray) -> np.ndarray:
    """Weighted means over the 11 x 11 windows that lie within a plane."""
    weights = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        x = scipy.ndimage.correlate1d(x, weights, axis)
    return x[5:-5, 5:-5]


def similarity(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """SSIM of two planes, and its part without luminance."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    mx, my = windowed(x), windowed(y)
    vx, vy, cov = windowed(x * x) - mx**2, windowed(y * y) - my**2, windowed(x * y) - mx * my
    structure = (2 * cov + C2) / (vx + vy + C2)
    return float(((2 * mx * my + C1) / (mx**2 + my**2 + C1) * structure).mean()), float(structure.mean())


def multiscale(x: np.ndarray, y: np.ndarray) -> float:
    parts = []
    for scale in range(5):
        size = len(x) >> scale
        halved = (z.astype(np.float64).reshape(size, 1 << scale, size, 1 << scale).mean(axis=(1, 3)) for z in (x, y))
        whole, structure = similarity(*halved)
        parts.append(structure if scale < 4 else whole)
    return float(np.prod(np.array(parts) ** WEIGHTS))


def test_psnr_is_the_logarithm_of_the_error() -> None:
    clean, noisy = pictures(4, 32, 0.05)
    errors = ((clean.astype(np.float64) - noisy) ** 2).mean(axis=(1, 2, 3))
    received = mse(clean, noisy)
    assert received.dtype == tf.float32
    np.testing.assert_allclose(received, errors, rtol=1e-5)
    np.testing.assert_allclose(psnr(received), -10 * np.log10(errors), rtol=1e-5)
    np.testing.assert_allclose(psnr_of_mean(received), -10 * np.log10(errors.mean()), rtol=1e-5)
    np.testing.assert_allclose(mean_psnr(received), -10 * np.log10(errors).mean(), rtol=1e-5)


def test_the_two_means_of_psnr_differ_and_keep_leading_axes() -> None:
    errors = tf.constant([[1e-2, 1e-4], [1e-3, 1e-3]], tf.float64)
    np.testing.assert_allclose(mean_psnr(errors), [30.0, 30.0])
    np.testing.assert_allclose(psnr_of_mean(errors), [-10 * np.log10(5.05e-3), 30.0])


def test_an_image_without_error_has_an_infinite_psnr() -> None:
    assert psnr(tf.zeros([1])).numpy() == np.inf


def test_ssim_is_that_of_the_paper() -> None:
    clean, noisy = pictures(3, 24, 0.1)
    expected = [
        np.mean([similarity(x[..., c], y[..., c])[0] for c in range(3)]) for x, y in zip(clean, noisy, strict=True)
    ]
    np.testing.assert_allclose(ssim(clean, noisy), expected, atol=FLOAT)
    assert 0.1 < min(expected) < max(expected) < 0.9


def test_multiscale_ssim_is_that_of_the_paper() -> None:
    clean, noisy = (x[:, :, :176] for x in pictures(2, 176, 0.2))
    expected = [
        np.mean([multiscale(x[..., c], y[..., c]) for c in range(3)]) for x, y in zip(clean, noisy, strict=True)
    ]
    np.testing.assert_allclose(ms_ssim(clean, noisy), expected, atol=FLOAT)
    assert 0.1 < min(expected) < max(expected) < 0.95


@pytest.mark.parametrize(("measure", "side"), [(ssim, 11), (ms_ssim, 176)], ids=["ssim", "ms_ssim"])
def test_an_image_is_like_itself(measure: Callable[..., tf.Tensor], side: int) -> None:
    clean, _ = pictures(2, side, 0.0)
    np.testing.assert_allclose(measure(clean, clean), 1.0, atol=FLOAT)


@pytest.mark.parametrize("measure", [mse, ssim], ids=["mse", "ssim"])
def test_compiled_measures_give_the_same_for_any_number_of_images(measure: Callable[..., tf.Tensor]) -> None:
    clean, noisy = pictures(3, 16, 0.1)
    spec = tf.TensorSpec([None, None, None, 3])
    compiled = tf.function(measure, input_signature=[spec, spec], autograph=False)
    np.testing.assert_allclose(compiled(clean, noisy), measure(clean, noisy), atol=FLOAT)


@pytest.mark.parametrize("measure", [mse, ssim, ms_ssim], ids=["mse", "ssim", "ms_ssim"])
@pytest.mark.parametrize("bytes_first", [True, False])
def test_bytes_are_refused_not_rescaled(measure: Callable[..., tf.Tensor], bytes_first: bool) -> None:
    pair = [np.zeros((1, 176, 176, 3), np.uint8), np.zeros((1, 176, 176, 3), np.float32)]
    with pytest.raises(ValueError, match="^images: expected floats from 0 to 1, received uint8; divide bytes by 255$"):
        measure(*(pair if bytes_first else pair[::-1]))


@pytest.mark.parametrize("shape", [(4, 4, 3), (2, 4, 5, 3)], ids=str)
def test_other_shapes_are_refused_not_broadcast(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^images: expected two of one shape \[B, H, W, C\], received .*;.*$"):
        mse(np.zeros((2, 4, 4, 3), np.float32), np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("measure", "side", "reason"),
    [(ssim, 11, "one window of 11 x 11"), (ms_ssim, 176, r"a window of 11 pixels at each of 5 scales, 11 \* 2\^4")],
    ids=["ssim", "ms_ssim"],
)
def test_images_too_small_are_refused_with_the_reason(
    measure: Callable[..., tf.Tensor], side: int, reason: str
) -> None:
    small = np.zeros((1, 200, side - 1, 3), np.float32)
    with pytest.raises(ValueError, match=rf"^images: expected at least {side} x {side} .*{reason}.*;.*$"):
        measure(small, small)


@pytest.mark.parametrize(("kind", "of"), [(Psnr, psnr_of_mean), (MeanPsnr, mean_psnr)], ids=["Psnr", "MeanPsnr"])
def test_a_keras_metric_is_over_all_images_seen(kind: type, of: Callable[..., tf.Tensor]) -> None:
    clean, noisy = pictures(5, 16, 0.05)
    metric = kind()
    metric.update_state(clean[:4], noisy[:4])
    metric.update_state(clean[4:], noisy[4:])
    np.testing.assert_allclose(metric.result(), of(mse(clean, noisy)), rtol=1e-6)
    metric.reset_state()
    metric.update_state(clean[:1], noisy[:1])
    np.testing.assert_allclose(metric.result(), of(mse(clean[:1], noisy[:1])), rtol=1e-6)


def test_keras_metrics_survive_saving() -> None:
    for metric in (Psnr(), MeanPsnr(name="other")):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
        assert type(again) is type(metric) and again.name == metric.name


def test_keras_reports_the_metrics_it_is_compiled_with() -> None:
    clean, noisy = pictures(5, 16, 0.05)
    model = keras.Sequential([keras.Input((16, 17, 3)), keras.layers.Identity()])
    model.compile(loss="mse", metrics=[Psnr(), MeanPsnr()])
    reported = model.evaluate(noisy, clean, batch_size=2, verbose=0, return_dict=True)
    errors = mse(clean, noisy)
    np.testing.assert_allclose(reported["psnr"], psnr_of_mean(errors), rtol=1e-6)
    np.testing.assert_allclose(reported["mean_psnr"], mean_psnr(errors), rtol=1e-6)
