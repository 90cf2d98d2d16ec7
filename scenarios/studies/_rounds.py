"""The rounds of a unit of federated learning, from the start or from where it was left, and what is measured in them.

A record holds the costs of every round, accuracy and loss where the model was evaluated, and the state after its last
round, if that is small or the unit is under way. Numbers that stop being finite end a unit.
"""

import logging
import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..results.measures import Measure
from ..running.units import Record, Work
from ._reports import ELAPSED
from ._round_measures import COSTS, EVALUATED, STOPPED

if TYPE_CHECKING:
    from ...learning import Federation

CHECKPOINT_SECONDS = 20.0
KEPT_STATE = 2**24  # bytes of a finished unit's state that are kept, to go on from, or else of its model

EPSILON = [each.name for each in COSTS].index("epsilon")


log = logging.getLogger("overair")


class _Path(NamedTuple):
    """What rounds gave so far."""

    costs: list[list[float]]  # [T, C]
    evaluated: dict[int, list[float]]  # by round

    @property
    def elapsed(self) -> float:
        """Seconds by the clock, 0 where there is none."""
        at = COSTS.index(ELAPSED)
        return self.costs[-1][at] if self.costs else 0.0

    def record(self, state: Any, stopped_at: int = -1) -> Record:
        import tensorflow as tf

        done = len(self.costs)
        values = {each.name: np.array([row[at] for row in self.costs]) for at, each in enumerate(COSTS)}
        at_rounds = [self.evaluated.get(round, [np.nan] * len(EVALUATED)) for round in range(1, done + 1)]
        values |= {each.name: np.array([row[at] for row in at_rounds]) for at, each in enumerate(EVALUATED)}
        seen = np.array([0.0 if round in self.evaluated else np.nan for round in range(1, done + 1)])
        values |= {"evaluated": seen, STOPPED.name: np.array(stopped_at)}
        parts = () if state is None else tuple(np.asarray(part) for part in tf.nest.flatten(state))
        return Record({"round": list(range(1, done + 1))}, values, parts)


def run(study: Any, federation: "Federation", work: Work) -> Record:
    """The record of a unit that has all rounds that are wanted."""
    path, state = _begin(study, federation, work)
    first, wanted, saved = len(path.costs), set(work.wanted["round"]), time.monotonic()
    for round in range(first + 1, study.rounds + 1):
        if path.elapsed > (study.budget_seconds or math.inf):
            work.progress(study.rounds, study.rounds)
            break
        state, metrics = federation.step(state, work.seed, study.link.mean_snr_db)
        work.progress(round, study.rounds)
        if not bool(metrics.finite):
            log.warning(
                "%s stopped in round %d of seed %d: numbers are no longer finite",
                work.alias, round, work.seed,
            )  # fmt: skip
            return _joined(path.record(None, round), work.record)
        path.costs.append([float(getattr(metrics, measure.name)) for measure in COSTS])
        if round not in wanted:
            continue
        path.evaluated[round] = [
            *map(float, federation.evaluate(state)),
            *_personal(study, federation, state, work.seed),
        ]
        if round < study.rounds and time.monotonic() - saved > CHECKPOINT_SECONDS:
            work.save(path.record(state))
            saved = time.monotonic()
    if study.protection:
        log.info("%s, seed %d: %s", work.alias, work.seed, federation.guard.words(path.costs[-1][EPSILON]))
    return _joined(path.record(_kept(state)), work.record)


def _begin(study: Any, federation: "Federation", work: Work) -> tuple[_Path, Any]:
    """What there is and the state to go on from; the start where a wanted evaluation lies behind it."""
    import tensorflow as tf

    state, there = federation.init(work.seed), work.record
    whole = len(tf.nest.flatten(state))
    if there is None or len(there.state) < whole or _skipped(there, work.wanted["round"]):
        return _Path([], {}), state
    done = len(there.coordinates["round"])
    costs = np.stack([of(there, each) for each in COSTS], axis=1).tolist()
    rows = np.stack([of(there, each) for each in EVALUATED], axis=1).tolist()
    evaluated = {at + 1: rows[at] for at in range(done) if not np.isnan(there.values["evaluated"][at])}
    parts = [tf.constant(array) for array in there.state]
    return _Path(costs, evaluated), tf.nest.pack_sequence_as(state, parts)


def _personal(study: Any, federation: "Federation", state: Any, seed: int) -> tuple[float, float]:
    """The mean of devices' own models and that of the worst, where a scenario is about them."""
    if not study.is_personal:
        return math.nan, math.nan
    from ...learning.federated.personal import summary

    return summary(federation.evaluate_personal(state, seed).numpy())


def of(record: Record, measure: Measure) -> np.ndarray:
    """A measure of every round of a record, NaN where that is from before there was such a measure."""
    return record.values.get(measure.name, np.full(len(record.coordinates["round"]), np.nan))


def ended(record: Record, seconds: float | None) -> int:
    """The first round that ends after so many seconds, -1 where none does."""
    late = np.flatnonzero(of(record, ELAPSED) > (math.inf if seconds is None else seconds))
    return int(late[0]) + 1 if late.size else -1


def _joined(made: Record, there: Record | None) -> Record:
    """The longer of two records, evaluated where either was: fewer rounds done anew lose none of a longer run."""
    if there is None or "evaluated" not in there.values:
        return made
    short, long = sorted((there, made), key=lambda record: len(record.coordinates["round"]))
    done, values = len(short.coordinates["round"]), dict(long.values)
    missing = np.isnan(values["evaluated"][:done])
    for name in ("evaluated", *(each.name for each in EVALUATED if each.name in short.values.keys() & values.keys())):
        values[name] = np.append(np.where(missing, short.values[name], values[name][:done]), values[name][done:])
    return long._replace(values=values)


def _skipped(there: Record, wanted: list[int]) -> bool:
    """Whether the model was not evaluated after a round that is behind."""
    done = len(there.coordinates["round"])
    return any(np.isnan(there.values["evaluated"][round - 1]) for round in wanted if round <= done)


def _kept(state: Any) -> Any:
    """What a record keeps of a state: all of it, the round and the model that it begins with, or nothing."""
    if _size(state) <= KEPT_STATE:
        return state
    return state[:2] if _size(state[:2]) <= KEPT_STATE else None


def _size(state: Any) -> int:
    import tensorflow as tf

    return sum(int(np.asarray(part).nbytes) for part in tf.nest.flatten(state))
