"""The air as a Keras layer: real features in, the same features as a receiver reads them out."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from ...ota.codecs import pack, unpack
from ...phy import Air, PowerRule, combine, from_plain, keys, papr_db, scheme_from_plain, scheme_to_plain, to_plain
from ...phy.documented import documented
from ...phy.keys import Key
from ...phy.links import Links, each
from ._checks import check_features, check_first, check_key, check_parts, check_snr, checked_range, size_of
from ._reading import Equalizer, decibels, effective, equalized
from ._sensors import precoded


@documented
class Elements(NamedTuple):
    """Resource elements of an image.

    Those of its symbols, two features on each, and the pilots by which its channel is learnt.

    >>> from overair.learning.over_air import Elements
    >>> Elements(payload=512, pilots=64).total
    576
    """

    payload: int  # that carry symbols
    pilots: int  # that are known to the receiver

    @property
    def total(self) -> int:
        """What a bandwidth ratio counts."""
        return self.payload + self.pilots


@keras.saving.register_keras_serializable("overair")
class OverAir(keras.layers.Layer):
    """The air as a Keras layer: real features [B, ...] in, the same features as a receiver reads them out.

        x = sqrt(k / sum_i |s_i|^2) s,  y_i = h_i x_i + n_i,  n_i ~ CN(0, N0),  x_hat_i = conj(h_i) y_i / (|h_i|^2 + N0)

    with s the k complex symbols of an image. Features 2i and 2i + 1 of the image, flattened row by row, are the real
    and the imaginary part of symbol i (of an odd number the last imaginary part is 0), so a feature has a mean power of
    1/2 and sees noise of N0/2. Every image of a batch, and every sensor, has a power of exactly 1 over symbols of its
    own, and a channel and an SNR of its own. h is the channel behind the combiner as the receiver believes it.

    K > 1 sensors, the air's devices, send at once, features [B, K, ...], and what is read [B, ...] is the sum of what
    each would have been read as. A power rule aligns them: each sends b_k x_k, and the receiver divides by the
    announced arrival. Without a rule sensors arrive as the channel has it, and nothing is made up for. Noise comes
    once.

    A call may bring an SNR in dB, one for all or one an image [B], and a ``key``, int64 [2], on which all it draws
    depends: links are those of ``phy.links``, image b that of number ``first`` + b. Without a key the layer's own
    generator makes one, in training and elsewhere, and never the same twice. With ``return_snr`` a call returns
    (received, what the receiver believes its SNR to be in dB [B]): that of a channel without fading of the same
    capacity.

    Args:
        air: the links, of one device or of K sensors.
        snr_db: a number, or (low, high): of each image, uniform in dB, while training, and the middle elsewhere.
        equalizer: "mmse" as above, "zero_forcing" without N0 below, "none" for symbols as they are read.
        rule: how sensors align; its level is announced.
        measures_papr: whether the mean of ``papr_db`` is added to the model's metrics.
        seed: of the generator of keys.

    Bourtsoulatze, Kurka, Gunduz, "Deep joint source-channel coding for wireless image transmission", IEEE TCCN 2019.

    >>> import tensorflow as tf
    >>> from overair.learning.over_air import OverAir
    >>> from overair.phy import Air, Awgn, Grid, keys
    >>> layer = OverAir(Air(Grid(), Awgn(), devices=1), snr_db=30.0)
    >>> received, snr_db = layer(tf.ones([2, 8]), key=keys.key(0), return_snr=True)
    >>> received.shape, snr_db.numpy().round(1).tolist(), layer.elements([2, 8]).payload
    (TensorShape([2, 8]), [30.0, 30.0], 4)
    """

    def __init__(
        self,
        air: Air,
        snr_db: float | tuple[float, float] = 10.0,
        equalizer: Equalizer = "mmse",
        rule: PowerRule | None = None,
        measures_papr: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_parts(air, equalizer, rule, measures_papr, seed)
        self.air, self.equalizer, self.rule = air, equalizer, rule
        self.snr_db = checked_range(snr_db)
        self.seed_generator = keras.random.SeedGenerator(None if seed is None else int(seed))
        self.papr = keras.metrics.Mean("papr_db") if measures_papr else None
        self.supports_jit = False  # Sionna's generator is a variable outside of the model

    def elements(self, shape: Sequence[int | None]) -> Elements:
        """What an image takes of the grid, from the shape of a batch of features. Sensors take it together."""
        count = math.prod(size_of(shape, self.air.devices))
        return Elements(-(-count // 2), self.air.pilots)

    def pick_snr_db(self, batch: int | tf.Tensor, training: bool = False, key: Key | None = None) -> tf.Tensor:
        """SNRs [B] of images that bring none; an encoder that must know them draws them here, and brings them."""
        if isinstance(self.snr_db, float):
            return tf.fill([batch], self.snr_db)
        low, high = self.snr_db
        if not training:
            return tf.fill([batch], (low + high) / 2)
        return keys.uniform(keys.fold(self._key(key), "snr"), [batch], low, high)

    def symbols(self, features: tf.Tensor) -> tf.Tensor:
        """The symbols that features are sent as, of power 1 for each image and sensor: complex64 [B, K, k]."""
        shape = check_features(features, self.air.devices)
        flat = tf.reshape(tf.cast(features, tf.float32), [tf.shape(features)[0], self.air.devices, math.prod(shape)])
        return pack(normalised(flat))

    def papr_db(self, features: tf.Tensor) -> tf.Tensor:
        """Peak-to-average power in dB of the OFDM waveforms of features, before any power rule, [B, K]."""
        return papr_db(self.air.grid.fill(self.symbols(features)), self.air.grid)

    def call(
        self,
        features: tf.Tensor,
        snr_db: tf.Tensor | None = None,
        key: Key | None = None,
        training: bool = False,
        return_snr: bool = False,
        first: int | tf.Tensor = 0,
    ) -> Any:
        shape = check_features(features, self.air.devices)
        snr_db, key = check_snr(snr_db, features.shape[0]), self._key(check_key(key))
        batch = tf.shape(features)[0]
        snr_db = self.pick_snr_db(batch, training, key) if snr_db is None else tf.broadcast_to(snr_db, [batch])
        if self.papr is not None:
            self.papr.update_state(self.papr_db(features))
        symbols, believed = self._sent(self.symbols(features), snr_db, key, check_first(first))
        received = tf.reshape(unpack(symbols, math.prod(shape)), tf.concat([[batch], shape], 0))
        received = tf.cast(tf.ensure_shape(received, [features.shape[0], *shape]), features.dtype)
        return (received, decibels(believed)) if return_snr else received

    def compute_output_spec(
        self,
        features: Any,
        snr_db: Any = None,
        key: Any = None,
        training: bool = False,
        return_snr: bool = False,
        first: Any = 0,
    ) -> Any:
        shape = check_features(features, self.air.devices)
        check_snr(snr_db, features.shape[0])
        check_key(key)
        received = keras.KerasTensor((features.shape[0], *shape), features.dtype)
        return (received, keras.KerasTensor((features.shape[0],), "float32")) if return_snr else received

    def get_config(self) -> dict[str, Any]:
        own = {
            "air": to_plain(self.air),
            "snr_db": list(self.snr_db) if isinstance(self.snr_db, tuple) else self.snr_db,
            "equalizer": self.equalizer,
            "rule": self.rule and scheme_to_plain("rule", self.rule, PowerRule),
            "measures_papr": self.papr is not None,
            "seed": self.seed_generator.get_config()["seed"],
        }
        return super().get_config() | own

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "OverAir":
        rule = config.get("rule")
        made = {"air": from_plain(config.get("air")), "rule": rule and scheme_from_plain("rule", rule, PowerRule)}
        return cls(**(config | made))

    def save_own_variables(self, store: Any) -> None:
        store["draws"] = self.seed_generator.state.numpy()  # how far the generator has come

    def load_own_variables(self, store: Any) -> None:
        self.seed_generator.state.assign(store["draws"])

    def fresh_key(self) -> Key:
        """A key of the layer's generator, which never comes again."""
        return tf.cast(self.seed_generator.next(), tf.int64)

    def _key(self, key: Key | None) -> Key:
        return self.fresh_key() if key is None else tf.cast(key, tf.int64)

    def _sent(self, symbols: tf.Tensor, snr_db: tf.Tensor, key: Key, first: int | tf.Tensor) -> list[tf.Tensor]:
        """Symbols [B, K, k] as they are read [B, k], and the SNR that each image is believed to have, [B]."""

        def read(links: Links, symbols: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            heard, snr = self._read(links, symbols)  # [b, k]
            return heard, effective(snr)

        count = symbols.shape[-1]
        signature = tf.TensorSpec([count], tf.complex64), tf.TensorSpec([])
        return each(self.air, count, snr_db, key, read, [symbols], signature, first=first)

    def _read(self, links: Links, symbols: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What the receiver makes of a block of symbols [B, K, k], and their SNR, [B, k] both."""
        if self.air.devices == 1 and self.rule is None:
            heard, snr = equalized(self.equalizer, links.read(symbols))
            return links.on_elements(heard), links.on_elements(snr)
        arrival = tf.ones(tf.shape(symbols[:, 0]))
        if self.rule is not None:
            symbols, arrival = precoded(self.rule, symbols, links)
        y = links.hear(symbols)
        snr = arrival**2 / links.noise(symbols, y)[:, 0]
        return links.on_elements(combine(links.weights, y)) / tf.cast(arrival, y.dtype), snr


def normalised(features: tf.Tensor) -> tf.Tensor:
    """Real features [..., m] scaled so that the k = ceil(m/2) symbols they make hold 1 on average; zeros stay.

    The mean is over the last axis alone: neither other images nor other sensors count.
    """
    energy = tf.reduce_sum(tf.square(features), axis=-1, keepdims=True)
    silent = energy == 0
    scale = tf.sqrt(-(-features.shape[-1] // 2) / tf.where(silent, 1.0, energy))
    return features * tf.where(silent, 0.0, scale)


__all__ = ["Elements", "OverAir", "normalised"]
