"""Flower over the air: FedAvg's sum through a wireless uplink; digits, ten clients, half of them in a round.

    pip install 'overair[flower]'
    python examples/flower_over_air.py

Clients are processes of Flower's own simulation, on Ray, and know nothing of overair: they return parameters as under
FedAvg. The server puts ``OverTheAir`` in FedAvg's place. Prints each round's accuracy, error and energy.
"""

import os
import random
from typing import TYPE_CHECKING

os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")  # nothing goes out
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict  # noqa: E402
from flwr.clientapp import ClientApp  # noqa: E402
from flwr.serverapp import Grid, ServerApp  # noqa: E402
from flwr.serverapp.strategy import Result  # noqa: E402
from flwr.simulation import run_simulation  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

if TYPE_CHECKING:
    from overair import Aggregator

CLIENTS, CLASSES, STEPS, RATE = 10, 10, 5, 0.5
TESTED = 297  # the last of the pictures
SEED, SNR_DB = 0, 10.0

client_app = ClientApp()
server_app = ServerApp()
results: list[Result] = []


def digits() -> tuple[np.ndarray, np.ndarray]:
    x, y = load_digits(return_X_y=True)
    return (x / 16).astype(np.float32), y


def share(client: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = digits()
    return x[:-TESTED][client::CLIENTS], y[:-TESTED][client::CLIENTS]


def logits(model: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    return x @ model[0] + model[1]


def trained(model: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """After some steps of softmax regression on all of a client's data."""
    for _ in range(STEPS):
        exponents = np.exp(logits(model, x) - logits(model, x).max(1, keepdims=True))
        wrong = exponents / exponents.sum(1, keepdims=True) - np.eye(CLASSES, dtype=np.float32)[y]
        slope = wrong / np.float32(len(y))
        model = [model[0] - np.float32(RATE) * x.T @ slope, model[1] - np.float32(RATE) * slope.sum(0)]
    return model


@client_app.train()
def train(message: Message, context: Context) -> Message:
    number = int(context.node_config["partition-id"])
    x, y = share(number)
    model = trained(message.content["arrays"].to_numpy_ndarrays(), x, y)
    told = MetricRecord({"num-examples": len(y), "partition-id": number})
    return Message(RecordDict({"arrays": ArrayRecord(model), "metrics": told}), reply_to=message)


@server_app.main()
def serve(grid: Grid, context: Context) -> None:
    from overair.flower import OverTheAir

    random.seed(0)  # whom Flower asks
    strategy = OverTheAir(
        aggregator(), SEED, SNR_DB, device_key="partition-id", fraction_train=0.5, fraction_evaluate=0.0
    )
    results.append(strategy.start(grid, start(), num_rounds=10, evaluate_fn=accuracy))


def aggregator() -> "Aggregator":
    """An analog uplink with half as many elements as the model has numbers."""
    from overair import Aggregator
    from overair.ota import Analog, RandomLinear
    from overair.phy import Air, Grid, MseOptimal, Rayleigh

    air = Air(Grid(), Rayleigh(), devices=CLIENTS)
    return Aggregator(Analog(RandomLinear(), MseOptimal()), air, size=650, elements=325, participation=0.5)


def start() -> ArrayRecord:
    return ArrayRecord([np.zeros((64, CLASSES), np.float32), np.zeros(CLASSES, np.float32)])


def accuracy(_: int, arrays: ArrayRecord) -> MetricRecord:
    x, y = (part[-TESTED:] for part in digits())
    return MetricRecord({"accuracy": float(np.mean(logits(arrays.to_numpy_ndarrays(), x).argmax(1) == y))})


def main() -> None:
    run_simulation(server_app, client_app, num_supernodes=CLIENTS)
    print("round  accuracy   NMSE  elements  energy/P  devices decoded")
    for round, costs in results[0].train_metrics_clientapp.items():
        reached, energy = results[0].evaluate_metrics_serverapp[round]["accuracy"], max(costs["air-energy"])
        spent = f"{costs['air-nmse']:6.3f} {costs['air-elements']:9.0f} {energy:9.3f}"
        print(f"{round:5} {reached:9.3f} {spent} ", *costs["air-decoded"])


if __name__ == "__main__":
    main()
