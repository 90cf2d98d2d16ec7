"""Training where dense layers' gradients travel as their factors: a device's step, what it sends, the server's step.

Of a dense layer a device has the inputs X [n, L] and the gradients Delta [m, L] of its samples' losses by what enters
the activation; of all other weights (convolutions, say) the gradients themselves, which go directly. Biases are the
row of ones under X, which the server knows: they are the means of what it makes of Delta and cost nothing.

This is a way of training of its own and no algorithm of the round (`federated/`). There an update is d numbers, of
which every uplink keeps weighted sums, every report an error, and feedback and downlinks a memory; codecs add them up
in the air. Factors are L (n + m) numbers whose product is the update: no uplink but a digital one could carry them, no
algorithm but one local step has them, and each of those places would have to tell them apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import keras
import tensorflow as tf

from ..ota import Compressor, FactorCodec
from ..ota.compressors import Known
from ..ota.factors import gradient
from ..phy import keys
from ..phy.keys import Key
from .federated.task import Task, flatten, unflatten

FLOAT_BITS = 32.0
Tensors: TypeAlias = list[tf.Tensor]


class Found(NamedTuple):
    """What a device knows after its samples went forward and back."""

    x: Tensors  # [n, L] of each dense layer
    delta: Tensors  # [m, L]
    rest: Tensors  # gradients of the mean loss by all weights that are not of dense layers


class FactoredTask(Task):
    """A Sequential model and its loss, taken apart at its dense layers."""

    def __init__(self, model: keras.Model, loss: keras.losses.Loss | None = None) -> None:
        super().__init__(model, loss)
        if not isinstance(model, keras.Sequential) or model.non_trainable_variables or model.losses:
            raise ValueError(
                f"model: expected a Sequential one without random layers, moving statistics and regularizers, as it is "
                f"taken apart layer by layer, received {model.name}; take fc, lenet or softmax, say"
            )
        if not self.dense:
            raise ValueError(f"model: expected dense layers, whose factors are sent, received none in {model.name}")

    @property
    def dense(self) -> list[keras.layers.Dense]:
        """The layers that have factors."""
        return [layer for layer in self.model.layers if _is_dense(layer)]

    @property
    def kernels(self) -> list[int]:
        """Their kernels' places among all weights."""
        paths = [variable.path for variable in self.model.trainable_variables]
        return [paths.index(layer.kernel.path) for layer in self.dense]

    def back(self, weights: Tensors, x: tf.Tensor, y: tf.Tensor) -> Found:
        """One pass over L samples; no gradient of a dense layer is formed."""
        given, inputs, entering, rest = iter(weights), [], [], []
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for layer in self.model.layers:
                own = [next(given) for _ in layer.trainable_variables]
                if _is_dense(layer):
                    inputs.append(tf.transpose(x))
                    before = tf.matmul(x, own[0]) + (own[1] if layer.use_bias else 0.0)
                    tape.watch(before)
                    entering.append(before)
                    x = layer.activation(before)
                else:
                    tape.watch(own)
                    rest += own
                    x, _ = layer.stateless_call(own, [], x)
            loss = tf.reduce_sum(self.loss(y, x))
        delta, others = tape.gradient(loss, [entering, rest])
        return Found(inputs, [tf.transpose(each) for each in delta], [each / y.shape[0] for each in others])

    def gradients(self, found: Found) -> Tensors:
        """Of the mean loss by all weights, in the order of the model, from factors as they are or as they were sent."""
        pairs, rest, result = iter(zip(found.x, found.delta, strict=True)), iter(found.rest), []
        for layer in self.model.layers:
            if _is_dense(layer):
                x, delta = next(pairs)
                result.append(gradient(x, delta))
                result += [tf.reduce_mean(delta, axis=1)] if layer.use_bias else []
            else:
                result += [next(rest) for _ in layer.trainable_variables]
        return result


