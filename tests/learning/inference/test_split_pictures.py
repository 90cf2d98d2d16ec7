"""An image that crosses a cut as a file: bits and accuracy are those of real files, chosen on images held out."""

from typing import Any

import keras
import numpy as np
import pytest

from overair.learning.data import Arrays
from overair.learning.data.digits import Digits
from overair.learning.inference.split import pictures
from overair.learning.inference.split.cuts import cut, cuts
from overair.learning.inference.split.features import Cut, Examples, accuracy_of
from overair.learning.inference.split.features.picture import Picture
from overair.learning.inference.split.features.quantised import Quantised
from overair.learning.inference.split.outage import NoOutage
from overair.learning.inference.split.training import Training
from overair.ota.images import ImageCodec
from overair.ota.images.jpeg import Jpeg
from overair.ota.images.jpeg2000 import Jpeg2000
from overair.ota.images.lossless import Lossless
from overair.phy import Grid

DIGITS = Digits().load()
GRID = Grid(subcarriers=16, symbols=2, prefix=4)
HELD = Examples(DIGITS.x_train[-200:], DIGITS.y_train[-200:])


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    start = keras.initializers.GlorotUniform(1)
    made = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(10, name="logits", kernel_initializer=start),
        ]
    )
    Training(epochs=10, batch_size=32, learning_rate=1e-2).run(made, DIGITS, 0)
    return made


def at(model: keras.Model, name: str = "input", data: Arrays = DIGITS) -> Cut:
    return Cut(*cut(model, name), name, name == cuts(model)[-1], data, HELD, NoOutage(), GRID, 0)


@pytest.mark.parametrize("codec", [Lossless(), Jpeg2000(), Jpeg()], ids=lambda codec: type(codec).__name__)
@pytest.mark.parametrize("colours", [1, 3])
def test_what_is_seen_is_what_files_decode_to_and_bits_are_theirs(codec: ImageCodec, colours: int) -> None:
    images = np.random.default_rng(0).random([3, 16, 12, colours]).astype(np.float32)
    seen, bits = pictures.coded(codec, images, codec.qualities[1])
    for image, shown, told in zip(images, seen, bits, strict=True):
        file = codec.encode(
            np.repeat(np.uint8(np.round(255 * image)), 4 - colours if colours == 1 else 1, axis=2), codec.qualities[1]
        )
        assert told == 8 * codec.payload(file)
        expected = codec.decode(file).astype(np.float32) / 255
        np.testing.assert_allclose(shown, expected if colours == 3 else expected.mean(axis=2, keepdims=True), atol=1e-6)
    if codec == Lossless():
        assert np.abs(seen - images).max() <= 0.5 / 255 + 1e-6


def test_a_lossless_picture_costs_no_accuracy_and_no_more_than_pixels_and_a_byte(trained: keras.Model) -> None:
    sent = Picture(codecs=(Lossless(),)).send(at(trained), [5.0])
    assert 4 * 64 < sent.bits <= 8 * 64 + 8  # digits of 17 levels, too small for codecs
    rounded = np.round(255 * DIGITS.x_test) / np.float32(255)
    assert sent.accuracy[0] == accuracy_of(trained, rounded, DIGITS.y_test)
    assert sent.elements[0] == np.ceil(sent.bits / np.log2(1 + 10**0.5))


def test_a_lossy_picture_has_the_least_quality_that_costs_no_more_than_it_may(trained: keras.Model) -> None:
    """Chosen on what is held out: labels of the test set do not matter."""
    codec = Jpeg()
    whole = accuracy_of(trained, *HELD)

    def reached(quality: int) -> float:
        return accuracy_of(trained, pictures.coded(codec, HELD.x, quality)[0], HELD.y)

    _, quality = Picture(tolerance=0.01, codecs=(codec,))._best(at(trained))
    assert reached(quality) >= whole - 0.01 > reached(quality - 1)
    sent = Picture(tolerance=0.01, codecs=(codec,)).send(at(trained), [5.0])
    seen, bits = pictures.coded(codec, DIGITS.x_test, quality)
    assert sent.accuracy[0] == accuracy_of(trained, seen, DIGITS.y_test) and sent.bits == bits.mean()
    assert sent.validation[0] == pytest.approx(reached(quality))
    other = DIGITS._replace(y_test=np.zeros_like(DIGITS.y_test))
    assert Picture(tolerance=0.01, codecs=(codec,))._best(at(trained, data=other))[1] == quality


def test_of_several_codecs_the_one_of_the_fewest_bits_is_taken(trained: keras.Model) -> None:
    codecs = (Jpeg(), Jpeg2000(), Lossless())
    alone = [Picture(codecs=(codec,))._best(at(trained)) for codec in codecs]
    sizes = [pictures.coded(*pair[:1], HELD.x, pair[1])[1].mean() for pair in alone]
    assert Picture(codecs=codecs)._best(at(trained)) == alone[int(np.argmin(sizes))]


@pytest.mark.parametrize(("first", "expected"), [(0, 0), (1, 1), (13, 13), (20, 20), (21, 20)])
def test_the_least_quality_that_is_enough_is_found(first: int, expected: int) -> None:
    class Codec:
        qualities = (0, 20)

    codec: Any = Codec()
    assert pictures.least(codec, lambda quality: quality >= first) == expected


def test_behind_the_input_a_picture_is_quantised_features(trained: keras.Model) -> None:
    place = at(trained, "flatten")
    one, other = Picture().send(place, [0.0]), Quantised().send(place, [0.0])
    for field, same in zip(one, other, strict=True):
        np.testing.assert_array_equal(field, same)


def test_images_that_are_no_pictures_are_refused_before_anything_is_sent() -> None:
    model = keras.Sequential([keras.Input((8, 8, 2)), keras.layers.Flatten(), keras.layers.Dense(3)])
    images = np.zeros([4, 8, 8, 2], np.float32)
    data = Arrays(images, np.zeros(4, int), images, np.zeros(4, int), 3)
    with pytest.raises(
        ValueError, match="^picture: expected images of 1 or 3 colours, received 8 x 8 x 2; take quantised"
    ):
        Picture().parts(at(model, data=data))
    with pytest.raises(ValueError, match=r"picture.codecs: expected at least one, received none; take lossless"):
        Picture(codecs=())
