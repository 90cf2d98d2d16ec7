"""Cohorts of scenarios: how many devices a round has, and what devices of any number hold."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from ...learning import Population


def devices_of_round(scheduler: Any, devices: int) -> int:
    """As many as send for a scheduler that knows devices by their numbers, else all; at most all."""
    if not getattr(scheduler, "by_number", False):
        return devices
    scheduler.check(devices)
    senders: int = scheduler.senders
    return senders


def population(partition: Any, labels: "np.ndarray", devices: int, seed: int) -> "Population":
    """So many devices, of samples by their numbers."""
    from ...learning import Population

    if not hasattr(partition, "by_number"):
        kind = type(partition).__name__.lower()
        raise ValueError(
            f"expected one that deals by a device's number alone with a cohort, received {kind}; take iid, classes or "
            "dirichlet with samples_per_device"
        )
    return Population(devices, partition.by_number(labels, seed))
