"""Claim: an AWGN link in a network costs at most a tenth of a training step more than the network without it.

A step is forward, backward and Adam for 64 images of 32 x 32 x 3 in the network of Bourtsoulatze, Kurka and Gunduz
(2019) with 256 symbols an image (k/n = 1/12), compiled, with ``OverAir`` and without. Then the layer alone, forward and
backward, for other channels.
"""

import argparse

import keras
import tensorflow as tf
from side_by_side import Contestant, measure, ratio, show, verdict

from overair.learning.over_air import OverAir
from overair.phy import (
    Air,
    Awgn,
    BlockRayleigh,
    Cdl,
    Estimated,
    Grid,
    Rayleigh,
    Tdl,
    TimingOffset,
    TruncatedInversion,
    Umi,
)

BATCH, FEATURES, TARGET = 64, (8, 8, 8), 1.1
SHORT = Grid(symbols=1)  # slots of one symbol, so that a sounding costs one


def network(air: OverAir | None) -> keras.Model:
    """Five convolutions, the air, five transposed ones."""
    x = images = keras.Input((32, 32, 3))
    for filters, stride in ((16, 2), (32, 2), (32, 1), (32, 1), (8, 1)):
        x = keras.layers.PReLU(shared_axes=[1, 2])(keras.layers.Conv2D(filters, 5, stride, "same")(x))
    x = x if air is None else air(x)
    for filters, stride in ((32, 1), (32, 1), (32, 1), (16, 2)):
        x = keras.layers.PReLU(shared_axes=[1, 2])(keras.layers.Conv2DTranspose(filters, 5, stride, "same")(x))
    return keras.Model(images, keras.layers.Conv2DTranspose(3, 5, 2, "same", activation="sigmoid")(x))


def step(air: Air | None) -> Contestant:
    """A compiled training step."""
    model = network(None if air is None else OverAir(air))
    images, optimizer = tf.random.stateless_uniform([BATCH, 32, 32, 3], [1, 2]), keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def train() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(images, training=True) - images))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return lambda: train().numpy()


def alone(layer: OverAir) -> Contestant:
    """The layer, forward and backward, for a batch whose size the graph does not know."""
    sensors = [layer.air.devices] if layer.air.devices > 1 else []
    features = tf.random.stateless_normal([BATCH, *sensors, *FEATURES], [1, 2])

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, *sensors, *FEATURES])])
    def through(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(tf.square(layer(x, training=True)))
        return tape.gradient(loss, x)

    return lambda: through(features).numpy()


def layers() -> dict[str, OverAir]:
    grid, line = Grid(), Tdl("A")
    airs = {
        "awgn": Air(grid, Awgn(), 1),
        "rayleigh": Air(grid, Rayleigh(), 1),
        "block_rayleigh": Air(grid, BlockRayleigh(), 1),
        "rayleigh, 4 antennas": Air(grid, Rayleigh(), 1, antennas=4),
        "tdl": Air(grid, line, 1),
        "tdl, moving": Air(grid, Tdl("A", speed=30.0), 1),
        "tdl, estimated": Air(SHORT, line, 1, csir=Estimated()),
        "tdl, estimated linearly": Air(SHORT, line, 1, csir=Estimated("linear")),
        "tdl, time domain": Air(grid, line, 1, domain="time"),
        "rayleigh, late past the prefix": Air(grid, Rayleigh(), 1, impairments=(TimingOffset(0.0, 20.0),)),
        "cdl": Air(grid, Cdl("A"), 1),
        "umi": Air(grid, Umi(), 1),
    }
    found = {name: OverAir(air) for name, air in airs.items()}
    found["rayleigh, 4 sensors"] = OverAir(Air(grid, Rayleigh(), 4), rule=TruncatedInversion())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    awgn, line = (Air(Grid(), channel, 1) for channel in (Awgn(), Tdl("A")))
    times = measure({"without": step(None), "awgn": step(awgn), "tdl": step(line)}, repeats)
    show("a training step of 64 images", times, "without")
    verdict(f"awgn at most {TARGET} of without", (found := ratio(times, "awgn", "without")) <= TARGET, f"{found:.3f}")
    show("the layer, forward and backward", measure({n: alone(each) for n, each in layers().items()}, repeats), "awgn")


if __name__ == "__main__":
    main()
