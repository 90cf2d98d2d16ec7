"""Images that are coded as one picture, a mosaic of m x m, and the errors that they are seen with."""

from typing import NamedTuple

import numpy as np

from . import ImageCodec
from ._ladder import Ladder


class Coded(NamedTuple):
    """Images [B] as they were coded for rooms [S]."""

    seen: np.ndarray  # as decoded, uint8 [S, B, H, W, 3]
    error: np.ndarray  # mean squared error of images in [0, 1], [S, B]
    bits: np.ndarray  # of the share of the file or payload, [S, B]
    fits: np.ndarray  # whether any quality does, bool [S, B]


class Picture:
    """Images [m^2, H, W, 3], and the colours [m^2, 1, 1, 3] shown in place of those that are lost."""

    def __init__(
        self, codec: ImageCodec, images: np.ndarray, side: int, shown: np.ndarray, payload_only: bool = False
    ) -> None:
        self._images, self._side = images, side
        self._ladder = Ladder(codec, _join(images, side), payload_only)
        self.plain = _errors(np.broadcast_to(shown, images.shape), images)  # [B]

    def code(self, room: np.ndarray) -> Coded:
        """For rooms [S, B] of each image: all are coded at the best quality of which each such share fits."""
        best = {budget: self._ladder.best(len(self._images) * budget) for budget in np.unique(room).tolist()}
        seen = np.zeros([len(room), *self._images.shape], np.uint8)
        bits, fits = np.zeros(room.shape), np.zeros(room.shape, bool)
        for at, budget in np.ndenumerate(room):
            quality = best[float(budget)]
            if quality is not None:
                seen[at] = _cut(self._ladder.image(quality), self._side)[at[1]]
                bits[at], fits[at] = self._ladder.bits(quality) / len(self._images), True
        return Coded(seen, _errors(seen, self._images), bits, fits)

    def errors(self, room: float) -> np.ndarray | None:
        """Of each image where all are coded for a room of one, [B]; None where no quality fits."""
        quality = self._ladder.best(len(self._images) * room)
        return None if quality is None else _errors(_cut(self._ladder.image(quality), self._side), self._images)

    def forget(self) -> None:
        """Lets go of what was decoded; files are kept."""
        self._ladder.forget()


def _errors(seen: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Mean squared errors [..., B] of images [..., B, H, W, 3]."""
    difference = seen.astype(np.float32) / 255 - images.astype(np.float32) / 255
    return np.asarray(np.mean(difference**2, axis=(-3, -2, -1), dtype=np.float64))


def _join(images: np.ndarray, side: int) -> np.ndarray:
    """m^2 images [m^2, H, W, 3] as one picture, [m H, m W, 3], row by row."""
    _, height, width, colours = images.shape
    rows = images.reshape(side, side, height, width, colours).transpose(0, 2, 1, 3, 4)
    return rows.reshape(side * height, side * width, colours)


def _cut(picture: np.ndarray, side: int) -> np.ndarray:
    """The images [m^2, H, W, 3] of a picture."""
    height, width = picture.shape[0] // side, picture.shape[1] // side
    return picture.reshape(side, height, side, width, 3).transpose(0, 2, 1, 3, 4).reshape(-1, height, width, 3)
