"""Every way of sending queries, found by walking the package, on a few characters that nothing was trained to tell."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ..learning.inference.retrieval import embedding
from ..learning.inference.retrieval.drawings import Drawings
from ..learning.inference.retrieval.evaluate import Labels
from ..learning.inference.retrieval.queries import Asked, Job
from ..phy import Air, Grid, Rayleigh, keys
from .found import as_it_comes

ELEMENTS, CHARACTERS = 32, 4
AIR = Air(Grid(ELEMENTS, 1), Rayleigh(), 1)
KEPT: dict[str, Any] = {}  # of all examples, as heads are many


@pytest.fixture(scope="module")
def asked() -> Asked:
    rng = np.random.default_rng(0)
    drawings = Drawings.of((rng.random([CHARACTERS, 5, 56, 56, 1]) < 0.1).astype(np.float32))
    network, (queries, gallery) = embedding.network(28, 0), (drawings.by(slice(0, 2)), drawings.by(slice(2, 5)))
    labels = Labels(np.repeat(np.arange(CHARACTERS), 2), np.repeat(np.arange(CHARACTERS), 3))
    wanted, known = (embedding.embed(network, part.coarse) for part in (queries, gallery))
    return Asked(network, labels, queries, wanted, known, ("these",))


@pytest.fixture(scope="module")
def job(asked: Asked) -> Job:
    rng = np.random.default_rng(1)
    drawings = Drawings.of((rng.random([6, 5, 56, 56, 1]) < 0.1).astype(np.float32))
    features = rng.normal(size=[24, 5, asked.queries.shape[1]]).astype(np.float32)
    apart = asked._replace(told=("apart",))
    return Job(drawings, features, AIR, ELEMENTS, 2, 0, keep, apart)


def keep(told: tuple[object, ...], make: Callable[[], Any]) -> Any:
    if (name := repr(told)) not in KEPT:
        KEPT[name] = [np.array(array) for array in make()]
    return KEPT[name]


def test_queries(query_scheme: Any, job: Job, asked: Asked) -> None:
    if len(targets := getattr(query_scheme, "targets", ())) > 2 and query_scheme != as_it_comes(query_scheme):
        query_scheme = replace(query_scheme, targets=targets[1:3])  # a choice among two is one; each target is compiled
    assert query_scheme.check(AIR) is None
    ready = query_scheme.ready(job, asked)
    one, again, other = (ready.found(3.0, keys.key(seed)) for seed in (1, 1, 2))
    assert one.hits.shape == (2 * CHARACTERS, 20) and one.precision.shape == (2 * CHARACTERS,)
    assert np.all((one.hits >= 0) & (one.hits <= 1)) and np.all(np.diff(one.hits, axis=1) >= 0)
    assert np.all((one.precision > 0) & (one.precision <= 1))
    np.testing.assert_array_equal(one.hits, again.hits)
    np.testing.assert_array_equal(one.precision, again.precision)
    assert np.all(np.isfinite(other.precision))

    def made(told: tuple[object, ...], make: Callable[[], Any]) -> Any:
        return KEPT[repr(told)]  # nothing else is trained, and what is kept is all that is needed

    kept = query_scheme.ready(job._replace(keep=made), asked).found(3.0, keys.key(1))
    np.testing.assert_array_equal(kept.hits, one.hits)
