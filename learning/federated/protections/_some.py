"""What protections share: a clip, the chance of epsilon, noise of devices, and a target."""

from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

from ....phy.strict import dataclass


@dataclass(frozen=True)
class Some:
    """A guarantee, as it is asked for."""

    clip: Annotated[float, Ge(1e-12), Le(1e12)] = 1.0
    """Norm at which vectors are cut."""
    delta: Annotated[float, Gt(0), Lt(1)] = 1e-5
    """Chance at which epsilon may be exceeded, as privacy has it."""
    noise: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Share of power that devices send as noise of their own."""
    epsilon: Annotated[float, Gt(0), Le(1e6)] | None = None
    """Epsilon that all planned rounds are to keep; none unless given."""
    rounds: Annotated[int, Gt(0), Le(10**5)] | None = None
    """Rounds that are planned for."""
    rate: Annotated[float, Gt(0), Lt(1)] | None = None
    """Factor by which a round shrinks the loss; rounds tell alike unless given."""
    fill: bool = False
    """Whether power that data may not use is sent as noise."""

    def __post_init__(self) -> None:
        if (self.epsilon is None) != (self.rounds is None):
            raise ValueError(
                f"protection.rounds: expected as many as epsilon is for, and both or neither, received rounds = "
                f"{self.rounds} and epsilon = {self.epsilon}"
            )
        if self.epsilon is None and (self.rate or self.fill):
            raise ValueError("protection.epsilon: expected a target for a plan by rate or fill, received none")
        if self.fill and self.noise:
            raise ValueError(f"protection.noise: expected 0 with fill, which finds the share, received {self.noise:g}")
