"""Networks that begin at the best linear code: it is the one of theory, costs what it says, and training can start."""

from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
import scipy.fft
import tensorflow as tf

from overair.learning.images.klt import Klt
from overair.learning.images.linear import Linear
from overair.learning.images.networks import ImageShape, Network, channels_of, ratio_of
from overair.learning.images.networks._folds import DEVIATION, LARGEST, Fold, Whiten
from overair.learning.images.networks.adaptive import Adaptive
from overair.learning.images.networks.refinement import Refinement
from overair.learning.images.transmission import Transmission
from overair.learning.over_air import OverAir
from overair.phy import Air, Awgn, Grid, keys
from overair.scenarios.reading.catalogue import load
from overair.scenarios.reading.sources import sources

AIR = Air(Grid(), Awgn(), 1)
NETWORK = Adaptive(width=8, encoder_blocks=1, decoder_blocks=1)
CHANNELS, TILE, TOLD = 64, 32, 2  # grey: k/n = 1/32
SNR, NOISE = 10.0, 0.1
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(25)


def fields(count: int, seed: int, height: int = TILE, width: int = TILE, colours: int = 1) -> np.ndarray:
    """Smooth images of contrasts that differ, [N, H, W, C]."""
    rng = np.random.default_rng(seed)
    far = np.hypot(np.arange(height)[:, None], np.arange(width))[..., None]
    waves = rng.normal(size=(count, height, width, colours)) / (1 + far) ** 1.5
    smooth = scipy.fft.idctn(waves, axes=(1, 2), norm="ortho")
    smooth *= rng.uniform(0.5, 1.5, (count, 1, 1, 1)) * 0.15 / smooth.std()
    return (0.5 + smooth).astype(np.float32)


IMAGES = fields(200, 0)


@cache
def started(channels: int = CHANNELS) -> tuple[keras.Model, keras.Model]:
    shape = (None, None, 1)
    pair = NETWORK.encoder(shape, channels), NETWORK.decoder(shape, channels)
    NETWORK.start(*pair, IMAGES)
    return pair


@cache
def model() -> Transmission:
    encoder, decoder = started()
    return Transmission(encoder, OverAir(AIR, SNR), decoder, NETWORK.shares)


def state(count: int, snr_db: float = SNR, share: float = 1.0) -> np.ndarray:
    return np.tile(np.array([snr_db, share], np.float32), (count, 1))


def told(count: int, snr_db: float = SNR, share: float = 1.0, believed_db: float = SNR) -> np.ndarray:
    """A decoder's state."""
    return np.tile(np.array([snr_db, share, believed_db], np.float32), (count, 1))


def known() -> list[np.ndarray]:
    """Mean, directions, variances, amplitudes by SNR and share, and statistics of log s."""
    return [w.astype(np.float64) for w in started()[0].get_layer("linear").get_weights()]


