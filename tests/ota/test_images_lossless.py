"""Lossless pictures come back bit for bit, in the smallest of the files that hold them."""

import numpy as np
import pytest

from overair.ota.images._ladder import Ladder
from overair.ota.images.lossless import KINDS, Lossless, _written

RNG = np.random.default_rng(0)
SOFT = np.clip(128 + 60 * np.sin(np.mgrid[:24, :40].sum(axis=0) / 9)[..., None] + RNG.normal(0, 3, [24, 40, 3]), 0, 255)
PICTURES = {
    "soft": SOFT.astype(np.uint8),
    "grey": np.repeat(SOFT[..., :1].astype(np.uint8), 3, axis=2),
    "black": np.zeros([16, 16, 3], np.uint8),
    "noise": RNG.integers(0, 256, [32, 32, 3]).astype(np.uint8),
    "newlines": np.full([5, 4, 3], 10, np.uint8),
    "small": RNG.integers(0, 256, [1, 1, 3]).astype(np.uint8),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_bit_comes_back_in_the_smallest_file(name: str) -> None:
    image, codec = PICTURES[name], Lossless()
    data = codec.encode(image, 0)
    np.testing.assert_array_equal(codec.decode(data), image)
    sizes = []
    for place, kind in enumerate(KINDS):
        file = bytes([place]) + _written(image, kind, 0)
        np.testing.assert_array_equal(codec.decode(file), image)
        sizes.append(codec.payload(file))
    pixels = image[..., 0].size if name in ("grey", "black", "newlines") else image.size
    assert codec.payload(data) == min(sizes) <= 1 + pixels == sizes[-1]


def test_pictures_of_an_order_cost_far_less_than_their_pixels() -> None:
    assert Lossless().payload(Lossless().encode(PICTURES["black"], 0)) < 40
    assert Lossless().payload(Lossless().encode(PICTURES["soft"], 0)) < 0.8 * SOFT.size
    grey, colour = (Lossless().payload(Lossless().encode(PICTURES[name], 0)) for name in ("grey", "soft"))
    assert grey < 0.5 * colour


def test_it_fits_a_budget_or_not() -> None:
    ladder = Ladder(Lossless(), PICTURES["soft"], payload_only=True)
    assert [ladder.best(budget) for budget in (0, ladder.bits(0) - 1, ladder.bits(0))] == [None, None, 0]


def test_no_file_of_its_own_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match="^data: expected a file that begins with 0 to 5, received"):
        Lossless().decode(b"\xff123")
    with pytest.raises(ValueError, match="^image: expected a picture of uint8"):
        Lossless().encode(np.zeros([4, 4, 3], np.float32), 0)
