"""Transmission: an encoder, the air and a decoder as one Keras model, from images to images."""

import itertools
import os
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ...phy import keys
from ...phy.inputs import check_object, is_number, kind, shown
from ...phy.keys import Key
from ..over_air._checks import check_snr
from ..over_air.layer import OverAir

PARTS = os.cpu_count() or 1  # of a batch
LEAST = 16  # images of a part


@keras.saving.register_keras_serializable("overair")
class Transmission(keras.Model):
    """From images [B, H, W, C] to what the receiver makes of them, as one Keras model.

        model = Transmission(encoder, OverAir(air, snr_db=(0, 20)), decoder)
        model.compile("adam", "mse", metrics=[Psnr()])
        model.fit(images, images)

    It is trained, saved (``.keras``) and loaded like any other. Encoder and decoder are any Keras models from images to
    real features [B, ...] and back. Two inputs each mean that they adapt: the second is the state, to the encoder [B,
    2] with the SNR in dB that was set and the share of the features that is sent, and to the decoder [B, 3] with these
    and the SNR in dB that the receiver believes, which fading makes another. ``shares`` are the shares used; while
    training, each batch draws one. What is not sent is taken from the end of the last axis, and a decoder sees zeros
    there. Where the model ``refines``, everything is always sent over one channel, share after share at full power, and
    a share says after how much the receiver stops.

    Layers of small networks are too short to be shared by cores. Inside a compiled function, where nothing is trained,
    a batch of known size is encoded and decoded in parts side by side instead, one for each core.

    >>> import tensorflow as tf
    >>> from overair.learning.images import OverAir, Transmission
    >>> from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
    >>> from overair.phy import Air, Awgn, Grid
    >>> network, air = Bourtsoulatze2019(), Air(Grid(), Awgn(), devices=1)
    >>> encoder, decoder = network.encoder((8, 8, 3), channels=8), network.decoder((8, 8, 3), channels=8)
    >>> model = Transmission(encoder, OverAir(air, snr_db=10.0, seed=0), decoder)
    >>> model(tf.zeros([2, 8, 8, 3])).shape
    TensorShape([2, 8, 8, 3])
    """

    def __init__(
        self,
        encoder: keras.Model,
        over_air: OverAir,
        decoder: keras.Model,
        shares: Sequence[float] = (1.0,),
        refines: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _check_parts(encoder, over_air, decoder, refines)
        self.encoder, self.over_air, self.decoder = encoder, over_air, decoder
        self.shares, self.refines = _checked(shares), refines
        _check_state("encoder", encoder, 2)
        _check_state("decoder", decoder, 3)
        self.built = True  # as its parts are

    def call(
        self,
        images: tf.Tensor,
        training: bool = False,
        snr_db: tf.Tensor | None = None,
        key: Key | None = None,
        share: float | None = None,
    ) -> tf.Tensor:
        """What arrives of images, by default at the layer's SNR and all of it, or while training any share."""
        _check_images(images, self.encoder.inputs[0].shape)
        batch = tf.shape(images)[0]
        if snr_db is None:
            snr_db = self.over_air.pick_snr_db(batch, training, key)
        snr = tf.broadcast_to(check_snr(snr_db, images.shape[0]), [batch])
        if training and share is None and len(self.shares) > 1:
            fresh = self.over_air.fresh_key() if key is None else keys.fold(key, "share")
            place = tf.cast(keys.uniform(fresh, [], 0.0, len(self.shares)), tf.int32)
        else:
            place = tf.constant(self._place(share))
        features = self.encode(images, snr, place, training)
        return self.decode(*self.carry(features, snr, place, key), snr, place, training)

    def encode(self, images: tf.Tensor, snr_db: tf.Tensor, place: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Features of images for SNRs [B] and the share at a place."""
        if len(self.encoder.inputs) == 1:
            return _side_by_side(self.encoder, training, images)
        return _side_by_side(self.encoder, training, images, self._state(snr_db, place))

    def carry(
        self,
        features: tf.Tensor,
        snr_db: tf.Tensor,
        place: tf.Tensor,
        key: Key | None = None,
        first: int | tf.Tensor = 0,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Features as received, zero where nothing is, and the SNRs in dB that the receiver believes, [B].

        The links are those of images from number ``first`` on, under the key.
        """
        counts = self._counts(features.shape[-1])
        if key is None:
            key = self.over_air.fresh_key()

        def up_to(number: int) -> tuple[tf.Tensor, tf.Tensor]:
            received, believed = self.over_air(
                self.sent(features, number), snr_db, key=key, return_snr=True, first=first
            )
            silent = [[0, 0]] * (features.shape.rank - 1) + [[0, counts[-1] - counts[number]]]
            return tf.pad(received[..., : counts[number]], silent), believed

        if len(counts) == 1:
            return up_to(0)
        found = tf.switch_case(place, [lambda number=number: up_to(number) for number in range(len(counts))])
        return tf.ensure_shape(found[0], features.shape), tf.ensure_shape(found[1], [features.shape[0]])

    def sent(self, features: tf.Tensor, number: int) -> tf.Tensor:
        """What goes on the air for the share of a number; where the model refines all of it, shares alike in power."""
        counts, parts = self._counts(features.shape[-1]), []
        if not self.refines:
            return features[..., : counts[number]]
        for first, last in itertools.pairwise((0, *counts)):
            part = features[..., first:last]
            power = tf.reduce_mean(tf.square(part), axis=list(range(1, features.shape.rank)), keepdims=True)
            parts.append(part * tf.math.rsqrt(tf.maximum(power, 1e-20)))
        return tf.concat(parts, axis=-1)

    def decode(
        self, received: tf.Tensor, believed: tf.Tensor, snr_db: tf.Tensor, place: tf.Tensor, training: bool = False
    ) -> tf.Tensor:
        """Images of features as received, for SNRs believed and set, [B] each."""
        if len(self.decoder.inputs) == 1:
            return _side_by_side(self.decoder, training, received)
        state = tf.concat([self._state(snr_db, place), believed[:, None]], axis=1)
        return _side_by_side(self.decoder, training, received, state)

    def get_config(self) -> dict[str, Any]:
        parts = {"encoder": self.encoder, "over_air": self.over_air, "decoder": self.decoder}
        saved = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        return super().get_config() | saved | {"shares": list(self.shares), "refines": self.refines}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Transmission":
        parts = ("encoder", "over_air", "decoder")
        return cls(**config | {name: keras.saving.deserialize_keras_object(config[name]) for name in parts})

    def _state(self, snr_db: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
        share = tf.gather(tf.constant(self.shares), place)
        return tf.stack([snr_db, tf.fill(tf.shape(snr_db), share)], axis=1)

    def _place(self, share: float | None) -> int:
        if share is None:
            return len(self.shares) - 1
        if not is_number(share) or share not in self.shares:
            raise ValueError(f"share: expected one of {', '.join(map(str, self.shares))}, received {shown(share)}")
        return self.shares.index(share)

    def _counts(self, features: int) -> list[int]:
        counts = [share * features for share in self.shares]
        if any(abs(count - round(count)) > 1e-6 for count in counts):
            raise ValueError(
                f"shares: expected whole numbers of the {features} features, received {list(self.shares)}; "
                "give the network as many features as all shares divide"
            )
        return list(map(round, counts))


def _side_by_side(part: keras.Model, training: bool, *inputs: tf.Tensor) -> tf.Tensor:
    """What a model makes of a batch [B, ...]."""
    size = inputs[0].shape[0] or 0
    step = max(LEAST, -(-size // PARTS))
    if training or tf.executing_eagerly() or size <= step:
        return part(list(inputs) if len(inputs) > 1 else inputs[0])
    some = ([x[start : start + step] for x in inputs] for start in range(0, size, step))
    return tf.concat([part(each if len(each) > 1 else each[0]) for each in some], axis=0)


def _check_parts(encoder: Any, over_air: Any, decoder: Any, refines: Any) -> None:
    for name, part in (("encoder", encoder), ("decoder", decoder)):
        check_object(name, part, keras.Model, "keras.Sequential([keras.Input(...), ...])")
        if not getattr(part, "built", False) or not getattr(part, "inputs", None):
            raise ValueError(
                f"{name}: expected a Keras model that is built on an input shape, received {type(part).__name__} "
                f"{part.name!r} without; begin it with keras.Input"
            )
    check_object("over_air", over_air, OverAir, "OverAir(air)")
    if not isinstance(refines, bool):
        raise ValueError(f"refines: expected True or False, received {shown(refines)}")


def _check_images(images: Any, taken: Sequence[int | None]) -> None:
    if not hasattr(images, "shape"):
        raise ValueError(f"images: expected a tensor [batch, height, width, colours], received {kind(images)}")
    given = tuple(images.shape)
    if len(given) != len(taken) or any(a != b for a, b in zip(given, taken, strict=True) if None not in (a, b)):
        told = ", ".join("any" if size is None else str(size) for size in taken)
        raise ValueError(f"images: expected [{told}], as the encoder takes them, received {list(given)}")


def _check_state(name: str, part: keras.Model, count: int) -> None:
    if len(part.inputs) > 1 and (len(part.inputs) > 2 or tuple(part.inputs[1].shape) != (None, count)):
        wanted = ", ".join(("the SNR set", "the share", "the SNR believed")[:count])
        raise ValueError(
            f"{name}: expected an input, or two of which the second is keras.Input(({count},)) for {wanted}, received "
            f"{', '.join(str(tuple(each.shape[1:])) for each in part.inputs)}"
        )


def _checked(shares: Any) -> tuple[float, ...]:
    given = tuple(shares) if isinstance(shares, Sequence) else ()
    rise = all(map(is_number, given)) and list(given) == sorted(set(given))
    if not given or not rise or given[0] <= 0 or given[-1] != 1:
        raise ValueError(f"shares: expected numbers above 0 that rise to 1, received {shown(shares)}")
    return tuple(map(float, given))
