"""Arrays of any framework over our air: the round of a Federation bit for bit, whoever brings the updates."""

import importlib
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf

import overair
from overair.aggregator import Aggregator
from overair.learning import Federation, Sgd
from overair.learning.data import Arrays
from overair.ota import Analog, Digital, Ideal, Outcome, RandomLinear, Report, Round, Sign, Terms
from overair.ota.round import Nest, Probe
from overair.phy import Air, ClockDrift, Grid, MseOptimal, Place, Tdl

DEVICES, SIZE, ELEMENTS, SEED, SNR_DB, ROUNDS = 6, 51, 20, 4, 7.0, 3
SHARES = np.split(np.arange(60), [3, 10, 20, 34, 40])  # unequal
WEIGHTS = np.array([len(share) for share in SHARES], np.float32) / np.float32(60)
UPLINKS = {
    "analog": Analog(RandomLinear(), MseOptimal(), feedback=0.3),
    "digital": Digital(Sign()),
    "ideal": Ideal(),
}


@dataclass(frozen=True)
class Recorded:
    """An uplink that keeps in its state what was sent in the last round, what was made of it, and the report."""

    inner: Any
    uses_air: ClassVar[bool] = True
    apart: ClassVar[bool] = False

    def probes(self, terms: Terms) -> bool:
        return bool(self.inner.probes(terms))

    def check(self, terms: Terms) -> None:
        self.inner.check(terms)

    def init(self, terms: Terms, place: Place) -> Nest:
        zero = tf.zeros([])
        report = Report(zero, zero, tf.zeros([DEVICES]), tf.zeros([DEVICES], tf.bool), *[zero] * 8)
        return self.inner.init(terms, place), tf.zeros([DEVICES, SIZE]), tf.zeros([SIZE]), report

    def begin(self, state: Nest, round: Round, probe: Probe) -> Nest:
        return self.inner.begin(state[0], round, probe), state[1]

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        return self.inner.add(acc[0], round, devices, updates), tf.scatter_nd(
            devices[:, None], updates, [DEVICES, SIZE]
        )

    def end(self, acc: Nest, state: Nest, round: Round) -> Outcome:
        outcome = self.inner.end(acc[0], state[0], round)
        return outcome._replace(state=(outcome.state, acc[1], outcome.estimate, outcome.report))


def dense(seed: int) -> keras.Model:
    start = keras.initializers.GlorotUniform(seed=seed)
    layers = [keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3, kernel_initializer=start)]
    return keras.Sequential(layers)


def air() -> Air:
    """Clocks that run off from round to round, within the prefix, over paths that move."""
    grid = Grid(subcarriers=16, symbols=2, prefix=16, advance=4)
    return Air(grid, Tdl(delay_spread=30e-9, speed=20.0), DEVICES, impairments=(ClockDrift(ppm=1e3, resync=0.01),))


def aggregator(uplink: Any) -> Aggregator:
    return Aggregator(uplink, air(), SIZE, ELEMENTS, layers=((16, 3), (3,)))


def some(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(DEVICES, SIZE)).astype(np.float32)


@pytest.fixture(scope="module")
def analog() -> Aggregator:
    return aggregator(UPLINKS["analog"])


@pytest.mark.parametrize("name", UPLINKS)
def test_the_estimate_is_that_of_a_federation_bit_for_bit(name: str) -> None:
    """Round after round, memory and moving links included: the same updates, weights, seed and SNR."""
    rng = np.random.default_rng(0)
    x, y = rng.random((60, 4, 4, 1), np.float32), rng.integers(0, 3, 60).astype(np.int32)
    federation = Federation(
        dense, Arrays(x, y, x[:5], y[:5], 3), SHARES, Sgd(), Recorded(UPLINKS[name]), air(), ELEMENTS,
        lambda: keras.optimizers.SGD(0.5), batch_size=5,
    )  # fmt: skip
    ours, theirs = aggregator(UPLINKS[name]), federation.init(SEED)
    state = ours.init(SEED)
    for _ in range(ROUNDS):
        theirs, _ = federation.step(theirs, SEED, SNR_DB)
        _, sent, estimate, report = theirs.uplink
        found, state, told = ours.step(state, sent.numpy(), SEED, SNR_DB, WEIGHTS)
        assert np.any(sent.numpy()) and isinstance(found, np.ndarray)
        np.testing.assert_array_equal(found, estimate.numpy())
        for field in Report._fields:
            np.testing.assert_array_equal(getattr(told, field), getattr(report, field), err_msg=field)


def test_without_air_the_estimate_is_the_weighted_sum() -> None:
    plain = aggregator(Ideal())
    updates, weights = some(0), np.array([0.5, 0, 0.25, 0, 0.125, 2])
    found = plain.step(plain.init(0), updates, 0, 0.0, weights).estimate
    np.testing.assert_allclose(found, weights @ updates.astype(np.float64), rtol=0, atol=6 * 2**-24 * 2 * 5)
    mean = plain.step(plain.init(0), updates, 0, 0.0).estimate
    np.testing.assert_allclose(mean, updates.mean(0, dtype=np.float64), rtol=0, atol=6 * 2**-24 * 5)


