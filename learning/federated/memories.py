"""Memories of devices: refused where they do not fit, or where devices do not know alike what the server keeps."""

from ...ota.terms import check_kept
from .algorithms import Algorithm, Stateless
from .downlinks import Downlink
from .task import Task


def check(algorithm: Algorithm, task: Task, devices: int, downlink: Downlink, waits: bool) -> None:
    """Refuse an algorithm whose devices would keep more than fits, or not hear alike what the server keeps."""
    each, name = algorithm.vectors * task.trainable, type(algorithm).__name__.lower()
    told, advice = f"{devices} devices x {each} numbers", "take fewer of either, or fedavg"
    check_kept("algorithm", "what devices keep", devices * each, told, advice)
    if (downlink.own_models or not waits) and not isinstance(algorithm, Stateless):
        why = "a downlink with noise" if waits else "a scheduler that waits for nobody"
        raise ValueError(
            f"algorithm: expected one whose server only subtracts the sum, such as fedavg or fedprox, with {why}, by "
            f"which devices do not know alike what the server keeps, received {name}"
        )
