"""The order of asynchronous arrivals is that of an event loop, and what is trained with it is what the papers say."""

import math
import time
from collections.abc import Callable

import numpy as np
import pytest

from overair.learning.federated.planning import ages
from overair.learning.federated.planning.arrivals import Arrivals, buffered, slotted
from overair.learning.federated.planning.staleness import polynomial

CURVATURE, OPTIMUM = (1.0, 4.0), (2.0, -1.0)  # of two devices' losses, a/2 (x - b)^2


def trained(device: int, start: float, rate: float = 0.1, steps: int = 5) -> float:
    """The model of a device after local steps."""
    for _ in range(steps):
        start -= rate * CURVATURE[device] * (start - OPTIMUM[device])
    return start


def fedasync(order: Arrivals, mixing: float = 0.6) -> list[float]:
    """The models after each step of a server that mixes in the model of whoever arrives."""
    models = [0.0]
    for device, version, age in zip(order.device[:, 0], order.version[:, 0], order.age[:, 0], strict=True):
        share = mixing * float(polynomial(age))
        models.append((1 - share) * models[-1] + share * trained(device, models[version]))
    return models[1:]


def fedbuff(order: Arrivals, rate: float = 1.0) -> list[float]:
    """The models after each step of a server that adds the mean of a buffer's differences."""
    models = [0.0]
    for devices, versions, old in zip(order.device, order.version, order.age, strict=True):
        moved = [
            float(polynomial(age)) * (trained(device, models[version]) - models[version])
            for device, version, age in zip(devices, versions, old, strict=True)
        ]
        models.append(models[-1] + rate * sum(moved) / len(moved))
    return models[1:]


