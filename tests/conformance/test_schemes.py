"""Every scheme, found by walking the package, goes through the checks of its family: here those of phy and ota."""

import dataclasses
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Report, Round, Subchannel, Terms, apply, collect
from overair.ota.codecs import Counting, Past
from overair.ota.layers import Layers, size_of
from overair.ota.projections import gaussian, hadamard
from overair.phy import Air, Awgn, Distortion, Grid, Link, Paths, Rayleigh, Size, Span, Tdl, Waveform, error_power, keys
from overair.scenarios.reading.quantities import of
from overair.scenarios.reading.sources import ROOT, fields_of, sources
from tests.conformance.conftest import FAMILIES, examples, fixtures, in_turn, public_dataclasses, schemes

GRID = Grid(subcarriers=32, symbols=4, prefix=16)
PLACE = keys.key(0, "place")
NOTHING: dict[str, dict[str, float]] = {  # where an impairment as it comes does something: with this it does nothing
    "Amplifier": {"backoff_db": 200.0},
    "PathLoss": {"exponent": 0.0},
    "QuantizedReceiver": {"bits": 16, "headroom": 6.0},
}
SIZES = [1, 2, 37, 64]  # one parameter, and lengths that are no powers of two
DRAWS = 200  # of a compressor; tolerances follow from them
KEYS = tf.TensorSpec([None, 2], tf.int64)
EAGERLY = {("normal", 40.0), ("normal", 1e4), ("constant", 100.0), ("spike", 1.0), ("zeros", 0.0)}  # all are compiled


def same(one: Any, other: Any, rtol: float = 0.0, atol: float = 0.0) -> bool:
    pairs = zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True)
    return all(np.allclose(a, b, rtol, atol, equal_nan=True) for a, b in pairs)


def finite(nest: Any) -> bool:
    return all(bool(np.all(np.isfinite(value))) for value in tf.nest.flatten(nest))


def mean_is(draws: np.ndarray, expected: np.ndarray) -> bool:
    """Whether the mean over the first axis is as expected, to 5 standard errors and float32 rounding."""
    error = 5 * draws.std(axis=0) / len(draws) ** 0.5 + 2e-5 * np.abs(expected).max(initial=0.0)
    return bool(np.all(np.abs(draws.mean(axis=0) - expected) <= error))


def is_precise(paths: Paths) -> bool:
    return (paths.a.dtype, paths.tau.dtype, paths.power.dtype) == (tf.complex64, tf.float32, tf.float32)


# --- All families


def test_a_file_holds_one_frozen_scheme_that_is_what_its_folder_says(family: str, modules: list[ModuleType]) -> None:
    assert sum(bool(public_dataclasses(module)) for module in modules), f"{family}: expected at least one scheme"
    for module in modules:
        classes = public_dataclasses(module)
        assert classes or family == "data", f"{module.__name__}: expected one scheme"  # readers of files are there too
        for scheme in classes:
            assert len(classes) == 1, f"{module.__name__}: expected one scheme, found {classes}"
            assert vars(scheme)["__dataclass_params__"].frozen
            kind = module.__name__.rpartition(".")[2].replace("_", "")
            assert scheme.__name__.lower().startswith(kind)  # and may say more, where two families have that kind
            assert scheme.__doc__ and module.__doc__


def test_every_scheme_has_the_interface_of_its_family(family: str) -> None:
    interface = FAMILIES[family]
    assert isinstance(interface, type) and getattr(interface, "_is_runtime_protocol", False)
    assert not isinstance(object(), interface)
    for example in examples(family):
        assert isinstance(example, interface), example


def test_every_family_has_its_own_checks(family: str) -> None:
    """A fixture of a family's name, or of its interface's, in some test of this folder."""
    names = "|".join(sorted(fixtures(family)))
    texts = [file.read_text() for file in Path(__file__).parent.glob("test_*.py")]
    assert any(re.search(rf"def test_\w+\(\s*(?:{names}): ", text) for text in texts), names


def test_every_field_says_what_it_means(family: str) -> None:
    for source in sources(family).values():
        for field in source.fields:
            assert re.fullmatch(r"[A-Z].*\.", field.about), f"{family}/{source.kind}: {field.name}: {field.about!r}"
            assert len(of(field.name, field.about)[1]) < 80


@pytest.mark.parametrize(("file", "name"), [("phy/grid.py", "Grid"), ("phy/air.py", "Air")])
def test_every_field_of_grid_and_air_says_what_it_means(file: str, name: str) -> None:
    fields = fields_of(ROOT / file, name)
    assert len(fields) > 4 and all(re.fullmatch(r"[A-Z].*\.", field.about) for field in fields)


