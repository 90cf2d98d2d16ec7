"""From scenarios of federated learning to federations that run.

Every scheme, the air and the grant of every point are made and checked first; a federation, which holds data and is
compiled, is made when it is needed. Shares of data are drawn once: seeds repeat training, links and noise on the same
shares.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, closest, fault, one_of
from ..reading.tables import Optimizer
from ._air import air_of, granted
from ._cohorts import devices_of_round, population
from ._data import held_out, load_data

if TYPE_CHECKING:
    from ...learning import (
        Algorithm,
        Attacker,
        Downlink,
        Effort,
        Federation,
        Hardware,
        Population,
        Protection,
        Radio,
        Scheduler,
    )  # fmt: skip
    from ...learning.data import Arrays
    from ...ota import AggregationRule, Uplink
    from ...phy import Air

SETTINGS = {
    "participation",
    "batch_size",
    "executor",
    "chunk",
    "papr",
    "layer",
}  # of a federation, as a scenario has them
SHARES_SEED = 0


class FederationParts(NamedTuple):
    """What a federation is made of."""

    scenario: Any
    model_factory: Callable[[int], Any]
    data: "Arrays"
    shares: "list[np.ndarray] | Population"
    algorithm: "Algorithm"
    uplink: "Uplink"
    air: "Air"
    elements: int
    optimizer: Callable[[], Any]
    downlink: "Downlink"
    scheduler: "Scheduler | None"
    hardware: "Hardware | None"
    radio: "Radio"
    payload: float | None
    effort: "Effort"
    aggregator: "AggregationRule | None"
    attackers: "Attacker | None"
    protection: "Protection | None"


def prepare(scenario: Any, shared: dict[str, Any]) -> FederationParts:
    """What a federation is made of, checked."""
    from ...learning import Effort, Radio
    from ...learning.federated.clipping import task_of
    from ...learning.federated.evaluation import check_known
    from ...learning.federated.schedulers.coins import Coins
    from ...learning.federated.setup import Setup, agreed
    from ...ota.layers import size_of

    scheduler = scenario.scheduler and catalogue.build(scenario.scheduler, "scheduler")
    with named():
        devices = devices_of_round(scheduler, scenario.devices)
    data, shares = _dealt(scenario, scheduler, shared)
    scheme = catalogue.build(scenario.model, "model")

    def model(seed: int) -> Any:
        return scheme.build(data.x_train.shape[1:], data.classes, seed)

    air, uplink = air_of(scenario, devices), catalogue.build(scenario.uplink, "uplink")
    downlink = catalogue.build(scenario.downlink, "downlink")
    protection = scenario.protection and catalogue.build(scenario.protection, "protection")
    with named("model"):
        task = task_of(model(0), None, protection)
    algorithm = catalogue.build(scenario.algorithm, "algorithm")
    elements, optimizer = granted(scenario.grant, size_of(algorithm.sends(task)), air), _optimizer(scenario.optimizer)
    aggregator = scenario.aggregator and catalogue.build(scenario.aggregator, "aggregator")
    attackers = scenario.attackers and catalogue.build(scenario.attackers, "attackers")
    hardware = scenario.hardware and catalogue.build(scenario.hardware, "hardware")
    radio = Radio(**catalogue.parts(scenario.radio, "radio"))
    with named():
        effort = Effort(**catalogue.parts(scenario.effort, "effort") if scenario.effort else {})
        setup = Setup(
            task, data, shares, algorithm, uplink, air, elements,
            optimizer=optimizer(), batch_size=scenario.batch_size, downlink=downlink,
            papr=scenario.papr, layer=scenario.layer, scheduler=scheduler or Coins(scenario.participation),
            hardware=hardware, radio=radio, payload=scenario.grant.bits, effort=effort,
            aggregator=aggregator, attackers=attackers, protection=protection,
        )  # fmt: skip
        found = agreed(setup)
        found.guard.check_rounds(scenario.rounds)
        if scenario.is_personal:
            check_known(shares)
    told = hardware, radio, scenario.grant.bits, effort, aggregator, attackers, protection
    return FederationParts(
        scenario, model, data, shares, algorithm, uplink, air, elements, optimizer, downlink, scheduler, *told
    )


def _dealt(scenario: Any, scheduler: Any, shared: dict[str, Any]) -> "tuple[Arrays, list[np.ndarray] | Population]":
    """The data and the share of each device, made once for all groups that have the same."""
    told = scenario.model_dump_json(include={"data", "partition", "devices", "validation"})
    by_number = getattr(scheduler, "by_number", False)
    if (key := f"shares {by_number} {told}") not in shared:
        data = _measured_on(scenario, shared)
        with named("partition"):
            partition = catalogue.build(scenario.partition, "partition")
            deal = partial(population, partition) if by_number else partition.split
            shared[key] = data, deal(data.y_train, scenario.devices, SHARES_SEED)
    found: tuple[Arrays, list[np.ndarray] | Population] = shared[key]
    return found


def _measured_on(scenario: Any, shared: dict[str, Any]) -> "Arrays":
    """The data, tested on its own test data or on a share that is held out, of which there is one copy."""
    data = load_data(scenario.data, shared)
    if not scenario.validation:
        return data
    if (key := f"held out {scenario.model_dump_json(include={'data', 'validation'})}") not in shared:
        shared[key] = held_out(data, scenario.validation)
    measured_on: Arrays = shared[key]
    return measured_on


def _optimizer(wanted: Optimizer) -> Callable[[], Any]:
    """A maker of the optimiser, tried once."""
    import keras

    from ...learning.federated import optimizers

    kinds = {name.lower(): kind for module in (keras.optimizers, optimizers) for name, kind in vars(module).items()}
    kind = kinds[wanted.name]
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


def build(parts: FederationParts) -> "Federation":
    """The federation itself."""
    from ...learning import Federation

    made, settings = parts._asdict(), parts.scenario.model_dump(include=SETTINGS)
    del made["scenario"]
    with named():
        return Federation(**made, **settings)
