"""What the air costs a training step: the network of Bourtsoulatze et al. (2019) with OverAir, against without.

A step is forward, backward and Adam over 64 images of 32 x 32 x 3 with 256 symbols each (k/n = 1/12), through Keras's
own ``train_on_batch`` graph. Both sides take turns in one run; times are medians. ``layer`` is OverAir alone, forward
and backward.

    python benchmarks/over_air.py [rounds]
"""

import statistics
import sys
import time
from collections.abc import Callable

import keras
import tensorflow as tf

from overair.learning.jscc import OverAir
from overair.phy import Air, Awgn, Cdl, Channel, Estimated, Grid, Rayleigh, Tdl, TimingOffset, Umi

BATCH, FEATURES = 64, (8, 8, 8)
CHANNELS: dict[str, Channel] = {
    "awgn": Awgn(),
    "rayleigh": Rayleigh(),
    "tdl": Tdl("A"),
    "tdl, moving": Tdl("A", speed=30.0),
    "cdl": Cdl("A"),
    "umi": Umi(),
}


def network(air: OverAir | None) -> keras.Model:
    """Five convolutions, the air, five transposed ones."""
    x = images = keras.Input((32, 32, 3))
    for filters, stride in ((16, 2), (32, 2), (32, 1), (32, 1), (8, 1)):
        x = keras.layers.PReLU(shared_axes=[1, 2])(keras.layers.Conv2D(filters, 5, stride, "same")(x))
    x = x if air is None else air(x)
    for filters, stride in ((32, 1), (32, 1), (32, 1), (16, 2)):
        x = keras.layers.PReLU(shared_axes=[1, 2])(keras.layers.Conv2DTranspose(filters, 5, stride, "same")(x))
    return keras.Model(images, keras.layers.Conv2DTranspose(3, 5, 2, "same", activation="sigmoid")(x))


def step(model: keras.Model) -> Callable[[], tf.Tensor]:
    """A compiled training step."""
    images, optimizer = tf.random.stateless_uniform([BATCH, 32, 32, 3], [1, 2]), keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def train() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(images, training=True) - images))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    return train


def alone(layer: OverAir) -> Callable[[], tf.Tensor]:
    """The layer, forward and backward."""
    features = tf.random.stateless_normal([BATCH, *FEATURES], [1, 2])

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, *FEATURES])])
    def through(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(tf.square(layer(x, training=True)))
        return tape.gradient(loss, x)

    return lambda: through(features)


def medians(sides: dict[str, Callable[[], tf.Tensor]], rounds: int) -> dict[str, float]:
    """Milliseconds of each side, taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 2):
        for name, side in sides.items():
            begin = time.perf_counter()
            side().numpy()
            if number >= 2:
                times[name].append(1e3 * (time.perf_counter() - begin))
    return {name: statistics.median(each) for name, each in times.items()}


def main(rounds: int = 30) -> None:
    airs = {name: Air(Grid(), channel, 1) for name, channel in CHANNELS.items()}
    airs["tdl, estimated"] = Air(Grid(), Tdl("A"), 1, receiver_knowledge=Estimated())
    airs["tdl, time road"] = Air(Grid(prefix=4), Tdl("A"), 1, impairments=(TimingOffset(0.0, 8.0),))
    airs["rayleigh, 4 antennas"] = Air(Grid(), Rayleigh(), 1, antennas=4)
    for name, ms in medians({name: alone(OverAir(air)) for name, air in airs.items()}, rounds).items():
        print(f"layer, {name}: {ms:.2f} ms")
    steps = {
        name: step(network(None if air is None else OverAir(air)))
        for name, air in {"bare": None, "awgn": airs["awgn"], "tdl": airs["tdl"]}.items()
    }
    found = medians(steps, rounds)
    for name, ms in found.items():
        print(f"step, {name}: {ms:.2f} ms, {ms / found['bare']:.3f} of the bare step")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
