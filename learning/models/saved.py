"""Someone's own network: a Keras model of a .keras file, with the weights it was saved with."""

from pathlib import Path
from typing import ClassVar

import keras

from ...phy.strict import dataclass
from .. import keras_files


@dataclass(frozen=True)
class Saved:
    """The same for every seed: a Keras model of a .keras file, with the weights it was saved with.

    It takes images of the data's shape and ends in a number a class: logits, or probabilities by a softmax of its last
    layer, which is taken off, as what trains a network here takes logits. Nothing in the file is run: layers that hold
    Python code, such as Lambda, are refused, and so are classes that are neither Keras' nor registered, and layers of
    more weights than the file holds.

    >>> import tempfile
    >>> from overair.learning.models.saved import Saved
    >>> from overair.learning.models.softmax import Softmax
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Softmax().build((8, 8, 1), classes=10, seed=3).save(f"{folder}/mine.keras")
    ...     model = Saved(f"{folder}/mine.keras").build((8, 8, 1), classes=10, seed=0)
    >>> model.count_params()
    650
    """

    trained: ClassVar[bool] = True
    reads: ClassVar[str] = "path"

    path: str
    """Where the file is."""

    def __post_init__(self) -> None:
        if not self.path.endswith(".keras") or not Path(self.path).is_file():
            raise ValueError(
                f"saved.path: expected a file that model.save wrote as .keras, received {self.path!r}, which is none"
            )

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        model = _read(self.path)
        given, wanted = (model.input_shape, model.output_shape), ((None, *shape), (None, classes))
        if given != wanted:
            raise ValueError(
                f"saved.path: expected a network {_told(*wanted)}, received one {_told(*given)} in {self.path!r}; "
                "take the data that it was trained for"
            )
        last = model.layers[-1]
        if isinstance(last, keras.layers.Softmax):
            raise ValueError(
                f"saved.path: expected a network that ends in logits, received {self.path!r} with the layer "
                f"{last.name!r} at its end; save it without that layer"
            )
        if getattr(last, "activation", None) is keras.activations.softmax:
            last.activation = keras.activations.linear
        return model


def _read(path: str) -> keras.Model:
    try:
        model = keras_files.load(path)
    except Exception as error:  # Keras raises whatever it meets
        reason = str(error).strip().partition("\n")[0].partition(". ")[0]
        raise ValueError(
            f"saved.path: expected a Keras model, received {path!r}, which cannot be read: {reason}"
        ) from None
    if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"saved.path: expected a Sequential or functional model of one input and one output, received "
            f"{type(model).__name__} in {path!r}; rebuild it from its input and output"
        )
    return model


def _told(given: tuple[int | None, ...], made: tuple[int | None, ...]) -> str:
    """From which shape to how many classes, as a network's batches have them."""
    sizes = (" x ".join(str(size or "any") for size in shape[1:]) for shape in (given, made))
    return "from {} to {}".format(*sizes)
