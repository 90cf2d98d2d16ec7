"""From scenarios to federations that run.

Every scheme, the air and the grant of every point are made and checked first, so that the last point of a sweep
cannot fail an hour into it. The federations, which hold data and are compiled, are made one at a time; points that
differ only in SNR and seed share one. Shares of data are drawn once: seeds repeat training, links and noise on the
same shares.
"""

import inspect
import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from . import catalogue, identity
from .errors import ScenarioError, closest, fault, one_of
from .schema import Grant, Optimizer, Scenario

if TYPE_CHECKING:
    import numpy as np

    from ..learning import Algorithm, Downlink, Federation
    from ..learning.data import Arrays
    from ..ota import Uplink
    from ..phy import Air

SETTINGS = {"participation", "batch_size", "executor", "chunk"}  # of a federation, as a scenario has them
SHARES_SEED = 0


class FederationParts(NamedTuple):
    """What a federation is made of."""

    scenario: Scenario
    model_factory: Callable[[int], Any]
    data: "Arrays"
    shares: "list[np.ndarray]"
    algorithm: "Algorithm"
    uplink: "Uplink"
    air: "Air"
    elements: int
    optimizer: Callable[[], Any]
    downlink: "Downlink"


class Federations:
    """The federations of some scenarios: all checked now, each built when first asked for, the last one kept."""

    def __init__(self, scenarios: Iterable[Scenario]) -> None:
        self._parts: dict[str, FederationParts] = {}
        self._current: tuple[str, Federation] | None = None
        data: dict[str, Arrays] = {}
        for scenario in scenarios:
            if (key := identity.group(scenario)) not in self._parts:
                self._parts[key] = _prepare(scenario, data)

    def group(self, scenario: Scenario) -> int:
        """The number of the federation that a scenario needs."""
        return list(self._parts).index(identity.group(scenario))

    def get(self, scenario: Scenario) -> "Federation":
        """The federation of a scenario."""
        key = identity.group(scenario)
        if self._current is None or self._current[0] != key:
            self._current = None  # free the memory before more is taken
            self._current = key, _federation(self._parts[key])
        return self._current[1]


def _prepare(scenario: Scenario, loaded: "dict[str, Arrays]") -> FederationParts:
    from ..learning import Task
    from ..ota import Terms

    key = scenario.data.model_dump_json()
    if key not in loaded:
        with named("data"):
            loaded[key] = catalogue.build(scenario.data, "data").load()
    data = loaded[key]
    with named("partition"):
        partition = catalogue.build(scenario.partition, "partition")
        shares = partition.split(data.y_train, scenario.devices, SHARES_SEED)
    scheme = catalogue.build(scenario.model, "model")

    def model(seed: int) -> Any:
        return scheme.build(data.x_train.shape[1:], data.classes, seed)

    air, uplink = air_of(scenario, scenario.devices), catalogue.build(scenario.uplink, "uplink")
    downlink = catalogue.build(scenario.downlink, "downlink")
    with named("model"):
        task = Task(model(0))
    elements, optimizer = _elements(scenario.grant, task.size), _optimizer(scenario.optimizer)
    terms = Terms(air, task.size, elements, scenario.participation, task.layers)
    with named():
        uplink.check(terms)
        downlink.check(uplink, terms, optimizer())
    algorithm = catalogue.build(scenario.algorithm, "algorithm")
    return FederationParts(scenario, model, data, shares, algorithm, uplink, air, elements, optimizer, downlink)


def air_of(scenario: Any, devices: int) -> "Air":
    """The air of a scenario's link and grid."""
    from ..phy import Air, Grid

    with named():
        parts = catalogue.parts(scenario.link, "link")
        del parts["snr_db"]  # which every round is told
        return Air(Grid(**catalogue.parts(scenario.grid, "grid")), devices=devices, **parts)


def _elements(grant: Grant, size: int) -> int:
    return grant.elements or math.ceil(size / (grant.compression or 1.0) / 2)


def _optimizer(wanted: Optimizer) -> Callable[[], Any]:
    """A maker of the Keras optimiser, tried once."""
    import keras

    names = {name.lower(): name for name in dir(keras.optimizers)}
    kind = getattr(keras.optimizers, names[wanted.name])
    known = [name for name in inspect.signature(kind).parameters if name not in ("learning_rate", "name", "kwargs")]
    for name in wanted.options:
        if name not in known:
            match = closest(name, known)
            advice = f"did you mean {match}?" if match else ""
            raise ScenarioError(fault(f"optimizer.options.{name}", one_of(known), name, advice))

    def make() -> Any:
        return kind(learning_rate=wanted.learning_rate, **wanted.options)

    with named("optimizer"):
        make()
    return make


def _federation(parts: FederationParts) -> "Federation":
    from ..learning import Federation

    made, settings = parts._asdict(), parts.scenario.model_dump(include=SETTINGS)
    del made["scenario"]
    with named():
        return Federation(**made, **settings)


@contextmanager
def named(path: str = "") -> Iterator[None]:
    """Complaints of the parts as faults of the scenario: they name their own field; ``path`` says whose part it is.

    What names no field is no complaint about one.
    """
    try:
        yield
    except ScenarioError:
        raise
    except ValueError as error:
        text = re.sub(r"^air\.", "link.", " ".join(str(error).split()).removeprefix(f"{path}: "))
        if path:
            raise ScenarioError(f"scenario field {path}: {text}") from None
        if not re.match(r"[\w.]+: expected ", text):
            raise
        raise ScenarioError(f"scenario field {text}") from None
