"""Claim: how links are drawn changes no result but within its spread.

One point of every way of sending images and features, over AWGN and over Rayleigh fading, with its standard error over
seeds. Run it in two checkouts (PYTHONPATH says which) and compare: points differ by a few of their standard errors
together. Networks are small and learn little; what is measured is what becomes of their symbols.
"""

import argparse
import importlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from overair.ota.images.jpeg import Jpeg
from overair.ota.rates.capacity import Capacity
from overair.phy import Air, Awgn, Grid, Rayleigh, keys


def of(*places: str) -> Any:
    """What stands at the first of these places that this checkout has, the newest first."""
    for place in places:
        module, _, name = place.partition(":")
        with suppress(ModuleNotFoundError, AttributeError):
            return getattr(importlib.import_module(f"overair.{module}"), name)
    raise ImportError(f"expected one of {', '.join(places)} in this checkout, found none")


IMAGES, RETRIEVAL, SPLIT = "learning.images", "learning.inference.retrieval", "learning.inference.split"
OverAir = of("learning.over_air:OverAir", "learning.jscc:OverAir")
Transmission, curve = (of(f"{IMAGES}:{name}", f"learning.jscc:{name}") for name in ("Transmission", "curve"))
channels_of = of(f"{IMAGES}.networks:channels_of", "learning.networks:channels_of")
PAPER = "networks.bourtsoulatze2019:Bourtsoulatze2019"
Bourtsoulatze2019 = of(f"{IMAGES}.{PAPER}", f"learning.{PAPER}")
Job = of(f"{IMAGES}.schemes:Job", "learning.senders:Job")
Trial = of(f"{IMAGES}.schemes:Trial", "learning.senders:Test")
DigitalImages = of(f"{IMAGES}.schemes.digital:DigitalImages", "learning.senders.digital:Digital")
LinearImages = of(f"{IMAGES}.schemes.linear:LinearImages", "learning.senders.linear:Linear")
Mcs = of("ota.rates.mcs:Mcs", "ota.rates.modes:Modes")
AnalogQueries = of(f"{RETRIEVAL}.evaluate:AnalogQueries", "learning.inference.evaluate:Analog")
Labels, Packets, Rung = (
    of(f"{RETRIEVAL}.evaluate:{name}", f"learning.inference.evaluate:{name}") for name in ("Labels", "Packets", "Rung")
)
Carrier = of(f"{RETRIEVAL}.packets:Carrier", "learning.inference.packets:Carrier")
Found = of(f"{RETRIEVAL}.ranking:Found", "learning.inference.retrieval:Found")
send_directly = of(f"{SPLIT}.analog:send_directly", "learning.inference.split_analog:send_directly")
BEST = of(f"{SPLIT}.outage:BEST", "learning.inference.outage:BEST")

SNR_DB, RATIO, COUNT, CLASSES = 8.0, 1 / 3, 96, 30
AIRS = {"AWGN": Air(Grid(), Awgn(), 1), "Rayleigh": Air(Grid(), Rayleigh(), 1)}
SENDERS: dict[str, Any] = {
    "linear": LinearImages(block=32),
    "digital, capacity": DigitalImages(Jpeg(), Capacity(), count="payload"),
    "digital, modes": DigitalImages(Jpeg(), Mcs(1), count="payload"),
}


def pictures(seed: int, count: int = COUNT) -> np.ndarray:
    """Smooth colours, [N, 32, 32, 3]."""
    coarse = np.random.default_rng(seed).random((count, 4, 4, 3))
    return tf.clip_by_value(tf.image.resize(coarse, (32, 32), "bicubic"), 0.0, 1.0).numpy()


def images(scheme: Any, air: Air) -> Callable[[int], float]:
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
