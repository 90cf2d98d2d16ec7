"""The errors of a recovery on sparse gradients."""

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..running.units import Work
from ._gradients import Source
from ._statistics import deviation

if TYPE_CHECKING:
    from ...ota import Recovery

STREAM = "bayes"  # the stored curves were drawn from the keys of this name


class RecoveryParts(NamedTuple):
    """What a point is made of."""

    recovery: "Recovery"
    source: Source


def prepare(study: Any, shared: dict[str, Any]) -> RecoveryParts:
    """The recovery, and where gradients come from."""
    return RecoveryParts(catalogue.build(study.recovery, "recovery"), study.source(shared))


def errors(study: Any, parts: RecoveryParts, work: Work) -> dict[str, np.ndarray]:
    """The measures of one recovery with one seed, each [moments, shares, SNRs] but for the transition."""
    from ...learning.gradients import largest, variant
    from ...ota.errors import recovering
    from ...ota.recovery.amp import transition
    from ...phy import keys

    rows, key = max(round(study.sums * parts.source.size), 1), keys.key(work.seed, STREAM)
    errors_of = recovering(parts.recovery, parts.source.size, rows, study.draws, parts.source.layers)
    places = [work.wanted[name] for name in ("moment", "share", "snr_db")]
    gradients = dict(zip(places[0], parts.source.at(places[0], work.seed), strict=True))
    shape = [len(values) for values in places]
    found: list[Any] = []
    for moment, share, snr_db in itertools.product(*places):
        x = variant(largest(gradients[moment], share), study.entries, parts.source.layers, work.seed)
        found.append(errors_of(x, snr_db, key))
        work.progress(len(found), int(np.prod(shape)))
    own, oracle = (np.stack(values).reshape([*shape, -1]) for values in zip(*found, strict=True))
    return {
        "nmse": own.mean(axis=-1), "deviation": deviation(own), "oracle": oracle.mean(axis=-1),
        "oracle_deviation": deviation(oracle), "transition": np.array(study.sums * transition(study.sums)),
    }  # fmt: skip
