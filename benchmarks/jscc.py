"""Claim: the air costs a training step little, and DeepJSCC trains faster than in the PyTorch package that has it.

The network of Bourtsoulatze, Kurka and Gunduz (2019), 64 images of 32 x 32, 8 channels (k/n = 1/12), Adam on the
squared error, AWGN at 10 dB. Targets, all measured side by side in one run:

* with the air, at most 1.1 times the step of the bare network, which has neither channel nor power constraint;
* at least 1.2 times as fast as Kaira in training, and in passing images of a trained network.

Kaira runs in a Python of its own, given with --kaira-python or in OVERAIR_KAIRA_PYTHON. Its own model has one PReLU
slope a layer where the paper has one a channel, so the published network is rebuilt from its parts and measured too.
What passes images is a `Transmission`. Before anything is timed, losses must be equal: of both models with copied
weights and equal noise, and of the published one for two more steps of Adam. Either side gets as many threads for an
operation as make it fastest, one or all (PyTorch for each of the two); with one, TensorFlow still works on as many
operations at a time as there are cores. With TF_NUM_INTRAOP_THREADS=1 in the environment, TF_NUM_INTEROP_THREADS=1 and
a single core (taskset -c 0), both sides have one thread in all, which is what can be measured on a busy machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from side_by_side import Contestant, measure, ratio, show, verdict

from overair.learning.images import Transmission, evaluation
from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
from overair.learning.over_air import OverAir
from overair.phy import Air, Awgn, Grid, keys

SHAPE, BATCH, CHANNELS, SNR_DB = (32, 32, 3), 64, 8, 10.0
NOISELESS = 200.0  # dB
INSTALL = "python3.11 -m venv kaira && kaira/bin/pip install pykaira==0.2.1"
THREADS = "TF_NUM_INTRAOP_THREADS"
KAIRA = {"paper": "Kaira, as published", "own": "Kaira's own"}


def images() -> np.ndarray:
    """Smooth random pictures."""
    rng = np.random.default_rng(0)
    coarse = rng.random((BATCH, 8, 8, 3), np.float32)
    return tf.image.resize(coarse, SHAPE[:2], "bicubic").numpy().clip(0, 1)


def network(channel: keras.Layer | None) -> keras.Model:
    """Encoder, channel and decoder with the same weights whatever the channel, compiled for training."""
    paper = Bourtsoulatze2019()
    encoder, decoder = paper.encoder(SHAPE, CHANNELS), paper.decoder(SHAPE, CHANNELS)
    image = keras.Input(SHAPE)
    features = encoder(image)
    model = keras.Model(image, decoder(features if channel is None else channel(features)))
    model.compile(keras.optimizers.Adam(1e-3), "mse", jit_compile=False)
    return model


def over_air(snr_db: float) -> keras.Layer:
    return OverAir(Air(Grid(), Awgn(), 1), snr_db=snr_db)


def training(model: keras.Model, x: np.ndarray, steps: int) -> Contestant:
    """So many steps of the function that ``fit`` calls."""
    batches = iter(tf.data.Dataset.from_tensors((tf.constant(x), tf.constant(x))).repeat())
    model.make_train_function()

    def run() -> float:
        start = time.perf_counter()
        for _ in range(steps):
            logs = model.train_function(batches)
        float(logs["loss"])
        return time.perf_counter() - start

    return run


def transmission() -> keras.Model:
    paper = Bourtsoulatze2019()
    return Transmission(paper.encoder(SHAPE, CHANNELS), over_air(SNR_DB), paper.decoder(SHAPE, CHANNELS))


def inference(model: keras.Model, x: np.ndarray, steps: int) -> Contestant:
    batch = tf.constant(x)
    infer = tf.function(lambda: model(batch, training=False), autograph=False)

    def run() -> float:
        start = time.perf_counter()
        for _ in range(steps):
            received = infer()
        float(received[0, 0, 0, 0])
        return time.perf_counter() - start

    return run


def losses(x: np.ndarray, noise: np.ndarray, steps: int) -> list[float]:
    """Of steps of Adam with the air's power constraint and given noise."""

    class Noise(keras.Layer):
        def call(self, features: tf.Tensor) -> tf.Tensor:
            return features + noise

    model = network(keras.Sequential([over_air(NOISELESS), Noise()]))
    return [float(model.train_on_batch(x, x)) for _ in range(steps)]


