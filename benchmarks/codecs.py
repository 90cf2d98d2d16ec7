"""Claims: an iteration of AMP costs at most 1.3 times its two products; coding a few passes over the memory; laws and
levels of M22 take under 10 ms a million entries; quantisers are as fast as plain numpy.

AMP beside the same number of A A' y, each product waiting for the one before as in AMP, for a dense Gaussian matrix
of 2,000 x 4,000 and for half the rows of a Hadamard matrix at 7,850 and 65,536 parameters. Then encoding and decoding
of random linear codes (complex symbols, half the rows) beside adding two arrays of the update's length, which is what
the memory allows, and beside `fht-cpu` where it is installed (its transform alone, of the same length). Then, of a
million entries in seven layers, moments, laws and levels of M22, and all of it, beside reading the entries once and the
same fits in numpy. Last, every compressor at 2 bits an entry, of 25 updates of LeNet one after the other and of one of
CifarNet, beside reading them once, and beside QSGD and dithered quantisation in numpy. Everything that is compared
takes turns within one run; TensorFlow and the memory use as many cores as they are given.
"""

import argparse
import importlib.util
import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from numpy_quantisers import dithered, fits_and_levels, qsgd
from side_by_side import Contestant, measure, ratio, show, verdict

from overair.ota import M22, RandomLinear
from overair.ota.codecs import Past
from overair.ota.compressors import Compressor, Known
from overair.ota.compressors._fitted import moments
from overair.ota.compressors._laws import fit
from overair.ota.compressors._levels import levels_of
from overair.ota.hadamard import transform
from overair.ota.layers import Layers, size_of
from overair.ota.projections import Projection, gaussian, hadamard
from overair.ota.recovery.amp import Amp
from overair.phy import keys
from overair.scenarios.reading import catalogue, sources

STEPS = 20
MOST = 1.3
LAYERS = (18_000, 36_000, 72_000, 144_000, 220_000, 500_000, 10_000)
MOST_MS = 10.0
LENET = ((5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,), (120, 84), (84,), (84, 10), (10,))
CIFARNET = (
    *((5, 5, 3, 64), (64,), (5, 5, 64, 64), (64,), (2304, 384), (384,)),
    *((384, 192), (192,), (192, 10), (10,)),
)
BITS = 2.0  # an entry
PEERS = {"qsgd_fixed": "QSGD in numpy", "dithered": "dithered in numpy"}


def compiled(function: Callable[..., tf.Tensor], *arguments: tf.Tensor) -> Contestant:
    graph = tf.function(function, autograph=False)
    return lambda: graph(*arguments).numpy()


