"""Separate: source coding, then channel coding: image codec, rate and link, the rival of learned transmission."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from ..phy import Air, Awgn, Grid, keys
from ..phy.keys import Key
from ..phy.links import block
from ..phy.strict import dataclass
from . import settled
from .image_links import ImageLinks
from .images import ImageCodec
from .images._given import check, snrs_of
from .images._picture import Picture
from .images.avif import Avif
from .mode_choice import best_modes
from .rates import Offering, Rate, Repeats, Subchannel
from .rates.capacity import Capacity
from .rates.outage import Outage
from .received_images import ImagesCarried, ReceivedImages

SYMBOLS = 2**19  # sent at once
NOISE_ALONE = Air(Grid(), Awgn(), 1)
THREADS = 2


@dataclass(frozen=True)
class Separate:
    """Source coding, then channel coding, of images over links of their own.

    With ``design_db`` the transmitter counts on that SNR whatever the link's: quality and mode are fixed, no margin
    adapts them, and where the link is worse the bits are lost.

    An image owns k elements. The rate says how many bits they carry, by what the transmitter believes of its link; the
    image is coded at the best quality whose size fits; the rate says whether the bits arrive. Of a rate's modes an
    image takes that of the best expected quality (``mode_choice.py``). If its bits arrive, the receiver sees that
    quality. Where no quality fits, and where bits are lost, it sees the mean colour: of the image, told at no cost, or
    of all images given. Both are counted, as ``fits`` and ``crc_ok``.

    Rates are chosen ``margin_db`` below what is counted on: at the margin where a stream of such sendings loses as much
    as its rate allows (``settled.py``), or at a number. A retransmission's user may begin bolder, at a negative one.

    A file has a container of up to 300 bytes, more than a 32 x 32 image may cost at low rates. Published curves leave
    it out in one of two ways, which are choices here. ``mosaic`` = m codes m x m images as one picture, of which each
    owns an equal share of the bits; that share has the image's own link, and its loss is that image's alone, as if
    tiles could be decoded apart. ``count`` = payload leaves out what the receiver can know beforehand. With mosaic = 1
    and count = file nothing is assumed. Bourtsoulatze, Kurka and Gunduz, "Deep joint source-channel coding for wireless
    image transmission", IEEE TCCN 2019, have this rival with BPG, capacity and LDPC.

    >>> import numpy as np
    >>> from overair.ota import Jpeg, Separate
    >>> from overair.phy import keys
    >>> images = np.tile(np.arange(0, 256, 8, dtype=np.uint8)[:, None, None], [2, 1, 32, 3])  # [B, H, W, 3]
    >>> found = Separate(Jpeg(), count="payload").run(images, elements=512, snr_db=[0.0, 20.0], key=keys.key(0))
    >>> found.error.shape, bool((found.error[0] > found.error[1]).all())  # [S, B]
    ((2, 2), True)
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
    mode_by: Literal["quality", "target"] = "quality"
    """What a mode is chosen by; the best expected quality, or the rate's own target."""
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
        keep: int = 0,
    ) -> ReceivedImages:
        """Images [B, H, W, 3] on so many elements each, at SNRs [S] or, an image its own, [S, B].

        The air has one device. All SNRs see the same channels and the same noise but for its scale.
        So many of the first images as ``keep`` says are returned as the receiver sees them.
        """
        check(images, elements, self.mosaic)
        snrs = snrs_of(snr_db, len(images))  # [S, B]
        pictures = self._pictures(images)
        places = self._places(pictures, snrs, elements, key, air)
        carried = self.carry(snrs, elements, key, air, places)
        size = self.mosaic**2

        def one(start: int, picture: Picture) -> tuple[np.ndarray, ...]:
            part = slice(start, start + size)
            seen, error, bits, fits = picture.code(carried.bits_available[:, part])
            picture.forget()
            error = np.where(fits & carried.crc_ok[:, part], error, picture.plain)
            return error, bits, fits, seen[:, : max(0, keep - start)].copy()  # a view would hold all of it

        with ThreadPoolExecutor(THREADS) as threads:
            parts = list(zip(*threads.map(one, range(0, len(images), size), pictures), strict=True))
        error, bits, fits, seen = (np.concatenate(part, axis=1) for part in parts)
        good = (fits & carried.crc_ok)[:, :keep, None, None, None]
        kept = np.where(good, seen, self._shown(images)[:keep])
        return ReceivedImages(error, carried.bits_available, bits, carried.uses, fits, carried.crc_ok, kept)

    def carry(
        self, snrs: np.ndarray, elements: int, key: Key, air: Air = NOISE_ALONE, places: np.ndarray | None = None
    ) -> ImagesCarried:
        """What the links of images carry at SNRs [S, B], whatever the images; in modes at places [S, B] if given."""
        self.check_air(air)
        modes = [None] * len(snrs) if places is None else list(places)  # of each SNR
        step = _at_once(elements)
        found = [
            np.stack([self._carry(*each, elements, key, air, at, step) for each in zip(snrs, modes, strict=True)])
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

    def _carry(
        self, snrs: np.ndarray, modes: np.ndarray | None, elements: int, key: Key, air: Air, first: int, most: int
    ) -> np.ndarray:
        """Room, arrivals and elements of some images at SNRs [B] in modes [B], from a number on, [3, some of B]."""
        snr_db = snrs[first : first + most]
        links = ImageLinks(air, snr_db, elements, key, self.belief, first)
        share, key, count = links.share, keys.fold(key, "packets"), len(snr_db)
        rate = self.rate
        if modes is not None and isinstance(rate, Offering):
            rate = rate.taking(tf.constant(modes[first : first + count], tf.int32))
        else:
            share = self._counted_on(share, snr_db, elements, air)
        bits = rate.bits(share)
        if isinstance(rate, Repeats):
            arrives, uses, sends = rate.deliver(share, links.send, keys.fold(key, first))
        else:
            arrives = rate.crc_ok(share, bits, tf.range(first, first + count), key).numpy()
            uses, sends = np.full(count, elements), np.ones(count)
        pilots = air.pilots  # of each transmission, whose channel is learnt anew
        return np.stack([bits.numpy(), arrives, uses + pilots * sends]).astype(np.float64)

    def _counted_on(self, share: Subchannel, snr_db: np.ndarray, elements: int, air: Air) -> Subchannel:
        """The elements of images at SNRs [B], with what the transmitter counts on."""
        if self.design_db is not None:
            share = share._replace(believed=tf.fill(tf.shape(share.believed), 10.0 ** (self.design_db / 10.0)))
        if self.design_db is not None and self.margin_db == "adaptive":
            return share
        backoff = settled.backoff(self.margin_db, air, self.rate, elements, snr_db, self.belief)
        return share._replace(believed=share.believed * backoff[:, None])

    def _places(
        self, pictures: list[Picture], snrs: np.ndarray, elements: int, key: Key, air: Air
    ) -> np.ndarray | None:
        """Places of the modes of the best expected quality, [S, B]; None where the rate chooses."""
        if self.mode_by == "target" or not isinstance(self.rate, Offering):
            return None
        offers = np.stack([self._offers(self.rate, row, elements, key, air) for row in snrs], axis=2)  # [3, M, S, B]
        by_picture = np.split(offers, len(pictures), axis=3)
        with ThreadPoolExecutor(THREADS) as threads:
            return np.concatenate(list(threads.map(best_modes, pictures, *zip(*by_picture, strict=True))), axis=1)

    def _offers(self, rate: Offering, snr_db: np.ndarray, elements: int, key: Key, air: Air) -> np.ndarray:
        """Bits, losses and transmissions of every mode, as images at SNRs [B] can expect them, [3, M, B].

        Who knows the mean SNR alone has seen how often each mode is lost on links of that mean; others take links to
        stand still. What the time domain does to waveforms is in no mode's losses, but in the margin.
        """
        if self.margin_db == "adaptive" and self.belief == "mean" and self.design_db is None and air.orthogonal:
            return settled.expected(air, rate, elements, snr_db)
        step, found = _at_once(elements), []
        for at in range(0, len(snr_db), step):
            some = snr_db[at : at + step]
            share = ImageLinks(air, some, elements, key, self.belief, at).share
            found.append(np.stack(rate.offers(self._counted_on(share, some, elements, air))))
        return np.concatenate(found, axis=2)

    def _pictures(self, images: np.ndarray) -> list[Picture]:
        size, shown = self.mosaic**2, self._shown(images)
        return [
            Picture(
                self.codec,
                images[start : start + size],
                self.mosaic,
                shown[start : start + size],
                self.count == "payload",
            )
            for start in range(0, len(images), size)
        ]

    def _shown(self, images: np.ndarray) -> np.ndarray:
        """What stands for lost images, uint8 [B, 1, 1, 3]."""
        if self.colour == "image":
            return _mean(images)
        return np.repeat(_mean(images.reshape(1, -1, 1, 3)), len(images), 0)


def _at_once(elements: int) -> int:
    """How many images are sent at once: whole blocks of links."""
    return max(1, SYMBOLS // elements // block(elements)) * block(elements)


def _mean(images: np.ndarray) -> np.ndarray:
    """Mean colours, uint8 [B, 1, 1, 3]."""
    return np.round(images.mean(axis=(1, 2), keepdims=True)).astype(np.uint8)
