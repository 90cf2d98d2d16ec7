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
from .documented import documented
from .keys import Key
from .numbered import Numbered


@documented
class Place(NamedTuple):
    """The key that positions and lasting clock offsets are drawn from.

    ``Air.init`` draws one, which all rounds of a simulation share; links of a batch, as those of images, are at places
    of their own. Of very many devices ``of`` has those that take part, by their numbers.

    >>> from overair.phy import Air, Grid, PathLoss, Place, Rayleigh, keys
    >>> air = Air(Grid(), Rayleigh(), devices=3, impairments=(PathLoss(),))
    >>> first, second = (air.draw(Place(keys.key(0)), keys.key(0, "round", r), time=0.0, slots=1) for r in (1, 2))
    >>> bool((first.true.power == second.true.power).numpy().all()), bool((first.true.a == second.true.a).numpy().any())
    (True, False)
    """

    key: Key  # int64 [2]

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


@documented
class SharedPlace(Place):
    """A place that all links of a batch share.

    Impairments that last are drawn once for all of them, and so is what lasts of a channel that reads ``Size.places``:
    for means over many links of the same devices. Only responses are right there: what acts on waveforms is not shared.

    >>> from overair.phy import Air, Grid, PathLoss, Rayleigh, SharedPlace, keys
    >>> air = Air(Grid(), Rayleigh(), devices=3, impairments=(PathLoss(),))
    >>> link = air.draw(SharedPlace(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1, batch=5)
    >>> bool((link.true.power == link.true.power[:1]).numpy().all())
    True
    """

    @property
    def shared(self) -> bool:
        return True


def can_share(channel: Channel) -> bool:
    """Whether a batch of its links can be fresh and yet of one place."""
    return not channel.lasting and (not channel.scales or getattr(channel, "shares_place", False))
