"""The Flower strategy: FedAvg's sum is an Aggregator's bit for bit, whoever replies, and metrics say what it cost."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import overair
from overair.aggregator import Aggregator
from overair.ota import Analog, Ideal, RandomLinear
from overair.phy import Air, Grid, MseOptimal, Tdl
from tests.checkout import CHECKOUT

app = pytest.importorskip("flwr.app", reason="Flower is not installed: pip install 'overair[flower]'")
flower = pytest.importorskip("overair.flower")
task_identity = pytest.importorskip("flwr.supercore.task_identity")

DEVICES, SEED, SNR_DB = 4, 3, 8.0
SHAPES = {"kernel": (5, 3), "bias": (3,)}
SIZE = 18
NODES = [2**60 + 7, 11, 2**40, 5]  # names as Flower draws them; sorted they are devices 3, 1, 2, 0


ANEW = """
import flower_over_air as example
import numpy as np

example.main()
result, ours = example.results[0], example.aggregator()
state, model = ours.init(example.SEED), np.zeros(650, np.float32)
for costs in result.train_metrics_clientapp.values():
    updates, counts = np.zeros((10, 650), np.float32), np.zeros(10)
    for client in np.flatnonzero(costs["air-energy"]):
        x, y = example.share(client)
        after = example.trained([model[:640].reshape(64, 10), model[640:]], x, y)
        updates[client], counts[client] = np.concatenate([part.ravel() for part in after]) - model, len(y)
    assert np.count_nonzero(counts) == 5
    estimate, state, report = ours.step(state, updates, example.SEED, example.SNR_DB, counts / counts.sum())
    assert report.energy.tolist() == costs["air-energy"] and float(report.nmse) == costs["air-nmse"]
    model = model + estimate
np.testing.assert_array_equal(np.concatenate([part.ravel() for part in result.arrays.to_numpy_ndarrays()]), model)
print(len(result.train_metrics_clientapp), "rounds are equal")
"""


def aggregator(uplink: Any = None) -> Aggregator:
    air = Air(Grid(subcarriers=16, symbols=2, prefix=16), Tdl(delay_spread=30e-9, speed=20.0), DEVICES)
    return Aggregator(uplink or Analog(RandomLinear(), MseOptimal(), feedback=0.3), air, SIZE, 12)


@pytest.fixture(autouse=True, scope="module")
def running() -> None:
    """Messages bear the names of a run, of which there is one."""
    identity = task_identity.TaskIdentity
    identity.run_id, identity.node_id, identity.task_id = 1, 1, 1


@pytest.fixture(scope="module")
def shared() -> Aggregator:
    return aggregator()


class Nodes:
    """A grid of nodes that are all there."""

    def get_node_ids(self) -> list[int]:
        return NODES


def arrays(vector: np.ndarray, types: Sequence[str] = ("f4", "f4")) -> Any:
    parts = np.split(vector, [15])
    made = zip(SHAPES.items(), parts, types, strict=True)
    return app.ArrayRecord({name: app.Array(part.reshape(shape).astype(kind)) for (name, shape), part, kind in made})


def vector(record: Any) -> np.ndarray:
    return np.concatenate([record[name].numpy().ravel() for name in SHAPES])


def replies(asked: Any, answers: dict[int, tuple[np.ndarray, int]], **more: Any) -> list[Any]:
    """Of the nodes that were asked those with an answer, (parameters, examples); the others fail."""
    told = []
    for message in asked:
        node = message.metadata.dst_node_id
        if node not in answers:
            told.append(app.Message(app.Error(code=0, reason="out of power"), reply_to=message))
            continue
        model, examples = answers[node]
        metrics = {"num-examples": examples, "loss": float(examples)}
        metrics |= {key: values[node] for key, values in more.items()}
        content = {"arrays": arrays(model), "metrics": app.MetricRecord(metrics)}
        told.append(app.Message(app.RecordDict(content), reply_to=message))
    return told


def some(seed: int, count: int = DEVICES) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, SIZE)).astype(np.float32)


def strategy(made: Aggregator, **options: Any) -> Any:
    return flower.OverTheAir(made, SEED, SNR_DB, **options)


def asked(of: Any, round: int, model: np.ndarray) -> Any:
    return of.configure_train(round, arrays(model), app.ConfigRecord(), Nodes())


LATE = 4  # a round of which nothing comes in time, no failure either
ROUNDS = [  # who answers, with how many examples
    {NODES[0]: 3, NODES[1]: 5, NODES[2]: 1, NODES[3]: 2},
    {NODES[2]: 4, NODES[0]: 1},
    {},
    {},
    {NODES[3]: 7, NODES[1]: 2, NODES[0]: 2},
]


def test_rounds_are_those_of_an_aggregator_bit_for_bit(shared: Aggregator) -> None:
    """Clients are devices by their names' order, and stay so; who fails has weight 0; a round of nobody takes time."""
    ours, state = strategy(shared), shared.init(SEED)
    model = some(9, 1)[0]
    for round, examples in enumerate(ROUNDS, 1):
        models = some(round)
        numbers = {node: device for device, node in enumerate(sorted(NODES))}
        answers = {node: (models[numbers[node]], count) for node, count in examples.items()}
        came = replies(asked(ours, round, model), answers)
        found, metrics = ours.aggregate_train(round, [] if round == LATE else came)

        counts = np.array([examples.get(node, 0) for node in sorted(NODES)], np.float64)
        updates = np.where(counts[:, None] > 0, models - model, np.float32(0))
        estimate, state, report = shared.step(state, updates, SEED, SNR_DB, counts / max(counts.sum(), 1))
        np.testing.assert_array_equal(vector(found), model + estimate)
        assert metrics["air-energy"] == report.energy.tolist() and len(metrics["air-energy"]) == DEVICES
        assert metrics["air-decoded"] == np.flatnonzero(report.decoded).tolist()
        told = {name: metrics[name] for name in ("air-elements", "air-pilots", "air-bits", "air-airtime")}
        assert told == {
            "air-elements": report.payload, "air-pilots": report.pilots,
            "air-bits": report.bits, "air-airtime": report.airtime,
        }  # fmt: skip
        np.testing.assert_equal(metrics["air-nmse"], float(report.nmse))
        assert (report.energy > 0).tolist() == (counts > 0).tolist()
        if counts.any():
            assert metrics["loss"] == pytest.approx((counts**2).sum() / counts.sum())
        model = vector(found)


