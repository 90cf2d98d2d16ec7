"""A data set of one's own is looked at when it is loaded: what no study can take is told with what to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair.learning.data import Arrays
from overair.scenarios import ScenarioError
from overair.scenarios.promises._loaded import loaded
from overair.scenarios.reading import catalogue
from overair.scenarios.studies._data import load_data
from tests.scenarios.test_outside import own

__all__ = ["own"]

X, Y = np.linspace(0.0, 1.0, 6 * 64, dtype=np.float32).reshape(6, 8, 8, 1), np.arange(6, dtype=np.int32) % 3
GOOD: Any = Arrays(X, Y, X[:3], Y[:3], 3)
FILE = '''"""Images without an axis of colours."""

import numpy as np
from overair.learning.data import Arrays
from overair.phy.strict import dataclass


@dataclass(frozen=True)
class Flat:
    """Twenty of them."""

    axis: bool = False
    """Whether they have it."""

    def load(self) -> Arrays:
        x, y = np.zeros([20, 8, 8], np.float32), np.arange(20, dtype=np.int32) % 2
        x = x[..., None] if self.axis else x
        return Arrays(x, y, x, y, 2)
'''


@dataclass(frozen=True)
class Given:
    """Gives what it holds, or raises it."""

    what: Any

    def load(self) -> Any:
        if isinstance(self.what, BaseException):
            raise self.what
        return self.what


LOAD = r"test_loaded.py: Given.load: expected "


@pytest.mark.parametrize(
    "what, told",
    [
        (
            GOOD._replace(x_train=X[..., 0]),
            LOAD + r"x_train of float32 images \[N, height, width, colours\], received float32 \[6, 8, 8\]; give the "
            r"colours an axis, x_train = x_train\[..., None\]$",
        ),
        (
            GOOD._replace(x_test=X[:3, ..., 0]),
            LOAD + r"x_test .*, received float32 \[3, 8, 8\]; give .* x_test = ",
        ),
        (GOOD._replace(x_train=X.astype(float)), LOAD + r"x_train .*, received float64 .*; convert it, x_train.astype"),
        (GOOD._replace(x_train=X.tolist()), LOAD + "x_train .*, received a list$"),
        (GOOD._replace(x_train=X[:0]), LOAD + r"x_train .*, received float32 \[0, 8, 8, 1\]$"),
        (GOOD._replace(x_train=X.reshape(6, 64)), LOAD + r"x_train .*, received float32 \[6, 64\]$"),
        (GOOD._replace(y_train=Y[:5]), LOAD + r"y_train of int32 labels \[6\], one an image, received int32 \[5\]$"),
        (
            GOOD._replace(y_test=Y[:3] * 1.0),
            LOAD + r"y_test of int32 labels \[3\], one an image, received float64 \[3\]$",
        ),
        (GOOD._replace(y_train=None), LOAD + r"y_train of int32 labels \[6\], one an image, received a NoneType$"),
        (
            GOOD._replace(classes=2),
            LOAD + "y_train of labels from 0 to classes - 1, received 0 to 2 where classes = 2$",
        ),
        (GOOD._replace(classes=None), LOAD + "y_train of labels .*, received 0 to 2 where classes = None$"),
        (GOOD._replace(y_train=Y - 1), LOAD + "y_train of labels .*, received -1 to 1 where classes = 3$"),
        (tuple(GOOD), LOAD + "Arrays of overair.learning.data, received a tuple$"),
        (KeyError("images"), r"test_loaded.py:\d+: Given.load: KeyError: 'images'$"),
        (SystemExit(3), r"test_loaded.py:\d+: Given.load: SystemExit: 3$"),
    ],
)
def test_what_no_study_can_take_is_told_by_its_file_with_what_to_do(what: Any, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        loaded(Given(what))


def test_what_is_as_promised_is_handed_on() -> None:
    assert loaded(Given(GOOD)) is GOOD
    with pytest.raises(ValueError, match="^expected a file, found none$"):
        loaded(Given(ValueError("expected a file, found none")))


def test_studies_are_given_no_images_without_colours(own: Any, tmp_path: Path) -> None:
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "data" / "flat.py").write_text(FILE)
    own(tmp_path / "mine")
    flat: Any = catalogue.tables("data")["flat"]
    with pytest.raises(ScenarioError, match=r"flat.py: Flat.load: expected x_train .* received float32 \[20, 8, 8\]"):
        load_data(flat(kind="flat"), {})
    assert load_data(flat(kind="flat", axis=True), {}).x_train.shape == (20, 8, 8, 1)
