"""Statistics of gradients by epoch and layer, of a network on data or of a student."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading.errors import ScenarioError, fault
from ..running.units import Work

if TYPE_CHECKING:
    from ...learning.gradients import EpochGradients
    from ...ota.layers import Layers

Trained = dict[int, "EpochGradients"]
Made = Callable[[Sequence[int], int], Trained]  # of epochs and a seed
Known = dict[tuple[str, int], Trained]  # by training and seed
MOST_BYTES = 2**32


class Training(NamedTuple):
    """Whose gradients are looked at, and those that are known, of one training and one seed."""

    name: str
    layers: "Layers"
    made: Made
    known: Known

    def kernels(self) -> list[slice]:
        """Where each kernel is among all weights."""
        ends = np.cumsum([int(np.prod(layer)) for layer in self.layers])
        return [
            slice(int(end) - int(np.prod(layer)), int(end))
            for layer, end in zip(self.layers, ends, strict=True)
            if len(layer) > 1
        ]

    def check(self, study: Any) -> None:
        """Refuses layers that there are not, or that are too small, and more than memory holds."""
        from ...learning.statistics import FEWEST

        kernels = self.kernels()
        sizes = [each.stop - each.start for each in kernels]
        if max(study.layers) > len(kernels):
            wanted = f"numbers up to {len(kernels)}, as many kernels as there are"
            raise ScenarioError(fault("layers", wanted, max(study.layers)))
        if small := [layer for layer in study.layers if sizes[layer - 1] < FEWEST]:
            wanted = f"layers of at least {FEWEST} entries, received layer {small[0]} of {sizes[small[0] - 1]}"
            raise ScenarioError(f"scenario field layers: expected {wanted}; leave it out")
        total = sum(int(np.prod(layer)) for layer in self.layers)
        if (count := MOST_BYTES // (16 * total)) < len(study.epochs):
            wanted = f"at most {count} epochs of {total} weights, as gradients of more take over 4 GiB"
            raise ScenarioError(fault("epochs", wanted, len(study.epochs)))

    def at(self, epochs: Sequence[int], seed: int) -> Trained:
        """The gradients of epochs, which are kept until others are made."""
        known = self.known.get((self.name, seed), {})
        if not {*epochs} <= {*known}:
            self.known.clear()
            known = self.known[self.name, seed] = self.made(sorted({*epochs, *known}), seed)
        return known


def prepare(study: Any, shared: dict[str, Any]) -> Training:
    """What is trained, kept in ``shared``, as units of several groups may be of one training."""
    fields = {"data", "model", "side", "teacher", "batch_size", "learning_rate"}
    name = f"training {study.model_dump_json(include=fields)}"
    if name not in shared:
        known = shared.setdefault("gradients of epochs", {})
        shared[name] = Training(name, *(_student(study) if study.teacher else _network(study, shared)), known)
    training: Training = shared[name]
    training.check(study)
    return training


def _network(study: Any, shared: dict[str, Any]) -> tuple["Layers", Made]:
    network = study.network(shared)

    def made(epochs: Sequence[int], seed: int) -> Trained:
        from ...learning.gradients import over_epochs

        learned = (network.build(seed), network.samples(), network.labels)
        return over_epochs(*learned, epochs, study.batch_size, study.learning_rate, seed)

    return network.layers, made


def _student(study: Any) -> tuple["Layers", Made]:
    told = study.teacher

    def made(epochs: Sequence[int], seed: int) -> Trained:
        from ...learning.teacher import over_epochs

        networks = (told.inputs, told.hidden, told.student, told.activation, told.steps)
        return over_epochs(*networks, epochs, study.batch_size, study.learning_rate, seed)

    return ((told.inputs, told.student),), made


def measured(study: Any, training: Training, work: Work) -> dict[str, np.ndarray]:
    """All measures, each [epochs, layers]."""
    epochs, layers = work.wanted["epoch"], work.wanted["layer"]
    gradients = training.at(sorted({*epochs, *(epoch - 1 for epoch in epochs if epoch > 1)}), work.seed)
    vectors = {epoch: getattr(found, study.gradient) for epoch, found in gradients.items()}
    kernels, found = training.kernels(), []
    for at, epoch in enumerate(epochs):
        for layer in layers:
            here, rng = kernels[layer - 1], np.random.default_rng([*b"statistics", work.seed, epoch, layer])
            before = vectors[epoch - 1][here] if epoch > 1 else None
            found.append(_layer(study, vectors[epoch][here], before, rng))
        work.progress(at + 1, len(epochs))
    shape = [len(epochs), len(layers)]
    return {name: np.reshape([each[name] for each in found], shape) for name in found[0]}


def _layer(study: Any, entries: np.ndarray, before: np.ndarray | None, rng: np.random.Generator) -> dict[str, float]:
    """The measures of a layer at an epoch."""
    from ...learning import statistics
    from ...ota import laws

    about = statistics.described(entries)
    places = statistics.places(entries.size, study.entries, study.draws, rng)
    drawn, told = entries[places], about._asdict()
    shapes = {"normal": 2.0, "laplace": 1.0, "gennorm": about.gennorm, "weibull": about.weibull}
    for name, shape in shapes.items():
        law = (laws.weibull if name == "weibull" else laws.gennorm)(shape)
        known = np.isfinite(about.kurtosis)
        told[f"w2_{name}"] = statistics.distance(drawn, law) if known else np.nan
        told[f"floor_{name}"] = statistics.floor(law, drawn.shape[1], study.draws, rng) if known else np.nan
    half = min(study.entries, entries.size // 2)
    disjoint = entries[statistics.places(entries.size, 2 * half, study.draws, rng)]
    tests = {"": None if before is None else (drawn, before[places]), "_null": (disjoint[:, :half], disjoint[:, half:])}
    for name, sides in tests.items():
        test = statistics.tested(*sides) if sides else statistics.UNKNOWN
        told |= {f"ks{name}": test.ks, f"ks{name}_passed": test.ks_passed}
        told |= {f"spearman{name}": test.spearman, f"spearman{name}_passed": test.spearman_passed}
    return told
