"""A network trained by the factors of its dense layers' gradients, and what is kept along the way."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..running.units import Work
from ._data import load_data

if TYPE_CHECKING:
    from ...learning.data import Arrays
    from ...learning.factors import FactoredTask, Sending


class FactorParts(NamedTuple):
    """What a point is made of."""

    scheme: Any  # of the model
    data: "Arrays"
    sending: "Sending"

    def task(self, seed: int) -> "FactoredTask":
        """With the weights of a seed."""
        from ...learning.factors import FactoredTask

        return FactoredTask(self.scheme.build(self.data.x_train.shape[1:], self.data.classes, seed))


def prepare(study: Any, shared: dict[str, Any]) -> FactorParts:
    """The model and the way of gradients, tried once."""
    from ...learning.factors import Sending

    factors = study.factors and catalogue.build(study.factors, "factors")
    compressor = study.compressor and catalogue.build(study.compressor, "compressor")
    if getattr(compressor, "remembers", False):
        wanted = "one that does without the last estimate, as every step is compressed alone"
        raise ScenarioError(fault("compressor", wanted, type(compressor).__name__))
    scheme, data = catalogue.build(study.model, "model"), load_data(study.data, shared)
    parts = FactorParts(scheme, data, Sending(factors, compressor, study.gain))
    with named():
        dense = len(parts.task(0).dense)
    if study.samples % study.devices:
        wanted = f"a multiple of {study.devices}, as every device has as many"
        raise ScenarioError(fault("samples", wanted, study.samples))
    if max(study.layers) > dense:
        raise ScenarioError(fault("layers", f"at most {dense}, as many as are dense", max(study.layers)))
    return parts


def trained(study: Any, parts: FactorParts, work: Work) -> dict[str, np.ndarray]:
    """The measures of one way of sending with one seed; those of layers are [moments, layers]."""
    import tensorflow as tf

    from ...learning import Weights
    from ...learning.factors import stepping

    task, data, seed = parts.task(work.seed), parts.data, tf.constant(work.seed, tf.int64)
    each = study.devices, study.samples // study.devices, study.learning_rate, study.path == "exact"
    x, y = tf.constant(data.x_train), tf.constant(data.y_train)
    usual, measured = (stepping(task, parts.sending, x, y, *each, measured=wanted) for wanted in (False, True))
    moments, kept = work.wanted["moment"], np.array(work.wanted["layer"]) - 1
    weights, sent, found = task.weights().trainable, 0.0, {}
    for step in range(max(moments) + 1):
        after, seen = (measured if step in moments else usual)(weights, tf.constant(step), seed)
        if step in moments:
            accuracy = float(task.evaluate(Weights(weights, []), data.x_test, data.y_test)[0])
            layers = (np.array(values, float)[kept] for values in (seen.error, seen.foretold))
            found[step] = accuracy, *layers, float(seen.bits), 32.0 * task.size / float(seen.bits), sent
        weights, sent = after, sent + float(seen.bits)
        work.progress(step, max(max(moments), 1))
    names = "accuracy", "error", "foretold", "bits", "gain", "sent"
    columns = zip(*(found[moment] for moment in moments), strict=True)
    return {name: np.stack(values) for name, values in zip(names, columns, strict=True)}
