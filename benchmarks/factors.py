"""Claims: a device that sends factors of its gradient takes no longer for a batch than one that quantises the gradient.

In kind, table 3.1 of Abdi's thesis: seconds of a device for 200 batches on a CPU, of which only ratios can be compared.
The baseline computes the gradient; QSGD computes it and quantises it to three levels; D-ISGQ goes back to the factors
of dense layers, forms no product, and quantises them, and gradients of convolutions directly. What is timed is a
device's work: losses, going back, symbols, scales, and the lengths of codes. AlexNet is left out, as no model of its 62
million parameters is here. All take turns in one run, on as many cores as they are given.
"""

import argparse
from collections.abc import Callable

import tensorflow as tf
from side_by_side import Contestant, measure, ratio, show, verdict

from overair.learning.factors import FactoredTask, Found
from overair.learning.federated.task import flatten
from overair.learning.models.cifarnet import Cifarnet
from overair.learning.models.fc import Fc
from overair.learning.models.lenet_tf import LenetTf
from overair.ota import DitheredFactors, QsgdFixed
from overair.phy import keys
from overair.phy.keys import Key

NETS = {
    "FC": (Fc(hidden=(1000, 300, 100)), (28, 28, 1)),
    "LeNet": (LenetTf(), (28, 28, 1)),
    "CifarNet": (Cifarnet(), (32, 32, 3)),
}
TABLE = {  # baseline, QSGD, D-ISGQ
    ("FC", 256): (1.2, 1.85, 1.29), ("FC", 128): (0.78, 1.43, 0.76), ("FC", 64): (0.63, 1.23, 0.52),
    ("LeNet", 256): (14.4, 15.79, 15.12), ("LeNet", 128): (8.17, 9.1, 8.45), ("LeNet", 64): (5.1, 5.9, 4.98),
    ("CifarNet", 256): (30.33, 31.59, 31.4), ("CifarNet", 128): (16.31, 17.1, 16.77),
    ("CifarNet", 64): (9.2, 9.92, 9.19),
}  # fmt: skip
FACTORS, DIRECT = DitheredFactors(levels_x=1, levels_delta=1), QsgdFixed()
THREE = 1.6  # bits an entry, in which three levels fit


def baseline(task: FactoredTask, found: Found, key: Key) -> list[tf.Tensor]:
    return task.gradients(found)


def qsgd(task: FactoredTask, found: Found, key: Key) -> list[tf.Tensor]:
    return direct(task.gradients(found), key)


def isgq(task: FactoredTask, found: Found, key: Key) -> list[tf.Tensor]:
    pairs = enumerate(zip(found.x, found.delta, strict=True))
    sent = [FACTORS.encode(x, delta, keys.fold(key, layer)) for layer, (x, delta) in pairs]
    lengths = [message.bits(FACTORS.alphabets) for message in sent]
    return [*direct(found.rest, key), *lengths, *(part for message in sent for part in message)]


def direct(parts: list[tf.Tensor], key: Key) -> list[tf.Tensor]:
    """What QSGD makes of gradients, if there are any."""
    if not parts:
        return []
    vector = flatten(parts)
    return [*DIRECT.compress(vector, tf.constant(THREE * vector.shape[0] + 32.0), key)]


def contestant(way: Callable[..., list[tf.Tensor]], task: FactoredTask, x: tf.Tensor) -> Contestant:
    """A batch [L, ...] of it."""
    weights, y = task.weights().trainable, tf.range(x.shape[0]) % 10
    graph = tf.function(lambda key: way(task, task.back(weights, x, y), key), autograph=False)
    return lambda: [part.numpy() for part in graph(keys.key(2))] and None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20, help="batches of each")
    repeats = parser.parse_args().repeats
    for (name, batch), (alone, quantised, factored) in TABLE.items():
        model, shape = NETS[name]
        task, x = FactoredTask(model.build(shape, 10, 0)), keys.uniform(keys.key(1), [batch, *shape])
        ways = {"baseline": baseline, "QSGD": qsgd, "D-ISGQ": isgq}
        times = measure({way: contestant(ways[way], task, x) for way in ways}, repeats)
        show(f"{name}, {batch} samples", times, "baseline")
        print(f"  table 3.1: QSGD {quantised / alone:.2f}, D-ISGQ {factored / alone:.2f}")
        value = ratio(times, "D-ISGQ", "QSGD")
        verdict("factors take no longer than quantised gradients", value <= 1.0, f"{value:.2f} x")


if __name__ == "__main__":
    main()