def test_wrong_values_are_refused(mistake: type, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        mistake(**{field: value})


def test_a_field_that_does_not_exist_is_refused(family: str) -> None:
    for scheme in schemes(family):
        with pytest.raises(ValueError, match="spelt_wrong"):
            scheme(**{"spelt_wrong": 1})


# --- phy


@pytest.mark.parametrize(("channel", "way"), in_turn("channels", ["eagerly", "compiled"]))
def test_channels(channel: Any, way: str) -> None:
    if getattr(channel, "costly", False):
        pytest.skip("seconds a draw, and not without LLVM; tests/phy/test_channels_ray_traced.py has these checks")
    steps = 1 if channel.static else 3

    def draw(key: tf.Tensor, place: tf.Tensor = PLACE) -> Paths:
        return channel.draw(Size(2, 3, 5), Span(0.0, steps, 1e-4), key, place)

    drawn = tf.function(draw, autograph=False) if way == "compiled" else draw
    places = PLACE, PLACE, keys.key(1, "place")
    paths, other, elsewhere = (drawn(keys.key(seed), place) for seed, place in zip((1, 2, 2), places, strict=True))
    count = paths.tau.shape[2]
    assert paths.a.shape == (2, 3, 5, count, steps)
    assert paths.tau.shape == paths.power.shape == (2, 5, count)
    assert is_precise(paths) and finite(paths)
    assert np.all((paths.tau >= 0) & (paths.tau <= channel.longest * (1 + 1e-6)))
    total = tf.reduce_sum(paths.power, axis=2).numpy()
    if channel.scales:  # near and far
        assert np.all(total > 0) and np.ptp(total) > 1e-3 * total.mean()
    else:
        np.testing.assert_allclose(total, 1 if getattr(channel, "normalized", True) else total[0, 0], rtol=1e-5)
    assert same(paths, drawn(keys.key(1), PLACE))
    fades = bool(np.ptp(np.abs(np.sum(paths.a, axis=3))) > 0)
    lasts = getattr(channel, "fading", "independent") != "independent" or getattr(channel, "lasting", False)
    assert same(paths.a, other.a) == (lasts or not fades)
    assert same(paths.a, elsewhere.a) != fades
    loud = max(1.0, float(np.abs(paths.a).max()))
    assert same(draw(keys.key(1)), paths, rtol=1e-4, atol=1e-6 * loud)
    assert channel.draw(Size(1, 1, 1), Span(0.0, steps, 1e-4), keys.key(1), PLACE).a.shape == (1, 1, 1, count, steps)
    many = channel.draw(Size(30, 1, 50), Span(0.0, 1, 1e-4), keys.key(3), PLACE)
    gain = np.sum(np.abs(many.a[:, 0, :, :, 0]) ** 2, axis=2) / np.sum(many.power, axis=2)
    assert mean_is(gain.ravel(), np.array(1.0))


def test_impairments(impairment: Any) -> None:
    assert isinstance(impairment.seen, bool) and isinstance(impairment.lasting, bool)
    first, last = impairment.delays(GRID)
    assert first <= last
    for channel, steps in ((Awgn(), 1), (Tdl("A", 30e-9, speed=3.0), 8)):  # of Awgn all devices are alike
        paths = channel.draw(Size(2, 2, 6), Span(0.0, steps, GRID.symbol_seconds), keys.key(0), PLACE)
        span = Span(0.5, 8, GRID.symbol_seconds)
        impaired, again, other = (impairment.apply(paths, GRID, span, keys.key(seed)) for seed in (1, 1, 2))
        assert impaired.a.shape[:4] == paths.a.shape[:4] and impaired.steps in (paths.steps, 8)
        assert (impaired.tau.shape, impaired.power.shape) == (paths.tau.shape, paths.power.shape)
        assert is_precise(impaired) and finite(impaired)
        shift = (impaired.tau - paths.tau).numpy() / GRID.sample
        assert np.all((shift >= first / GRID.sample - 1e-3) & (shift <= last / GRID.sample + 1e-3))
        assert same(impaired, again)
        fresh = dataclasses.replace(impairment)  # one that has not been used outside of a graph
        graph = tf.function(
            lambda key, paths=paths, span=span, fresh=fresh: fresh.apply(paths, GRID, span, key), autograph=False
        )
        assert same(graph(keys.key(1)), impaired, rtol=1e-5, atol=1e-9)
        if channel == Awgn():  # devices that come out unlike were drawn, so another key draws them otherwise
            drawn = any(np.ptp(value, axis=axis).any() for value, axis in zip(impaired, (2, 1, 1), strict=True))
            assert not (drawn and same(impaired, other))
            assert same(impaired, other) or drawn or impairment.stage == "receive"  # the receiver's is everybody's


def waves(places: int) -> tf.Tensor:
    """Waveforms [2, places, 4 symbols] of random symbols, twice as many samples as the grid has."""
    return Waveform(GRID, 0.0, 0.0).modulate(keys.complex_normal(keys.key(5), [2, places, 4, GRID.subcarriers]))


def samples(wave: tf.Tensor, first: int = 0) -> Span:
    return Span(0.5, wave.shape[-1], GRID.sample / 2, first)


def test_distortions(impairment: Any) -> None:
    assert impairment.stage in ("paths", "transmit", "receive")
    assert isinstance(impairment, Distortion) == (impairment.stage != "paths")
    if impairment.stage == "paths":
        return
    wave, everywhere = waves(6), tf.range(6)
    span = samples(wave, -2 * wave.shape[-1] // 4)  # two symbols before the data, and two of it

    def distort(wave: tf.Tensor, places: tf.Tensor, seed: int = 1, span: Span = span) -> tf.Tensor:
        return impairment.distort(wave, GRID, span, keys.key(seed), places)

    whole = distort(wave, everywhere)
    assert whole.shape == wave.shape and whole.dtype == tf.complex64 and finite(whole)
    assert same(whole, distort(wave, everywhere))
    assert same(tf.function(distort, autograph=False)(wave, everywhere), whole, rtol=1e-4, atol=1e-4)
    for some in ([4, 1], [5], []):
        chosen = tf.constant(some, tf.int64)  # as ``tf.where`` has them
        assert same(distort(tf.gather(wave, chosen, axis=1), chosen), tf.gather(whole, chosen, axis=1), atol=2e-6)
    assert not np.any(distort(0 * wave, everywhere))
    for factor in (1e-3, 3.0):
        assert same(distort(factor * wave, everywhere), factor * whole, 1e-4, 1e-4 * factor) == impairment.homogeneous
    assert same(whole, wave) == impairment.orthogonal
    with tf.GradientTape() as tape:
        silent_in_part = tf.Variable(wave * tf.cast(everywhere > 0, wave.dtype)[:, None])
        energy = tf.reduce_sum(tf.abs(distort(silent_in_part, everywhere)[:, 1:]) ** 2)
    slope = tape.gradient(energy, silent_in_part)
    assert finite(slope) and np.all(np.any(slope[:, 1:], axis=2))
    if (
        impairment.stage == "transmit"
    ):  # a device that stops earlier has sent the same until then, but for a filter's reach
        half = wave[..., : wave.shape[-1] // 2]
        shorter = distort(half, everywhere, span=samples(half, span.first))
        assert same(shorter[..., :-32], whole[..., : half.shape[-1] - 32], atol=2e-6)
    drawn = not same(distort(wave[:, :1] + 0 * wave, everywhere), tf.broadcast_to(whole[:, :1], wave.shape), 1e-6, 1e-6)
    shared = getattr(impairment, "common", False) and not impairment.orthogonal
    assert same(distort(wave, everywhere, seed=2), whole) != (drawn or shared)


def test_impairments_of_nothing_leave_everything_as_it_is(impairment: Any) -> None:
    scheme = type(impairment)
    nothing = scheme(**NOTHING.get(scheme.__name__, {}))
    paths = Tdl("A", 30e-9, speed=3.0).draw(Size(2, 2, 6), Span(0.0, 4, 1e-4), keys.key(0), PLACE)
    for one, other in zip(nothing.apply(paths, GRID, Span(0.5, 4, 1e-4), keys.key(1)), paths, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)  # rounding, or the steps of 16 bits
    if nothing.stage != "paths":
        wave = waves(6)
        np.testing.assert_allclose(
            nothing.distort(wave, GRID, samples(wave), keys.key(1), tf.range(6)), wave, atol=2e-4 * np.abs(wave).max()
        )
    if scheme.__name__ not in NOTHING:
        assert nothing.orthogonal and same(nothing.apply(paths, GRID, Span(0.5, 4, 1e-4), keys.key(1)), paths)


def test_what_an_impairment_is_said_to_do_on_average_is_what_it_does_to_symbols(impairment: Any) -> None:
    grid = Grid(subcarriers=32, symbols=4, prefix=16, advance=4)
    if impairment.stage == "paths":
        impairment = type(impairment)(**NOTHING.get(type(impairment).__name__, {}))
    air = Air(grid, Awgn(), 3, impairments=(impairment,), domain="time")
    link = air.draw(air.init(PLACE), keys.key(1), 0.0, 3, 200.0, batch=2)
    for device in range(3):
        x = keys.complex_normal(keys.key(2, device), [2, 1, 12, 32])
        heard = air.receive(air.add(air.empty(3, batch=2), x, link, tf.constant([device])), link, keys.key(3)).numpy()
        known = (link.response(tf.constant([device]), link.receiver)[:, :, 0] * x).numpy()
        power = np.sum(np.abs(known) ** 2)
        off = np.sum((heard - known) * known.conj(), axis=-1) / power  # one a symbol, and symbols are independent
        assert np.abs(np.sum(off)) < 5 * np.sum(np.abs(off) ** 2) ** 0.5 + 1e-4


def test_csi(csi: Any) -> None:
    assert 0 <= csi.pilots(GRID, 6) <= csi.lead(GRID, 6) * GRID.subcarriers
    assert csi.pilot_energy(GRID) >= 0 and csi.bits(GRID, 2) >= 0
    for channel in (Rayleigh(), Tdl("A", 30e-9, speed=3.0)):
        air = Air(GRID, channel, 6, 2, csit=csi)

        def draw(seed: tf.Tensor, air: Air = air) -> Link:
            return air.draw(air.init(PLACE), keys.key(seed), 0.0, 2, 10.0, batch=2)

        link, again, other = (draw(tf.constant(seed)) for seed in (1, 1, 2))
        believed = link.response(of=link.transmitters)
        assert believed.shape[:3] == (2, 2, 6) and believed.shape[3] in (1, 8) and believed.shape[4] == GRID.subcarriers
        assert believed.dtype == tf.complex64 and finite(believed) and same(link.transmitters, again.transmitters)
        assert not same(link.transmitters, other.transmitters)
        lacking = error_power(link.transmitters)
        assert np.all(lacking >= 0) and np.all(lacking <= 1 + 1e-5)
        assert link.transmitters.best.response(link.frequencies).dtype == tf.complex64
        graph = tf.function(lambda seed, air=air, draw=draw: draw(seed, air).transmitters, autograph=False)
        assert same(graph(tf.constant(1)), link.transmitters, rtol=1e-4, atol=1e-4)


def test_power_rules(power_rule: Any) -> None:
    rule, devices, elements = power_rule, 7, 24
    gains = keys.complex_normal(keys.key(1), [devices, elements])
    gains = tf.tensor_scatter_nd_update(gains, [[0, 3], [2, 0]], tf.zeros([2], tf.complex64))  # no gain here and there
    symbols = (
        keys.complex_normal(keys.key(2), [devices, elements])
        * tf.constant([1, 1, 1, 1, 5, 0.1, 0], tf.complex64)[:, None]
    )
    budgets = tf.linspace(0.5, 2.0, devices)

    def play(chosen: tf.Tensor, gains: tf.Tensor = gains) -> tuple[Any, tf.Tensor, tf.Tensor]:
        h, z, limits = (tf.gather(value, chosen) for value in (gains, symbols, budgets))
        spent = tf.reduce_mean(tf.abs(z) ** 2 * rule.cost(h), axis=1)
        level = rule.level(spent, limits, h if rule.joint else None, tf.constant(0.3))
        return level, rule.amplitude(level.scale, h, tf.abs(z) ** 2 / elements, limits[:, None]), spent

    everybody = tf.range(devices)
    level, b, _ = play(everybody)
    assert rule.cost(gains).shape == (devices, elements) and np.all(rule.cost(gains) >= 0)
    assert b.shape == (devices, elements) and b.dtype == tf.complex64
    assert level.scale.dtype == level.arrival.dtype == tf.float32
    assert all(value.shape in ((), (elements,)) for value in level) and np.all(level.arrival > 0)
    assert finite(level) and finite(b)
    energy = tf.reduce_mean(tf.abs(b * symbols) ** 2, axis=1)
    assert np.all(energy <= budgets * (1 + 1e-5))
    if rule.aligned:  # on a gain that is known, and so with silence where there is none
        assert np.all(b[gains == 0] == 0)
        arrives = (b * gains).numpy()
        assert np.all((arrives.real >= 0) & (np.abs(arrives.imag) <= 1e-5 * np.abs(b).max()))
    absent = tf.concat([gains[:-1], tf.zeros_like(gains[-1:])], 0)  # the last takes no part, and sends nothing besides
    for one, other in zip(play(everybody, absent)[0], play(everybody[:-1])[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert same(tf.function(play, autograph=False)(everybody), play(everybody), rtol=1e-5, atol=1e-6)
    assert finite(play(everybody[:1])) and finite(play(everybody[-1:]))  # one device, and one that is silent


def test_combiners(combiner: Any) -> None:
    for channel, antennas, times in ((Rayleigh(), 1, 8), (Rayleigh(), 4, 8), (Tdl("A", 30e-9, speed=3.0), 4, 8)):
        air = Air(GRID, channel, 5, antennas, combiner)
        link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 2, batch=2)
        some = tf.TensorSpec([None], tf.int32)
        compiled = tf.function(lambda who, link=link: combiner.weights(link, who), [some], autograph=False)
        for devices in (tf.range(5), tf.constant([3])):
            weights = compiled(devices)
            full = np.broadcast_to(weights, [2, antennas, times, GRID.subcarriers])
            assert weights.dtype == tf.complex64
            np.testing.assert_allclose((np.abs(full) ** 2).sum(axis=1), 1, atol=1e-5)
        assert finite(compiled(tf.range(0)))
        assert same(compiled(tf.range(5)), combiner.weights(link, tf.range(5)), atol=1e-5)


# --- ota


@pytest.mark.parametrize(("codec", "size"), in_turn("codecs", SIZES))
def test_codecs(codec: Any, size: int) -> None:
    for layers in [((size,),), ((size, 6), (3,), (2, 2, 2, size))][: 1 + (size == 37)]:
        _test_codec(codec, layers)


def _test_codec(codec: Any, layers: Layers) -> None:
    size, quiet = size_of(layers), tf.zeros([])
    elements = codec.elements(layers, size)
    updates = keys.normal(keys.key(0), [3, size])

    def drawn(seed: Any) -> Any:
        return codec.code(layers, elements, keys.key(3, seed), Past.none(layers))

    code, again, other = (drawn(seed) for seed in (1, 1, 2))
    assert same(code, again)
    if len(tf.nest.flatten(code)) > 1 and size > 2:
        assert not same(code, other)
    sent = codec.select(updates, layers, code)
    symbols = codec.encode(sent, layers, code)
    assert sent.shape == (3, size) and symbols.shape == (3, elements) and symbols.dtype == tf.complex64
    estimate = codec.decode(symbols[0], layers, code, quiet)
    assert estimate.shape == (size,) and estimate.dtype == tf.float32
    noise = keys.complex_normal(keys.key(5), [elements])
    assert finite(codec.decode(noise, layers, code, quiet)) and finite(codec.decode(noise, layers, code, tf.ones([])))
    trouble = codec.encode(codec.select(updates + np.nan, layers, code), layers, code)[0]
    assert not finite(codec.decode(trouble, layers, code, quiet))  # is not hidden
    weights = tf.constant([0.2, -1.0, 3.0])
    if codec.linear:
        apart = tf.linalg.matvec(symbols, tf.cast(weights, tf.complex64), transpose_a=True)
        total = tf.linalg.matvec(sent, weights, transpose_a=True)
        np.testing.assert_allclose(apart, codec.encode(total[None], layers, code)[0], atol=1e-4)
    everything = tf.ones([3, elements])
    if codec.feedback is not None:
        zeros = tf.zeros([1, size])
        nothing = codec.encode(codec.select(zeros, layers, code), layers, code)[0]
        assert not np.any(codec.decode(nothing, layers, code, quiet))
        delivered = codec.delivered(sent, layers, code, everything)
        assert delivered.shape == (3, size) and finite(delivered)
        assert not np.any(codec.delivered(sent, layers, code, 0 * everything))  # of those that are silent

    if getattr(codec, "over_rounds", False):
        return
    counting = isinstance(codec, Counting)  # its codewords are those of the code
    recovers = hasattr(codec, "recovery") or counting
    if recovers:  # what is sparse, and large enough for message passing; tests/ota/test_recovery*.py have the rest
        updates = tf.one_hot(size // 2, size) * tf.constant([[1.0], [2.0], [0.5]])
    sent = codec.select(updates, layers, code)

    def through(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        code = drawn(index)
        own = codec.select(updates, layers, code) if counting else sent
        symbols = tf.reduce_sum(codec.encode(own, layers, code), axis=0)
        return codec.decode(symbols, layers, code, quiet), codec.target(tf.reduce_sum(own, axis=0))

    count = 60 if recovers else 300  # half of them have to succeed, or a mean is measured
    loop = tf.function(lambda: tf.map_fn(through, tf.range(count), (tf.float32, tf.float32)), autograph=False)
    draws, targets = (value.numpy() for value in loop())
    target = targets[0]
    if recovers:
        error, power = ((draws - targets) ** 2).sum(axis=1), (targets**2).sum(axis=1)  # 0 and 0 where all are silent
        sparse = counting or getattr(codec.recovery, "sparse", True)
        assert size < 300 or np.mean(error <= 1e-4 * power) > 0.5 or not sparse
    elif len(layers) == 1:  # of many hundred entries some stray
        assert mean_is(draws, target)  # exactly or on average over codes


@cache
def draw_keys() -> tf.Tensor:
    return tf.stack([keys.key(2, draw) for draw in range(DRAWS)])


@pytest.mark.parametrize(("compressor", "size"), in_turn("compressors", SIZES))
def test_compressors(compressor: Any, size: int) -> None:
    updates = {
        "normal": keys.normal(keys.key(0), [size]),
        "constant": tf.fill([size], -3.0),
        "spike": tf.one_hot(0, size) * 1e3,
        "zeros": tf.zeros([size]),
    }
    signature = tf.TensorSpec([size]), tf.TensorSpec([])

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, size]), tf.TensorSpec([None]), KEYS])
    def compress(*rows: tf.Tensor) -> Any:  # compiled once for all that follows
        return tf.map_fn(lambda one: compressor.compress(*one), rows, fn_output_signature=signature)

    asked = [(name, budget) for name in updates for budget in (0.0, 1.0, 40.0, 100.0, 1e4)]
    rows, budgets = tf.stack([updates[name] for name, _ in asked]), tf.constant([budget for _, budget in asked])
    alike = tf.tile(keys.key(1)[None], [len(asked), 1])
    compiled = compress(rows, budgets, alike)
    assert same(compiled, compress(rows, budgets, alike))
    for number, (name, budget) in enumerate(asked):
        one = tf.nest.map_structure(lambda value, number=number: value[number], compiled)
        eager = compressor.compress(updates[name], budgets[number], keys.key(1)) if (name, budget) in EAGERLY else one
        for value, used in (eager, one):
            assert value.shape == (size,) and (value.dtype, used.dtype, used.shape) == (tf.float32, tf.float32, ())
            assert finite((value, used)) and 0 <= used <= budget
            assert name != "zeros" or not np.any(value)
            assert used > 0 or not np.any(value)
        assert same(eager, one, rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(updates[name]).max())))
    many, update = tf.repeat(updates["normal"][None], DRAWS, axis=0), updates["normal"].numpy()
    for budget in (60.0, 1e4):
        draws, used = (value.numpy() for value in compress(many, tf.fill([DRAWS], budget), draw_keys()))
        if compressor.unbiased:
            often = (draws != np.median(draws, axis=0)).sum(axis=0) >= 10  # entries that are hardly ever sent: in sums
            mixed = np.random.default_rng(0).choice([-1.0, 1.0], [size, 16])
            assert (
                not np.any(used) or mean_is(draws[:, often], update[often]) and mean_is(draws @ mixed, update @ mixed)
            )
        elif getattr(compressor, "contractive", True):  # no worse than silence
            error, energy = ((draws - update) ** 2).sum(axis=1).mean(), (update**2).sum()
            assert error <= energy * (1 + 1e-5)