def test_whoever_has_no_weight_stays_away(analog: Aggregator) -> None:
    weights = np.array([1, 0, 1, 1, 1, 1]) / 5
    report = analog.step(analog.init(0), some(0), 0, SNR_DB, weights).report
    assert report.energy[1] == 0 and not report.decoded[1] and report.energy[0] > 0


def test_other_numbers_are_taken_as_float32_and_handed_back_as_they_came(analog: Aggregator) -> None:
    updates = some(1)
    ours = analog.step(analog.init(2), updates, 2, SNR_DB).estimate
    double = analog.step(analog.init(2), updates.astype(np.float64), 2, SNR_DB).estimate
    tensor = analog.step(analog.init(2), tf.constant(updates), 2, SNR_DB).estimate
    listed = analog.step(analog.init(2), updates.tolist(), 2, SNR_DB).estimate
    assert ours.dtype == double.dtype == np.float32 and isinstance(tensor, tf.Tensor)
    for other in (double, tensor.numpy(), listed):
        np.testing.assert_array_equal(other, ours)


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_another_framework_gets_our_bits_as_its_array(analog: Aggregator, framework: str) -> None:
    library = importlib.import_module(framework) if importlib.util.find_spec(framework) else None
    if library is None:
        pytest.skip(f"{framework} is not installed here; its arrays come as numpy's do, by __array__")
    updates = some(3)
    theirs = library.from_numpy(updates) if framework == "torch" else library.numpy.asarray(updates)
    found = analog.step(analog.init(5), theirs, 5, SNR_DB).estimate
    assert type(found) is type(theirs) and found.dtype == theirs.dtype
    np.testing.assert_array_equal(np.asarray(found), analog.step(analog.init(5), updates, 5, SNR_DB).estimate)


