"""What a field measures is told by its docstring, and axes have it."""

import pytest

from overair.scenarios.reading import files
from overair.scenarios.reading.listing import described
from overair.scenarios.reading.quantities import of, quantity
from overair.scenarios.reading.searches import taken
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results.dataset import describe
from overair.scenarios.studies import check
from overair.scenarios.studies.federated import Federated
from tests.checkout import kept, published


@pytest.mark.parametrize(
    ("name", "about", "unit", "long_name"),
    [
        ("height", "Of the receiver, in metres.", "m", "height of the receiver"),
        ("speed", "Of the devices, in metres per second.", "m/s", "speed of the devices"),
        ("backoff_db", "Input back-off (IBO), in dB; over P.", "dB", "Input back-off (IBO)"),
        ("alpha", "Concentration; small is far from IID.", "1", "Concentration"),
        ("snr_db", "SNR, in dB; P/N0", "dB", "SNR"),
        ("shape", "", "1", "shape"),
        ("side", "Who has it: a device, or an antenna, in turn.", "1", "Who has it: a device, or an antenna, in turn"),
    ],
)
def test_a_docstring_tells_unit_and_name(name: str, about: str, unit: str, long_name: str) -> None:
    assert of(name, about) == (unit, long_name)


RAW = {
    "data": "digits",
    "model": "softmax",
    "devices": 5,
    "rounds": 30,
    "uplink": {"kind": "analog", "codec": {"kind": "random_linear"}},
    "link": {"channel": "uma", "impairments": ["timing_offset", "sampling_offset"]},
}


@pytest.mark.parametrize(
    ("path", "unit", "long_name"),
    [
        ("link.snr_db", "dB", "SNR"),
        ("link.channel.height", "m", "height of the receiver"),
        ("link.channel.speed", "m/s", "speed of the devices"),
        ("link.impairments.0.high", "samples", "Largest offset"),
        ("link.impairments.1.high", "ppm", "Largest offset"),
        ("grid.spacing", "Hz", "Subcarrier spacing"),
        ("uplink.codec.compression", "1", "Parameters for each real number sent, d/m"),
    ],
)
def test_axes_are_described(path: str, unit: str, long_name: str) -> None:
    scenario = check(RAW)
    assert quantity(scenario, path) == (unit, long_name)
    assert describe(path, scenario) == {"units": unit, "long_name": long_name}


def test_every_field_can_be_an_axis() -> None:
    scenario = check(RAW)
    for name in described(Federated):
        assert all(quantity(scenario, name))


def test_published_curves_describe_their_axes_as_fields_do() -> None:
    """Figures are drawn from the curves, whose comments would keep what a docstring said once."""
    folder, wrong = published(), []
    for name in files.presets():
        if (folder / f"{name}.csv").is_file():
            scenario = sweep(taken(files.read(name)[1])[0]).points[0].scenario
            for axis, values in kept(name).coords.items():
                now = describe(str(values.attrs.get("path", axis)), scenario)
                if values.attrs.get("long_name", now["long_name"]) != now["long_name"]:
                    wrong.append(f"{name}, {axis}: {values.attrs['long_name']}, and the field {now['long_name']}")
    assert not wrong
