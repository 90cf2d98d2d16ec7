"""Networks: pairs of an image encoder and a decoder, with a noisy channel in between."""

from typing import ClassVar, Protocol, runtime_checkable

import keras
import numpy as np

from ....phy.documented import documented

ImageShape = tuple[int | None, int | None, int]  # of an image: height, width, colours


@documented
@runtime_checkable
class Network(Protocol):
    """An encoder and its decoder, with a noisy channel in between.

    The encoder shrinks an image's sides by ``stride`` and leaves ``channels`` real features at each place; two of them
    ride on a complex symbol, so k/n = channels / (2 stride^2 C) for C colours. Fully convolutional: where a side of the
    shape is None, images of any size pass. Initial weights depend on the seed alone.

    Where it ``adapts``, both take ``[input, state]``, else the input alone. The state of an image is the SNR in dB that
    was set and the share of the channels that is sent, [B, 2], and to the decoder also the SNR in dB that it believes,
    [B, 3]. A decoder gets zeros for channels that are not sent.

    >>> from overair.learning.images.networks import Network, channels_of
    >>> from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
    >>> isinstance(Bourtsoulatze2019(), Network), channels_of(Bourtsoulatze2019(), ratio=1 / 12)
    (True, 8)
    """

    stride: ClassVar[int]
    adapts: ClassVar[bool]

    @property
    def shares(self) -> tuple[float, ...]:
        """The shares of its channels that it can send, rising to 1."""
        ...

    @property
    def refines(self) -> bool:
        """Whether all channels are always sent, share after share at full power, and receivers may stop early."""
        ...

    def encoder(self, shape: ImageShape, channels: int, seed: int = 0) -> keras.Model:
        """From images [B, H, W, C] in [0, 1] to real features [B, H/stride, W/stride, channels], of any power."""
        ...

    def decoder(self, shape: ImageShape, channels: int, seed: int = 0) -> keras.Model:
        """From features as received to images [B, H, W, C], clipped to 0 and 1 by whoever shows them, of that shape."""
        ...

    def start(self, encoder: keras.Model, decoder: keras.Model, images: np.ndarray) -> None:
        """What initial weights take from example images, float32 [N, H, W, C] in [0, 1]."""
        ...


class Fixed:
    """What is left to a network for one SNR and one ratio, whose weights begin at random.

    A base for networks of your own: ``stride``, ``encoder`` and ``decoder`` are theirs.

    >>> from overair.learning.images.networks import Fixed
    >>> from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
    >>> isinstance(Bourtsoulatze2019(), Fixed), Bourtsoulatze2019().shares, Bourtsoulatze2019().adapts
    (True, (1.0,), False)
    """

    adapts: ClassVar[bool] = False
    shares: ClassVar[tuple[float, ...]] = (1.0,)
    refines: ClassVar[bool] = False

    def start(self, encoder: keras.Model, decoder: keras.Model, images: np.ndarray) -> None:
        pass


def channels_of(network: Network, ratio: float, colours: int = 3) -> int:
    """Features at each place for a bandwidth ratio k/n."""
    samples = 2 * network.stride**2 * colours
    channels = round(ratio * samples)
    if channels < 1 or abs(ratio * samples - channels) > 1e-6 * samples:
        raise ValueError(
            f"ratio: expected a whole number of channels over {samples}, received {ratio:g}, which is "
            f"{ratio * samples:g} channels; take {max(channels, 1)}/{samples}"
        )
    return channels


def ratio_of(network: Network, channels: int, colours: int = 3) -> float:
    """Complex symbols a sample, k/n."""
    return channels / (2 * network.stride**2 * colours)


def check_shape(shape: ImageShape, stride: int, channels: int) -> None:
    """Refuses images that a network cannot shrink evenly, and features it cannot have."""
    if len(shape) != 3 or any(side is not None and (side < stride or side % stride) for side in shape[:2]):
        raise ValueError(
            f"images: expected height and width that are multiples of {stride}, and colours, "
            f"received {' x '.join(map(str, shape))}; crop or pad them"
        )
    if channels < 1:
        raise ValueError(f"channels: expected at least 1, received {channels}; take 8 for a ratio of 1/12, say")


FAMILY = Network  # what each file of this folder is one of

__all__ = ["Fixed", "Network", "ImageShape", "channels_of", "check_shape", "ratio_of"]