def test_rates(rate: Any) -> None:
    mine = tf.constant(np.arange(3 * 120).reshape(3, 120) % 3 > 0, tf.float32)

    def share(believed: float, known: float, mine: tf.Tensor = mine) -> Subchannel:
        one = tf.ones_like(mine)
        return Subchannel(mine, believed * one, known * one, tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64))

    devices, offered = tf.range(3), []
    for snr in (0.0, 1e-12, 1.0, 100.0, 1e12):
        bits = rate.bits(share(snr, snr))
        assert bits.shape == (3,) and bits.dtype == tf.float32 and finite(bits) and np.all(bits >= 0)
        offered.append(bits.numpy().max())
    assert offered[0] == 0 and offered == sorted(offered) and offered[3] > 0
    assert not np.any(rate.bits(share(100.0, 100.0, 0.0 * mine)))  # no elements at all
    bits = rate.bits(share(1.0, 1.0))
    arrives = tf.function(rate.crc_ok, autograph=False)
    assert np.all(rate.crc_ok(share(1.0, 1e9), bits, devices, keys.key(1)))
    assert not np.any(rate.crc_ok(share(1.0, 1e-9), bits, devices, keys.key(1)))
    for known in (1.0, 1.2):
        heard = rate.crc_ok(share(1.0, known), bits, devices, keys.key(1))
        assert heard.shape == (3,) and heard.dtype == tf.bool
        assert same(heard, arrives(share(1.0, known), bits, devices, keys.key(1)))
        one = rate.crc_ok(share(1.0, known, mine[1:2]), bits[1:2], devices[1:2], keys.key(1))
        assert same(one, heard[1:2])
    nobody = share(1.0, 1.0, mine[:0])
    assert rate.crc_ok(nobody, rate.bits(nobody), devices[:0], keys.key(1)).shape == (0,)


