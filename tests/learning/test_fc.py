"""The fully connected network of the thesis has its parameters."""

import keras
import pytest

from overair.learning.models.fc import Fc


@pytest.mark.parametrize(
    ("hidden", "shape", "parameters"),
    [
        ((300, 100), (28, 28, 1), 266_610),
        ((1000, 300, 100), (28, 28, 1), 1_116_410),
        ((), (5,), 60),
        ((7,), (8, 8, 3), 192 * 7 + 7 + 80),
    ],
)
def test_a_layer_takes_a_weight_of_each_input_and_one_more(
    hidden: tuple[int, ...], shape: tuple[int, ...], parameters: int
) -> None:
    model = Fc(hidden).build(shape, 10, 0)
    assert model.count_params() == parameters
    units = [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert units == [*hidden, 10]


@pytest.mark.parametrize("hidden", [(0,), (1.5,), (65537,)])
def test_impossible_layers_are_refused(hidden: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="hidden"):
        Fc(hidden=hidden)
