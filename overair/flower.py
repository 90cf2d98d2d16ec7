"""A strategy of Flower whose sum is made over the air: FedAvg with links, a grant of elements and an uplink.

    from overair.flower import OverTheAir

    strategy = OverTheAir(aggregator, seed=0, snr_db=10.0, fraction_train=0.5)
    result = strategy.start(grid, arrays, num_rounds=10)

Clients send their parameters w_k and numbers of examples n_k as under FedAvg. The server moves its own by an estimate,
w + sum_k (n_k / n) (w_k - w), whose sum is what an ``overair.Aggregator`` makes of it, with n over those that reply;
who is not asked, fails or is late has weight 0. What the round cost is added to the clients' metrics, see ``COSTS``.

It stands on Flower's message API (``aggregate_train``) and needs the extra: ``pip install 'overair[flower]'``.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

try:
    from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord
    from flwr.serverapp import Grid
    from flwr.serverapp.strategy import FedAvg
except ImportError as error:
    raise ImportError(
        f"overair.flower: expected Flower 1.42 or later, received {error}; pip install 'overair[flower]'"
    ) from None

from .aggregator import Aggregator
from .ota import Report

COSTS = {
    "air-nmse": "nmse",
    "air-elements": "payload",  # resource elements that carried data
    "air-pilots": "pilots",
    "air-airtime": "airtime",  # seconds
    "air-bits": "bits",
    "air-energy": "energy",  # of each device, per granted resource element
}  # metrics of a round, and what a report calls them; "air-decoded" has the numbers of the devices that were decoded


class OverTheAir(FedAvg):
    """FedAvg over the air; equal seeds have the links and noise of an ``Aggregator``, and so of a ``Federation``.

    Args:
        aggregator: the uplink and the links of K devices; its size is the numbers in all arrays of the model.
        seed: of places, links and noise.
        snr_db: P/N0, in dB.
        device_key: the metric by which a client tells its device's number, 0 to K - 1; such as "partition-id". Unless
            given, clients are numbered as they first reply; Flower draws their names anew for each run, so that runs
            then differ in who has which link.
        options: those of FedAvg, such as ``fraction_train`` or ``weighted_by_key``.
    """

    def __init__(
        self, aggregator: Aggregator, seed: int, snr_db: float, device_key: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.aggregator, self.seed, self.snr_db, self.device_key = aggregator, seed, snr_db, device_key
        self._begin()

    def _begin(self) -> None:
        self._state, self._numbers = self.aggregator.init(self.seed), dict[int, int]()
        self._model = ArrayRecord()

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Whom FedAvg asks; the model is kept, as updates are against it. Round 1 begins anew."""
        if server_round == 1:
            self._begin()
        size, expected = _vector(arrays, arrays).size, self.aggregator.terms.size
        if size != expected:
            raise ValueError(f"arrays: expected {expected} numbers, as the aggregator's size is, received {size}")
        self._model = arrays
        asked: Iterable[Message] = super().configure_train(server_round, arrays, config, grid)
        return asked

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """The next model, and the metrics of clients and air. A round in which nobody replies takes its time, too."""
        if self.fraction_train == 0:
            return None, None
        valid, _ = self._check_and_log_replies(replies, is_train=True)
        contents = [reply.content for reply in valid]
        told = [next(iter(content.metric_records.values())) for content in contents]
        devices = self._devices(valid, told)
        counts = np.array([metrics[self.weighted_by_key] for metrics in told], np.float64)
        weights = np.zeros(self.aggregator.terms.air.devices)
        weights[devices] = counts / counts.sum() if counts.any() else counts
        now, updates = _vector(self._model, self._model), np.zeros((weights.size, self.aggregator.terms.size), "f4")
        for device, content in zip(devices, contents, strict=True):
            updates[device] = _vector(next(iter(content.array_records.values())), self._model) - now
        estimate, self._state, report = self.aggregator.step(self._state, updates, self.seed, self.snr_db, weights)
        metrics = self.train_metrics_aggr_fn(contents, self.weighted_by_key) if counts.any() else MetricRecord()
        metrics.pop(self.device_key, None)
        metrics.update(_costs(report))
        return _arrays(now + estimate, self._model), metrics

    def _devices(self, replies: list[Message], told: list[MetricRecord]) -> list[int]:
        """The number of each device, from 0; a client keeps its own."""
        if self.device_key is None:
            for node in sorted({reply.metadata.src_node_id for reply in replies} - self._numbers.keys()):
                self._numbers[node] = len(self._numbers)
            numbers = [self._numbers[reply.metadata.src_node_id] for reply in replies]
        else:
            numbers = [metrics.get(self.device_key) for metrics in told]
        count, name = self.aggregator.terms.air.devices, self.device_key or "clients"
        if wrong := [number for number in numbers if not isinstance(number, int) or number not in range(count)]:
            raise ValueError(f"{name}: expected numbers of {count} devices, 0 to {count - 1}, received {wrong[0]}")
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"{name}: expected a number of its own for each client, received {sorted(numbers)}")
        return numbers


def _vector(arrays: ArrayRecord, model: ArrayRecord) -> np.ndarray:
    """All numbers in the order of the model's arrays, [d], of their shapes."""
    parts = []
    for key, of_model in model.items():
        received = list(arrays[key].shape) if key in arrays else "none"
        if received != list(of_model.shape):
            raise ValueError(f"{key}: expected an array {list(of_model.shape)} of a client, received {received}")
        parts.append(arrays[key].numpy().ravel().astype(np.float64))
    return np.concatenate(parts) if parts else np.zeros(0)


def _arrays(vector: np.ndarray, model: ArrayRecord) -> ArrayRecord:
    """A vector [d] as a model's arrays, in their shapes and types; whole numbers, such as counters, are rounded."""
    found, first = {}, 0
    for key, like in model.items():
        kind, size = np.dtype(like.dtype), int(np.prod(like.shape))
        part = vector[first : first + size].reshape(like.shape)
        found[key] = Array((part if kind.kind == "f" else np.rint(part)).astype(kind))
        first += size
    return ArrayRecord(found)


def _costs(report: Report) -> dict[str, float | list[float] | list[int]]:
    """Of a round, as a record of metrics takes them."""
    costs = {key: getattr(report, field).tolist() for key, field in COSTS.items()}
    return costs | {"air-decoded": np.flatnonzero(report.decoded).tolist()}


__all__ = ["COSTS", "OverTheAir"]
