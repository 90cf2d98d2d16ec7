"""Ray tracing (RT): the paths that geometry gives devices in a scene of buildings, by Sionna RT."""

import math
import subprocess
import sys
from dataclasses import asdict, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, ClassVar, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from .. import keys
from ..keys import Key, fold
from ..link import Paths, Size, Span
from ..strict import dataclass
from . import Still
from ._waves import phasor

TRIES = 12  # positions for a device before it is given up
TRACER = Path(__file__).with_name("_tracer.py")
PATIENCE = 600.0  # seconds for a trace, which takes a few


@dataclass(frozen=True)
class RayTraced(Still):
    """A receiver and a box of devices in a scene.

    h(t, f) = sum_l a_l exp(-j 2 pi f tau_l) over the paths that Sionna RT finds between a device and the receiver.

    Devices stand at random in a box on the ground, at one height, for all rounds; a position that no path reaches, such
    as one inside a building, is drawn again. Paths are traced from the receiver (an omnidirectional line of antennas,
    half a wavelength apart) and hold for the uplink by reciprocity; there are specular reflections and lines of sight,
    and nothing goes through walls. The ``paths`` strongest of each device are kept, those beyond ``longest`` left out;
    delays count from the device's first path. Gains are relative to ``reference_db``, the loss at which the scenario's
    SNR is defined, unless ``compensated``. ``independent`` fading gives every path a random phase in every round, as a
    device would see that moves by some wavelengths; with ``continuous`` fading nothing moves, and rounds are alike.

    Tracing is a call out of the graph (``tf.numpy_function``) that remembers its last places: a place's key has a value
    only when the graph runs, and a trace lasts seconds. It is done by another process (``_tracer.py``), because
    Dr.Jit's LLVM crashes in one that has loaded TensorFlow. It needs LLVM or CUDA.

    >>> from overair.phy import RayTraced
    >>> channel = RayTraced(paths=8)  # ``Air(Grid(), channel, devices=20)`` traces when a link is drawn
    >>> channel.static, channel.scales, round(1e6 * channel.longest)
    (True, True, 2)
    """

    scene: str = "simple_street_canyon"
    """Scene of Sionna RT by name, or the path of an XML file."""
    x: Annotated[float, Ge(-1e6), Le(1e6)] = 0.0
    """Where the receiver is toward the east, in metres."""
    y: Annotated[float, Ge(-1e6), Le(1e6)] = 0.0
    """Where the receiver is toward the north, in metres."""
    z: Annotated[float, Ge(-1e6), Le(1e6)] = 20.0
    """Height of the receiver, in metres."""
    west: Annotated[float, Ge(-1e6), Le(1e6)] = -40.0
    """Western edge of the box of devices, in metres."""
    south: Annotated[float, Ge(-1e6), Le(1e6)] = -8.0
    """Southern edge of the box of devices, in metres."""
    east: Annotated[float, Ge(-1e6), Le(1e6)] = 40.0
    """Eastern edge of the box of devices, in metres."""
    north: Annotated[float, Ge(-1e6), Le(1e6)] = 8.0
    """Northern edge of the box of devices, in metres."""
    height: Annotated[float, Gt(0), Le(1e4)] = 1.5
    """Of the devices, in metres."""
    carrier: Annotated[float, Ge(0.1e9), Le(100e9)] = 3.5e9
    """Carrier frequency, in Hz."""
    max_depth: Annotated[int, Ge(0), Le(20)] = 3
    """Most reflections of a path."""
    paths: Annotated[int, Ge(1), Le(1000)] = 16
    """Most paths of a device; the strongest are kept."""
    reference_db: Annotated[float, Ge(-300), Le(300)] = 100.0
    """Loss at which the SNR is defined, in dB."""
    compensated: bool = False
    """Whether every device's mean gain is 1."""
    fading: Literal["independent", "continuous"] = "independent"
    """Whether paths have other phases in every round, or nothing moves."""
    longest: Annotated[float, Gt(0), Le(1)] = 2e-6
    """Latest path that is kept, in seconds."""
    static: ClassVar[bool] = True
    shares_place: ClassVar[bool] = True
    costly: ClassVar[bool] = True  # a draw traces rays for seconds, in another process

    def __post_init__(self) -> None:
        for low, high in (("west", "east"), ("south", "north")):
            one, other = getattr(self, low), getattr(self, high)
            if not one < other:
                raise ValueError(f"ray_traced.{high}: expected more than {low} = {one:g} m, received {other:g}")
        _file(self.scene)

    @property
    def lasting(self) -> bool:
        return self.static and self.fading == "continuous"

    @property
    def scales(self) -> bool:
        return not self.compensated

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        total = size.places * devices
        across = keys.uniform(fold(place, "positions"), [TRIES, total, 2])
        spots = across * [self.east - self.west, self.north - self.south] + [self.west, self.south]

        geometry = replace(self, reference_db=0.0, compensated=False, fading="continuous", longest=1.0)

        def trace(place: np.ndarray, spots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return _trace(geometry, antennas, _Spots(place, spots))

        a, tau = tf.numpy_function(trace, [place, spots], [tf.complex64, tf.float32], stateful=False)
        times = batch // size.places
        a = tf.tile(tf.reshape(a, [size.places, devices, antennas, self.paths]), [times, 1, 1, 1])
        tau = tf.tile(tf.reshape(tau, [size.places, devices, self.paths]), [times, 1, 1])
        kept = tau <= self.longest
        a = tf.where(kept[:, :, None], a, 0.0)
        power = tf.reduce_mean(tf.square(tf.abs(a)), 2)  # [B, K, L]
        if self.compensated:
            gain = 1 / tf.reduce_sum(power, 2, keepdims=True)
        else:
            gain = tf.fill([1, 1, 1], 10 ** (self.reference_db / 10))
        a *= tf.cast(tf.sqrt(gain), a.dtype)[:, :, None]
        if self.fading == "independent":
            a *= phasor(keys.uniform(fold(key, "phases"), power.shape, -math.pi, math.pi))[:, :, None]
        return Paths(tf.transpose(a, [0, 2, 1, 3])[..., None], tf.where(kept, tau, 0.0), power * gain)


class _Spots:
    """Candidate positions [tries, N, 2], told apart by the place they were drawn for."""

    def __init__(self, place: np.ndarray, spots: np.ndarray) -> None:
        self.name, self.spots = (place.tobytes(), spots.shape), spots

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Spots) and self.name == other.name