def test_image_codecs(image_codec: Any) -> None:
    low, high = image_codec.qualities
    assert low <= high
    y, x = np.mgrid[:24, :40]
    image = np.stack([5 * y, 6 * x, 255 - 2 * x - 3 * y], -1).astype(np.uint8)
    sizes = []
    for quality in (low, (low + high) // 2, high):
        data = image_codec.encode(image, quality)
        seen = image_codec.decode(data)
        assert data == image_codec.encode(image.copy(), quality)
        assert seen.shape == image.shape and seen.dtype == np.uint8
        assert 0 < image_codec.payload(data) < len(data)
        sizes.append(len(data))
    assert sizes == sorted(sizes) and (sizes[0] < sizes[-1] or low == high)
    assert np.mean((seen.astype(float) - image) ** 2) < 30
    for wrong in (image.astype(np.float32), image[..., 0], image[None], image[:0]):
        with pytest.raises(ValueError, match="uint8"):
            image_codec.encode(wrong, high)
    for wrong in (low - 1, high + 1):
        with pytest.raises(ValueError, match="quality"):
            image_codec.encode(image, wrong)
    with pytest.raises(ValueError, match="data"):
        image_codec.decode(b"nothing")


@pytest.mark.parametrize(("make", "size"), [(gaussian, 1), (hadamard, 37)])
def test_recovery(recovery: Any, make: Any, size: int) -> None:
    rows = -(-size // 2)
    a, prior = make(keys.key(0), rows, size), getattr(recovery, "mean", 0.0)
    recover = tf.function(lambda y, noise: recovery.recover(y, a, noise), autograph=False)
    for y in (a.forward(tf.one_hot(0, size)), keys.normal(keys.key(1), [rows])):  # an entry, nothing but noise
        for noise in (tf.constant(power) for power in (0.0, 1e-4, 10.0)):  # compiled once
            found = recover(y, noise)
            assert found.shape == (size,) and found.dtype == tf.float32 and finite(found)
            assert same(found, recover(y, noise))
            assert prior or same(-found, recover(-y, noise), atol=1e-5)
    assert not np.any(recover(tf.zeros([rows]), tf.constant(0.0)))
    for bad in (np.nan, np.inf):
        assert not finite(recover(tf.fill([rows], bad), tf.constant(0.0)))  # trouble is not hidden


@pytest.mark.parametrize("make", [gaussian, hadamard])
def test_recovery_is_never_worse_than_zeros(recovery: Any, make: Any) -> None:
    x = tf.where(keys.uniform(keys.key(2), [400]) < 0.05, keys.normal(keys.key(4), [400]), 0.0)
    a = make(keys.key(3), 200, 400)
    noises: list[Any] = [1e-4, None]  # told, and known to nobody
    for noise in noises:
        found = tf.function(lambda y, told=noise: recovery.recover(y, a, told, ((10, 40),)), autograph=False)(
            a.forward(x)
        )
        assert tf.nn.l2_loss(found - x) <= tf.nn.l2_loss(x) * (1 + 1e-6)


def play(
    uplink: Any,
    updates: tf.Tensor,
    weights: Any = None,
    channel: Any = None,
    snr_db: float = 10.0,
    antennas: int = 4,
    round: int = 0,
    chunk: int | None = None,
) -> tuple[tf.Tensor, Any, Report]:
    """A round, at once or a chunk of devices after another in loops, as a compiled round does."""
    devices, size = updates.shape
    air = Air(GRID, channel or Rayleigh(), devices, antennas)
    terms, place = Terms(air, size, 600), air.init(keys.key(0, "place"))
    uplink.check(terms)
    state, key = uplink.init(terms, place), keys.key(0, "round", round)
    link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, snr_db) if uplink.uses_air else None
    shares = tf.ones([devices]) / devices if weights is None else tf.constant(weights, tf.float32)
    one = Round(terms, key, shares, link)
    if chunk is None:
        return apply(uplink, state, one, updates)

    def updates_of(some: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.gather(updates, some), tf.zeros(tf.shape(some))

    outcome, _ = collect(uplink, state, one, updates_of, tf.where(shares > 0)[:, 0], chunk)
    return outcome.estimate, outcome.state, outcome.report


@pytest.mark.parametrize(("uplink", "shape"), in_turn("uplinks", [(5, 37), (1, 1)]))
def test_uplinks(uplink: Any, shape: tuple[int, int]) -> None:
    devices, size = shape
    updates = keys.normal(keys.key(0), [devices, size]) * tf.linspace(0.1, 3.0, devices)[:, None]
    estimate, state, report = play(uplink, updates)
    assert estimate.shape == (size,) and estimate.dtype == tf.float32
    assert report.energy.shape == report.decoded.shape == (devices,) and report.decoded.dtype == tf.bool
    for name in ("nmse", "bits", "payload", "pilots", "airtime"):
        assert getattr(report, name).shape == () and getattr(report, name).dtype == tf.float32
    assert np.isnan(report.papr_db)  # is measured where it is asked for
    assert finite((estimate, report._replace(papr_db=()))) and np.all(report.energy >= 0)
    if getattr(uplink, "budget", "round") == "round":
        assert np.all(report.energy <= 1 + 1e-5)
    assert report.payload + report.pilots <= 600
    assert same((estimate, state, report), play(uplink, updates))
    another = same(estimate, play(uplink, updates, round=1)[0])
    usual = getattr(uplink, "compressor", None) == getattr(type(uplink)(), "compressor", None)
    if usual and not votes(uplink):  # other compressors may lose nothing
        lossless = float(report.nmse) < 1e-12  # as one parameter is that is a codeword, counted
        assert another != uplink.uses_air or lossless
    estimate, _, report = play(uplink, tf.zeros([devices, size]))
    no_target = report._replace(nmse=estimate, nmse_sent=estimate)  # to compare with
    assert finite(no_target._replace(papr_db=()))
    if votes(uplink):  # sign(0) is +
        assert np.all(np.abs(estimate) == 1)
    elif getattr(getattr(uplink, "rule", None), "announced", True):  # else a scale is sent in any case
        assert not np.any(estimate)


def votes(uplink: Any) -> bool:
    return hasattr(uplink, "codec") and uplink.codec.feedback is None


def test_uplinks_leave_out_who_is_absent(uplink: Any) -> None:
    updates = keys.normal(keys.key(1), [5, 12]) * tf.constant([[1e6], [1.0], [1e6], [1.0], [1e6]])
    alike = getattr(uplink, "sdma", 1) > 1  # devices of one and the same channel cannot be told apart
    channel = Rayleigh() if alike else Awgn()
    estimate, _, report = play(uplink, updates, [0.0, 0.5, 0.0, 0.5, 0.0], channel, snr_db=60.0)
    assert not np.any(tf.gather(report.energy, [0, 2, 4]))
    assert np.array_equal(report.decoded, [False, True, False, True, False])
    assert np.abs(estimate).max() < 100
    estimate, _, report = play(uplink, updates, [0.0] * 5)
    assert not np.any(estimate) and not np.any(report.decoded) and not np.any(report.energy)


def test_uplinks_meet_their_target_without_noise_and_fading(uplink: Any) -> None:
    updates = keys.normal(keys.key(0), [4, 64])
    estimate, _, report = play(uplink, updates, [0.1, 0.2, 0.3, 0.4], Awgn(), snr_db=200.0)
    target = np.array([0.1, 0.2, 0.3, 0.4]) @ updates.numpy()
    error = ((estimate - target) ** 2).numpy().sum() / (target**2).sum()
    assert float(report.nmse) == pytest.approx(error, rel=1e-3, abs=1e-9)
    if votes(uplink):
        assert report.nmse_sent < 0.3  # a tie of these weights is decided by rounding
        return
    rule = getattr(uplink, "rule", None)
    if rule and not rule.aligned and not rule.joint:  # nothing makes up for the gain of four antennas
        return
    coarse = getattr(getattr(uplink, "compressor", None), "unbiased", False)  # one draw of it may do worse than silence
    assert error < (1e-3 if uplink == type(uplink)() else 2 if coarse else 1) and np.all(report.decoded)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_uplinks_refuse_what_is_not_finite(uplink: Any, bad: float) -> None:
    with pytest.raises(ValueError, match="updates: expected finite numbers"):
        play(uplink, tf.constant([[1.0, 2.0], [1.0, bad]]))


def test_uplinks_streamed_in_a_graph_give_what_they_give_at_once(uplink: Any) -> None:
    updates, weights = keys.normal(keys.key(0), [7, 37]), [0.1, 0.2, 0.0, 0.2, 0.1, 0.2, 0.2]
    streamed = tf.function(lambda: play(uplink, updates, weights, chunk=4), autograph=False)()
    dense = play(uplink, updates, weights)
    assert same(streamed[:2], dense[:2], rtol=1e-3, atol=1e-4)
    assert same(streamed[2], dense[2], rtol=1e-3, atol=1e-6)
