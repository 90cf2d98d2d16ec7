"""What only this package can know of its schemes; what overair demands of every scheme is tested beside it."""

import numpy as np
import tensorflow as tf
from two_ray_schemes.channels.two_ray import TwoRay
from two_ray_schemes.codecs.averaged import Averaged

from overair.phy import Grid, Size, Span, keys


def test_the_rays_add_up_at_some_subcarriers_and_cancel_at_others() -> None:
    grid = Grid(subcarriers=64)
    channel = TwoRay(reflection=1.0, delay=1 / (32 * grid.spacing))  # two ripples over the band
    paths = channel.draw(Size(1, 1, 100), Span(0.0, 1, 1e-4), keys.key(0), keys.key(1))
    power = np.abs(paths.response(grid.frequencies).numpy()[0, 0, :, 0]) ** 2  # [K, F]
    np.testing.assert_allclose(power.mean(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(power[:, :16], 2 - power[:, 16:32], atol=1e-4)


def test_of_a_group_the_mean_arrives() -> None:
    codec, layers = Averaged(group=2), ((5,),)
    sent = codec.select(tf.constant([[1.0, 3.0, 0.0, 4.0, 9.0]]), layers, ())
    arrived = codec.decode(codec.encode(sent, layers, ())[0], layers, (), tf.zeros([]))
    np.testing.assert_allclose(arrived, [2.0, 2.0, 2.0, 2.0, 9.0], rtol=1e-6)
