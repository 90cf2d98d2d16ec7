"""Peaks are measured on what is sent: at the SNR it is encoded for, and of the share that goes out."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.learning.images import schemes as schemes
from overair.learning.images.schemes import deepjscc
from overair.phy import keys


class Model:
    """Numbers in place of a transmission: features tell the SNR, what is sent of them the share, and peaks both."""

    shares = (0.25, 0.5, 1.0)
    over_air = SimpleNamespace(papr_db=lambda sent: sent)

    def encode(self, images: tf.Tensor, snrs_db: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
        return snrs_db + 0.001 * tf.cast(place, tf.float32)

    def sent(self, features: tf.Tensor, place: int) -> tf.Tensor:
        return features + 0.1 * place


@pytest.mark.parametrize(("share", "place"), [(0.25, 0), (0.5, 1), (1.0, 2)])
def test_the_share_that_is_sent_has_its_own_peak_at_every_snr(share: float, place: int) -> None:
    model: Any = Model()
    test = schemes.Trial(np.zeros([20, 4, 4, 1], np.float32), (0.0, 10.0), 1, keys.key(0), False)
    found = deepjscc.Deepjscc()._papr_db(model, test, share)
    np.testing.assert_allclose(found, np.array([0.0, 10.0]) + 0.101 * place, rtol=1e-5, atol=1e-6)