@dataclass(frozen=True)
class Sending:
    """How a device's gradient gets to the server, and at how many bits."""

    factors: FactorCodec | None = None  # of dense layers; without it their gradients are formed and go directly
    compressor: Compressor | None = None  # of all that goes directly; without it that goes as float32
    gain: float = 1.0  # 32 d over the bits that d numbers may take in the compressor

    def send(self, task: FactoredTask, found: Found, key: Key) -> tuple[Tensors, tf.Tensor]:
        """What the server has of the gradient, in the order of the model, and the bits, a float64."""
        direct = keys.fold(key, "direct")
        if self.factors is None:
            return self._direct(task.gradients(found), direct)
        rest, bits = self._direct(found.rest, direct)
        decoded = []
        for layer, (x, delta) in enumerate(zip(found.x, found.delta, strict=True)):
            own = keys.fold(key, "layer", layer)
            message = self.factors.encode(x, delta, own)
            decoded.append(self.factors.decode(message, own))
            bits += message.bits(self.factors.alphabets)
        xs, deltas = (list(each) for each in zip(*decoded, strict=True))
        return task.gradients(Found(xs, deltas, rest)), bits

    def foretold(self, found: Found) -> Tensors:
        """The mean of |G~ - G|^2 of each dense layer, NaN where it is not known in advance."""
        error = getattr(self.factors, "error", lambda *_: tf.constant(float("nan")))
        return [error(x, delta) for x, delta in zip(found.x, found.delta, strict=True)]

    def _direct(self, parts: Tensors, key: Key) -> tuple[Tensors, tf.Tensor]:
        size = sum(part.shape.num_elements() for part in parts)
        if self.compressor is None or not parts:
            return parts, tf.constant(FLOAT_BITS * size, tf.float64)
        known = Known(tuple(tuple(part.shape) for part in parts)).filled(size)
        most = tf.constant(FLOAT_BITS * size / self.gain, tf.float32)
        decoded, used = self.compressor.compress(flatten(parts), most, key, known)
        return unflatten(decoded, parts), tf.cast(used, tf.float64)


class Seen(NamedTuple):
    """Of a step, means over devices."""

    error: tf.Tensor  # |G~ - G|^2/|G|^2 of each dense layer's kernel
    foretold: tf.Tensor  # the mean of the same over keys
    bits: tf.Tensor  # that a device sends, float64


def _is_dense(layer: keras.layers.Layer) -> bool:
    return type(layer) is keras.layers.Dense and len(layer.input.shape) == 2


Step: TypeAlias = Callable[[Tensors, tf.Tensor, tf.Tensor], tuple[Tensors, Seen]]


def stepping(
    task: FactoredTask, sending: Sending, x: tf.Tensor, y: tf.Tensor, devices: int, batch_size: int, rate: float,
    exactly: bool, measured: bool,
) -> Step:  # fmt: skip
    """A step, compiled: of weights, its number and a seed to weights and, if measured, errors.

    Each device draws its own samples of x [N, ...] and y [N], with repetition. The server takes a step of plain SGD by
    the mean of what it has of all devices, or, if ``exactly``, by the mean of their gradients.
    """

    def device(weights: Tensors, rows: tf.Tensor, key: Key) -> tuple[Tensors, Seen]:
        found = task.back(weights, tf.gather(x, rows), tf.gather(y, rows))
        sent, bits = sending.send(task, found, key)
        none = tf.zeros([len(task.dense)])
        exact = task.gradients(found) if exactly or measured else sent
        if not measured:
            return exact if exactly else sent, Seen(none, none, bits)
        power = tf.stack([tf.reduce_sum(exact[place] ** 2) for place in task.kernels])
        error = tf.stack([tf.reduce_sum((sent[place] - exact[place]) ** 2) for place in task.kernels])
        foretold = tf.math.divide_no_nan(tf.stack(sending.foretold(found)), power)
        return exact if exactly else sent, Seen(tf.math.divide_no_nan(error, power), foretold, bits)

    def step(weights: Tensors, number: tf.Tensor, seed: tf.Tensor) -> tuple[Tensors, Seen]:
        key = keys.key(seed, "factors", number)
        places = keys.uniform(keys.fold(key, "batches"), [devices, batch_size]) * float(y.shape[0])
        rows = tf.minimum(tf.cast(places, tf.int32), y.shape[0] - 1)

        def add(at: tf.Tensor, sums: tuple[Tensors, Seen]) -> tuple[tf.Tensor, tuple[Tensors, Seen]]:
            own = device(weights, rows[at], keys.fold(key, "device", at))
            return at + 1, tf.nest.map_structure(tf.add, sums, own)

        none = tf.zeros([len(task.dense)])
        nothing = [tf.zeros_like(weight) for weight in weights], Seen(none, none, tf.zeros([], tf.float64))
        start = tf.constant(0), nothing
        sums, seen = tf.while_loop(lambda at, _: at < devices, add, start, parallel_iterations=1)[1]
        moved = [weight - rate / devices * total for weight, total in zip(weights, sums, strict=True)]
        return moved, Seen(*(total / devices for total in seen))

    compiled: Step = tf.function(step, autograph=False)
    return compiled