class Peer:
    """Kaira in its own process; one command for each call."""

    def __init__(self, python: str, file: Path) -> None:
        quiet = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(Path(__file__).with_name("kaira_peer.py")), str(file)],
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
            raise RuntimeError("kaira: expected a line from kaira_peer.py, received none; run it by hand to see why")
        return line.strip()

    def ask(self, *words: object) -> list[float]:
        assert self._process.stdin
        print(*words, file=self._process.stdin, flush=True)
        return [float(word) for word in self._line().split()]

    def time(self, *words: object) -> float:
        return self.ask(*words)[0]

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def check(peer: Peer, expected: list[float]) -> None:
    """Equal losses, but for the order of additions; Adam magnifies that where gradients are nearly nothing."""
    for name, steps in (("own", 1), ("paper", len(expected))):
        received = peer.ask("check", name)[:steps]
        for step, (ours, theirs) in enumerate(zip(expected, received, strict=False)):
            if abs(theirs / ours - 1) > (1e-5 if step == 0 else 1e-3):
                raise RuntimeError(f"kaira, {name}, step {step}: expected a loss of {ours:.7f}, received {theirs:.7f}")


def choose_threads(peer: Peer, threads: int, word: str) -> None:
    """Let PyTorch have the number of threads asked for, and the fastest of one and all where that is 0."""
    taken = {}
    for count in [threads] if threads else [1, os.cpu_count()]:
        peer.ask("threads", count)
        taken[count] = min(peer.time(word, "paper", 3) for _ in range(4))
    best = min(taken, key=lambda count: taken[count])
    peer.ask("threads", best)
    shown = ", ".join(f"{1e3 * seconds / 3:.0f} ms with {count}" for count, seconds in taken.items())
    print(f"PyTorch's threads: {best} (to {word} a batch takes {shown})")


def step_seconds(threads: int) -> float:
    """Of a training step with AWGN, in a process of its own, as threads cannot be changed later."""
    command, threads_told = [sys.executable, __file__, "--step"], {THREADS: str(threads)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | threads_told)
    return float(done.stdout.split()[-1])


def with_own_threads() -> None:
    """Begin again with the number of threads for an operation with which TensorFlow is faster."""
    taken = {count: step_seconds(count) for count in [1, os.cpu_count() or 1]}
    best = min(taken, key=lambda count: taken[count])
    shown = ", ".join(f"{1e3 * seconds:.0f} ms with {count}" for count, seconds in taken.items())
    print(f"TensorFlow's threads for an operation: {best} (a step takes {shown})", flush=True)
    os.environ[THREADS] = str(best)
    os.execv(sys.executable, [sys.executable, *sys.argv, "--chosen"])


def time_step() -> None:
    run = training(network(over_air(SNR_DB)), images(), 5)
    run()
    print(np.median([run() / 5 for _ in range(10)]))


def write(file: Path, x: np.ndarray, noise: np.ndarray) -> None:
    weights = {f"weight{place}": w for place, w in enumerate(network(None).get_weights())}
    np.savez(file, images=x, noise=noise, noise_power=10 ** (-SNR_DB / 10), weights=len(weights), **weights)


