"""The raw columns of tables 2.1 and 2.2 of Abdi's thesis, from shapes and buckets, to the last digit.

Mbit a worker and step: half of the workers send 7 levels and half a third of them (nested), or all 7 (QSG), with a
float32 a bucket; one-bit has a bit a value and two floats for each row of the first weights and each vector of biases.
"""

import math
from typing import NamedTuple

import pytest
import tensorflow as tf

from overair.ota import Nested
from overair.ota.compressors import Known
from overair.ota.past import Past
from overair.phy import keys


class Net(NamedTuple):
    layers: tuple[tuple[int, ...], ...]
    buckets: tuple[int, ...]
    size: int
    scales: int
    printed: tuple[float, ...]  # baseline, nested, QSG, one-bit, Mbit
    recomputed: tuple[float, ...]


FC = Net(
    ((784, 300), (300,), (300, 100), (100,), (100, 10), (10,)),
    (300, 300, 300, 100, 100, 10),
    266_610,
    897,
    (8.53, 0.61, 0.78, 0.34),  # .35 is printed, and no way of counting gives it
    (8.5315, 0.6142, 0.7772, 0.3426),
)
LENET = Net(
    ((5, 5, 1, 32), (32,), (5, 5, 32, 64), (64,), (3136, 512), (512,), (512, 10), (10,)),
    (400, 32, 400, 64, 512, 512, 512, 10),
    1_663_370,
    3_280,
    (53.23, 3.758, 4.775, 1.898),
    (53.2278, 3.7580, 4.7746, 1.8977),
)
CIFARNET = Net(
    ((5, 5, 3, 64), (64,), (5, 5, 64, 64), (64,), (2304, 384), (384,), (384, 192), (192,), (192, 10), (10,)),
    (400, 64, 400, 64, 384, 384, 384, 192, 384, 10),
    1_068_298,
    2_774,
    (34.19, 2.435, 3.088, 1.254),
    (34.1855, 2.4349, 3.0879, 1.2536),
)
NETS = {"fc": FC, "lenet": LENET, "cifarnet": CIFARNET}


def one_bit(net: Net) -> float:
    """Two floats for each row of every weight matrix (its first axes) and for each vector of biases."""
    rows = sum(layer[0] if len(layer) > 1 else 1 for layer in net.layers)
    return net.size + 64.0 * rows


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_the_raw_columns_follow_from_shapes_and_buckets(net: Net) -> None:
    sizes = [math.prod(layer) for layer in net.layers]
    assert sum(sizes) == net.size
    scales = sum(math.ceil(size / width) for size, width in zip(sizes, net.buckets, strict=True))
    assert scales == net.scales
    baseline = 32.0 * net.size
    plain, nested = (net.size * math.log2(k) + 32.0 * scales for k in (7, 3))
    raw = [baseline / 1e6, (plain + nested) / 2e6, plain / 1e6, one_bit(net) / 1e6]
    for found, printed, exact in zip(raw, net.printed, net.recomputed, strict=True):
        assert round(found, 4) == exact
        digits = len(str(printed).partition(".")[2])
        assert round(found, digits) == printed


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_what_the_compressor_charges_is_that(net: Net) -> None:
    """The first workers send 7 levels, the others 3 places, both uncoded; half of each."""
    scheme = Nested(coarse=3, coded=False, buckets=net.buckets)
    x = 1.0 + keys.uniform(keys.key(0), [net.size])  # no bucket of zeros
    known = Known(net.layers, Past.none(net.layers), tf.ones([len(net.layers)]))
    bits = [
        float(scheme.compress(x, tf.constant(1e8), keys.key(1), Known(net.layers))[1]),
        float(scheme.encode(x, tf.constant(1e8), keys.key(1), known)[1]),
    ]
    assert bits[0] == pytest.approx(net.size * math.log2(7) + 32 * net.scales, rel=1e-7)
    assert round(sum(bits) / 2e6, 4) == net.recomputed[1]
    assert round(bits[0] / 1e6, 4) == net.recomputed[2]


def test_entropies_that_table_2_2_implies() -> None:
    """Scales off, d = 266,610: 4, 8 and 16 workers."""
    table = {4: (374.3954, 410.9895, 340.8525), 8: (354.5950, 389.1265, 340.0748), 16: (328.2543, 359.6669, 339.1252)}
    implied = {4: (1.4339, 1.1594, 0.9935), 8: (1.3519, 1.0928, 0.9906), 16: (1.2414, 1.0057, 0.9870)}
    for workers, (nested, plain, one) in table.items():
        seven = (plain * 1e3 - 32 * FC.scales) / FC.size
        three = 2 * (nested * 1e3 - 32 * FC.scales) / FC.size - seven
        single = (one * 1e3 - (one_bit(FC) - FC.size)) / FC.size
        assert (seven, three, single) == pytest.approx(implied[workers], abs=1e-4)
