"""What lasts over all rounds, and links that have it in common.

Links of a batch are drawn at places of their own, as those of different images are. What a round costs on average at
one place needs many links there, which are drawn at once at a ``SharedPlace``: impairments that last are drawn once for
all of them, and so is what lasts of a channel that reads ``Size.places``.

Of very many devices only some take part in a round: their ``Cohort`` of a place has their numbers, of which what lasts
is a function. Whoever has a number has it in every round, and nothing of all others is drawn.
"""

from typing import NamedTuple

import tensorflow as tf

from .channels import Channel
from .keys import Key
from .numbered import Numbered


class Place(NamedTuple):
    """The key that positions and lasting clock offsets are drawn from."""

    key: Key

    @property
    def shared(self) -> bool:
        """Whether all links of a batch are drawn there; else the first is, and others at places of their own."""
        return False

    @property
    def lasting(self) -> Key:
        """What is drawn from for all rounds."""
        return self.key

    def of(self, numbers: tf.Tensor) -> "Cohort":
        """The devices of these numbers, int64 [C], at this place."""
        return Cohort(self.key, numbers)


class Cohort(NamedTuple):
    """Some devices of a place, by their numbers."""

    key: Key
    numbers: tf.Tensor  # int64 [C]

    @property
    def shared(self) -> bool:
        """No: such links are drawn one at a time."""
        return False

    @property
    def lasting(self) -> Key:
        """What is drawn from for all rounds, a number for each device."""
        return Numbered(self.key, self.numbers)


class SharedPlace(Place):
    """A place that all links of a batch share. Only responses are right there: what acts on waveforms is not shared."""

    @property
    def shared(self) -> bool:
        return True


def can_share(channel: Channel) -> bool:
    """Whether a batch of its links can be fresh and yet of one place."""
    return not channel.lasting and (not channel.scales or getattr(channel, "shares_place", False))
