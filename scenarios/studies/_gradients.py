"""What studies of gradients share: a network that learns and when its gradients are taken, or vectors of a file."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import Field, field_validator

from ..reading import catalogue
from ..reading.catalogue import Of, Scheme
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..reading.tables import Positive, Seed, all_different, default
from ._data import load_data
from .base import Study

if TYPE_CHECKING:
    import numpy as np

    from ...ota.layers import Layers

LARGEST_SIDE = 1024
TRAINED = ("data", "model", "side", "batch_size", "learning_rate")  # fields that a file of vectors makes idle

Moment = Annotated[int, Ge(0), Lt(2**31)]
Rate = Annotated[float, Gt(0)]
Side = Annotated[int, Gt(0), Le(LARGEST_SIDE)]


class OfNetwork(Study):
    """A study of a network that learns by plain SGD."""

    data: Annotated[Scheme, Of("data")] = default("digits", "whose training images the network learns from")
    model: Annotated[Scheme, Of("models")] = default("softmax", "whose gradients are taken")
    side: Side | None = Field(
        default=None, description="side of square images, in pixels; to which they are resized, if given"
    )
    batch_size: Positive = Field(default=64, description="samples of a gradient")
    learning_rate: Rate = Field(default=0.1, description="the size of a step of training, by plain SGD")
    seeds: Annotated[list[Seed], MinLen(1)] = Field(default=[0], description="independent trainings and draws")

    def network(self, shared: dict[str, Any]) -> "Network":
        """What is trained on what, checked."""
        data, scheme = load_data(self.data, shared), catalogue.build(self.model, "model")
        count, *shape = data.x_train.shape
        shape = [self.side, self.side, *shape[2:]] if self.side else shape
        with named("model"):
            layers = tuple(tuple(w.shape) for w in scheme.build(tuple(shape), data.classes, 0).trainable_variables)
        if self.batch_size > count:
            raise ScenarioError(fault("batch_size", f"at most {count}, as many samples as there are", self.batch_size))

        def samples() -> "np.ndarray":
            import tensorflow as tf

            return tf.image.resize(data.x_train, [self.side, self.side]) if self.side else data.x_train

        return Network(layers, lambda seed: scheme.build(tuple(shape), data.classes, seed), samples, data.y_train)


class OfGradients(OfNetwork):
    """A study whose first dimension is the moment at which a gradient is taken."""

    along: ClassVar = {"moment": "moments"}
    fixed: ClassVar = {"moments": "a list of whole numbers (moments are a dimension of every result)"}

    moments: Annotated[list[Moment], MinLen(1)] = Field(
        default=[0], description="steps of training; before each gradient, or numbers of rows of vectors"
    )
    vectors: str | None = Field(
        default=None, description="a .npy or .csv file of a row for each gradient; then no network is trained"
    )

    _moments_differ = field_validator("moments")(all_different)

    def identity(self) -> dict[str, Any]:
        """With the content of a file instead of its name, and without what it leaves unused."""
        from . import _vectors

        decides = super().identity()
        if self.vectors is None:
            return decides
        with named():
            told = {"vectors": _vectors.digest(self.vectors)}
        return {name: decides[name] for name in decides if name not in TRAINED} | told

    def source(self, shared: dict[str, Any]) -> "Source":
        """Where the gradients come from, kept in ``shared``."""
        key = f"gradients {self.model_dump_json(include={*TRAINED, 'vectors'})}"
        if key not in shared:
            shared[key] = _of_file(self.vectors) if self.vectors else _of_network(self, shared)
        found: Source = shared[key]
        if max(self.moments) >= found.rows:
            wanted = f"numbers of rows below {found.rows}, as many as {self.vectors} has"
            raise ScenarioError(fault("moments", wanted, max(self.moments)))
        if self.vectors is not None:
            with named():
                found.made(self.moments, 0)  # which complains of what is not finite
        return found


class Network(NamedTuple):
    """What is trained, and on what."""

    layers: "Layers"
    build: Callable[[int], Any]  # of a seed
    samples: Callable[[], Any]  # [N, *shape]
    labels: "np.ndarray"  # [N]


class Source(NamedTuple):
    """Of gradients [d] by moment and seed; each is made once."""

    layers: "Layers"
    size: int  # d
    rows: float  # of moments that there are
    made: "Callable[[Sequence[int], int], np.ndarray]"
    known: "dict[tuple[int, int], np.ndarray]"

    def at(self, moments: Sequence[int], seed: int) -> "np.ndarray":
        """After so many steps each, [moments, d]."""
        import numpy as np

        if missing := [moment for moment in moments if (moment, seed) not in self.known]:
            for other in [known for known in self.known if known[1] != seed]:
                del self.known[other]
            found = self.made(missing, seed)
            self.known.update({(moment, seed): gradient for moment, gradient in zip(missing, found, strict=True)})
        return np.stack([self.known[moment, seed] for moment in moments])


def _of_network(study: OfGradients, shared: dict[str, Any]) -> Source:
    from ...learning import gradients

    network = study.network(shared)

    def made(moments: Sequence[int], seed: int) -> "np.ndarray":
        x, training = network.samples(), (study.batch_size, study.learning_rate, seed)
        return gradients.gradients(network.build(seed), x, network.labels, moments, *training)

    return Source(network.layers, sum(math.prod(layer) for layer in network.layers), float("inf"), made, {})


def _of_file(path: str) -> Source:
    from . import _vectors

    with named():
        rows = _vectors.rows(path)
        if not rows.size:
            raise ValueError(f"vectors: expected some in {path}, received none")

    def made(moments: Sequence[int], seed: int) -> "np.ndarray":
        return _vectors.finite(rows[list(moments)], path)

    return Source(((rows.shape[1],),), rows.shape[1], len(rows), made, {})
