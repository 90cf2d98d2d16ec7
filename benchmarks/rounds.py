"""Claim: a federated round costs what its arithmetic costs. Targets, all measured side by side in one run:

* with the ideal uplink, at most 1.15 times a bare compiled loop over devices written by hand for the one model;
* at least 10 times as fast as apple/pfl-research on softmax regression (100 devices, 5 steps), and faster on a CNN.

The bare loop is below: plain TensorFlow operations, no keys (its batches are given), no uplink, no metrics. Its
gradient is a function that is not inlined: once inlined into loops, TensorFlow's rewriting for oneDNN overlooks
gradients of pooling at random, and the comparison would be a lottery. It and the engine must give equal weights after a
round before anything is timed. pfl-research is optional and runs in a Python of its own, given with --pfl or in
OVERAIR_PFL_PYTHON; after its first round its weights must have moved as far as the bare loop's.
"""

import argparse
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import keras
import numpy as np
import tensorflow as tf
from models import CLASSES, MODELS, SHAPE, arrays
from side_by_side import Contestant, measure, ratio, show, verdict

from overair.learning import Fedavg, Federation
from overair.learning.data import Arrays
from overair.ota import Ideal
from overair.phy import Air, Awgn, Grid, keys

RATE, BATCH, SEED = 0.05, 10, 0
TOLERANCE = 1e-3  # of the largest move of a weight: orders of addition differ
INSTALL = "python3.11 -m venv pfl && pfl/bin/pip install 'pfl[tf]==0.6.0' tensorflow==2.21.0 keras==3.15.1"
Executor = Literal["auto", "loop", "vectorized"]
OTHERS: dict[str, tuple[Executor, ...]] = {"softmax": ("loop",), "cnn": ()}  # executors beside the one auto chooses
Tensors = list[tf.Tensor]


def softmax_logits(w: Tensors, x: tf.Tensor) -> tf.Tensor:
    return tf.reshape(x, [BATCH, -1]) @ w[0] + w[1]


def cnn_logits(w: Tensors, x: tf.Tensor) -> tf.Tensor:
    for kernel, bias in (w[0:2], w[2:4]):
        x = tf.nn.max_pool2d(tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), bias)), 2, 2, "VALID")
    x = tf.nn.relu(tf.reshape(x, [BATCH, -1]) @ w[4] + w[5])
    return x @ w[6] + w[7]


LOGITS = {"softmax": softmax_logits, "cnn": cnn_logits}


def bare_round(kind: str, x: np.ndarray, y: np.ndarray, positions: tf.Tensor) -> Callable[[Tensors], Tensors]:
    """A round of federated averaging over equal devices with samples x [N, ...] at given positions [K, S, B]."""
    x, y, logits = tf.constant(x), tf.constant(y), LOGITS[kind]
    devices, steps, _ = positions.shape

    @tf.function(autograph=False, experimental_attributes={"_noinline": True})  # inlined into loops, oneDNN may miss it
    def descend(w: Tensors, chosen: tf.Tensor) -> Tensors:
        with tf.GradientTape() as tape:
            tape.watch(w)
            scores, labels = logits(w, tf.gather(x, chosen)), tf.gather(y, chosen)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))
        return [v - RATE * g for v, g in zip(w, tape.gradient(loss, w), strict=True)]

    def local_step(device: tf.Tensor, step: tf.Tensor, w: Tensors) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
        return device, step + 1, descend(w, positions[device, step])

    @tf.function(autograph=False)
    def round(start: Tensors) -> Tensors:
        def one(device: tf.Tensor, total: Tensors) -> tuple[tf.Tensor, Tensors]:
            loop = (device, tf.constant(0), start)
            end = tf.while_loop(lambda _, step, __: step < steps, local_step, loop, maximum_iterations=steps)[2]
            return device + 1, [t + (e - s) / devices for t, e, s in zip(total, end, start, strict=True)]

        nothing = (tf.constant(0), [tf.zeros_like(v) for v in start])
        moved = tf.while_loop(lambda device, _: device < devices, one, nothing, maximum_iterations=devices)[1]
        return [s + m for s, m in zip(start, moved, strict=True)]

    return round


def federation(kind: str, x: np.ndarray, y: np.ndarray, steps: int, executor: Executor) -> Federation:
    devices, share = y.shape
    return Federation(
        MODELS[kind],
        Arrays(x.reshape(-1, *SHAPE), y.reshape(-1), x[0], y[0], CLASSES),
        np.split(np.arange(devices * share), devices),
        Fedavg(learning_rate=RATE, steps=steps),
        Ideal(),
        Air(Grid(), Awgn(), devices),
        elements=1,
        optimizer=lambda: keras.optimizers.SGD(1.0),
        batch_size=BATCH,
        executor=executor,
    )


