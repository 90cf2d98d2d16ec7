"""DeepJSCC (JSCC): an encoder and a decoder trained through the air, from pixels to symbols and back without bits."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ....phy import Air
from ....phy.strict import dataclass
from ...over_air import OverAir
from ..evaluation import curve, of_repetition, reconstructions
from ..networks import Network, channels_of, check_shape
from ..networks.adaptive import Adaptive
from ..training import root_mean_square, train
from ..transmission import Transmission
from . import ImageOutcome, Job, Sends, Trial, parted, symbols_of

CLOSE = 1e-4
FORMAT = 3  # of networks in a folder; those of another are not looked up


@dataclass(frozen=True)
class Deepjscc:
    """A network and its training through the air, from pixels to symbols and back without bits (JSCC).

    A network that can send shares of its features is trained once, at the largest ratio, and serves the others; any
    other network is trained once for each ratio. With ``patience`` epochs are judged at the middle SNR and the largest
    ratio.

    Bourtsoulatze, Kurka, Gunduz, "Deep joint source-channel coding for wireless image transmission", IEEE TCCN 2019.

    >>> import numpy as np
    >>> from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
    >>> from overair.learning.images.schemes import Job
    >>> from overair.learning.images.schemes.deepjscc import Deepjscc
    >>> from overair.phy import Air, Awgn, Grid
    >>> job = Job(np.zeros([40, 32, 32, 3], np.float32), Air(Grid(), Awgn(), devices=1), ratios=(1 / 12, 1 / 6), seed=0)
    >>> Deepjscc(network=Bourtsoulatze2019(), epochs=10).epochs_of(job)  # a network for each ratio
    20
    """

    network: Network = Adaptive()
    """The encoder and the decoder."""
    low_db: Annotated[float, Ge(-300), Le(300)] = 0.0
    """Least SNR of the training, in dB."""
    high_db: Annotated[float, Ge(-300), Le(300)] = 20.0
    """Largest SNR of the training, in dB."""
    epochs: Annotated[int, Gt(0), Le(10**6)] = 10
    """Most epochs of the training."""
    batch_size: Annotated[int, Gt(0), Le(10**6)] = 32
    """Images of a step."""
    learning_rate: Annotated[float, Gt(0), Le(1e6)] = 1e-3
    """Of Adam."""
    loss: Literal["mse", "rms"] = "mse"
    """Mean squared error, or its root."""
    patience: Annotated[int, Gt(0), Le(10**6)] | None = None
    """Epochs without a better one before training stops and the best is kept; never unless given."""

    def __post_init__(self) -> None:
        if self.low_db > self.high_db:
            raise ValueError(f"deepjscc.high_db: expected at least low_db = {self.low_db:g}, received {self.high_db:g}")

    def check(self, job: Job, tested: Sequence[np.ndarray]) -> None:
        for images in (job.images, *tested):
            check_shape(images.shape[1:], self.network.stride, 1)
        for ratio in self._trained_for(job.ratios):
            shape = job.images.shape[1:]
            channels = channels_of(self.network, ratio, shape[2])
            self.network.encoder(shape, channels)
            self.network.decoder(shape, channels)
        kept = len(parted(job.images)[0])
        if kept < self.batch_size:
            raise ValueError(
                f"train_images: expected a batch of {self.batch_size} beside those that judge an epoch, received "
                f"{kept} of {len(job.images)}; take more images or a smaller batch_size"
            )

    def epochs_of(self, job: Job) -> int:
        return self.epochs * len(self._trained_for(job.ratios))

    def ready(self, job: Job) -> Sends:
        trained: dict[float, tuple[Transmission, float]] = {}
        for number, (largest, served) in enumerate(self._trained_for(job.ratios).items()):
            model = self._train(job, largest, number)
            trained |= {ratio: (model, ratio / largest) for ratio in served}

        def send(ratio: float, test: Trial) -> ImageOutcome:
            model, share = trained[ratio]
            share = min(model.shares, key=lambda each: abs(each - share))
            found = curve(
                model, test.images, test.snrs_db, test.key, test.repetitions, share, similarity=test.similarity
            )
            first = test.images[: test.shown], test.snrs_db, of_repetition(test.key, 0)
            shown = reconstructions(model, *first, share)
            elements = symbols_of(test.images, ratio) + model.over_air.air.pilots
            count = len(test.snrs_db)
            peak = self._papr_db(model, test, share)
            none = np.zeros(count)
            return ImageOutcome(*found, none, none, np.full(count, float(elements)), peak, none, shown)

        return send

    def model(self, air: Air, images: np.ndarray, ratio: float, seed: int) -> Transmission:
        """A transmission with its initial weights, for images of any size the network can shrink."""
        shape = (None, None, images.shape[3])
        channels = channels_of(self.network, ratio, images.shape[3])
        encoder, decoder = (
            self.network.encoder(shape, channels, seed),
            self.network.decoder(shape, channels, seed),
        )
        self.network.start(encoder, decoder, images)
        snr = self.low_db if self.low_db == self.high_db else (self.low_db, self.high_db)
        over_air = OverAir(air, snr, seed=seed)
        return Transmission(encoder, over_air, decoder, self.network.shares, self.network.refines)

    def _trained_for(self, ratios: tuple[float, ...]) -> dict[float, list[float]]:
        """The ratios trained for, and those that each serves."""
        if len(self.network.shares) == 1:
            return {ratio: [ratio] for ratio in ratios}
        largest = max(ratios)
        for ratio in ratios:
            if min(abs(share * largest - ratio) for share in self.network.shares) > CLOSE * ratio:
                ratio_list = ", ".join(f"{share * largest:.6g}" for share in self.network.shares)
                raise ValueError(
                    f"ratios: expected {ratio_list} with the largest at {largest:.6g} and the network's shares, "
                    f"received {ratio:.6g}; change the shares, or train another network"
                )
        return {largest: list(ratios)}

    def _train(self, job: Job, ratio: float, number: int) -> Transmission:
        images, held = parted(job.images)
        total = self.epochs_of(job)

        def tell(epoch: int, logs: object = None) -> None:
            if job.progress:
                job.progress(number * self.epochs + epoch + 1, total)

        return train(
            self.model(job.air, images, ratio, job.seed),
            images,
            held,
            self.epochs,
            self.batch_size,
            self.learning_rate,
            "mse" if self.loss == "mse" else root_mean_square,
            self.patience,
            job.seed,
            self._folder(job, ratio),
            [keras.callbacks.LambdaCallback(on_epoch_end=tell)],
            verbose=0,
        )

    def _folder(self, job: Job, ratio: float) -> Path | None:
        """One for all that decides the weights."""
        if job.folder is None:
            return None
        text = repr((FORMAT, self, job.air, ratio, job.seed, job.images.shape))
        told = hashlib.blake2b(text.encode(), digest_size=8)
        told.update(np.ascontiguousarray(job.images).tobytes())
        return job.folder / told.hexdigest()

    def _papr_db(self, model: Transmission, test: Trial, share: float) -> np.ndarray:
        """Mean over some images of the waveforms' peak-to-average power, [S]."""
        some, place = tf.constant(test.images[:16], tf.float32), model.shares.index(share)
        found = []
        for snr_db in test.snrs_db:
            features = model.encode(some, tf.fill([len(some)], np.float32(snr_db)), tf.constant(place))
            sent = model.sent(features, place)
            found.append(float(tf.reduce_mean(model.over_air.papr_db(sent))))
        return np.array(found)