def test_numbers_stay_though_others_come_first(shared: Aggregator) -> None:
    """Who replies later gets the next number, even if its name is the first in order."""
    ours, model = strategy(shared), np.zeros(SIZE, np.float32)
    order = [NODES[2], NODES[0], NODES[3], NODES[1]]
    for round, node in enumerate(order, 1):
        answers = {each: (some(0)[0], 1) for each in order[:round]}
        _, metrics = ours.aggregate_train(round, replies(asked(ours, round, model), {node: answers[node]}))
        assert np.flatnonzero(metrics["air-energy"]).tolist() == [round - 1]
        _, again = ours.aggregate_train(round, replies(asked(ours, 2, model), {order[0]: answers[order[0]]}))
        assert np.flatnonzero(again["air-energy"]).tolist() == [0]


def test_a_client_can_tell_its_number(shared: Aggregator) -> None:
    ours, model = strategy(shared, device_key="partition-id"), np.zeros(SIZE, np.float32)
    numbers = dict(zip(NODES, [2, 0, 3, 1], strict=True))
    answers = {NODES[0]: (some(0)[0], 1), NODES[2]: (some(0)[1], 1)}
    told = replies(asked(ours, 1, model), answers, **{"partition-id": numbers})
    _, metrics = ours.aggregate_train(1, told)
    assert np.flatnonzero(metrics["air-energy"]).tolist() == [2, 3] and "partition-id" not in metrics


def test_the_first_round_begins_anew(shared: Aggregator) -> None:
    """The same strategy started twice: equal links, noise and numbers, and no memory of what was owed."""
    ours, model = strategy(shared), np.zeros(SIZE, np.float32)
    answers = {node: (some(5)[device], 2) for device, node in enumerate(sorted(NODES))}
    runs = []
    for _ in range(2):
        told = [ours.aggregate_train(round, replies(asked(ours, round, model), answers)) for round in (1, 2)]
        runs.append([vector(found) for found, _ in told])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.any(runs[0][0] != runs[0][1])


