"""The order of asynchronous arrivals: who arrives when, and with which model it began, before anything is trained.

No weight decides what happens when, so that the order of a whole run follows from the seconds that devices take. Every
device is always busy: it begins with the newest model as soon as it has arrived.

``buffered``: the server steps after every B arrivals; B = 1 is FedAsync, more FedBuff. Whoever completes a buffer
begins with the model made of it. ``slotted``: those that are ready by the end of a slot send together, and all of them
begin again with the model after that slot. Ages are read on arrival: steps that the server made since the update
began.
"""

import heapq
from typing import NamedTuple

import numpy as np


class Arrivals(NamedTuple):
    """Of each step of the server, in the order in which they come."""

    device: np.ndarray  # int64 [steps, B]
    version: np.ndarray  # steps of the server when it began, int64 [steps, B]
    time: np.ndarray  # seconds, float64 [steps, B]

    @property
    def age(self) -> np.ndarray:
        """Steps of the server between beginning and arriving, [steps, B]."""
        return np.arange(len(self.version))[:, None] - self.version

    @property
    def models(self) -> int:
        """How many of the last models, the newest among them, must be kept."""
        return int(self.age.max(initial=0)) + 1


class Slots(NamedTuple):
    """Of each slot."""

    sends: np.ndarray  # bool [slots, K]
    age: np.ndarray  # slots since the model it began with, int64 [slots, K]; 0 of the silent

    @property
    def models(self) -> int:
        """How many of the last models, the newest among them, must be kept."""
        return int(self.age.max(initial=0)) + 1


def buffered(durations: np.ndarray, steps: int, buffer: int = 1) -> Arrivals:
    """The arrivals of so many steps, from seconds [J, K]: the j-th row is what the j-th update takes each device.

    Of those that arrive at the same moment the lower number comes first.
    """
    durations = _checked(durations)
    if steps < 1 or buffer < 1:
        raise ValueError(f"steps, buffer: expected at least 1 of each, received {steps} and {buffer}")
    jobs, devices = durations.shape
    column = durations.T.tolist()
    underway = [(column[device][0], device) for device in range(devices)]
    heapq.heapify(underway)
    begun, done = [0] * devices, [0] * devices
    total = steps * buffer
    who, since, when = [0] * total, [0] * total, [0.0] * total
    for event in range(total):
        now, device = underway[0]
        who[event], since[event], when[event] = device, begun[device], now
        done[device] += 1
        if done[device] == jobs and event + 1 < total:
            raise ValueError(_few(jobs, event // buffer, steps))
        begun[device] = (event + 1) // buffer
        if event + 1 < total:
            heapq.heapreplace(underway, (now + column[device][done[device]], device))
    shape = steps, buffer
    return Arrivals(np.reshape(who, shape), np.reshape(since, shape), np.reshape(when, shape))


def slotted(durations: np.ndarray, slots: int, seconds: float) -> Slots:
    """Who sends in so many slots, each of so many seconds, at whose end it is; from seconds [J, K] as above."""
    durations = _checked(durations)
    if slots < 1 or not seconds > 0:
        raise ValueError(f"slots, seconds: expected at least 1 slot of more than 0 s, received {slots} of {seconds}")
    waits = np.maximum(np.ceil(durations / seconds * (1 - 1e-12)), 1.0)  # slots until the next one that begins, [J, K]
    at = np.cumsum(waits, axis=0)  # the slot in which each update is sent, from 1
    if at[-1].min() < slots:
        raise ValueError(_few(len(durations), int(at[-1].min()), slots))
    job, device = np.nonzero(at <= slots)
    slot = at[job, device].astype(np.int64) - 1
    sends, age = np.zeros((slots, durations.shape[1]), bool), np.zeros((slots, durations.shape[1]), np.int64)
    sends[slot, device] = True
    age[slot, device] = waits[job, device].astype(np.int64) - 1
    return Slots(sends, age)


def _checked(durations: np.ndarray) -> np.ndarray:
    durations = np.asarray(durations, np.float64)
    if durations.ndim != 2 or not durations.size:
        raise ValueError(f"durations: expected seconds [updates, devices], received shape {list(durations.shape)}")
    if not (np.isfinite(durations).all() and durations.min() > 0):
        raise ValueError("durations: expected finite seconds above 0, received others; leave out who never arrives")
    return durations


def _few(jobs: int, reached: int, wanted: int) -> str:
    return (
        f"durations: expected enough updates of each device for {wanted} steps, received {jobs}, with which the first "
        f"device is through after {reached}; draw more rows"
    )