def of(devices: list[int], versions: list[int], buffer: int) -> Arrivals:
    shape = -1, buffer
    return Arrivals(np.reshape(devices, shape), np.reshape(versions, shape), np.zeros([len(devices) // buffer, buffer]))


def test_fedasync_on_two_quadratics() -> None:
    found = fedasync(of([0, 1, 0, 0], [0, 0, 1, 2], 1))
    assert np.allclose(found, [0.49141200, -0.10834975, 0.40821026, 0.55535789], atol=5e-7)  # s is float32


def test_fedbuff_on_two_quadratics() -> None:
    found = fedbuff(of([0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 1, 1], 2))
    assert np.allclose(found, [-0.05161, -0.1993643, -0.21155778], atol=5e-7)


def test_a_buffer_of_all_without_delay_is_fedavg() -> None:
    order = of([0, 1] * 8, np.repeat(range(8), 2).tolist(), 2)
    assert not order.age.any() and order.models == 1
    assert slotted(np.ones([8, 2]), 8, 1.0).sends.all()  # those who wait for a slot are as many, and as old
    assert not slotted(np.ones([8, 2]), 8, 1.0).age.any()
    x = 0.0
    for found in fedbuff(order):
        x += sum(trained(device, x) - x for device in range(2)) / 2
        assert found == x


def simulated(durations: np.ndarray, steps: int, buffer: int) -> list[tuple[int, int, int, float]]:
    """Device, version, age and time of all arrivals, by looking for the next one among all devices each time."""
    devices = durations.shape[1]
    ends, begun, job = durations[0].copy(), np.zeros(devices, int), np.zeros(devices, int)
    version, waiting, found = 0, 0, []
    while version < steps:
        device = int(np.argmin(ends))
        found.append((device, int(begun[device]), version - int(begun[device]), float(ends[device])))
        waiting += 1
        if waiting == buffer:
            version, waiting = version + 1, 0
        job[device] += 1
        begun[device] = version
        if version < steps:
            ends[device] += durations[job[device], device]
    return found


@pytest.mark.parametrize(("devices", "buffer"), [(1, 1), (5, 1), (6, 4), (3, 7)])
def test_the_order_is_that_of_an_event_loop(devices: int, buffer: int) -> None:
    durations = np.random.default_rng(devices).exponential(np.linspace(1, 3, devices), [400, devices])
    order = buffered(durations, 30, buffer)
    assert order.device.shape == order.version.shape == order.time.shape == (30, buffer)
    parts = zip(order.device.flat, order.version.flat, order.age.flat, order.time.flat, strict=True)
    assert list(map(tuple, parts)) == simulated(durations, 30, buffer)
    assert np.all(np.diff(order.time.ravel()) >= 0) and order.age.min() >= 0
    assert order.models == order.age.max() + 1


def exponential(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.exponential(1.0, shape)


def ten_fold(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.exponential(np.geomspace(1, 10, shape[1]), shape)


def constant(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return np.tile(rng.uniform(1, 10, shape[1]), (shape[0], 1))


@pytest.mark.parametrize("law", [exponential, ten_fold, constant])
@pytest.mark.parametrize(("devices", "buffer"), [(10, 4), (10, 1), (25, 7)])
def test_the_mean_age_is_that_of_any_law(law: Callable[..., np.ndarray], devices: int, buffer: int) -> None:
    """(C - 1)/B. The events between beginning and arriving of one device add up to all events but its own, so that

    over E events their mean is C - 1 but for the first and last updates of each device, less than 2 C^2/E in all; of
    the steps between, e events are e/B on average if they begin anywhere in a buffer, which they do to within a
    standard error of mean independent remainders.
    """
    steps = 100_000 // buffer
    durations = law(np.random.default_rng(1), (60_000, devices))
    age = buffered(durations, steps, buffer).age
    events = age.size
    batches = age[: steps // 50 * 50].reshape(50, -1).mean(axis=1)
    error = 4.5 * batches.std() / 50**0.5 + 2 * devices**2 / events
    assert error < 0.03 * ages.buffered(devices, buffer)
    assert abs(age.mean() - ages.buffered(devices, buffer)) < error
    assert ages.buffered(10, 4) == 2.25


def test_asynchronous_devices_are_harmonic_times_as_fast() -> None:
    """Exponential times: a synchronous round of C updates waits for the slowest, H_C; else C arrive a unit of time."""
    devices, events = 10, 50_000
    durations = np.random.default_rng(2).exponential(1.0, [20_000, devices])
    together = durations[: events // devices].max(axis=1)
    apart = buffered(durations, events).time[-1, 0]
    gain = together.sum() / apart
    error = gain * (together.std() / together.sum() * len(together) ** 0.5 + events**-0.5)
    expected = sum(1 / each for each in range(1, devices + 1))
    assert math.isclose(expected, 2.928968, abs_tol=5e-7) and abs(gain - expected) < 4.5 * error


def test_a_hundred_thousand_events_are_ordered_in_a_second() -> None:
    durations = np.random.default_rng(3).exponential(1.0, [3_000, 50])
    best = math.inf
    for _ in range(3):
        start = time.process_time()
        buffered(durations, 10_000, 10)
        best = min(best, time.process_time() - start)
    assert best < 1.0


@pytest.mark.parametrize("ready", [0.2, 0.7])
def test_devices_ready_with_a_chance_have_the_age_of_slots(ready: float) -> None:
    waits = np.random.default_rng(4).geometric(ready, [60_000, 5])
    found = slotted(waits - 0.3, 40_000, 1.0)
    drawn = found.age[found.sends]
    assert abs(drawn.mean() - ages.slotted(ready)) < 4.5 * drawn.std() / len(drawn) ** 0.5
    assert abs(found.sends.mean() - ready) < 4.5 * (ready * (1 - ready) / found.sends.size) ** 0.5
    assert found.models == drawn.max() + 1


def test_slots_by_hand() -> None:
    durations = np.array([[1.5, 0.2], [1.0, 2.1], [9.0, 0.5]])
    found = slotted(durations, 4, 1.0)
    assert found.sends.T.astype(int).tolist() == [[0, 1, 1, 0], [1, 0, 0, 1]]
    assert found.age.T.tolist() == [[0, 1, 0, 0], [0, 0, 0, 2]]


def test_orders_that_cannot_be_are_refused() -> None:
    good = np.ones([3, 2])
    with pytest.raises(ValueError, match=r"^durations: expected enough updates of each device for 9 steps, received 3"):
        buffered(good, 9)
    with pytest.raises(ValueError, match=r"for 9 steps, received 3, .* through after 3; draw more rows$"):
        slotted(good, 9, 1.0)
    assert buffered(good, 5).device.ravel().tolist() == [0, 1, 0, 1, 0]
    with pytest.raises(ValueError, match="^steps, buffer: expected at least 1 of each, received 1 and 0$"):
        buffered(good, 1, 0)
    with pytest.raises(
        ValueError, match="^slots, seconds: expected at least 1 slot of more than 0 s, received 1 of 0$"
    ):
        slotted(good, 1, 0)
    for bad in (np.zeros([3, 2]), np.full([3, 2], np.nan)):
        with pytest.raises(ValueError, match="^durations: expected finite seconds above 0"):
            buffered(bad, 1)
    with pytest.raises(ValueError, match=r"^durations: expected seconds \[updates, devices\], received shape \[3\]$"):
        buffered(np.ones(3), 1)
