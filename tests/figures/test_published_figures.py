"""The figures of published settings: each panel has the curves of its own setting, in the looks the legend tells."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overair.figures import abdi_rlc, amiri2020
from tests.checkout import kept, published
from tests.figures.reading import interval, legend, lines, points, reach

SNR = "snr_db"
LOW, HIGH = -35.94, -8.95  # dB: P = 1 and 500


def curve(name: str, **place: object) -> np.ndarray:
    """Accuracies [seeds, rounds] of a file at a place."""
    found = kept(name)
    for axis, value in place.items():
        if axis == "snr":
            found = found.sel({SNR: value}, method="nearest")
        else:
            found = found.sel({axis: value})
    return found.accuracy.transpose("seed", "round").values


def assert_drawn(panel: Axes, expected: list[np.ndarray]) -> None:
    """Lines are means and bands the intervals of these values, in this order."""
    assert len(lines(panel)) == len(expected)
    for at, (line, values) in enumerate(zip(lines(panel), expected, strict=True)):
        np.testing.assert_allclose(points(line)[1], values.mean(axis=0))
        if len(values) > 1:
            np.testing.assert_allclose(reach(panel, at), interval(values))
        else:
            assert not panel.collections[at].get_paths()


@pytest.fixture
def amiri(figures: list[Figure]) -> Figure:
    figures.append(amiri2020.plot_folder(published()))
    return figures[0]


def test_all_schemes_stand_above_for_either_partition(amiri: Figure) -> None:
    names = ["analog sparse", "analog random_linear", "digital position_coded", "digital top_k"]
    uplinks = ["ideal", *names, "digital qsgd", "digital sign"]
    for panel, partition in zip(amiri.axes[:2], ("iid", "classes"), strict=True):
        assert_drawn(panel, [curve("amiri2020", uplink=uplink, partition=partition) for uplink in uplinks])
        assert (
            panel.get_title()
            == f"P = 500, s = d/2, data {'alike' if partition == 'iid' else 'of two classes a device'}"
        )
    shown = [text.get_text() for text in amiri.legends[0].get_texts()]
    assert shown[:5] == ["error-free", "A-DSGD", "random linear code", "D-DSGD", "SignSGD, largest entries"]
    assert shown[5:] == ["QSGD", "SignSGD, shared entries"]


def test_settings_below_are_told_by_their_dashes_and_schemes_by_their_colours(amiri: Figure) -> None:
    alike, _, grants, devices = amiri.axes
    base = [
        curve("amiri2020", partition="iid", uplink=uplink) for uplink in ("analog sparse", "digital position_coded")
    ]
    settings = {"P = 500, s = d/2": base}
    settings |= {
        name: [curve(f"amiri2020{file}", uplink=uplink) for uplink in ("analog", "digital")]
        for name, file in (("P = 200", "_p200"), ("s = 3d/10", "_s30"))
    }
    assert_drawn(grants, [values for pair in settings.values() for values in pair])
    fewer = {
        f"M = {count}, B = {images}, P = {power}": [
            curve(f"amiri2020_m{count}", uplink=uplink, snr=snr) for uplink in ("analog", "digital")
        ]
        for count, images in ((20, "1,000"), (10, "2,000"))
        for power, snr in ((1, LOW), (500, HIGH))
    }
    assert_drawn(devices, [values for pair in fewer.values() for values in pair])
    above = {line.get_label(): line.get_color() for line in lines(alike)}
    for panel, told in ((grants, settings), (devices, fewer)):
        assert legend(panel) == list(told)
        keys = {line.get_label(): line.get_linestyle() for line in panel.get_lines() if not len(points(line)[0])}
        for at, name in enumerate(told):
            pair = lines(panel)[2 * at : 2 * at + 2]
            assert [line.get_linestyle() for line in pair] == 2 * [keys[name]]
            assert [line.get_color() for line in pair] == [above["A-DSGD"], above["D-DSGD"]]
        assert len({*keys.values()}) == len(told)


def test_axes_are_named_by_the_curves(amiri: Figure) -> None:
    assert [panel.get_xlabel() for panel in amiri.axes] == 4 * ["Round"]
    assert [panel.get_ylabel() for panel in amiri.axes] == ["Test accuracy", "", "Test accuracy", ""]
    assert "1,963 elements a round (s = 3d/10: 1,178)" in amiri.get_supxlabel()


@pytest.fixture
def abdi(figures: list[Figure]) -> dict[str, Axes]:
    figures.append(abdi_rlc.plot_folder(published()))
    return {str(panel.get_label()): panel for panel in figures[0].axes}


def test_a_compression_has_its_panel_with_its_elements(abdi: dict[str, Axes]) -> None:
    for at, (compression, elements) in enumerate(((2, "15,427"), (5, "6,171"), (20, "1,543"), (100, "309"))):
        panel = abdi[str(at)]
        assert panel.get_title() == f"d/m = {compression}, {elements} elements"
        own = [
            curve("abdi_rlc", uplink=uplink, **{"compression": compression})
            for uplink in ("ideal", "analog", "digital")
        ]
        assert_drawn(panel, own)
    assert legend(abdi["0"]) == ["no compression, no noise", "random linear code", "QCS, digital"]


def test_the_large_network_stands_beside_with_what_each_way_costs(abdi: dict[str, Axes]) -> None:
    rival = curve("abdi_cifar_qcs")
    own = [curve("abdi_cifar", uplink=uplink) for uplink in ("ideal", "analog")]
    assert_drawn(abdi["right"], [*own, rival])
    costs = ["no compression, no noise", "random linear code, 26,708 elements", "QCS, digital, 4,747,000 elements"]
    assert legend(abdi["right"]) == costs
    assert (abdi["right"].get_xlabel(), abdi["right"].get_ylabel()) == ("Round", "Test accuracy")


def test_the_caption_says_what_share_of_its_energy_each_side_spends(abdi: dict[str, Axes]) -> None:
    energy = kept("abdi_rlc").energy.mean(["seed", "round", "compression"])
    (figure,) = {panel.get_figure() for panel in abdi.values()}
    assert isinstance(figure, Figure) and isinstance(energy, xr.DataArray)
    analog, digital = (float(energy.sel(uplink=uplink)) for uplink in ("analog", "digital"))
    assert f"{analog:.0%} with the random linear code and {digital:.0%} digitally" in figure.get_supxlabel()
