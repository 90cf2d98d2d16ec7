"""Running a scenario of images: every point of its sweep with every seed, to one dataset.

With a folder, points that are finished are not run again, and training goes on after the last epoch that is there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import catalogue
from .build import air_of, named
from .errors import ScenarioError, fault, shown
from .identity import identity
from .sweep import Sweep

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

    from ..learning.images.schemes import Outcome
    from ..phy import Air

Progress = Callable[[int, int], None]  # steps done, steps to do
HEAVY = 100  # steps that a point counts


class Parts(NamedTuple):
    """What a point is made of."""

    scheme: Any
    air: "Air"
    images: "np.ndarray"
    tested: "list[np.ndarray]"  # by size


def run(plan: Sweep, name: str | None, out: Path | None, progress: Progress | None) -> "xr.Dataset":
    """The dataset of a plan; results in ``out``."""
    _check_dimensions(plan)
    from . import curves, image_results, results
    from .results import Record
    from .store import Store

    loaded: dict[str, Any] = {}
    prepared = [_prepare(point.scenario, loaded) for point in plan.points]  # all are checked before any runs
    store = Store(out)
    store.open(plan.resolved)
    records: dict[tuple[int, int], np.ndarray] = {}
    tasks = [(at, seed) for at, point in enumerate(plan.points) for seed in point.scenario.seeds]
    for number, (at, seed) in enumerate(tasks):
        scenario = plan.points[at].scenario
        if (there := store.finished(identity(scenario, seed))) is not None:
            records[at, seed] = there.values
            continue

        def tell(done: int, total: int, number: int = number) -> None:
            if progress:
                progress(HEAVY * number + HEAVY * done // total, HEAVY * len(tasks))

        with named():
            records[at, seed] = _one(scenario, prepared[at], seed, out and out / "networks", tell)
        store.finish(identity(scenario, seed), Record(-1, records[at, seed]))
        tell(1, 1)
    dataset = image_results.assemble(plan, records)
    if out:
        results.save(dataset, out / "results.nc")
        curves.save(dataset, out / "curve.csv", name)
    return dataset


def _check_dimensions(plan: Sweep) -> None:
    """SNRs are a dimension of every result, so all points have the same."""
    first, *others = (point.scenario.link.snr_db for point in plan.points)
    for other in others:
        if other != first:
            raise ScenarioError(
                fault("link.snr_db", f"the same SNRs at all points of the sweep, {shown(first)}", other)
            )


def _prepare(scenario: Any, loaded: dict[str, Any]) -> Parts:
    """The sender, the air and the images; what can be wrong with them is found here."""
    from ..learning.images.photographs import kodak
    from ..learning.images.schemes import Job, symbols_of

    scheme, air = catalogue.build(scenario.scheme, "scheme"), air_of(scenario, devices=1)
    if (key := scenario.data.model_dump_json()) not in loaded:
        with named("data"):
            loaded[key] = catalogue.build(scenario.data, "data").load()
    data = loaded[key]
    if scenario.test == "kodak" and "kodak" not in loaded:
        with named("test"):
            loaded["kodak"] = kodak()
    tested = loaded["kodak"] if scenario.test == "kodak" else [data.x_test]
    if scenario.test_images:
        tested = _first(tested, scenario.test_images)
    learnt_from = data.x_train[: scenario.train_images]
    for images in tested:
        if images.shape[3] != learnt_from.shape[3]:
            wanted = f"test images of as many colours as those learnt from, {learnt_from.shape[3]}"
            raise ScenarioError(fault("test", wanted, images.shape[3], "take test = data, or other data"))
        for ratio in scenario.ratios:
            with named("ratios"):
                symbols_of(images, ratio)
    with named("scheme"):
        scheme.check(Job(learnt_from, air, tuple(scenario.ratios), scenario.seeds[0]), tested)
    return Parts(scheme, air, learnt_from, tested)


def _one(scenario: Any, parts: Parts, seed: int, folder: Path | None, tell: Progress) -> "np.ndarray":
    """One point with one seed, [V, R, S]."""
    import numpy as np

    from ..learning.images.schemes import Job, Trial
    from ..phy import keys
    from . import image_results

    send = parts.scheme.ready(Job(parts.images, parts.air, tuple(scenario.ratios), seed, folder, tell))
    snrs = tuple(scenario.link.snr_db)
    found = []
    for ratio in scenario.ratios:
        outcomes = [
            send(ratio, Trial(some, snrs, scenario.repetitions, keys.key(seed, "test", at), scenario.similarity))
            for at, some in enumerate(parts.tested)
        ]
        found.append(image_results.values(_together(outcomes, [len(some) for some in parts.tested])))
    return np.stack(found, axis=1)


def _together(parts: "list[Outcome]", counts: list[int]) -> "Outcome":
    """The outcome of test images of several sizes."""
    import numpy as np

    first = parts[0]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("mse", "ssim", "ms_ssim")
    }
    means = {
        name: np.average([getattr(part, name) for part in parts], axis=0, weights=counts)
        for name in ("lost", "bits", "elements", "papr_db")
    }
    return first._replace(**joined, **means)


def _first(tested: "list[np.ndarray]", count: int) -> "list[np.ndarray]":
    kept = []
    for images in tested:
        if count > 0:
            kept.append(images[:count])
            count -= len(images)
    return kept