def tiles_of(image: np.ndarray) -> np.ndarray:
    """[H, W, C] as [h, w, 32 32 C]."""
    height, width, colours = image.shape
    parts = image.reshape(height // TILE, TILE, width // TILE, TILE, colours).swapaxes(1, 2)
    return parts.reshape(height // TILE, width // TILE, -1).astype(np.float64)


def put_together(tiles: np.ndarray, colours: int) -> np.ndarray:
    h, w, _ = tiles.shape
    return tiles.reshape(h, w, TILE, TILE, colours).swapaxes(1, 2).reshape(h * TILE, w * TILE, colours)


def amplitudes_at(snr_db: float, share: float) -> np.ndarray:
    """Of the table, whose steps are 2.5 dB from -10 dB on."""
    row = (snr_db + 10) / 2.5
    assert row == round(row)
    return known()[3][round(row), NETWORK.shares.index(share)]


def features_of(image: np.ndarray, snr_db: float = SNR, share: float = 1.0) -> np.ndarray:
    """What the closed form sends of an image, by its equations."""
    mean, directions, _, _, log_scale = known()
    u = (tiles_of(image) - mean) @ directions
    sent, used = u * amplitudes_at(snr_db, share), round(share * CHANNELS) - TOLD
    s = np.sqrt((sent**2).sum(axis=2).mean() / used)
    middle, spread = log_scale[NETWORK.shares.index(share)]
    t = np.clip((np.log(s) - middle) / spread, -3, 3)
    told = np.full([*u.shape[:2], TOLD], t * np.sqrt(9 / TOLD / 2))
    return np.concatenate([told, sent / np.sqrt(2) / s], axis=2)


def heard_of(x: np.ndarray, believed_db: float, share: float) -> float:
    """t, from features [h, w, channels] behind a filter of least error, so 1 / (1 + N0) of what was sent and noise."""
    noise, count = 10 ** (-believed_db / 10), round(share * CHANNELS)
    r = x[..., :TOLD].mean() * (1 + noise) / np.sqrt(9 / TOLD / 2)
    r /= 1 + noise / x[..., :TOLD].size / (9 / TOLD)
    farthest = 3 * np.sqrt(count / (count - TOLD + 81))
    r = np.clip(r, -farthest, farthest)
    return r * np.sqrt((count - TOLD) / (count - 9 * r**2))


def weights_of(t: float, snr_db: float, share: float, believed_db: float = SNR) -> np.ndarray:
    """What a receiver multiplies such features by once it knows t."""
    variances, (middle, spread) = known()[2], known()[4][NETWORK.shares.index(share)]
    noise, count = 10 ** (-believed_db / 10), round(share * CHANNELS)
    a, s = amplitudes_at(snr_db, share), np.exp(middle + spread * t)
    s *= np.sqrt((count - TOLD + 9 * t**2) / count)  # by which the air shrank features beside a loud t
    return (1 + noise) * a * variances * np.sqrt(2) * s / (a**2 * variances + s**2 * noise + 1e-9)


# --- The closed form


def test_the_transform_and_its_powers_are_those_of_least_error() -> None:
    mean, directions, variances, table, _ = known()
    tiles = np.array([tiles_of(image)[0, 0] for image in IMAGES])
    np.testing.assert_allclose(mean, tiles.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(directions.T @ directions, np.eye(CHANNELS - TOLD), atol=1e-4)
    spread = np.linalg.svd(tiles - tiles.mean(axis=0), compute_uv=False) ** 2 / (len(tiles) - 1)
    np.testing.assert_allclose(variances, spread[: CHANNELS - TOLD], rtol=2e-3)
    for place, share in enumerate(NETWORK.shares):
        used = round(share * CHANNELS) - TOLD
        for row in (0, 8, 16):  # -10, 10 and 30 dB
            noise = 10 ** (1 - 0.25 * row)
            powers = table[row, place] ** 2 * variances
            assert powers.sum() == pytest.approx(used, rel=1e-4) and not powers[used:].any()
            worth = variances[:used] * noise / (powers[:used] + noise) ** 2  # what more power would bring
            active = powers[:used] > 0
            np.testing.assert_allclose(worth[active], worth[0], rtol=1e-3)
            assert np.all(worth[~active] <= worth[0] * (1 + 1e-3))


@pytest.mark.parametrize("share", NETWORK.shares)
@pytest.mark.parametrize(("height", "width", "believed_db"), [(32, 32, SNR), (64, 96, SNR), (32, 32, 2.0)])
def test_before_training_features_and_images_are_the_closed_forms(
    share: float, height: int, width: int, believed_db: float
) -> None:
    encoder, decoder = started()
    image = fields(1, 5, height, width)
    features = encoder([image, state(1, SNR, share)]).numpy()
    np.testing.assert_allclose(features[0], features_of(image[0], SNR, share), atol=2e-4)
    heard = np.random.default_rng(0).normal(size=features.shape).astype(np.float32)
    heard[..., round(share * CHANNELS) :] = 0
    u = heard[0, ..., TOLD:] * weights_of(heard_of(heard[0], believed_db, share), SNR, share, believed_db)
    expected = put_together(u @ known()[1].T + known()[0], 1)
    found = decoder([heard, told(1, SNR, share, believed_db)]).numpy()[0]
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("share", NETWORK.shares)
def test_the_error_at_the_start_is_that_of_the_closed_form_over_noise(share: float) -> None:
    image, repetitions = IMAGES[3], 400
    mean, directions, _, _, _ = known()
    features = features_of(image, SNR, share)[0, 0, : round(share * CHANNELS)]
    features *= np.sqrt(len(features) / 2 / (features**2).sum())  # as the air has it
    u = (tiles_of(image)[0, 0] - mean) @ directions
    rest = ((tiles_of(image)[0, 0] - mean) ** 2).sum() - (u**2).sum()
    expected = 0.0
    for node, weight in zip(NODES, WEIGHTS / WEIGHTS.sum(), strict=True):  # over the noise of t, of two copies
        told = (features[:TOLD] + node * np.sqrt(NOISE / 2 / TOLD)) / (1 + NOISE)
        w = weights_of(heard_of(told[None, None], SNR, share), SNR, share) / (1 + NOISE)
        sent = np.zeros(CHANNELS - TOLD)
        sent[: len(features) - TOLD] = features[TOLD:]
        expected += weight * ((u - w * sent) ** 2 + w**2 * NOISE / 2).sum()
    batch = np.repeat(image[None], repetitions, axis=0)
    received = model()(batch, snr_db=SNR, key=keys.key(1), share=share).numpy()
    errors = ((received - batch) ** 2).mean(axis=(1, 2, 3), dtype=np.float64)
    error = errors.std() / repetitions**0.5
    assert abs(errors.mean() - (expected + rest) / TILE**2) <= 4 * error + 1e-7


def test_at_the_start_it_is_near_the_linear_scheme_whose_scale_is_sent() -> None:
    klt = Klt.fit(IMAGES, block=TILE)
    found = model()(IMAGES, snr_db=SNR, key=keys.key(2)).numpy()
    mse = float(((found - IMAGES) ** 2).mean())
    ratio = ratio_of(NETWORK, CHANNELS, 1)
    sent, free = (
        float(tf.reduce_mean(Linear(klt, ratio, scale, IMAGES).predicted(tf.constant(IMAGES), SNR)))
        for scale in ("sent", "known")
    )
    lost_db = 10 * np.log10((CHANNELS + 7) / CHANNELS)  # to a scale that costs 9 of 64 + 7 parts of the energy
    assert free < mse < sent * 10 ** (lost_db / 10)


# --- Layers


def test_folding_back_undoes_folding() -> None:
    x = np.random.default_rng(0).random((2, 8, 12, 3)).astype(np.float32)
    folded = Fold(4)(x)
    assert folded.shape == (2, 2, 3, 48)
    np.testing.assert_array_equal(folded[0, 1, 2], x[0, 4:8, 8:12].reshape(-1))
    np.testing.assert_array_equal(Fold(4, back=True)(folded), x)


def test_whitened_squares_have_uncorrelated_numbers_of_about_unit_variance() -> None:
    layer, back = Whiten(4), Whiten(4, back=True)
    whitened = layer(IMAGES)
    layer.learn(IMAGES)
    whitened = layer(IMAGES).numpy().reshape(-1, 16).astype(np.float64)
    squares = tiles_of_side_four(IMAGES)
    deviations = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(squares.T)), 0))
    expected = np.diag((deviations / (deviations + DEVIATION)) ** 2)
    np.testing.assert_allclose(np.cov(whitened.T), expected, atol=2e-3)
    np.testing.assert_allclose(whitened.mean(axis=0), 0, atol=1e-3)
    numbers = np.eye(16, dtype=np.float32)[:, None, None]
    back(numbers)
    back.learn(IMAGES)
    changes = back(numbers).numpy().reshape(16, 16).astype(np.float64)
    measure = np.minimum(deviations + DEVIATION, LARGEST)
    np.testing.assert_allclose(changes @ changes.T, np.diag(measure**2), atol=1e-6)


