"""Sensors of a scenario: what is checked before, training, and the outcome over SNRs."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..running.units import Work
from . import _kept
from ._air import air_of
from ._data import load_data

if TYPE_CHECKING:
    from ...learning.data import Arrays
    from ...learning.inference.sensors.ways import Sensors, Views
    from ...phy import Air, PowerRule


class SensorParts(NamedTuple):
    """What a point is made of."""

    data: "Arrays"
    air: "Air"
    rule: "PowerRule | None"
    views: "Views"

    def build(self, study: Any, seed: int) -> "Sensors":
        """Encoder and head at their start."""
        from ...learning.inference.sensors.ways import Sensors

        shape, classes = self.data.x_train.shape[1:], self.data.classes
        terms = (study.sensors, study.elements, shape, classes, study.way, seed)
        return Sensors(*terms, hidden=study.hidden, air=self.air, rule=self.rule)


def prepare(study: Any, shared: dict[str, Any]) -> SensorParts:
    """All parts, checked; the network is built once."""
    from ...learning.inference.sensors.ways import Views

    data, air = load_data(study.data, shared), air_of(study, study.sensors)
    rule = study.rule and catalogue.build(study.rule, "rule")
    if rule and not rule.announced:
        raise ScenarioError(fault("rule", "one whose level is announced to all", study.rule.kind))
    parts = SensorParts(data, air, rule, Views(study.window, study.noise))
    with named():
        parts.views.check(data.x_train.shape[1:])
        parts.build(study, 0)
    return parts


def begin(study: Any, parts: SensorParts, work: Work) -> "tuple[SensorParts, Sensors]":
    """The parts, and what was learnt at all SNRs."""
    from ...learning.inference.sensors.ways import fit
    from ...phy import keys

    net, data = parts.build(study, work.seed), parts.data
    models = (net.encoder, net.head)

    def learnt() -> list[np.ndarray]:
        snr_db, key = (study.low_db, study.high_db), keys.key(work.seed, "fit")
        some = data.x_train, data.y_train, parts.views, snr_db, study.training_steps, key
        fit(net, *some, rate=study.learning_rate)
        return [array for model in models for array in model.get_weights()]

    file = work.folder and work.folder / f"sensors-{_kept.key(study, study.identity(), work.seed)}.npz"
    variables = [variable for model in models for variable in model.weights]
    for variable, value in zip(variables, _kept.kept(file, learnt), strict=True):
        variable.assign(value)
    return parts, net


def send(study: Any, common: "tuple[SensorParts, Sensors]", work: Work) -> dict[str, np.ndarray]:
    """The measures of a point with a seed over SNRs, [S]; all of a seed see the same test images alike."""
    from ...learning.inference.sensors import limits, theory
    from ...learning.inference.sensors.ways import accuracies
    from ...phy import keys

    (parts, net), snrs = common, work.wanted["link.snr_db"]
    x, y = parts.data.x_test[: study.tested], parts.data.y_test[: study.tested]
    key, toy = keys.key(work.seed, "test"), keys.key(work.seed, "toy", study.sensors)
    copies = study.sensors, study.copies_noise
    errors = [float(theory.simulated(*copies, snr, study.way, toy).mean()) for snr in snrs]
    return {
        "accuracy": np.array(accuracies(net, x, y, parts.views, snrs, key)),
        "error": np.array(errors),
        "theory": np.array([theory.error(*copies, snr, study.way) for snr in snrs]),
        "bound": np.array([limits.bound(*copies, snr, study.way) for snr in snrs]),
    }