@pytest.mark.filterwarnings("ignore:CUDA initialization")  # of PyTorch where there is no driver
def test_gradients_of_pytorch_descend_over_the_air(analog: Aggregator) -> None:
    """A loop of PyTorch, whose devices are batches: its rounds are those of the same numbers in numpy."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
    torch.manual_seed(0)
    model, x, y = torch.nn.Linear(16, 3), torch.randn(DEVICES, 8, 16), torch.randint(3, (DEVICES, 8))
    state, same = analog.init(6), analog.init(6)
    for _ in range(ROUNDS):
        rows = []
        for images, labels in zip(x, y, strict=True):
            slopes = torch.autograd.grad(torch.nn.functional.cross_entropy(model(images), labels), model.parameters())
            rows.append(torch.nn.utils.parameters_to_vector(slopes))
        estimate, state, _ = analog.step(state, torch.stack(rows), 6, SNR_DB)
        plain, same, _ = analog.step(same, torch.stack(rows).numpy(), 6, SNR_DB)
        assert isinstance(estimate, torch.Tensor)
        np.testing.assert_array_equal(estimate.numpy(), plain)
        moved = torch.nn.utils.parameters_to_vector(model.parameters()) - 0.5 * estimate
        torch.nn.utils.vector_to_parameters(moved, model.parameters())
    assert not np.array_equal(plain, np.zeros(SIZE))


def test_what_pytorch_keeps_from_numpy_is_told_in_a_line(analog: Aggregator) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
    for updates, told in (
        (torch.zeros(DEVICES, SIZE, requires_grad=True), "detach"),
        (torch.zeros(DEVICES, SIZE, dtype=torch.bfloat16), "BFloat16"),
    ):
        with pytest.raises(ValueError, match=f"updates: expected an array that numpy can read, .*{told}"):
            analog.step(analog.init(0), updates, 0, SNR_DB)
    double = analog.step(analog.init(0), torch.ones(DEVICES, SIZE, dtype=torch.float64), 0, SNR_DB).estimate
    assert double.dtype == torch.float64


def test_gradients_of_jax_cross_bit_for_bit(analog: Aggregator) -> None:
    """Of all devices at once by vmap, in half precision too, which JAX hands over."""
    jax = pytest.importorskip("jax", reason="JAX is not installed here")
    numbers = jax.random.normal(jax.random.key(0), (DEVICES, SIZE))
    updates = jax.vmap(jax.grad(lambda row: jax.numpy.sum(jax.numpy.sin(row) * row)))(numbers)
    for sent in (updates, updates.astype(jax.numpy.bfloat16)):
        found = analog.step(analog.init(1), sent, 1, SNR_DB).estimate
        plain = analog.step(analog.init(1), np.asarray(sent).astype(np.float32), 1, SNR_DB).estimate
        assert isinstance(found, jax.Array)
        np.testing.assert_array_equal(np.asarray(found), plain)


class OnGpu:
    """What PyTorch says of a tensor that is not in the memory of the machine."""

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("can't convert cuda:0 device type tensor to numpy.\nUse Tensor.cpu()")


@pytest.mark.parametrize(
    "updates, weights, told",
    [
        (np.zeros((DEVICES, SIZE + 1)), None, r"updates: expected \[6, 51\], received \[6, 52\]"),
        (np.full((DEVICES, SIZE), np.nan), None, r"updates: expected finite numbers, received nan at \[0, 0\]"),
        (OnGpu(), None, r"updates: expected an array .*: can't convert cuda:0 .* numpy. Use Tensor.cpu\(\)$"),
        (np.full((DEVICES, SIZE), "a"), None, "updates: expected an array"),
        (np.full((DEVICES, SIZE), "1"), None, r"updates: expected real numbers, received an array \[6, 51\] of <U1"),
        (np.full((DEVICES, SIZE), 1j), None, r"updates: expected real numbers, received an array .* of complex128"),
        (np.full((DEVICES, SIZE), None), None, r"updates: expected finite numbers, received None at \[0, 0\]$"),
        (
            np.full((DEVICES, SIZE), 1e300),
            None,
            r"updates: .* received 1e\+300 at \[0, 0\], which float32 does",
        ),
        ([[1, 2], [3]], None, "updates: expected an array that numpy can read"),
        (np.ones((DEVICES, SIZE)), "x", "weights: expected an array that numpy can read"),
        (
            np.ones((DEVICES, SIZE)),
            [1j] * DEVICES,
            r"weights: expected real numbers, received an array .6. of c",
        ),
        (np.zeros((DEVICES, SIZE)), np.ones(5), r"weights: expected \[6\], received \[5\]"),
        (np.zeros((DEVICES, SIZE)), -np.ones(DEVICES), "weights: expected none below 0, received -1"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(analog: Aggregator, updates: Any, weights: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        analog.step(analog.init(0), updates, 0, SNR_DB, weights)


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"uplink": "analog"}, r"uplink: expected an object such as Analog\(\), received str 'analog'"),
        ({"uplink": Analog}, r"uplink: expected an object such as Analog\(\), received the class Analog"),
        ({"air": None}, r"air: expected an object such as Air\(.*\), received NoneType 'None'"),
        ({"size": "x"}, "size: expected at least 1 number in an update, received 'x'"),
        ({"size": True}, "size: expected at least 1 number in an update, received True"),
        ({"elements": 1.5}, "grant.elements: expected at least 1 resource element, received 1.5"),
        ({"layers": 3}, r"layers: expected the shapes of all weights, such as .*, received 3"),
        ({"layers": (51,)}, r"layers: expected the shapes of all weights, such as .*, received \(51,\)"),
        ({"layers": ((-51, -1),)}, r"layers: expected the shapes of all weights, .*, received \(\(-51, -1\),\)"),
        ({"participation": "x"}, "participation: expected a probability above 0 and up to 1, received 'x'"),
    ],
)
def test_what_it_cannot_be_made_of_is_told_in_a_line(changes: dict[str, Any], told: str) -> None:
    given: dict[str, Any] = {"uplink": Ideal(), "air": Air(Grid(), Tdl(), DEVICES), "size": SIZE, "elements": ELEMENTS}
    with pytest.raises(ValueError, match=f"^{told}$"):
        Aggregator(**(given | changes))


def test_an_estimate_that_float32_does_not_hold_is_told_by_the_largest_update() -> None:
    made = Aggregator(Analog(), Air(Grid(), Tdl(), DEVICES), SIZE, 26)
    told = "updates: expected numbers whose energies float32 holds, received some up to 1e\\+30 with weights up to 0.16"
    with pytest.raises(ValueError, match=f"^{told}.*; scale them down$"):
        made.step(made.init(0), np.full((DEVICES, SIZE), 1e30), 0, SNR_DB)


def test_states_of_others_are_told_by_what_they_hold(analog: Aggregator) -> None:
    air, updates = Air(Grid(), Tdl(), DEVICES), np.ones((DEVICES, SIZE))
    state: Any
    for state, told in (
        (3, "state: expected what init or step returned, received int '3'"),
        (None, "state: expected what init or step returned, received NoneType"),
        (
            Aggregator(Digital(), air, SIZE, ELEMENTS).init(0),
            "state.uplink: expected AnalogMemory.* as here with Analog",
        ),
        (Aggregator(Analog(), air, 9, ELEMENTS).init(0), "state.uplink: expected AnalogMemory.* received Analog"),
    ):
        with pytest.raises(ValueError, match=f"^{told}"):
            analog.step(state, updates, 0, SNR_DB)
    assert (
        Aggregator(Ideal(), air, SIZE, ELEMENTS)
        .step(Aggregator(Ideal(), air, SIZE, ELEMENTS).init(1), updates, 1, SNR_DB)
        .report.decoded.all()
    )


def test_the_front_door_has_it() -> None:
    assert overair.Aggregator is Aggregator
