"""What a data set gives is looked at when it is loaded: images of three dimensions, and a label below the classes each.

This is no file of a family, as loading takes long and is done once.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from ...phy.inputs import is_whole
from . import failed, shown, wrong

if TYPE_CHECKING:
    from ...learning.data import Arrays

IMAGES = "float32 images [N, height, width, colours]"


def loaded(scheme: Any) -> "Arrays":
    """The data set; ScenarioError where a field of it is something else than promised."""
    from ...learning.data import Arrays

    try:
        arrays: Arrays = scheme.load()
    except ValueError:  # which names a file that is missing
        raise
    except (Exception, SystemExit) as error:  # whatever it does when it is called
        raise failed(scheme, error) from None
    if not isinstance(arrays, Arrays):
        raise wrong(scheme, "load", "Arrays of overair.learning.data", shown(arrays))
    for part in ("train", "test"):
        images, labels = getattr(arrays, f"x_{part}"), getattr(arrays, f"y_{part}")
        _check_images(scheme, f"x_{part}", images)
        _check_labels(scheme, f"y_{part}", labels, len(images), arrays.classes)
    return arrays


def _check_images(scheme: Any, name: str, images: Any) -> None:
    if isinstance(images, np.ndarray) and images.dtype == np.float32 and images.ndim == 4 and images.size:
        return
    advice = ""
    if isinstance(images, np.ndarray) and images.ndim == 3:
        advice = f"; give the colours an axis, {name} = {name}[..., None]"
    elif isinstance(images, np.ndarray) and images.ndim == 4 and images.size:
        advice = f"; convert it, {name}.astype(np.float32)"
    raise wrong(scheme, "load", f"{name} of {IMAGES}", shown(images) + advice)


def _check_labels(scheme: Any, name: str, labels: Any, count: int, classes: Any) -> None:
    good = isinstance(labels, np.ndarray) and labels.dtype == np.int32 and labels.shape == (count,)
    if not good:
        raise wrong(scheme, "load", f"{name} of int32 labels [{count}], one an image", shown(labels))
    if labels.min() < 0 or not is_whole(classes, int(labels.max()) + 1):
        told = f"{labels.min()} to {labels.max()} where classes = {classes!r}"
        raise wrong(scheme, "load", f"{name} of labels from 0 to classes - 1", told)
