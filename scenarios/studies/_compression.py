"""The errors of a compressor on gradients, over what it may use."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..running.units import Work
from ._gradients import Source
from ._statistics import deviation

if TYPE_CHECKING:
    from ...ota import Compressor

STREAM = "qcs variance"  # the stored curves were drawn from the keys of this name


class CompressionParts(NamedTuple):
    """What a point is made of."""

    compressor: "Compressor"
    source: Source


def prepare(study: Any, shared: dict[str, Any]) -> CompressionParts:
    """The compressor, and where gradients come from."""
    return CompressionParts(catalogue.build(study.compressor, "compressor"), study.source(shared))


def errors(study: Any, parts: CompressionParts, work: Work) -> dict[str, np.ndarray]:
    """The measures of one compressor with one seed, each [moments, gains]."""
    from ...ota.errors import compressing
    from ...ota.laws import error_bound
    from ...ota.layers import size_of
    from ...phy import keys

    moments, size, found, least = work.wanted["moment"], parts.source.size, [], []
    counts = [size_of((layer,)) for layer in parts.source.layers]
    budgets = [32.0 * size / gain for gain in work.wanted["target_gain"]]
    errors_of, key = compressing(parts.compressor, size, study.draws, parts.source.layers), keys.key(work.seed, STREAM)
    for at, gradient in enumerate(parts.source.at(moments, work.seed)):
        found.append(errors_of(gradient, budgets, key))
        least.append(error_bound(gradient, counts, budgets))
        work.progress(at + 1, len(moments))
    error, bits = (np.stack(values) for values in zip(*found, strict=True))  # [moments, gains, draws]
    with np.errstate(divide="ignore"):
        gain = (32.0 * size / bits).mean(axis=-1)
    return {
        "error": error.mean(axis=-1), "deviation": deviation(error), "gain": gain, "bits": bits.mean(axis=-1),
        "bound": np.tile(_bounds(parts.compressor, size, budgets), [len(moments), 1]),
        "least": np.stack(least),
    }  # fmt: skip


def _bounds(compressor: Any, size: int, budgets: list[float]) -> np.ndarray:
    """NaN where there is none."""
    bound = getattr(compressor, "error_bound", lambda *_: np.nan)
    return np.array([bound(size, bits) for bits in budgets])