def test_without_air_it_is_fedavg() -> None:
    """w + sum n_k/n (w_k - w) is FedAvg's mean but for rounding: of differences, of their sum, of the last sum."""
    from flwr.serverapp.strategy import FedAvg

    ours, model = strategy(aggregator(Ideal())), some(1, 1)[0]
    models = some(2)
    answers = {node: (models[device], 1 + device) for device, node in enumerate(sorted(NODES))}
    told = replies(asked(ours, 1, model), answers)
    found, _ = ours.aggregate_train(1, told)
    theirs, _ = FedAvg().aggregate_train(1, told)
    largest = np.abs(models).max() + np.abs(model).max()
    np.testing.assert_allclose(vector(found), vector(theirs), rtol=0, atol=(DEVICES + 4) * 2**-24 * 2 * largest)


def test_arrays_come_back_in_their_types() -> None:
    """A counter of a model is sent, too, and is whole again."""
    ours = strategy(aggregator(Ideal()))
    start = arrays(np.arange(SIZE), ("f8", "i8"))
    messages = ours.configure_train(1, start, app.ConfigRecord(), Nodes())
    told = []
    for message, counted in zip(messages, (3, 3, 3, 0), strict=True):  # 2.25 in the mean, and 0.75
        model = np.arange(SIZE) + np.append(np.full(15, 1.2), [counted, counted, 3 - counted])
        content = {"arrays": arrays(model, ("f8", "i8")), "metrics": app.MetricRecord({"num-examples": 1})}
        told.append(app.Message(app.RecordDict(content), reply_to=message))
    found, _ = ours.aggregate_train(1, told)
    assert found["kernel"].dtype == "float64" and found["bias"].dtype == "int64"
    np.testing.assert_allclose(found["kernel"].numpy().ravel(), np.arange(15) + 1.2, atol=1e-5)
    np.testing.assert_array_equal(found["bias"].numpy(), np.arange(15, 18) + [2, 2, 1])


def test_nobody_is_asked_where_the_fraction_is_zero(shared: Aggregator) -> None:
    ours = strategy(shared, fraction_train=0.0)
    assert list(asked(ours, 1, np.zeros(SIZE))) == [] and ours.aggregate_train(1, []) == (None, None)


def test_what_is_wrong_is_told_in_a_line(shared: Aggregator) -> None:
    ours, model = strategy(shared), np.zeros(SIZE, np.float32)
    wrong = app.ArrayRecord([np.zeros(19, np.float32)])
    with pytest.raises(ValueError, match="arrays: expected 18 numbers, as the aggregator's size is, received 19"):
        ours.configure_train(1, wrong, app.ConfigRecord(), Nodes())
    messages = list(asked(ours, 1, model))
    content = {"arrays": app.ArrayRecord({"kernel": app.Array(np.zeros((3, 5), np.float32))})}
    content |= {"metrics": app.MetricRecord({"num-examples": 1})}
    told = [app.Message(app.RecordDict(content), reply_to=messages[0])]
    with pytest.raises(ValueError, match=r"kernel: expected an array \[5, 3\] of a client, received \[3, 5\]"):
        ours.aggregate_train(1, told)
    many = [app.Message(app.RecordDict({}), dst_node_id=node, message_type="train") for node in range(DEVICES + 1)]
    answers = {node: (model, 1) for node in range(DEVICES + 1)}
    with pytest.raises(ValueError, match="clients: expected numbers of 4 devices, 0 to 3, received 4"):
        strategy(shared).aggregate_train(1, replies(many, answers))
    for numbers, received in (
        ({0: 0, 1: 9}, "received 9"),
        ({0: 1, 1: 1}, r"received \[1, 1\]"),
        ({0: 0, 1: 1.0}, "received 1.0"),
    ):
        named = strategy(shared, device_key="id")
        asked(named, 1, model)
        with pytest.raises(ValueError, match=f"id: expected .*{received}"):
            named.aggregate_train(1, replies(many[:2], answers, id=numbers))


@pytest.mark.slow
def test_flowers_own_simulation_gives_the_bits_of_an_aggregator() -> None:
    """The example's ten clients on Ray, half of them in a round; then each of its rounds anew, without Flower."""
    file = CHECKOUT / "examples" / "flower_over_air.py"
    if not file.exists():
        pytest.skip("no checkout: the wheel carries no examples")
    told = {"OMP_NUM_THREADS": "1", "FLWR_TELEMETRY_ENABLED": "0", "RAY_worker_niceness": "0"}
    paths = os.pathsep.join([str(file.parent), str(Path(overair.__file__).parent.parent)])
    run = subprocess.run(
        [sys.executable, "-c", ANEW], env=os.environ | told | {"PYTHONPATH": paths},
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.splitlines()[-1] == "10 rounds are equal"
