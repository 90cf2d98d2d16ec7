"""From scenarios of sums to their measures: what is checked before, and rounds in compiled blocks."""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..running.units import Work
from . import _vectors
from ._air import air_of, elements_of

if TYPE_CHECKING:
    from ...ota import Terms, Uplink
    from ...ota.sums import Sums

BLOCK = 250  # rounds between two reports of progress


class SumParts(NamedTuple):
    """What a point is made of."""

    uplink: "Uplink"
    terms: "Terms"
    vectors: np.ndarray | None  # [K, d], unless drawn
    correlation: float


def prepare(study: Any) -> SumParts:
    """What a point is made of, checked."""
    from ...ota import Terms
    from ...ota.round import MEMORY_BYTES

    if (needed := 4 * study.devices * study.entries) > MEMORY_BYTES:
        most = f"at most {MEMORY_BYTES / 2**30:g} GiB of vectors, of devices x entries float32"
        raise ScenarioError(fault("entries", most, f"{needed / 2**30:.3g} GiB", "take fewer of either"))
    if study.vectors is not None and study.correlation:
        raise ScenarioError(fault("correlation", "0 for vectors of a file", study.correlation))
    with named():
        vectors = None if study.vectors is None else _vectors.read(study.vectors, study.devices, study.entries)
    air, uplink = air_of(study, study.devices), catalogue.build(study.uplink, "uplink")
    elements = elements_of(study.grant, study.entries)
    with named():
        terms = Terms(air, study.entries, elements)
        uplink.check(terms)
    return SumParts(uplink, terms, vectors, study.correlation)


def build(parts: SumParts) -> "Sums":
    """The rounds, compiled once they run."""
    import tensorflow as tf

    from ...ota.sums import Sums, normal_vectors

    uplink, terms, vectors, correlation = parts
    if vectors is None:
        draw = normal_vectors(terms.air.devices, terms.size, correlation)
        return Sums(uplink, terms, draw, independent=correlation == 0)
    kept = tf.constant(vectors)
    return Sums(uplink, terms, lambda key: kept)


def measure(study: Any, sums: "Sums", work: Work) -> dict[str, np.ndarray]:
    """The measures of a seed over SNRs, each [S]."""
    import tensorflow as tf

    seed, snrs, found = tf.constant(work.seed, tf.int64), work.wanted["link.snr_db"], []
    state = sums.init(seed)
    for at, snr in enumerate(snrs):
        blocks = []
        for first in range(0, study.rounds, BLOCK):
            count = min(BLOCK, study.rounds - first)
            numbers = tf.constant(first), tf.constant(count)
            blocks.append(sums.rounds(state, seed, tf.constant(snr, tf.float32), *numbers))
            work.progress(at * study.rounds + first + count, len(snrs) * study.rounds)
        rounds = {name: np.concatenate([getattr(block, name) for block in blocks]) for name in blocks[0]._fields}
        found.append(_summary({name: values.astype(np.float64) for name, values in rounds.items()}))
    return {name: np.array([each[name] for each in found]) for name in found[0]}


def _summary(rounds: dict[str, np.ndarray]) -> dict[str, float]:
    """Of values by round [R] under their names."""
    means = {name: float(values.mean()) for name, values in rounds.items()}
    nmse = rounds["nmse"]
    error = float(nmse.std(ddof=1) / len(nmse) ** 0.5) if len(nmse) > 1 else math.nan
    return means | {"nmse_error": error, "energy_max": float(rounds["energy_max"].max())}
