"""What a federation is given and cannot work with is named in a line, with what was expected and what came."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair import learning, ota, phy
from overair.learning import Federation, Sgd
from overair.learning.data import Arrays
from overair.learning.federated import given
from overair.learning.federated.downlinks.ideal import IdealDownlink
from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.state import State
from overair.ota import Ideal
from overair.phy import Air, Grid, Rayleigh

Y = np.arange(9, dtype=np.int32) % 3
X = np.ones([9, 4], np.float32)
SHARES = np.split(np.arange(9), 3)
DATA = Arrays(X, Y, X[:6], Y[:6], 3)


def network(seed: int) -> keras.Model:
    start = keras.initializers.GlorotUniform(seed=seed)
    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, kernel_initializer=start)])


def made(data: Any = DATA, shares: Any = SHARES, **changes: Any) -> Federation:
    parts = {"model_factory": network, "algorithm": Sgd(), "uplink": Ideal(), "air": Air(Grid(), Rayleigh(), 3)}
    parts |= {"elements": 30, "optimizer": lambda: keras.optimizers.SGD(0.5), "batch_size": 2}
    return Federation(data=data, shares=shares, **(parts | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def federation() -> Federation:
    return made()


CALLBACK = "callbacks: expected objects of Keras' callbacks, such as keras.callbacks.EarlyStopping\\(\\), received "


@pytest.mark.parametrize(
    "given, told",
    [
        ({"rounds": -1}, "rounds: expected a whole number of at least 1, received -1"),
        ({"rounds": True}, "rounds: expected a whole number of at least 1, received True"),
        ({"rounds": "x"}, "rounds: expected a whole number of at least 1, received 'x'"),
        ({"evaluate_every": 1.5}, "evaluate_every: expected a whole number of at least 1, received 1.5"),
        ({"seed": 1.5}, "seed: expected a whole number from 0 to below 2\\^63, received 1.5"),
        ({"seed": "x"}, "seed: expected a whole number from 0 to below 2\\^63, received 'x'"),
        ({"seed": -1}, "seed: expected a whole number from 0 to below 2\\^63, received -1"),
        ({"seed": 2**63}, "seed: expected a whole number from 0 to below 2\\^63, received 9223372036854775808"),
        ({"seed": tf.constant(3.5)}, "seed: expected a whole number"),
        ({"seed": np.eye(2)}, r"seed: expected a whole number from 0 to below 2\^63, received array\(\[\[1., 0.\],\\n"),
        ({"snr_db": "x"}, "snr_db: expected one number of decibels from -300 to 300, received 'x'"),
        ({"snr_db": [1.0, 2.0]}, "snr_db: expected one number of decibels from -300 to 300, received \\[1.0, 2.0\\]"),
        ({"snr_db": np.nan}, "snr_db: expected one number of decibels from -300 to 300, received nan"),
        ({"callbacks": [3]}, CALLBACK + "int '3'"),
        ({"callbacks": [keras.callbacks.EarlyStopping]}, CALLBACK + "the class EarlyStopping"),
        ({"callbacks": "abc"}, CALLBACK + "str 'a'"),
        ({"state": 3}, "state: expected what init or step returned, received int '3'"),
    ],
)
def test_what_fit_cannot_take_is_named(federation: Federation, given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}"):
        federation.fit(**({"rounds": 1, "seed": 0, "snr_db": 10.0} | given))


def test_a_state_of_another_model_is_named(federation: Federation) -> None:
    state: State = federation.init(0)
    other = state._replace(weights=state.weights._replace(trainable=[tf.zeros([5, 3]), tf.zeros([3])]))
    told = r"state: expected one of this model, with weights \[\[4, 3\], \[3\]\], received \[\[5, 3\], \[3\]\]"
    with pytest.raises(ValueError, match=told):
        federation.fit(1, 0, 10.0, state=other)
    for use in (federation.model, federation.evaluate, federation.evaluate_server):
        with pytest.raises(ValueError, match=told):
            use(other)


def test_seeds_and_snrs_of_numpy_are_those_of_python(federation: Federation) -> None:
    one, _ = federation.step(federation.init(3), 3, 10.0)
    other, _ = federation.step(federation.init(np.int32(3)), np.int64(3), np.float32(10))  # type: ignore[arg-type]
    np.testing.assert_array_equal(one.weights.trainable[0], other.weights.trainable[0])


def changed(**parts: Any) -> dict[str, Any]:
    return {"data": DATA._replace(**parts)}


@pytest.mark.parametrize(
    "given, told",
    [
        ({"data": tuple(DATA)}, "data: expected Arrays of overair.learning.data, received tuple"),
        (changed(x_test=X[:6, :3]), r"data.x_test: expected samples \[4\], as the model takes, received \[3\]"),
        (changed(x_test=X[:6, 0]), r"data.x_test: expected samples \[4\], as the model takes, received \[\]"),
        (
            changed(x_train=X.astype(str)),
            r"data.x_train: expected a numpy array of numbers, received an array \[9, 4\]",
        ),
        (changed(x_test=X[:0]), "data.x_test: expected at least one sample, received none"),
        (changed(y_test=Y[:5]), r"data.y_test: expected 6 whole numbers, .* received an array \[5\] of int32"),
        (changed(y_test=np.eye(3)[Y[:6]]), r"data.y_test: expected 6 whole numbers, .* received an array \[6, 3\]"),
        (changed(y_train=Y + 1), "data.y_train: expected labels from 0 to 2 for a model of 3 outputs, received 1 to 3"),
        (changed(classes=2), "data.classes: expected 3 or more, as there are such labels, received 2"),
        ({"shares": 3}, "shares: expected the indices of each device's samples in a list, received int '3'"),
        ({"shares": [[0], [1]]}, "shares: expected one for each of 3 devices, received 2"),
        ({"shares": [[0], [1], [9]]}, "shares: expected indices from 0 to 8, received 9 to 9 for device 2"),
        ({"shares": [[0], [-1], [2]]}, "shares: expected indices from 0 to 8, received -1 to -1 for device 1"),
        ({"shares": [[0.5], [1], [2]]}, r"shares: expected indices from 0 to 8, received an array \[1\] of float64"),
        ({"batch_size": 0}, r"batch_size: expected a whole number from 1 to 2\^31 - 1 or None, received 0"),
        ({"chunk": -1}, r"chunk: expected a whole number from 1 to 2\^31 - 1 or None, received -1"),
        ({"executor": "x"}, "executor: expected one of auto, loop, vectorized, received 'x'"),
        ({"elements": "x"}, "grant.elements: expected at least 1 resource element, received 'x'"),
        ({"optimizer": keras.optimizers.SGD(1.0)}, "optimizer: expected a function that makes one, such as lambda"),
        ({"model_factory": network(0)}, "model_factory: expected a function that makes one, such as lambda seed"),
        ({"algorithm": Sgd}, r"algorithm: expected an object such as Sgd\(\), received the class Sgd"),
        ({"uplink": "ideal"}, r"uplink: expected an object such as Ideal\(\), received str 'ideal'"),
        ({"shares": [[0], [1], [2, [3]]]}, r"shares: expected indices from 0 to 8, received list '\[2, \[3\]\]' for"),
        (
            {"shares": np.array(3)},
            "shares: expected the indices of each device's samples in a list, received an",
        ),
        ({"model_factory": lambda: 3}, "model_factory: expected a function such as lambda seed: .* other arguments"),
        ({"model_factory": lambda seed: keras.Sequential}, "model: expected a Keras model, received the class Seq"),
        ({"optimizer": lambda seed: 3}, "optimizer: expected a function such as lambda: .* of other arguments"),
        ({"optimizer": lambda: 3}, "optimizer: expected a function that makes a Keras optimizer, .* makes int '3'"),
        ({"optimizer": lambda: keras.optimizers.SGD}, "optimizer: expected a function .* that makes the class SGD"),
        ({"executor": np.eye(2)}, "executor: expected one of auto, loop, vectorized, received array"),
        ({"participation": "x"}, "participation: expected a probability above 0 and up to 1, received 'x'"),
        ({"participation": [0.5]}, r"participation: expected a probability above 0 and up to 1, received \[0.5\]"),
        ({"participation": None}, "participation: expected a probability above 0 and up to 1, received None"),
        ({"participation": np.nan}, "participation: expected a probability above 0 and up to 1, received nan"),
        ({"papr": "no"}, "papr: expected True or False, received 'no'"),
        ({"layer": "x"}, "layer: expected a number from 1 to 1, as many kernels as there are, received 'x'"),
        ({"layer": True}, "layer: expected a number from 1 to 1, as many kernels as there are, received True"),
        ({"payload": -1}, r"grant.bits: expected 1 to 1e\+12 bits a packet or None, received -1"),
        ({"payload": np.eye(2)}, r"grant.bits: expected 1 to 1e\+12 bits a packet or None, received array"),
        ({"loss": keras.losses.MeanSquaredError(reduction="none")}, "loss: expected one that gives a number a sample"),
        ({"loss": keras.losses.Huber(reduction="none")}, "loss: expected one that gives a number a sample"),
    ],
)
def test_what_a_federation_cannot_be_made_of_is_named(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}"):
        made(**given)


@pytest.mark.parametrize(
    "odd", ["x", "", [], [1], {}, 0, 3, True, np.nan, np.eye(2), np.array([]), int, object(), b"x"]
)
@pytest.mark.parametrize("name", [*given.PARTS, *given.CHOICES])
def test_a_part_of_another_kind_is_named_with_an_example(name: str, odd: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected an object such as [A-Z].*, received [^\n]*$"):
        made(**{name: odd})


@pytest.mark.parametrize("name", given.PARTS)
def test_a_part_that_there_always_is_may_not_be_left_out(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected an object such as .*, received NoneType"):
        made(**{name: None})


def test_examples_of_parts_are_made_as_they_stand() -> None:
    names = vars(learning) | vars(phy) | vars(ota) | {"Fixed": Fixed, "IdealDownlink": IdealDownlink}
    for wanted, example in [*given.PARTS.values(), *given.CHOICES.values()]:
        assert isinstance(eval(example, names | vars(keras.losses)), wanted)


@pytest.mark.parametrize(
    "name, parts",
    [
        ("optimizer", {"optimizer": lambda: keras.optimizers.Adam()}),
        ("optimizer", {"optimizer": lambda: keras.optimizers.SGD(0.5, momentum=0.9)}),
        ("uplink", {"uplink": ota.Analog()}),
        ("drift", {"downlink": learning.Broadcast(10.0), "uplink": ota.Analog()}),
        ("memory", {"algorithm": learning.Scaffold()}),
        ("scheduler", {"scheduler": learning.Oldest(senders=2)}),
    ],
)
def test_a_state_of_a_federation_with_another_part_is_named(
    federation: Federation, name: str, parts: dict[str, Any]
) -> None:
    mine, other = federation.init(0), made(**parts)
    told = rf"^state\.(uplink|{name}): expected .*, as here.*, received .*, of another one; take a state"
    for use in (
        lambda: other.step(mine, 0, 10.0),
        lambda: other.fit(1, 0, 10.0, state=mine),
        lambda: federation.evaluate_personal(other.init(0), 0),
    ):
        with pytest.raises(ValueError, match=told):
            use()


def test_a_state_of_another_optimizer_is_told_by_both_optimizers_variables(federation: Federation) -> None:
    adam = made(optimizer=lambda: keras.optimizers.Adam())
    told = (
        r"^state.optimizer: expected \(int64\[\], float32\[\], (float32\[4, 3\], ){2}float32\[3\], float32\[3\]\), as "
        r"here with Adam, received \(int64\[\], float32\[\]\), of another one"
    )
    with pytest.raises(ValueError, match=told):
        adam.fit(1, 0, 10.0, state=federation.init(0))


def test_a_state_that_came_from_elsewhere_is_taken_by_a_federation_that_made_none() -> None:
    state, metrics = made().step(made().init(3), 3, 10.0)
    assert int(state.round) == 1 and bool(metrics.finite)


def test_samples_may_lack_or_have_a_last_dimension_of_one_as_keras_takes_them() -> None:
    history = made(DATA._replace(x_test=X[:6, :, None])).fit(1, 0, 10.0)
    assert history.history["val_loss"] == made().fit(1, 0, 10.0).history["val_loss"]
