"""Separate: source coding, then channel coding: an image codec, a rate and a link, the rival of learned transmission.

An image owns k elements. The rate says how many bits they carry, by what the transmitter believes of its link; the
image is coded at the best quality whose size fits; the rate says whether the bits arrive. If they do, the receiver sees
that quality. Where no quality fits, and where bits are lost, it sees the mean colour: of the image, told at no cost,
or of all images given. Both are counted, as ``fits`` and ``crc_ok``.

Rates are chosen ``margin_db`` below what is counted on: at the margin where a stream of such sendings loses as much as
its rate allows (``settled.py``), or at a number. A retransmission's user may begin bolder, at a negative one.

A file has a container of up to 300 bytes, more than a 32 x 32 image may cost at low rates. Published curves leave it
out in one of two ways, which are choices here. ``mosaic`` = m codes m x m images as one picture, of which each
owns an equal share of the bits; that share has the image's own link, and its loss is that image's alone, as if tiles
could be decoded apart. ``count`` = payload leaves out what the receiver can know beforehand. With mosaic = 1 and count
= file nothing is assumed. Bourtsoulatze, Kurka and Gunduz, "Deep joint source-channel coding for wireless image
transmission", IEEE TCCN 2019, have this rival with BPG, capacity and LDPC.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal, NamedTuple

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ..phy import Air, Awgn, Grid, keys
from ..phy.keys import Key
from ..phy.links import block
from ..phy.strict import STRICT
from . import settled
from .image_links import ImageLinks
from .images import ImageCodec
from .images._ladder import Ladder
from .images.avif import Avif
from .rates import Rate, Repeats
from .rates.capacity import Capacity
from .rates.outage import Outage

SYMBOLS = 2**19  # sent at once
NOISE_ALONE = Air(Grid(), Awgn(), 1)
THREADS = 2
BAD = "images: expected uint8 [B, H, W, 3]"


class ReceivedImages(NamedTuple):
    """What became of B images at S SNRs."""

    error: np.ndarray  # mean squared error of images in [0, 1], [S, B]
    bits_available: np.ndarray  # bits that an image's elements carry by the transmitter's belief, [S, B]
    bits: np.ndarray  # bits of the file or payload, or of the share of a mosaic's; 0 where none fits, [S, B]
    uses: np.ndarray  # elements, with those of retransmissions and the pilots of each transmission, [S, B]
    fits: np.ndarray  # whether any quality fits, bool [S, B]
    crc_ok: np.ndarray  # whether these bits got through, bool [S, B]
    images: np.ndarray | None  # what the receiver sees, uint8 [S, B, H, W, 3], where asked

    @property
    def lost(self) -> np.ndarray:
        """The share of images seen as their mean colour, [S]."""
        return 1.0 - np.mean(self.fits & self.crc_ok, axis=1)

    @property
    def silent(self) -> np.ndarray:
        """The share of images of which no quality fits, [S]."""
        return 1.0 - np.mean(self.fits, axis=1)


class ImagesCarried(NamedTuple):
    """Room for bits, whether they arrive, and elements, [S, B] each."""

    bits_available: np.ndarray
    crc_ok: np.ndarray
    uses: np.ndarray


@dataclass(frozen=True, config=STRICT)
class Separate:
    """Source coding, then channel coding.

    With ``design_db`` the transmitter counts on that SNR whatever the link's: quality and mode are fixed, no margin
    adapts them, and where the link is worse the bits are lost.
    """

    codec: ImageCodec = Avif()
    """How a picture becomes a file."""
    rate: Rate = Capacity()
    """How many bits the symbols carry."""
    mosaic: Annotated[int, Ge(1), Le(10**6)] = 1
    """Side of a mosaic of images that are coded as one picture."""
    count: Literal["file", "payload"] = "file"
    """Bytes that count: the file's, or without what the receiver can know beforehand."""
    belief: Literal["mean", "link"] = "mean"
    """What the transmitter counts on: the mean SNR, or its belief of the link."""
    colour: Literal["image", "set"] = "image"
    """What stands for a lost image: its own mean colour, or that of all images."""
    margin_db: Literal["adaptive"] | Annotated[float, Ge(-300), Le(300)] = "adaptive"
    """Back-off below the SNR that is counted on (OLLA), in dB; adaptive: as acknowledgements have settled it."""
    design_db: Annotated[float, Ge(-300), Le(300)] | None = None
    """Fixed SNR that the rate is chosen for, in dB; the link's unless given."""

    def __post_init__(self) -> None:
        if isinstance(self.rate, Outage) and self.belief == "link":
            raise ValueError("separate.belief: expected mean with rate = outage, received link; take another rate")

    def run(
        self,
        images: np.ndarray,
        elements: int,
        snr_db: Sequence[float] | np.ndarray,
        key: Key,
        air: Air = NOISE_ALONE,
        keep: bool = False,
    ) -> ReceivedImages:
        """Images [B, H, W, 3] on so many elements each, at SNRs [S] or, an image its own, [S, B].

        The air has one device. All SNRs see the same channels and the same noise but for its scale.
        ``keep`` returns what the receiver sees.
        """
        self._check(images, elements)
        snrs = _snrs(snr_db, len(images))  # [S, B]
        carried = self.carry(snrs, elements, key, air)
        size = self.mosaic**2
        starts = range(0, len(images), size)
        shown = (
            _mean(images) if self.colour == "image" else np.repeat(_mean(images.reshape(1, -1, 1, 3)), len(images), 0)
        )

        def one(start: int) -> tuple[np.ndarray | None, ...]:
            some = slice(start, start + size)
            seen, bits, fits = self._code(images[some], carried.bits_available[:, some])
            good = fits & carried.crc_ok[:, some]
            return _error(seen, images[some], good, shown[some]), bits, fits, seen if keep else None

        with ThreadPoolExecutor(THREADS) as threads:
            parts = list(zip(*threads.map(one, starts), strict=True))
        error, bits, fits = (np.concatenate(part, axis=1) for part in parts[:3])
        good = (fits & carried.crc_ok)[..., None, None, None]
        kept = np.where(good, np.concatenate(parts[3], axis=1), shown) if keep else None
        return ReceivedImages(error, carried.bits_available, bits, carried.uses, fits, carried.crc_ok, kept)

    def carry(self, snrs: np.ndarray, elements: int, key: Key, air: Air = NOISE_ALONE) -> ImagesCarried:
        """What the links of images carry at SNRs [S, B], whatever the images."""
        self.check_air(air)
        step = max(1, SYMBOLS // elements // block(elements)) * block(elements)
        found = [
            np.stack([self._carry(row[at : at + step], elements, key, air, at) for row in snrs])
            for at in range(0, snrs.shape[1], step)
        ]  # [S, 3, some of B] each
        room, arrives, uses = np.moveaxis(np.concatenate(found, axis=2), 1, 0)
        return ImagesCarried(room, arrives > 0, uses)

    def check_air(self, air: Air) -> None:
        """Refuses an air on which the rate cannot say what arrives."""
        if not air.orthogonal and not isinstance(self.rate, Repeats):
            raise ValueError(
                "air: expected the frequency domain with a rate that sends no symbols, received the time domain; "
                "take rate = mcs, or an air without impairments of the waveform"
            )

    def _carry(self, snr_db: np.ndarray, elements: int, key: Key, air: Air, first: int) -> np.ndarray:
        """Room, arrivals and elements of images from a number on, [3, B]."""
        links = ImageLinks(air, snr_db, elements, key, self.belief, first)
        share, key, count = links.share, keys.fold(key, "packets"), len(snr_db)
        if self.design_db is not None:
            share = share._replace(believed=tf.fill(tf.shape(share.believed), 10.0 ** (self.design_db / 10.0)))
        if self.design_db is None or self.margin_db != "adaptive":
            backoff = settled.backoff(self.margin_db, air, self.rate, elements, snr_db, self.belief)
            share = share._replace(believed=share.believed * backoff[:, None])
        bits = self.rate.bits(share)
        if isinstance(self.rate, Repeats):
            arrives, uses, sends = self.rate.deliver(share, links.send, keys.fold(key, first))
        else:
            arrives = self.rate.crc_ok(share, bits, tf.range(first, first + count), key).numpy()
            uses, sends = np.full(count, elements), np.ones(count)
        pilots = air.pilots  # of each transmission, whose channel is learnt anew
        return np.stack([bits.numpy(), arrives, uses + pilots * sends]).astype(np.float64)

    def _code(self, images: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Images of one picture at rooms [S, B]: as decoded, uint8 [S, B, H, W, 3], their bits, whether any fits."""
        size = len(images)
        ladder = Ladder(self.codec, _join(images, self.mosaic), self.count == "payload")
        best = {budget: ladder.best(size * budget) for budget in np.unique(room).tolist()}
        seen, bits, fits = (
            np.zeros([len(room), *images.shape], np.uint8),
            np.zeros(room.shape),
            np.zeros(room.shape, bool),
        )
        for at, budget in np.ndenumerate(room):
            quality = best[float(budget)]
            if quality is not None:
                seen[at] = _cut(ladder.image(quality), self.mosaic)[at[1]]
                bits[at], fits[at] = ladder.bits(quality) / size, True
        return seen, bits, fits

    def _check(self, images: np.ndarray, elements: int) -> None:
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            came = getattr(images, "dtype", type(images).__name__)
            raise ValueError(f"{BAD}, received {came}; images in [0, 1] are rounded from 255 times that")
        if images.ndim != 4 or images.shape[3] != 3 or 0 in images.shape:
            raise ValueError(f"{BAD}, received shape {list(images.shape)}; stack images of three colours")
        if not isinstance(elements, int) or elements < 1:
            raise ValueError(f"elements: expected at least 1 for each image, received {elements!r}; grant some")
        if len(images) % self.mosaic**2:
            raise ValueError(
                f"images: expected a multiple of {self.mosaic**2}, which fill mosaics, received {len(images)}; "
                f"take {len(images) // self.mosaic**2 * self.mosaic**2} of them, or another mosaic"
            )


def _snrs(snr_db: Iterable[float] | np.ndarray, count: int) -> np.ndarray:
    """SNRs of every image, [S, B]."""
    given = np.asarray(snr_db, np.float64)
    if given.ndim not in (1, 2) or not np.all(np.isfinite(given)) or (given.ndim == 2 and given.shape[1] != count):
        came = f"shape {list(given.shape)}" if np.all(np.isfinite(given)) else f"{given.ravel().tolist()[:5]}"
        raise ValueError(f"snr_db: expected finite numbers [S] or [S, {count}], received {came}; leave others out")
    return np.broadcast_to(given.reshape(len(given), -1), [len(given), count])


def _join(images: np.ndarray, side: int) -> np.ndarray:
    """m^2 images [m^2, H, W, 3] as one picture, [m H, m W, 3], row by row."""
    _, height, width, colours = images.shape
    rows = images.reshape(side, side, height, width, colours).transpose(0, 2, 1, 3, 4)
    return rows.reshape(side * height, side * width, colours)


def _cut(picture: np.ndarray, side: int) -> np.ndarray:
    """The images [m^2, H, W, 3] of a picture."""
    height, width = picture.shape[0] // side, picture.shape[1] // side
    return picture.reshape(side, height, side, width, 3).transpose(0, 2, 1, 3, 4).reshape(-1, height, width, 3)


def _mean(images: np.ndarray) -> np.ndarray:
    """Mean colours, uint8 [B, 1, 1, 3]."""
    return np.round(images.mean(axis=(1, 2), keepdims=True)).astype(np.uint8)


def _error(seen: np.ndarray, images: np.ndarray, good: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Mean squared errors [S, B] of images [S, B, H, W, 3] where they are good, and of the colour shown elsewhere."""
    truth = images.astype(np.float32) / 255
    error = np.mean((seen.astype(np.float32) / 255 - truth) ** 2, axis=(2, 3, 4), dtype=np.float64)
    plain = np.mean((shown.astype(np.float32) / 255 - truth) ** 2, axis=(1, 2, 3), dtype=np.float64)
    return np.where(good, error, plain)
