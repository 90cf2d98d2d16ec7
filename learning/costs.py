"""What computing and sending cost: seconds, and joules of the device.

    an answer of a cut network: latency = device time + airtime + server time
                                energy  = compute_watts x device time + transmit_watts x airtime
    training on a sample:       three times the operations of an answer, as its backward pass takes two forward ones

Times of computing are counted, operations over a rate, or measured here, the median of repeated calls on one image;
then the device is ``device_slowdown`` times slower than this machine. Not counted are energy at the server and that of
listening for the answer. The form is that of Eshratifar, Abrishami, Pedram, "JointDNN", IEEE TMC 2021. The defaults
are orders of magnitude, to be replaced by those of a device: 5 GFLOP/s that one core of a phone keeps up with small
convolutions, at 2 W; 1.3 W for an LTE radio that sends, the constant part in Huang et al., "A close examination of
performance and power characteristics of 4G LTE networks", MobiSys 2012. Of that 0.2 W (23 dBm) at most are radiated.
"""

import time as clock
from statistics import median
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Gt

from ..phy.strict import dataclass

CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
Number = TypeVar("Number", float, np.ndarray, tf.Tensor)
MEASURES = ("flops", "measured")
PASSES = 3  # of training on a sample, in those forward


class Seconds(NamedTuple):
    """Of computing, one image."""

    device: float
    server: float


class Bill(NamedTuple):
    """Seconds from the image to the answer, and joules of the device."""

    latency: float
    energy: float


@dataclass(frozen=True)
class Costs:
    """Of a device and a server."""

    device_flops: Annotated[float, Gt(0)] = 5e9
    """Floating-point operations that the device does in a second."""
    server_flops: Annotated[float, Gt(0)] = 1e12
    """Those that the server does."""
    compute_watts: Annotated[float, Gt(0)] = 2.0
    """Power of the device while it computes, in watts."""
    transmit_watts: Annotated[float, Gt(0)] = 1.3
    """Power of the device while it sends, in watts."""
    device_slowdown: Annotated[float, Gt(0)] = 10.0
    """How many times slower than this machine the device is, where times are measured."""

    def seconds(
        self, device: keras.Model, server: keras.Model, time: Literal["flops", "measured"] = "flops"
    ) -> Seconds:
        """Of both parts of a network."""
        if time not in MEASURES:
            raise ValueError(f"time: expected one of {', '.join(MEASURES)}, received {time!r}")
        if time == "flops":
            return Seconds(flops(device) / self.device_flops, flops(server) / self.server_flops)
        return Seconds(self.device_slowdown * measured(device), measured(server))

    def training(self, model: keras.Model, time: Literal["flops", "measured"] = "flops") -> float:
        """Seconds that a device trains on a sample."""
        return PASSES * self.seconds(model, model, time).device

    def bill(self, seconds: Seconds, airtime: float) -> Bill:
        """Of an image whose features take so long on the air."""
        energy = self.compute_watts * seconds.device + self.transmit_watts * airtime
        return Bill(seconds.device + airtime + seconds.server, energy)


def radiated(power_dbm: float, airtime: Number, energy: Number) -> Number:
    """Joules that leave an antenna, from its full power, seconds on the air, and a report's energy in units of P.

    A radio draws several times as much: ``transmit_watts`` times the airtime, whatever it sends.
    """
    return 10.0 ** (power_dbm / 10 - 3) * airtime * energy


def flops(model: keras.Model) -> int:
    """Operations for one image: two for each weight at each place that uses it, and one for each other output."""
    return sum(_operations(layer) for layer in model.layers)


def measured(model: keras.Model, repeats: int = 30) -> float:
    """Seconds for one image: the median of calls, after one that compiles."""
    given = [tf.zeros([1, *each.shape[1:]], each.dtype) for each in model.inputs]
    call = tf.function(lambda: model(given[0] if len(given) == 1 else given, training=False), autograph=False)
    call()
    times = []
    for _ in range(repeats):
        start = clock.perf_counter()
        tf.nest.flatten(call())[0].numpy()
        times.append(clock.perf_counter() - start)
    return median(times)


def _operations(layer: Any) -> int:
    if isinstance(layer, keras.layers.InputLayer | keras.layers.Flatten | keras.layers.Reshape | keras.layers.Dropout):
        return 0
    if type(layer) is keras.layers.Identity:
        return 0
    if isinstance(layer, keras.Model):
        return flops(layer)
    shape = layer.output.shape[1:]
    if isinstance(layer, CONVOLUTIONS + DEPTHWISE):
        places = shape[:-1] if layer.data_format == "channels_last" else shape[1:]
        return 2 * int(np.prod(layer.kernel.shape)) * int(np.prod(places))
    if isinstance(layer, keras.layers.Dense):
        return 2 * int(np.prod(layer.kernel.shape)) * int(np.prod(shape[:-1]))
    if any(len(weight.shape) > 1 for weight in layer.weights):
        raise ValueError(
            f"flops: expected convolutions and dense layers, received {type(layer).__name__} {layer.name!r}; "
            "from Python, Costs.seconds measures with time = measured"
        )
    return int(np.prod(shape))
