"""Mutated scenarios, thousands of them: each is a plan or a refusal, soon and in little memory, and nothing else."""

import copy
import random
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from overair.scenarios import ScenarioError, studies
from overair.scenarios.reading import files, overrides, skeleton
from overair.scenarios.reading.sources import FAMILIES, sources
from overair.scenarios.reading.sweep import sweep
from tests.unhurried import nothing_older_is_walked

__all__ = ["nothing_older_is_walked"]  # a fixture

SECONDS, BYTES = 2.0, 300e6
KINDS = [kind for family in FAMILIES for kind in sources(family)]
NASTY = [
    *("", " ", "\0", "a\x1b[2J", "\u202e", "\ud800", "x" * 10_000, "0:1e9:1e-9", "-10:20:5", "1:0:1", "::", "nan"),
    *("1e-99999999", "1/6", "ten", "{", "[[", "kind", "label", "a.b.c", "__class__", "../../etc"),
]
NUMBERS = [
    *(0, -1, 1, 2, 0.5, -0.0, 1e-320, 1e308, float("inf"), float("nan"), 10**400, 1e-9, 10**6, 10**9),
    *(2**31, 2**63, 2**64, -(2**63)),
]
WORDS = ["label", "kind", "variants", "variant", "study", "task", "seeds", "title", "link", "snr_db", "uplink", "codec"]
PATHS = [
    *("link.snr_db", "uplink.codec.kept", "link.impairments.0.high", "seeds.0", "rounds", "variants.a.rounds"),
    *("a" + ".b" * 50, "", ".", "0", "optimizer.options.x", "devices", "title", "participation"),
]
TEXTS = [*map(str, NUMBERS), *NASTY, *KINDS, "[1,2", "[" * 300, "{a=1}", "[0:10:5,ten]", "'", '"']


class Fuzzer:
    """Scenarios from a seed: those of the package, changed in a few places."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.bases = [files.read(name)[1] for name in files.presets()]
        self.bases += [skeleton.example(name) for name in studies.names()]
        self.bases += [studies.check(skeleton.example(name)).model_dump(mode="json") for name in studies.names()]

    def scenario(self) -> dict[str, Any]:
        raw = copy.deepcopy(self.random.choice(self.bases))
        for _ in range(self.random.choice([0, 1, 1, 1, 1, 2, 4])):
            self._mutate(raw)
        return raw

    def changes(self) -> list[str]:
        """Those of a command line."""
        return [f"{self.random.choice(PATHS)}={self._text()}" for _ in range(self.random.choice([0, 0, 0, 1, 2]))]

    def _text(self) -> str:
        value = self.random.choice(TEXTS)
        return value if self.random.random() < 0.7 else f"[{value},{value}]"

    def _mutate(self, raw: dict[str, Any]) -> None:
        places = list(_places(raw))
        if not places:
            return
        holder, part = self.random.choice(places)
        match self.random.randrange(7):
            case 0:
                del holder[part]
            case 1 if isinstance(holder, dict):
                holder[self._key()] = self._value(3)
            case 2:
                holder[part] = [holder[part], self._value(2)]
            case 3:
                times = 2 if isinstance(holder[part], dict | list) else self.random.choice([1, 3, 300])
                holder[part] = [copy.deepcopy(holder[part]) for _ in range(times)]
            case 4 if isinstance(holder, dict):
                variants = raw.setdefault("variants", {})
                if isinstance(variants, dict):
                    variants[self._key()] = {self.random.choice([*PATHS, self._key()]): self._value(2)}
            case 5:
                holder[part] = {self._key(): holder[part]}
            case _:
                holder[part] = self._value(3)

    def _key(self) -> str:
        return self.random.choice([*WORDS, *WORDS, *NASTY, *KINDS])

    def _value(self, depth: int) -> Any:
        match self.random.randrange(11 if depth else 5):
            case 0 | 1:
                return self.random.choice(NUMBERS)
            case 2:
                return self.random.choice(NASTY)
            case 3:
                return self.random.choice([True, False, None])
            case 4:
                return self.random.choice(KINDS)
            case 5:
                return _nested(self.random.choice([2, 18, 25, 150]), self.random.random() < 0.5)
            case 6:
                return [self.random.randrange(1000) for _ in range(self.random.choice([0, 1, 5, 2_000]))]
            case 7:
                return {self._key(): self._value(depth - 1) for _ in range(self.random.choice([0, 1, 3]))}
            case 9:
                return {f"x{place}": place for place in range(self.random.choice([3, 900, 1_500]))}
            case 8:
                return {"kind": self.random.choice(KINDS), self._key(): self._value(depth - 1)}
            case _:
                return [self._value(depth - 1) for _ in range(self.random.choice([1, 2, 4]))]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, inner in parts:
        yield value, part
        yield from _places(inner)


def _nested(depth: int, of_lists: bool) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if of_lists else {"a": value}
    return value


def check(raw: dict[str, Any], changes: list[str]) -> str:
    """What became of a scenario; its refusal is fit for a terminal."""
    try:
        plan = sweep(overrides.apply(raw, changes))
    except ScenarioError as error:
        assert error.lines and all(line.isprintable() and len(line) <= 2_000 for line in error.lines)
        return "refused"
    assert plan.points and all(str(label).isprintable() for labels in plan.axes.values() for label in labels)
    return "a plan"


def cases(seed: int, count: int) -> dict[str, int]:
    """How many were refused and how many are plans; AssertionError with the case where anything else comes."""
    fuzzer, found = Fuzzer(seed), dict.fromkeys(("refused", "a plan"), 0)
    for number in range(count):
        raw, changes = fuzzer.scenario(), fuzzer.changes()
        case = f"case {number} of the seed {seed}: {raw!r:.3000} {changes!r:.300}"
        begin = time.process_time()
        try:
            found[check(raw, changes)] += 1
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}; {case}") from error
        assert time.process_time() - begin < SECONDS, case
    return found


def most_memory(seed: int, count: int) -> float:
    """Of any of so many cases."""
    fuzzer, peaks = Fuzzer(seed), []
    tracemalloc.start()
    try:
        for _ in range(count):
            raw, changes = fuzzer.scenario(), fuzzer.changes()
            tracemalloc.reset_peak()
            check(raw, changes)
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    return max(peaks)


def test_two_thousand_mutated_scenarios_are_plans_or_refused_within_two_seconds_each() -> None:
    found = cases(seed=1, count=2_000)
    assert found["refused"] > 500 and found["a plan"] > 100


def test_mutated_scenarios_are_read_in_300_megabytes() -> None:
    assert most_memory(seed=2, count=300) < BYTES


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 20))
def test_a_hundred_thousand_mutated_scenarios_are_plans_or_refused(seed: int) -> None:
    assert cases(seed, count=10_000)["refused"]
