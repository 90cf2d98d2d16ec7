"""Keys: where every random number comes from.

A key is an int64 tensor of shape [2]. ``fold(key, part)`` hashes one more part (a number, a tensor or a word) into it
with TensorFlow's Philox generator, so keys of neighbouring seeds, rounds and devices share no stream. Equal parts
give equal keys in eager code, in ``tf.function`` and in loops. Numbers of two kinds from one key (normal and uniform,
signs and sizes) are made of the same bits, so they are correlated: each draw folds a word of its own, and the tests
fail where one does not. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

Where devices are known by numbers, what lasts of them has a ``Numbered`` key (`numbered.py`) in place of one: ``fold``,
``uniform``, ``normal`` and ``whole`` take either.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

import tensorflow as tf

from . import numbered
from .numbered import Numbered

Key: TypeAlias = tf.Tensor  # int64 [2]
Part: TypeAlias = int | str | tf.Tensor
Shape: TypeAlias = Sequence[int] | tf.Tensor
Scalar: TypeAlias = float | tf.Tensor


def key(seed: int | tf.Tensor, *parts: Part) -> Key:
    """The key of a seed, int64 [2], with parts such as ("round", 3, "noise") folded in.

    >>> from overair.phy import keys
    >>> key = keys.key(0, "round", 3)
    >>> key.shape, bool((key == keys.fold(keys.key(0), "round", 3)).numpy().all())
    (TensorShape([2]), True)
    """
    root = tf.stack([tf.cast(seed, tf.int64), tf.constant(_number("overair"), tf.int64)])
    return fold(root, "seed", *parts)


def fold(key: Key, *parts: Part) -> Key:
    """A new key, int64 [2], from a key and one or more parts: whole numbers, words, or integer tensors []."""
    if isinstance(key, Numbered):
        return key._replace(key=fold(key.key, *parts))
    for part in parts:
        number = tf.constant(_number(part), tf.int64) if isinstance(part, str) else tf.cast(part, tf.int64)
        # the salt keeps a folded key apart from numbers drawn with the key itself
        mixed = tf.bitwise.bitwise_xor(key, tf.stack([tf.constant(_number("fold"), tf.int64), number]))
        key = tf.random.stateless_uniform([2], mixed, minval=None, maxval=None, dtype=tf.int64)
    return key


def normal(key: Key, shape: Shape, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Draws of N(0, 1), a tensor of the shape and the type asked for."""
    if isinstance(key, Numbered):
        return numbered.normal(key.first(fold(key.key, "normal"), shape), dtype)
    return tf.random.stateless_normal(shape, key, dtype=dtype)


def uniform(key: Key, shape: Shape, low: Scalar = 0.0, high: Scalar = 1.0, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Uniform draws on [low, high), a tensor of the shape and the type asked for."""
    if isinstance(key, Numbered):
        unit = numbered.unit(key.first(key.key, shape), dtype)
    else:
        unit = tf.random.stateless_uniform(shape, key, dtype=dtype)
    return low + (high - low) * unit


def whole(key: Key, shape: Shape, low: int, high: int) -> tf.Tensor:
    """Whole numbers from low to high - 1, each as likely, int32 of the shape asked for."""
    if isinstance(key, Numbered):
        unit = numbered.unit(key.first(fold(key.key, "whole"), shape))
        return low + tf.cast(unit * (high - low), tf.int32)
    return tf.random.stateless_uniform(shape, key, low, high, tf.int32)


def of_all(key: Key) -> Key:
    """The key itself, whatever numbers of devices come with it."""
    return key.key if isinstance(key, Numbered) else key


def complex_normal(key: Key, shape: Shape, dtype: tf.DType = tf.complex64) -> tf.Tensor:
    """Draws of CN(0, 1), complex64 of a shape unless told otherwise: half the power in each of both parts."""
    real = tf.float32 if dtype == tf.complex64 else tf.float64
    parts = tf.random.stateless_normal(tf.concat([[2], shape], 0), key, stddev=0.5**0.5, dtype=real)  # [2, ...]
    return tf.complex(parts[0], parts[1])


def signs(key: Key, shape: Shape, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Draws of +1 and -1 with equal chance, float32 of a shape unless told otherwise."""
    coins = tf.random.stateless_uniform(shape, key, minval=0, maxval=2, dtype=tf.int32)
    return tf.cast(2 * coins - 1, dtype)


def permutation(key: Key, size: int) -> tf.Tensor:
    """A uniformly random order of 0 .. size-1, int32 [size]."""
    return tf.argsort(tf.random.stateless_uniform([size], key, minval=None, maxval=None, dtype=tf.int32))


def _number(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little", signed=True)
