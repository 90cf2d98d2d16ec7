"""Perfect CSI: the channel itself, at no cost in resource elements."""

from ..keys import Key
from ..link import Paths
from ..strict import dataclass
from . import Free, Observation


@dataclass(frozen=True)
class Perfect(Free):
    """What is believed is what is.

    h_hat = h: a side knows the channel of the round on every element, with all that happens to it, and nothing is
    lacking.

    >>> from overair.phy import Air, Grid, Perfect, Rayleigh, keys
    >>> air = Air(Grid(), Rayleigh(), devices=3, csit=Perfect(), csir=Perfect())
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1)
    >>> bool((link.response(of=link.receiver) == link.response()).numpy().all()), air.pilots
    (True, 0)
    """

    def believe(self, observed: Observation, key: Key) -> Paths:
        return observed.now