def engine_positions(devices: int, steps: int, share: int) -> tf.Tensor:
    """The samples that the engine draws in its first round."""
    key = keys.fold(keys.key(SEED, "round", 0), "batches")
    drawn = Fedavg(steps=steps).batches(key, tf.fill([devices], share), share, BATCH).positions
    return drawn + share * tf.range(devices)[:, None, None]


def in_order(devices: int, steps: int) -> tf.Tensor:
    return tf.reshape(tf.range(devices * steps * BATCH), [devices, steps, BATCH])


def distance(left: Tensors, right: Tensors, start: Tensors) -> float:
    """Largest difference of weights over the largest move."""
    apart = max(float(tf.reduce_max(tf.abs(a - b))) for a, b in zip(left, right, strict=True))
    return apart / max(float(tf.reduce_max(tf.abs(a - s))) for a, s in zip(left, start, strict=True))


class Peer:
    """pfl-research in its own process; one round for each call."""

    def __init__(self, python: str, kind: str, devices: int, steps: int) -> None:
        command = [python, Path(__file__).with_name("pfl_peer.py"), kind, devices, steps, BATCH, RATE]
        quiet = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=quiet,
        )
        self.versions = self._line()

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("pfl: expected a line from pfl_peer.py, received none; run it by hand to see why")
        return line.strip()

    def round(self) -> tuple[float, float]:
        """Seconds it took, and how far the weights are from the first ones."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        seconds, norm = self._line().split()
        return float(seconds), float(norm)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def compare(kind: str, devices: int, steps: int, repeats: int, pfl: str | None, times_faster: float) -> None:
    x, y = arrays(devices, steps, BATCH)
    flat, labels, share = x.reshape(-1, *SHAPE), y.reshape(-1), y.shape[1]
    auto = federation(kind, x, y, steps, "auto")
    chosen = f"overair, auto ({'vectorized' if auto.vectorized else 'loop'})"
    engines = {chosen: auto} | {f"overair, {name}": federation(kind, x, y, steps, name) for name in OTHERS[kind]}
    state = auto.init(SEED)
    start = state.weights.trainable
    bare = bare_round(kind, flat, labels, engine_positions(devices, steps, share))

    for name, engine in engines.items():
        apart = distance(bare(start), engine.step(state, SEED, 0.0)[0].weights.trainable, start)
        if apart > TOLERANCE:
            raise RuntimeError(f"{kind}, {name}: expected the weights of the bare loop, received {apart:.1e} apart")

    def run(engine: Federation) -> Contestant:
        return lambda: engine.step(state, SEED, 0.0)[1].train_loss.numpy()

    contestants: dict[str, Contestant] = {"bare loop": lambda: bare(start)[0].numpy()}
    contestants |= {name: run(engine) for name, engine in engines.items()}
    peer = None
    if pfl:
        peer = Peer(pfl, kind, devices, steps)
        first = keras.Model.get_weights(MODELS[kind](0))
        after = bare_round(kind, flat, labels, in_order(devices, steps))([tf.constant(w) for w in first])
        expected = float(tf.linalg.global_norm([a - b for a, b in zip(after, first, strict=True)]))
        received = peer.round()[1]
        if abs(received / expected - 1) > TOLERANCE:
            raise RuntimeError(f"{kind}, pfl: expected weights to move by {expected:.6f}, received {received:.6f}")
        contestants["pfl"] = lambda: peer.round()[0]

    times = measure(contestants, repeats)
    parameters = sum(int(tf.size(w)) for w in start)
    show(f"{kind}, {parameters:,} parameters, {devices} devices x {steps} steps x {BATCH} samples", times, "bare loop")
    own = ratio(times, chosen, "bare loop")
    verdict("overair (auto) at most 1.15 x the bare loop", own <= 1.15, f"{own:.2f} x")
    if peer:
        peer.close()
        gain = ratio(times, "pfl", chosen)
        verdict(f"at least {times_faster:g} x as fast as pfl", gain >= times_faster, f"{gain:.1f} x ({peer.versions})")
    else:
        print(f"  absent  pfl-research was not measured; install it ({INSTALL}) and pass --pfl pfl/bin/python")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, and CNN rounds of one step only")
    parser.add_argument("--pfl", default=os.environ.get("OVERAIR_PFL_PYTHON"), help="a Python that has pfl-research")
    options = parser.parse_args()
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {os.cpu_count()} cores")
    compare("softmax", 100, 5, 10 if options.quick else 40, options.pfl, 10)
    compare("cnn", 50, 1, 3 if options.quick else 9, options.pfl, 1)
    if not options.quick:
        compare("cnn", 50, 5, 5, options.pfl, 1)


if __name__ == "__main__":
    main()
