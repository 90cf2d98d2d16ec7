"""The air as a Keras layer: real features in, the same features as a receiver reads them out.

    z = sqrt(k / sum_i |s_i|^2) s,    y_i = h_i z_i + n_i,  n_i ~ CN(0, N0),    z_hat_i = conj(h_i) y_i / (|h_i|^2 + N0)

with s the k complex symbols of one image. Features 2i and 2i+1 of an image, flattened row by row, are the real and
the imaginary part of symbol i (an odd number ends with an imaginary part of 0), so a feature sees noise N0/2 beside a
mean power of 1/2. Each image of a batch, and each sensor, has a power of exactly 1 over its own symbols, a channel of
its own and an SNR of its own. h is what the receiver believes behind its combiner, not what is. Bourtsoulatze, Kurka,
Gunduz, "Deep joint source-channel coding for wireless image transmission", IEEE TCCN 2019.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import keras
import tensorflow as tf

from ...ota.codecs import pack, unpack
from ...phy import Air, Link, Place, behind, keys, squared
from ...phy.channels._any_batch import any_batch
from ...phy.keys import Key
from ...phy.plain import from_plain, to_plain

EQUALIZERS = ("mmse", "zero_forcing", "none")
Snr = float | tuple[float, float]


class Elements(NamedTuple):
    """The resource elements an image takes: its symbols, and the pilots by which its channel is learnt."""

    payload: int
    pilots: int

    @property
    def total(self) -> int:
        return self.payload + self.pilots


@keras.saving.register_keras_serializable("overair")
class OverAir(keras.layers.Layer):
    """``received = layer(features)``: real features [B, ...] over an air; [B, K, ...] to [B, ...] for K > 1 sensors.

    ``snr_db`` is a number, or (low, high): uniform in dB for each image while training, and the middle elsewhere. A
    call may bring an SNR of its own, one for all or one an image [B], and a ``key``, int64 [2], that all it draws
    depends on. Without a key draws come from the layer's generator, in training and elsewhere, and never come again.
    With ``return_snr`` a call also returns what the receiver believes its SNR to be, in dB, [B].
    """

    def __init__(
        self,
        air: Air,
        snr_db: Snr = 10.0,
        equalizer: Literal["mmse", "zero_forcing", "none"] = "mmse",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if equalizer not in EQUALIZERS:
            raise ValueError(f"OverAir.equalizer: expected one of {', '.join(EQUALIZERS)}, received {equalizer!r}")
        self.air, self.equalizer = air, equalizer
        self.snr_db = _checked_snr(snr_db)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_jit = False  # Sionna's generator is a variable of its own
        self._serving = replace(air, channel=any_batch(air.channel))

    def elements(self, shape: Sequence[int | None]) -> Elements:
        """What an image of features [B, ...] takes of the grid; sensors share it."""
        return Elements(-(-math.prod(self._image(shape)) // 2), self.air.pilots)

    def pick_snr_db(self, batch: int | tf.Tensor, training: bool = False, key: Key | None = None) -> tf.Tensor:
        """The SNRs of a batch of images that brings none, [B]."""
        if isinstance(self.snr_db, float):
            return tf.fill([batch], self.snr_db)
        low, high = self.snr_db
        if not training:
            return tf.fill([batch], (low + high) / 2)
        return keys.uniform(self._key(key, "snr"), [batch], low, high)

    def call(
        self,
        features: tf.Tensor,
        snr_db: tf.Tensor | None = None,
        key: Key | None = None,
        training: bool = False,
        return_snr: bool = False,
    ) -> Any:
        shape, kind = self._checked(features), features.dtype
        batch = tf.shape(features)[0]
        key = self._key(key, "call")
        snr = self.pick_snr_db(batch, training, key) if snr_db is None else _for_each(snr_db, features, batch)
        sensors = self.air.devices
        count = math.prod(shape)
        flat = tf.reshape(tf.cast(features, tf.float32), [batch, sensors, count])
        symbols = pack(normalised(flat))  # [B, K, k]
        link, y, weights = self._sent(symbols, snr, key)
        read, believed = self._read(link, y, weights)
        collected = self.air.grid.collect(read, symbols.shape[-1])  # [B, k]
        received = tf.reshape(unpack(collected, count), tf.concat([batch[None], shape], 0))
        received = tf.cast(tf.ensure_shape(received, [features.shape[0], *shape]), kind)
        return (received, believed) if return_snr else received

    def compute_output_spec(
        self, features: Any, snr_db: Any = None, key: Any = None, training: bool = False, return_snr: bool = False
    ) -> Any:
        received = keras.KerasTensor((features.shape[0], *self._checked(features)), features.dtype)
        return (received, keras.KerasTensor((features.shape[0],), "float32")) if return_snr else received

    def get_config(self) -> dict[str, Any]:
        seed, snr = self.seed_generator._initial_seed, self.snr_db
        own = {
            "air": to_plain(self.air),
            "snr_db": list(snr) if isinstance(snr, tuple) else snr,
            "equalizer": self.equalizer,
            "seed": seed,
        }
        return super().get_config() | own

    def save_own_variables(self, store: Any) -> None:
        store["draws"] = self.seed_generator.state.numpy()  # how far the generator has come

    def load_own_variables(self, store: Any) -> None:
        self.seed_generator.state.assign(store["draws"])

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "OverAir":
        return cls(**(config | {"air": from_plain(config["air"])}))

    def _image(self, shape: Sequence[int | None]) -> tuple[int, ...]:
        """The features of one image, or of one sensor, from those of a batch."""
        sensors = self.air.devices
        leading = 1 if sensors == 1 else 2
        wanted = "[batch, ...]" if sensors == 1 else f"[batch, {sensors}, ...], one row a sensor of the air"
        if len(shape) <= leading or None in shape[1:] or (sensors > 1 and shape[1] != sensors) or 0 in shape[1:]:
            raise ValueError(f"OverAir: expected features {wanted} of known size, received shape {tuple(shape)}")
        return tuple(int(size or 0) for size in shape[leading:])

    def _checked(self, features: Any) -> tuple[int, ...]:
        kind = keras.backend.standardize_dtype(features.dtype)
        if not kind.startswith(("float", "bfloat")):
            raise ValueError(f"OverAir: expected real features, two for each complex symbol, received {kind}")
        return self._image(tuple(features.shape))

    def fresh_key(self) -> Key:
        """A key of the layer's generator, which never comes again."""
        return tf.cast(self.seed_generator.next(), tf.int64)

    def _key(self, key: Key | None, purpose: str) -> Key:
        drawn = self.fresh_key() if key is None else tf.cast(key, tf.int64)
        return keys.fold(drawn, "over air", purpose)

    def _sent(self, symbols: tf.Tensor, snr: tf.Tensor, key: Key) -> tuple[Link, tf.Tensor, tf.Tensor]:
        """The link, cut to the OFDM symbols used; what was heard behind the combiner [B, T, F]; and the combiner."""
        air, grid = self._serving, self.air.grid
        rows = grid.rows(symbols.shape[-1])
        slots = grid.slots(symbols.shape[-1])
        batch = tf.shape(symbols)[0]
        link = air.draw(Place(keys.fold(key, "place")), keys.fold(key, "link"), 0.0, slots, snr, batch)
        link = link._replace(receiver=link.receiver.at(0, rows), transmitters=link.transmitters.at(0, rows))
        weights = air.receiver.combine(link, tf.range(air.devices))  # [B, A, T, F]
        y = air.send(grid.fill(symbols), link, keys.fold(key, "noise"))  # [B, A, T, F]
        return link, behind(weights, y), weights

    def _read(self, link: Link, y: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The symbols [B, T, F] as the receiver reads them, and the SNR in dB it believes they had, [B]."""
        noise = link.noise[:, None, None]
        if self.equalizer == "none" or self.air.devices > 1:
            return y, -10.0 / math.log(10.0) * tf.math.log(link.noise)
        gain = behind(weights, link.response(of=link.receiver))[:, 0]  # [B, T, F]; T may be 1
        power = squared(gain)
        down = power + noise if self.equalizer == "mmse" else power
        inverse = tf.math.conj(gain) * tf.cast(tf.math.divide_no_nan(1.0, down), gain.dtype)
        return y * inverse, effective_snr_db(power / noise)


def normalised(features: tf.Tensor) -> tf.Tensor:
    """Real features [..., m] scaled so that each of the k = ceil(m/2) symbols they make holds 1 on average; zeros stay.

    The mean is over the last axis alone: neither other images nor other sensors count.
    """
    energy = tf.reduce_sum(tf.square(features), axis=-1, keepdims=True)
    silent = energy == 0
    scale = tf.sqrt(-(-features.shape[-1] // 2) / tf.where(silent, 1.0, energy))
    return features * tf.where(silent, 0.0, scale)


def effective_snr_db(snr: tf.Tensor) -> tf.Tensor:
    """The SNR in dB of a channel without fading of the same capacity as one with SNRs [B, T, F], [B]."""
    mean = tf.reduce_mean(tf.math.log1p(snr), axis=[1, 2])
    return 10.0 / math.log(10.0) * tf.math.log(tf.maximum(tf.math.expm1(mean), 1e-10))


def _checked_snr(snr_db: Any) -> Snr:
    pair = tuple(snr_db) if isinstance(snr_db, Sequence) and not isinstance(snr_db, str) else (snr_db, snr_db)
    numbers = len(pair) == 2 and all(isinstance(each, int | float) for each in pair)
    if not numbers or not -math.inf < pair[0] <= pair[1]:
        raise ValueError(f"OverAir.snr_db: expected a number of decibels or (low, high), received {snr_db!r}")
    low, high = map(float, pair)
    return low if pair == (snr_db, snr_db) else (low, high)


def _for_each(snr_db: Any, features: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
    """The SNR of each image, [B]. NaN is refused where it can be seen; in a graph it makes its image's outputs NaN."""
    snr = tf.cast(snr_db, tf.float32)
    if snr.shape.rank not in (0, 1) or not (snr.shape.rank == 0 or snr.shape.is_compatible_with(features.shape[:1])):
        raise ValueError(
            f"OverAir: expected snr_db to be a number or one an image [{features.shape[0]}], received shape {snr.shape}"
        )
    if tf.executing_eagerly() and not bool(tf.reduce_all(snr > -math.inf)):
        raise ValueError("OverAir: expected snr_db in numbers above -inf, received NaN or -inf")
    return tf.broadcast_to(snr, [batch])


__all__ = ["Elements", "OverAir", "effective_snr_db", "normalised"]