@lru_cache(maxsize=8)
def _trace(site: RayTraced, antennas: int, candidates: _Spots) -> tuple[np.ndarray, np.ndarray]:
    """Path coefficients [N, A, L], with the strongest first, and delays [N, L] after each device's first path."""
    with TemporaryDirectory() as folder:
        ask, answer = Path(folder) / "ask.npz", Path(folder) / "answer.npz"
        wanted = asdict(site) | {"scene": _file(site.scene), "antennas": antennas, "spots": candidates.spots}
        np.savez(ask, **wanted)
        command = [sys.executable, str(TRACER), str(ask), str(answer)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise ValueError(f"ray_traced: expected a trace within {PATIENCE:g} s, received none; try again") from None
        said = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        if done.returncode:
            raise ValueError(said[-1] if said[-1].startswith("ray_traced") else f"ray_traced: no trace: {said[-1]}")
        with np.load(answer) as traced:
            return traced["a"], traced["tau"]


def _file(scene: str) -> str:
    """The XML file of a scene: one's own, or a built-in one by name; without importing the tracer."""
    if scene.endswith(".xml") and Path(scene).is_file():
        return scene
    package = find_spec("sionna")
    homes = [Path(home) / "rt" / "scenes" for home in (package.submodule_search_locations or [])] if package else []
    known = {folder.name: folder / f"{folder.name}.xml" for home in homes for folder in home.glob("*/")}
    known = {name: file for name, file in known.items() if file.is_file()}
    if scene not in known:
        raise ValueError(
            f"ray_traced.scene: expected an XML file or one of {', '.join(sorted(known))}, received {scene!r}"
        )
    return str(known[scene])


__all__ = ["RayTraced"]