def products(a: Projection) -> Callable[[tf.Tensor], tf.Tensor]:
    """A A' y, over and over, scaled so that it neither grows nor vanishes."""
    share = a.rows / a.size

    def go(count: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return count + 1, a.forward(a.adjoint(share * y))

    return lambda y: tf.while_loop(lambda count, y: count < STEPS, go, (0, y), parallel_iterations=1)[1]


def linear(repeats: int) -> None:
    recovery("Gaussian, 2,000 x 4,000", gaussian(keys.key(0), 2000, 4000), repeats)
    for size in (7850, 65_536):
        recovery(f"Hadamard, {size // 2:,} x {size:,}", hadamard(keys.key(0), size // 2, size), repeats)
    for size in (7850, 65_536, 1_000_000):
        coding(size, repeats)


def recovery(name: str, a: Projection, repeats: int) -> None:
    x = tf.where(keys.uniform(keys.key(1), [a.size]) < 0.05, keys.normal(keys.key(2), [a.size]), 0.0)
    y = a.forward(x) + 0.01 * keys.normal(keys.key(3), [a.rows])
    scheme = Amp(iterations=STEPS, tolerance=0.0)
    contestants = {
        "two products": compiled(products(a), y),
        "AMP": compiled(lambda y: scheme.recover(y, a), y),
    }
    times = measure(contestants, repeats)
    show(f"{name}, {STEPS} iterations", times, "two products")
    value = ratio(times, "AMP", "two products")
    verdict(f"AMP: at most {MOST} x its two products", value <= MOST, f"{value:.2f} x")


def coding(size: int, repeats: int) -> None:
    codec = RandomLinear(compression=2.0)
    layers = ((size,),)
    elements = codec.elements(layers, size)
    code = codec.code(layers, elements, keys.key(0), Past.none(layers))
    padded = tf.size(code.signs).numpy()
    updates, symbols = keys.normal(keys.key(1), [1, size]), keys.complex_normal(keys.key(2), [elements])
    box = keys.normal(keys.key(3), code.signs.shape)
    contestants = {
        "memory: c = a + b": compiled(lambda a, b: a + b, updates, updates),
        "encode": compiled(lambda u: codec.encode(u, layers, code), updates),
        "decode": compiled(lambda s: codec.decode(s, layers, code, tf.zeros([])), symbols),
        "transform alone": compiled(transform, box),
    }
    if importlib.util.find_spec("fht_cpu"):
        contestants["fht-cpu"] = peer(code.signs.shape)
    times = measure(contestants, repeats)
    show(f"random linear code, {size:,} parameters, {padded:,} padded", times, "memory: c = a + b")
    rate = {name: size / np.median(taken) / 1e6 for name, taken in times.items()}
    print(f"  encode and decode: {1 / (1 / rate['encode'] + 1 / rate['decode']):.0f} million parameters a second")
    print(f"  memory: {12 * rate['memory: c = a + b'] / 1e3:.1f} GB/s moved by c = a + b")


def fitted(repeats: int) -> None:
    size, known = sum(LAYERS), Known(tuple((layer,) for layer in LAYERS))
    update, start, key = keys.normal(keys.key(1), [size]), tf.constant(0.5, tf.float64), keys.key(0)
    entries = update.numpy()

    def laws(x: tf.Tensor) -> tf.Tensor:
        return levels_of("gennorm", 2.0, 4, fit("gennorm", *moments(tf.split(x, LAYERS))), start)

    def whole(scheme: M22, bits: float) -> Contestant:
        return compiled(lambda x: scheme.compress(x, tf.constant(bits), key, known)[0], update)

    contestants = {
        "read once": compiled(tf.reduce_sum, update),
        "fits and levels": compiled(laws, update),
        "the same in numpy": lambda: fits_and_levels(np.split(entries, np.cumsum(LAYERS)[:-1]), 2.0, 4),
        "60 % at 1 bit": whole(M22(value_bits=1, kept=0.6), 2.0 * size),
        "20 % at 3 bits": whole(M22(value_bits=3, kept=0.2), 2.0 * size),
        "best of 1.5 bits each": whole(M22(), 1.5 * size),
    }
    times = measure(contestants, repeats)
    show(f"M22, {size:,} entries", times, "read once")
    value = 1e3 * float(np.median(times["fits and levels"])) * 1e6 / size
    verdict(f"fits and levels: under {MOST_MS:g} ms a million entries", value < MOST_MS, f"{value:.1f} ms")
    value = ratio(times, "fits and levels", "the same in numpy")
    verdict("fits and levels: as fast as numpy", value <= 1.0, f"{value:.2f} x")


def compressors(name: str, layers: Layers, devices: int, repeats: int, only: list[str]) -> None:
    size, known = size_of(layers), Known(layers)
    updates = keys.normal(keys.key(1), [devices, size]) ** 3
    entries, bits = updates.numpy(), tf.constant(BITS * size)

    def contestant(scheme: Compressor) -> Contestant:
        def one(item: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
            return scheme.compress(item[0], bits, keys.key(2, item[1]), known)

        signature = tf.TensorSpec([size]), tf.TensorSpec([])
        each = tf.range(devices)
        return compiled(
            lambda x: tf.map_fn(one, (x, each), fn_output_signature=signature, parallel_iterations=1)[0], updates
        )

    contestants: dict[str, Contestant] = {"read once": compiled(tf.reduce_sum, updates)}
    for kind in only or sources.sources("compressors"):
        contestants[kind] = contestant(catalogue.load("compressors", kind)())
    contestants[PEERS["qsgd_fixed"]] = lambda: [qsgd(x, 1, at) for at, x in enumerate(entries)]
    contestants[PEERS["dithered"]] = lambda: [dithered(x, 1, at) for at, x in enumerate(entries)]
    times = measure(contestants, repeats, warm=1)
    show(f"{name}: {devices} x {size:,} entries at {BITS:g} bits", times, "read once")
    for kind, peer in PEERS.items():
        if kind in times:
            value = ratio(times, kind, peer)
            verdict(f"{kind}: as fast as {peer}", value <= 1.0, f"{value:.2f} x")


def peer(shape: tf.TensorShape) -> Contestant:
    """The transform of fht-cpu on blocks of that shape, into an array that is there already."""
    import fht_cpu

    values = np.random.default_rng(0).normal(size=tuple(shape)).astype(np.float32)
    values = values[0] if len(values) == 1 else values
    made = np.empty_like(values)
    return lambda: fht_cpu.fht(values, out=made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--only", nargs="*", metavar="KIND", help="compressors alone: all, or of these kinds")
    given = parser.parse_args()
    repeats = 5 if given.quick else 25
    print(f"TensorFlow {tf.__version__}, {os.cpu_count()} cores")
    if given.only is None:
        linear(repeats)
        fitted(repeats)
    for name, layers, devices in (("LeNet", LENET, 25), ("CifarNet", CIFARNET, 1)):
        compressors(name, layers, devices, repeats, given.only or [])


if __name__ == "__main__":
    main()