def tiles_of_side_four(images: np.ndarray) -> np.ndarray:
    count, height, width, _ = images.shape
    parts = images.reshape(count, height // 4, 4, width // 4, 4).swapaxes(2, 3)
    return parts.reshape(-1, 16).astype(np.float64)


# --- Networks


@pytest.mark.parametrize("channels", [32, 72, 64 * 33])
def test_channels_that_cannot_be_shared_or_are_too_many_are_refused(channels: int) -> None:
    for part in (NETWORK.encoder, NETWORK.decoder):
        with pytest.raises(ValueError, match=r"^channels: expected [^\n]*, received [^\n]*; take [^\n]*$"):
            part((32, 32, 1), channels)


@pytest.mark.parametrize("shares", [(), (0.5,), (1.0, 0.5), (0.5, 0.5, 1.0)], ids=str)
def test_shares_that_do_not_rise_to_one_are_refused(shares: Any) -> None:
    with pytest.raises(ValueError, match="adaptive.shares: expected shares that rise to 1, received"):
        Adaptive(shares=shares)


@pytest.mark.parametrize("channels", [8, 9])
def test_layers_of_no_whole_number_of_symbols_a_place_are_refused(channels: int) -> None:
    with pytest.raises(
        ValueError, match=rf"^channels: expected a multiple of 6, [^\n]*, received {channels}; take 12$"
    ):
        Refinement(3).encoder((8, 8, 3), channels)


SIZES: dict[str, tuple[ImageShape, int]] = {"adaptive": ((32, 64, 1), CHANNELS)}  # where others are refused


@pytest.mark.parametrize("kind", list(sources("networks")))
def test_every_network_keeps_its_word(kind: str) -> None:
    network: Network = NETWORK if kind == "adaptive" else load("networks", kind)()
    shape, channels = SIZES.get(kind, ((8, 12, 3), 8))
    assert isinstance(network, Network)
    assert list(network.shares) == sorted(set(network.shares)) and network.shares[-1] == 1
    assert network.adapts or network.shares == (1.0,)  # else nobody is told the share
    height, width, colours = shape
    assert height and width
    places = (height // network.stride, width // network.stride)
    encoder, decoder = network.encoder(shape, channels, 3), network.decoder(shape, channels, 3)
    assert encoder.output_shape == (None, *places, channels) and decoder.output_shape == (None, *shape)
    assert channels_of(network, ratio_of(network, channels, colours), colours) == channels
    keras.utils.set_random_seed(9)
    for part, again, other in (
        (encoder, network.encoder(shape, channels, 3), network.encoder(shape, channels, 4)),
        (decoder, network.decoder(shape, channels, 3), network.decoder(shape, channels, 4)),
    ):
        pairs = list(zip(part.get_weights(), again.get_weights(), strict=True))
        assert all(np.array_equal(one, two) for one, two in pairs)
        differ = [not np.array_equal(a, b) for a, b in zip(part.get_weights(), other.get_weights(), strict=True)]
        assert any(differ)
        with pytest.raises(ValueError, match="^images: expected height and width that are multiples of"):
            (network.encoder if part is encoder else network.decoder)((height + 1, width, colours), channels)


def test_under_mixed_precision_the_closed_form_is_as_good() -> None:
    """Its layers compute in float32; images and features are rounded to 8 bits of mantissa between them."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        pair = NETWORK.encoder((None, None, 1), CHANNELS), NETWORK.decoder((None, None, 1), CHANNELS)
        NETWORK.start(*pair, IMAGES)
        mixed = Transmission(pair[0], OverAir(AIR, SNR, dtype="float32"), pair[1], NETWORK.shares)
    finally:
        keras.config.set_dtype_policy("float32")
    errors = [
        float(np.mean((each(IMAGES, snr_db=SNR, key=keys.key(1)).numpy() - IMAGES) ** 2)) for each in (mixed, model())
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.02)
