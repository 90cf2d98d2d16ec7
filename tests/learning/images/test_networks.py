"""Networks have the layers and parameters of their papers, keep the bandwidth ratio, and are decided by the seed."""

import keras
import numpy as np
import pytest
import scipy.signal

from overair.learning.images.networks import ImageShape, Network, channels_of, ratio_of
from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019

SHAPE = (32, 32, 3)
PAPER = Bourtsoulatze2019()


def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """Convolution [H, W, C] with [5, 5, C, D] that keeps the size, then every stride-th place.

    Where the stride is 2 the padding of 3 pixels leaves the odd one at the end, so windows start one pixel later.
    """
    start = stride // 2
    planes = [
        sum(scipy.signal.correlate2d(x[..., c], kernel[..., c, d], "same") for c in range(x.shape[2])) + bias[d]
        for d in range(kernel.shape[3])
    ]
    return np.stack(planes, axis=-1)[start::stride, start::stride]


def convolved_back(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """The transpose of ``convolved``: [h, w, D] with [5, 5, C, D] to [stride h, stride w, C]."""
    wide = np.zeros((stride * x.shape[0], stride * x.shape[1], x.shape[2]))
    wide[stride // 2 :: stride, stride // 2 :: stride] = x
    planes = [
        sum(scipy.signal.convolve2d(wide[..., d], kernel[..., c, d], "same") for d in range(x.shape[2])) + bias[c]
        for c in range(kernel.shape[2])
    ]
    return np.stack(planes, axis=-1)


def prelu(x: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, slopes * x)


def scrambled(model: keras.Model) -> list[np.ndarray]:
    """The weights of a model, after biases and slopes have been made to differ."""
    rng = np.random.default_rng(3)
    model.set_weights([w if w.ndim == 4 else w + rng.uniform(-0.2, 0.2, w.shape) for w in model.get_weights()])
    return [w.astype(np.float64) for w in model.get_weights()]


@pytest.mark.parametrize("channels", [8, 16])
def test_the_2019_network_has_the_parameters_of_its_layers(channels: int) -> None:
    def layer(inputs: int, outputs: int, slopes: bool = True) -> int:
        return 25 * inputs * outputs + outputs + outputs * slopes

    encoder = layer(3, 16) + layer(16, 32) + 2 * layer(32, 32) + layer(32, channels)
    decoder = layer(channels, 32) + 2 * layer(32, 32) + layer(32, 16) + layer(16, 3, slopes=False)
    assert encoder == 65_424 + 802 * channels and decoder == 65_427 + 800 * channels
    assert channels != 8 or encoder + decoder == 143_667
    assert PAPER.encoder(SHAPE, channels).count_params() == encoder
    assert PAPER.decoder(SHAPE, channels).count_params() == decoder


def test_the_2019_encoder_is_the_papers_chain_of_layers() -> None:
    model = PAPER.encoder((8, 12, 3), 4)
    kernels = scrambled(model)
    image = np.random.default_rng(0).random((8, 12, 3))
    x = image
    for layer, stride in enumerate((2, 2, 1, 1, 1)):
        kernel, bias, slopes = kernels[3 * layer : 3 * layer + 3]
        assert slopes.shape == (1, 1, kernel.shape[3])  # one a channel, shared over space
        x = prelu(convolved(x, kernel, bias, stride), slopes)
    np.testing.assert_allclose(model(image[None].astype(np.float32))[0], x, atol=1e-5 * np.abs(x).max())


def test_the_2019_decoder_is_the_papers_chain_of_layers() -> None:
    model = PAPER.decoder((8, 12, 3), 4)
    kernels = scrambled(model)
    features = np.random.default_rng(0).normal(size=(2, 3, 4))
    x = features
    for layer, stride in enumerate((1, 1, 1, 2)):
        kernel, bias, slopes = kernels[3 * layer : 3 * layer + 3]
        x = prelu(convolved_back(x, kernel, bias, stride), slopes)
    kernel, bias = kernels[-2:]
    expected = 1 / (1 + np.exp(-convolved_back(x, kernel, bias, 2)))
    np.testing.assert_allclose(model(features[None].astype(np.float32))[0], expected, atol=1e-5)


@pytest.mark.parametrize("network", [PAPER], ids=["bourtsoulatze2019"])
@pytest.mark.parametrize("shape", [(32, 32, 3), (16, 8, 1)], ids=str)
def test_shapes_and_ratio_agree(network: Network, shape: ImageShape) -> None:
    assert isinstance(network, Network)
    height, width, colours = shape
    assert height and width
    places = (height // network.stride, width // network.stride)
    channels = channels_of(network, 1 / 6, 3) if colours == 3 else 4
    assert network.encoder(shape, channels).output_shape == (None, *places, channels)
    assert network.decoder(shape, channels).output_shape == (None, *shape)
    symbols = places[0] * places[1] * channels / 2
    assert ratio_of(network, channels, colours) == pytest.approx(symbols / (height * width * colours))


def test_one_network_takes_images_of_any_size() -> None:
    encoder, decoder = PAPER.encoder((None, None, 3), 8), PAPER.decoder((None, None, 3), 8)
    image = np.random.default_rng(0).random((1, 24, 40, 3), np.float32)
    features = encoder(image)
    assert features.shape == (1, 6, 10, 8) and decoder(features).shape == image.shape
    fixed = PAPER.encoder((24, 40, 3), 8)
    np.testing.assert_allclose(features, fixed(image), atol=1e-6)


def test_the_ratio_gives_the_channels_of_the_paper() -> None:
    assert channels_of(PAPER, 1 / 12) == 8 and channels_of(PAPER, 1 / 6) == 16 and channels_of(PAPER, 0.04166667) == 4
    assert ratio_of(PAPER, 8) == pytest.approx(1 / 12)


@pytest.mark.parametrize("ratio", [0.1, 0.001, 0.0, -1 / 6])
def test_a_ratio_of_no_whole_number_of_channels_is_refused(ratio: float) -> None:
    with pytest.raises(
        ValueError, match=r"^ratio: expected a whole number of channels over 96, received .*; take \d+/96$"
    ):
        channels_of(PAPER, ratio)


@pytest.mark.parametrize("shape", [(30, 32, 3), (32, 2, 3), (None, 33, 3), (32, 32)], ids=str)
def test_sides_that_cannot_be_shrunk_evenly_are_refused(shape: ImageShape) -> None:
    for part in (PAPER.encoder, PAPER.decoder):
        with pytest.raises(
            ValueError, match="^images: expected height and width that are multiples of 4, .*; crop .*$"
        ):
            part(shape, 8)


def test_no_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="^channels: expected at least 1, received 0; .*$"):
        PAPER.decoder(SHAPE, 0)


def test_equal_seeds_give_equal_weights_and_encoder_and_decoder_share_none() -> None:
    keras.utils.set_random_seed(1)
    first = [*PAPER.encoder(SHAPE, 32, 5).get_weights(), *PAPER.decoder(SHAPE, 32, 5).get_weights()]
    keras.utils.set_random_seed(2)
    again = [*PAPER.encoder(SHAPE, 32, 5).get_weights(), *PAPER.decoder(SHAPE, 32, 5).get_weights()]
    other = [*PAPER.encoder(SHAPE, 32, 6).get_weights(), *PAPER.decoder(SHAPE, 32, 6).get_weights()]
    for one, two, three in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one, two)
        assert one.ndim < 4 or np.abs(one - three).max() > 1e-2
    kernels = [w.ravel() for w in first if w.ndim == 4]
    assert len({kernel[:3].tobytes() for kernel in kernels}) == len(kernels)
