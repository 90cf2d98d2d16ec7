"""Times of contestants measured in turn, so that whatever else the machine does slows all of them alike."""

import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

Contestant = Callable[[], object]  # does its work, or returns the seconds it took as a float
Times = dict[str, list[float]]  # by contestant, seconds in each repeat


def measure(contestants: dict[str, Contestant], repeats: int, warm: int = 2) -> dict[str, list[float]]:
    """Seconds of each contestant in each repeat; every repeat runs all of them, in an order that rotates."""
    return both(contestants, repeats, warm)[0]


def both(contestants: dict[str, Contestant], repeats: int, warm: int = 2) -> tuple[Times, Times]:
    """The same, and seconds of this process on all cores, which others on the machine lengthen less."""
    names = list(contestants)
    times: Times = {name: [] for name in names}
    busy: Times = {name: [] for name in names}
    for repeat in range(-warm, repeats):
        turn = repeat % len(names)
        for name in names[turn:] + names[:turn]:
            start, began = time.perf_counter(), time.process_time()
            reported = contestants[name]()
            taken = reported if isinstance(reported, float) else time.perf_counter() - start
            if repeat >= 0:
                times[name].append(taken)
                busy[name].append(time.process_time() - began)
    return times, busy


def rounds(federation: Any, count: int, snr_db: float = 0.0) -> Contestant:
    """Some rounds of a federation, that go on from the last ones."""
    states = [federation.init(0)]

    def run() -> None:
        for _ in itertools.repeat(None, count):
            states[0], metrics = federation.step(states[0], 0, snr_db)
        metrics.train_loss.numpy()

    return run


def ratio(times: dict[str, list[float]], name: str, over: str) -> float:
    """Median over repeats of one contestant's time over another's in the same repeat."""
    return statistics.median(a / b for a, b in zip(times[name], times[over], strict=True))


def show(title: str, times: dict[str, list[float]], over: str) -> None:
    """A table: the median time of each contestant, and its ratio to one of them."""
    width = max(map(len, times))
    print(f"\n{title} ({len(times[over])} repeats)")
    print(f"  {'':{width}}  {'median':>10}  {'fastest':>10}  ratio to {over}")
    for name, taken in times.items():
        median, fastest = 1e3 * statistics.median(taken), 1e3 * min(taken)
        print(f"  {name:{width}}  {median:>7.1f} ms  {fastest:>7.1f} ms  {ratio(times, name, over):.2f}")


def verdict(claim: str, met: bool, measured: str) -> None:
    """One line that says whether a target is met."""
    print(f"  {'met' if met else 'missed':6}  {claim}: {measured}", flush=True)
