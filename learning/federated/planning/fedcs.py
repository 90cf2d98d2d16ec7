"""FedCS: as many devices as end before a deadline, chosen greedily; they compute at once and send one after another.

With Theta the end of those chosen so far, device k lengthens the round by upload_k + (ready_k - Theta)_+. Whoever does
so least comes next, while that ends before the deadline. As Theta only grows, the first who is too late ends the
choice. It is not the best choice: with ready (9, 4, 9, 7, 3), upload (6, 3, 1, 4, 6) and deadline 13 it takes two,
where three fit. Nishio, Yonetani, "Client selection for federated learning with heterogeneous resources in mobile
edge", ICC 2019.
"""

from typing import NamedTuple

import tensorflow as tf


class Queue(NamedTuple):
    """Who sends when."""

    turn: tf.Tensor  # int32 [K], from 0; -1 for those left out
    end: tf.Tensor  # when the last of them has sent, float64; 0 where nobody can

    @property
    def chosen(self) -> tf.Tensor:
        """Who sends, bool [K]."""
        return self.turn >= 0


def fedcs(ready: tf.Tensor, upload: tf.Tensor, deadline: float | tf.Tensor) -> Queue:
    """Whom to choose, from seconds until each has computed [K], seconds that each sends [K], and the deadline.

    What a round takes besides comes off the deadline beforehand. Who is never ready has infinite seconds; of equals the
    first comes first.
    """
    ready, upload = tf.cast(ready, tf.float64), tf.cast(upload, tf.float64)
    last = tf.cast(deadline, tf.float64)

    def finish(queue: Queue) -> tf.Tensor:
        after = tf.maximum(queue.end, ready) + upload
        return tf.where((queue.turn < 0) & ~tf.math.is_nan(after), after, tf.float64.max)

    def goes_on(queue: Queue, _: tf.Tensor) -> tf.Tensor:
        return tf.reduce_min(finish(queue)) < last

    def take(queue: Queue, place: tf.Tensor) -> tuple[Queue, tf.Tensor]:
        after = finish(queue)
        best = tf.argmin(after, output_type=tf.int32)
        turn = tf.where(tf.range(tf.size(ready)) == best, place, queue.turn)
        return Queue(turn, tf.reduce_min(after)), place + 1

    start = Queue(tf.fill(tf.shape(ready), -1), tf.constant(0.0, tf.float64))
    devices = tf.size(ready)
    queue, _ = tf.while_loop(goes_on, take, (start, tf.constant(0)), maximum_iterations=devices)
    return queue
