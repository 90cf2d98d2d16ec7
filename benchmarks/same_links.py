"""Claim: how links are drawn changes no result but within its spread.

One point of every way of sending images and features, over AWGN and over Rayleigh fading, with its standard error over
seeds. Run it in two checkouts (PYTHONPATH says which) and compare: points differ by a few of their standard errors
together. Networks are small and learn little; what is measured is what becomes of their symbols.
"""

import argparse
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from overair.learning.images import Transmission, curve
from overair.learning.images.networks import channels_of
from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
from overair.learning.images.schemes import ImageScheme, Job, Trial
from overair.learning.images.schemes.digital import DigitalImages
from overair.learning.images.schemes.linear import LinearImages
from overair.learning.inference.retrieval.evaluate import AnalogQueries, Labels, Packets, Rung
from overair.learning.inference.retrieval.packets import Carrier
from overair.learning.inference.retrieval.ranking import Found
from overair.learning.inference.split.analog import send_directly
from overair.learning.inference.split.outage import BEST
from overair.learning.over_air import OverAir
from overair.ota.images.jpeg import Jpeg
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.mcs import Mcs
from overair.phy import Air, Awgn, Grid, Rayleigh, keys

SNR_DB, RATIO, COUNT, CLASSES = 8.0, 1 / 3, 96, 30
AIRS = {"AWGN": Air(Grid(), Awgn(), 1), "Rayleigh": Air(Grid(), Rayleigh(), 1)}
SENDERS: dict[str, ImageScheme] = {
    "linear": LinearImages(block=32),
    "digital, capacity": DigitalImages(Jpeg(), Capacity(), count="payload"),
    "digital, modes": DigitalImages(Jpeg(), Mcs(1), count="payload"),
}


def pictures(seed: int, count: int = COUNT) -> np.ndarray:
    """Smooth colours, [N, 32, 32, 3]."""
    coarse = np.random.default_rng(seed).random((count, 4, 4, 3))
    return tf.clip_by_value(tf.image.resize(coarse, (32, 32), "bicubic"), 0.0, 1.0).numpy()


def images(scheme: ImageScheme, air: Air) -> Callable[[int], float]:
    """Mean PSNR of images of a seed."""
    sends, tested = scheme.ready(Job(pictures(0), air, (RATIO,), 0)), pictures(1)

    def psnr(seed: int) -> float:
        errors = sends(RATIO, Trial(tested, (SNR_DB,), 1, keys.key(seed, "test", 0), False)).mse
        return float(np.mean(-10 * np.log10(errors)))

    return psnr


def deepjscc(air: Air) -> Callable[[int], float]:
    """Mean PSNR of the images above behind a network that a seed has trained for a few steps, at a constant rate."""
    learnt, tested, paper = pictures(0), pictures(1), Bourtsoulatze2019()

    def psnr(seed: int) -> float:
        keras.utils.set_random_seed(seed)
        shape, channels = learnt.shape[1:], channels_of(paper, RATIO, 3)
        sides = paper.encoder(shape, channels, seed), paper.decoder(shape, channels, seed)
        model = Transmission(sides[0], OverAir(air, SNR_DB, seed=seed), sides[1])
        model.compile(keras.optimizers.Adam(2e-3), "mse", jit_compile=False)
        model.fit(learnt, learnt, batch_size=16, epochs=15, shuffle=False, verbose=0)
        return float(curve(model, tested, [SNR_DB], keys.key(seed, "test", 0)).mean_psnr[0])

    return psnr


def points(per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings around a centre for each class, and their classes."""
    centres = np.random.default_rng(0).normal(size=[CLASSES, 32])
    labels = np.repeat(np.arange(CLASSES), per_class)
    noise = np.random.default_rng(seed).normal(size=[len(labels), 32])
    return (centres[labels] + 0.8 * noise).astype(np.float32), labels


def retrieval(air: Air, packets: bool) -> Callable[[int], float]:
    """Mean average precision at -3 dB, of features or of packets that hold more or less of them."""
    (queries, asked), (gallery, known) = points(8, 1), points(3, 2)
    labels, layer = Labels(asked, known), OverAir(air)
    ones = np.ones([len(asked), 20]), np.ones(len(asked))
    ladder = [Rung(np.full(len(asked), bits), Found(*(share * one for one in ones))) for bits, share in RUNGS]
    carriers: Any = Carrier  # which once took a layer
    where = layer if "layer" in Carrier.__annotations__ else air
    way = Packets(labels, ladder, carriers(where, Capacity(), 16, len(asked)))
    features = AnalogQueries(labels, queries, gallery, layer)
    chosen = way if packets else features
    return lambda seed: chosen.found(-3.0, keys.key(seed, "queries")).scores().mean_precision


RUNGS = ((4.0, 0.2), (8.0, 0.5), (16.0, 0.8))


def split(seed: int) -> float:
    """Accuracy of the nearest class from features sent as they are, at 0 dB on average and asked for again."""
    (features, labels), centres = points(20, 3), np.random.default_rng(0).normal(size=[CLASSES, 32])
    snr = BEST.read_snr_db(0.0, len(labels), keys.key(seed, "fading"))
    heard = send_directly(tf.constant(features), OverAir(AIRS["AWGN"]), snr, keys.key(seed, "air")).numpy()
    nearest = ((heard[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    return float(np.mean(nearest == labels))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--only", default="", help="ways whose names have this in them")
    options = parser.parse_args()
    found: dict[str, Callable[[int], float]] = {"split inference": split}
    for channel, air in AIRS.items():
        found[f"deepjscc, {channel}"] = deepjscc(air)
        for name, scheme in SENDERS.items():
            if name != "linear" or channel == "AWGN":
                found[f"{name}, {channel}"] = images(scheme, air)
        for name, packets in (("features", False), ("packets", True)):
            found[f"retrieval, {name}, {channel}"] = retrieval(air, packets)
    for name, value in found.items():
        if options.only in name:
            values = np.array([value(seed) for seed in range(options.seeds)])
            spread = values.std(ddof=1) / len(values) ** 0.5
            print(f"{name:<32}{values.mean():10.4f} +- {spread:.4f}", flush=True)


if __name__ == "__main__":
    main()
