"""Images have those measures of likeness that they are large enough for."""

import numpy as np
import pytest
import tensorflow as tf

from overair.learning.images.metrics import likeness


@pytest.mark.parametrize(
    ("side", "measured"), [(10, (False, False)), (11, (True, False)), (175, (True, False)), (176, (True, True))]
)
def test_windows_of_eleven_pixels_decide_and_a_sixteenth_of_the_side(side: int, measured: tuple[bool, bool]) -> None:
    images = tf.zeros([2, side, side + 9, 1])
    found = likeness(images, images).numpy()  # [2, B]
    assert np.isfinite(found).all(axis=1).tolist() == list(measured)
    np.testing.assert_allclose(found[np.isfinite(found)], 1.0)