def compare(peer: Peer | None, x: np.ndarray, repeats: int, steps: int, threads: int) -> None:
    bare, air = network(None), network(over_air(SNR_DB))
    for word, make, ours, batches in (("train", training, air, steps), ("infer", inference, transmission(), 3 * steps)):
        contestants: dict[str, Contestant] = {"bare Keras": make(bare, x, batches), "overair": make(ours, x, batches)}
        if peer:
            choose_threads(peer, threads, word)
            contestants |= {shown: partial(peer.time, word, name, batches) for name, shown in KAIRA.items()}
        times = measure(contestants, repeats)
        show(f"{word}, {batches} batches of {BATCH} images", times, "bare Keras")
        speeds = {name: batches * BATCH / float(np.median(taken)) for name, taken in times.items()}
        print("  images a second: " + ", ".join(f"{name} {speed:,.0f}" for name, speed in speeds.items()))
        if word == "train":
            own = ratio(times, "overair", "bare Keras")
            verdict("a step with AWGN at most 1.1 x the bare one", own <= 1.1, f"{own:.2f} x")
        if peer:
            gains = {name: ratio(times, name, "overair") for name in KAIRA.values()}
            said = ", ".join(f"{gain:.2f} x {name}" for name, gain in gains.items())
            verdict(f"{word}: at least 1.2 x as fast as Kaira", min(gains.values()) >= 1.2, said)


def curve(repeats: int) -> None:
    """The time of a curve of nine SNRs beside that of one, as a user waits for it: tracing included."""
    test = np.tile(images(), [16, 1, 1, 1])  # 1,024 images
    paper = Bourtsoulatze2019()
    parts = paper.encoder(SHAPE, CHANNELS), paper.decoder(SHAPE, CHANNELS)
    model = Transmission(parts[0], over_air(SNR_DB), parts[1])
    every = [float(snr) for snr in range(-5, 22, 3)]

    def timed(snrs_db: list[float], draws: int) -> Contestant:
        def run() -> float:
            start = time.perf_counter()
            evaluation.curve(model, test, snrs_db, keys.key(0), draws)
            return time.perf_counter() - start

        return run

    ten, one = "one SNR, ten draws an image", "one SNR, one draw"
    contestants = {one: timed([SNR_DB], 1), "nine SNRs, one draw": timed(every, 1), ten: timed([SNR_DB], 10)}
    times = measure(contestants | {"nine SNRs, two draws": timed(every, 2)}, repeats)
    show(f"a curve of {len(every)} SNRs over {len(test)} images", times, one)
    once = ratio(times, "nine SNRs, one draw", one)
    verdict("nine SNRs at most twice one, a draw each", once <= 2, f"{once:.2f} x")
    paper_like = ratio(times, "nine SNRs, two draws", ten)
    verdict("nine SNRs with two draws at most twice one with the paper's ten", paper_like <= 2, f"{paper_like:.2f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    kaira = os.environ.get("OVERAIR_KAIRA_PYTHON")
    parser.add_argument("--kaira-python", default=kaira, help="a Python that has pykaira")
    parser.add_argument("--step", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--chosen", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        return time_step()
    if THREADS not in os.environ:
        with_own_threads()
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {os.cpu_count()} cores")
    x = images()
    places = [BATCH, SHAPE[0] // 4, SHAPE[1] // 4, CHANNELS]
    deviation = (10 ** (-SNR_DB / 10) / 2) ** 0.5
    noise = (deviation * np.random.default_rng(1).normal(size=places)).astype(np.float32)
    peer = None
    if options.kaira_python:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "shared.npz", x, noise)
            peer = Peer(options.kaira_python, Path(folder) / "shared.npz")
        check(peer, losses(x, noise, 3))
        print(f"{peer.versions}: losses are equal")
    compare(peer, x, 7 if options.quick else 25, 5, 0 if options.chosen else int(os.environ[THREADS]))
    curve(3 if options.quick else 7)
    if peer:
        peer.close()
    else:
        print(f"  absent  Kaira was not measured; install it ({INSTALL}) and pass --kaira-python kaira/bin/python")


if __name__ == "__main__":
    main()
