"""System-level models of 3GPP TR 38.901 (7.5): devices dropped in a sector, near and far, in sight or not.

What lasts comes from the key of the place: positions (in a third of a hexagonal cell: any of its angles, and then any
squared distance from ``nearest`` to the cell's edge), indoor or not, line of sight, path loss, shadowing and the other
large-scale parameters (correlated over distance between devices in the same state), and for each device its clusters
with their delays, powers and rays, and its direction of travel. Phases of rays come from the round's key, or with
``continuous`` fading from the place as well, and then turn with absolute time. Batch items are different places.

Path loss, tables and rays are Sionna's, with four corrections: distances of path loss are those in space (its property
``distance_3d`` hands out the flat one), the way indoors is the lesser of two draws (7.4.3.1), the sixteenth ray of a
cluster stands opposite the fifteenth (table 7.5-3), and parameters are correlated over space first and then with each
other, in the order of step 4, which gives shadowing its exp(-distance / D). Devices indoors have no line of sight, and
everybody is 1.5 m up. Delays count from a device's first path: timing advance takes the flight time.

Correlation over time is said to be Clarke's, J0, for all: waves reach a device nearly level, and it travels in any
direction. That is right on average over places but for the spread of zenith angles; a device that has few waves from
one side, as in line of sight, turns more than it fades, and is in fact more predictable than said.
"""

import math
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le
from sionna.phy import config
from sionna.phy.channel.tr38901 import LSPGenerator, PanelArray, RaysGenerator, SystemLevelScenario
from sionna.phy.channel.tr38901.lsp import LSP
from sionna.phy.channel.utils import drop_uts_in_sector

from .. import keys
from ..keys import Key, fold
from ..link import Paths, Size, Span
from ..sionna_rng import keyed
from ..strict import dataclass
from ._moving import Moving
from ._rays import Rays, alone, doppler, element_gain, sum_of_rays

DEVICE_HEIGHT = 1.5  # metres
CENTRE = math.pi / 3  # azimuth of the sector's middle, where the receiver's antennas face
OFFSETS = (0.0447, 0.1413, 0.2492, 0.3715, 0.5129, 0.6797, 0.8844, 1.1481, 1.5195, 2.1551)  # of rays, table 7.5-3
SUBCLUSTERS = ((0, 1, 2, 3, 4, 5, 6, 7, 18, 19), (8, 9, 10, 11, 16, 17), (12, 13, 14, 15))  # table 7.5-5
SUBCLUSTER_DELAYS = (0.0, 1.28, 2.56)  # in cluster delay spreads
LARGE_SCALE = ("SF", "K", "DS", "ASD", "ASA", "ZSD", "ZSA")  # the order of step 4, whose first depends on itself alone
SIONNAS = (3, 4, 0, 1, 2, 6, 5)  # places of these in Sionna's arrays


class Lasting(NamedTuple):
    """What lasts of N devices: positions, large-scale gain in dB, and rays with the delays of their paths."""

    position: tf.Tensor  # metres east and north of the receiver, [N, 2]
    gain_db: tf.Tensor  # of path loss and shadowing, [N]
    rays: Rays  # [N, L, R]
    tau: tf.Tensor  # [N, L]


@dataclass(frozen=True)
class Sector(Moving):
    """The fields that all sectors have, and what follows from them; ``model`` is Sionna's scenario."""

    speed: Annotated[float, Ge(0), Le(1e5)] = 0.0
    """Of the devices, in metres per second."""
    carrier: Annotated[float, Ge(0.5e9), Le(100e9)] = 3.5e9
    """Carrier frequency, in Hz."""
    indoor_fraction: Annotated[float, Ge(0), Le(1)] = 0.8
    """Share of devices that are indoors."""
    los: Literal["drawn", "always", "never"] = "drawn"
    """Whether devices outdoors have a line of sight (LOS)."""
    height: Annotated[float, Ge(10), Le(1e4)] = 25.0
    """Of the receiver, in metres."""
    nearest: Annotated[float, Ge(10), Le(1e5)] = 35.0
    """Least distance of a device, in metres."""
    inter_site_distance: Annotated[float, Gt(0), Le(1e6)] = 500.0
    """Distance from site to site, in metres."""
    pattern: Literal["omni", "38.901"] = "omni"
    """Of an antenna element of the receiver."""
    reference_db: Annotated[float, Ge(-300), Le(300)] = 100.0
    """Loss at which the SNR is defined, in dB."""
    compensated: bool = False
    """Whether every device's mean gain is 1."""
    fading: Literal["independent", "continuous"] = "independent"
    """Whether a round draws it anew or goes on where the last one ended."""
    longest: Annotated[float, Gt(0), Le(1)] = 8e-6
    """Latest path that is kept, in seconds."""
    model: ClassVar[type[SystemLevelScenario]]
    shares_place: ClassVar[bool] = True

    def __post_init__(self) -> None:
        kind = type(self).__name__.lower()
        if not 2 * self.nearest < self.inter_site_distance:
            raise ValueError(
                f"{kind}.inter_site_distance: expected more than twice nearest = {self.nearest:g} m, received "
                f"{self.inter_site_distance:g}"
            )

    @property
    def scales(self) -> bool:
        return not self.compensated

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        lasting = drop(self, self.model, size.places, size.devices, place)
        lasting = tf.nest.map_structure(lambda rows: tf.concat([rows] * (size.batch // size.places), 0), lasting)
        kept = lasting.tau <= self.longest
        rays = lasting.rays._replace(power=tf.where(kept[..., None], lasting.rays.power, 0.0))
        if self.compensated:
            gain = 1 / tf.reduce_sum(rays.power, [1, 2])
        else:
            gain = tf.pow(10.0, (lasting.gain_db + self.reference_db) / 10)
        rays = rays._replace(power=rays.power * gain[:, None, None])
        phases = fold(place if self.fading == "continuous" else key, "phases")
        a, tau = sum_of_rays(rays, tf.where(kept, lasting.tau, 0.0), size, None if self.static else span, phases)
        return Paths(a, tau, tf.reshape(tf.reduce_sum(rays.power, 2), tau.shape))


def drop(sector: Sector, model: type[SystemLevelScenario], batch: int, devices: int, place: Key) -> Lasting:
    """Devices in their places."""
    total = batch * devices
    keyed(fold(place, "positions"))
    flat = tf.reshape(drop_uts_in_sector(total, 1, sector.nearest, sector.inter_site_distance), [total, 2])
    inside = keys.uniform(fold(place, "indoor"), [total]) < sector.indoor_fraction
    travel = keys.uniform(fold(place, "travel"), [total], -math.pi, math.pi)
    scenario = _scenario(sector, model)
    nowhere = tf.zeros([total, 1, 3])
    keyed(fold(place, "states"))
    scenario.set_topology(
        ut_loc=tf.concat([flat, tf.fill([total, 1], DEVICE_HEIGHT)], 1)[:, None],
        bs_loc=nowhere + tf.constant([0.0, 0.0, sector.height]),
        ut_orientations=nowhere,
        bs_orientations=nowhere,
        ut_velocities=nowhere,
        in_state=inside[:, None],
        los={"drawn": None, "always": True, "never": False}[sector.los],
    )
    large = LSPGenerator(scenario)
    large.topology_updated_callback()
    state = tf.reshape(tf.where(inside, 2, tf.cast(scenario.los[:, 0, 0], tf.int32)), [batch, devices])
    common = _correlated(scenario, tf.reshape(flat, [batch, devices, 2]), state, fold(place, "shadowing"))
    lsp = _large_scale(scenario, large._cross_lsp_correlation_matrix_sqrt[:, 0, 0], common)
    keyed(fold(place, "penetration"))
    gain_db = 10 * tf.math.log(lsp.sf[:, 0, 0]) / math.log(10) - large.sample_pathloss()[:, 0, 0]
    rays, tau = _rays(sector, scenario, lsp, travel, fold(place, "rays"))
    return Lasting(flat, gain_db, rays, tau)


def _scenario(sector: Sector, model: type[SystemLevelScenario]) -> SystemLevelScenario:
    with tf.init_scope():
        element = PanelArray(1, 1, "single", "V", "omni", sector.carrier)

    class Corrected(model):
        @property
        def distance_3d(self) -> tf.Tensor:
            return self._distance_3d

        def _sample_indoor_distance(self) -> None:
            ways = config.tf_rng.uniform([2, *self._distance_2d.shape], self.min_2d_in, self.max_2d_in)
            self._distance_2d_in = tf.where(self.indoor[:, None], tf.reduce_min(ways, 0), 0.0)
            self._distance_2d_out = self._distance_2d - self._distance_2d_in
            self._distance_3d_in = self._distance_2d_in / self._distance_2d * self._distance_3d
            self._distance_3d_out = self._distance_3d - self._distance_3d_in

    choice = {"o2i_model": sector.o2i_loss} if hasattr(sector, "o2i_loss") else {}
    scenario = Corrected(
        carrier_frequency=sector.carrier, ut_array=element, bs_array=element, direction="downlink", **choice
    )
    scenario._carrier_frequency = np.float32(sector.carrier)  # Sionna compares it with numbers, which no graph allows
    return scenario


def _correlated(scenario: SystemLevelScenario, flat: tf.Tensor, state: tf.Tensor, key: Key) -> tf.Tensor:
    """Standard normals [N, 7], correlated by exp(-distance / D) over the devices of a batch item in the same state."""
    batch, devices = state.shape
    apart = tf.norm(flat[:, :, None] - flat[:, None], axis=-1)  # [B, K, K]
    alike = tf.cast(state[:, :, None] == state[:, None], tf.float32)
    reach = tf.stack([scenario.get_param(f"corrDist{name}")[:, 0, 0] for name in LARGE_SCALE])  # [7, N]
    reach = tf.transpose(tf.reshape(reach, [7, batch, devices]), [1, 0, 2])[..., None]
    correlation = alike[:, None] * tf.exp(-apart[:, None] / reach)  # [B, 7, K, K]
    # a ten-thousandth apart, so that devices in the same spot leave it positive definite
    root = tf.linalg.cholesky((1 - 1e-4) * correlation + 1e-4 * tf.eye(devices))
    normal = tf.linalg.matvec(root, keys.normal(key, [batch, 7, devices]))
    return tf.reshape(tf.transpose(normal, [0, 2, 1]), [batch * devices, 7])


def _large_scale(scenario: SystemLevelScenario, root: tf.Tensor, common: tf.Tensor) -> LSP:
    """Large-scale parameters, each [N, 1, 1], with the limits of 38.901; ``root`` is Sionna's of their correlation."""
    rows = tf.gather(root, SIONNAS, axis=1)
    normal = tf.linalg.matvec(tf.linalg.cholesky(tf.matmul(rows, rows, transpose_b=True)), common)
    deviation, mean = (
        tf.gather(value[:, 0, 0], SIONNAS, axis=1) for value in (scenario.lsp_log_std, scenario.lsp_log_mean)
    )
    values = tf.pow(10.0, deviation * normal + mean)[:, None, None]
    sf, k, ds, asd, asa, zsd, zsa = tf.unstack(values, axis=3)
    return LSP(ds, tf.minimum(asd, 104.0), tf.minimum(asa, 104.0), sf, k, tf.minimum(zsa, 52.0), tf.minimum(zsd, 52.0))


def _rays(
    sector: Sector, scenario: SystemLevelScenario, lsp: LSP, travel: tf.Tensor, key: Key
) -> tuple[Rays, tf.Tensor]:
    """Rays of unit total power (at an omnidirectional element), and the delays of their paths."""
    numbers = (scenario._params_los, scenario._params_nlos, scenario._params_o2i)
    clusters = max(int(tf.get_static_value(state["numClusters"])) for state in numbers)
    maker = RaysGenerator(scenario)
    maker._ray_offsets = tf.constant([sign * offset for offset in OFFSETS for sign in (1, -1)])
    maker.topology_updated_callback()
    keyed(key)
    made = maker(lsp)
    count, total = 2 * len(OFFSETS), travel.shape[0]
    shape = [total, clusters, count]
    azimuth, azimuth_there, zenith, zenith_there = (
        tf.reshape(angle, shape) for angle in (made.aoa, made.aod, made.zoa, made.zod)
    )
    facing = azimuth_there - CENTRE
    sight = scenario.los[:, 0, 0]  # [N]
    share = tf.where(sight, lsp.k_factor[:, 0, 0] / (1 + lsp.k_factor[:, 0, 0]), 0.0)  # of the line of sight
    power = tf.reshape(made.powers, [total, clusters]) * (1 - share)[:, None]
    scattered = Rays(
        power[..., None] / count * element_gain(sector.pattern, zenith_there, facing),
        tf.sin(zenith_there) * tf.sin(facing),
        doppler(zenith, azimuth, travel[:, None, None], sector.speed, sector.carrier),
    )
    spread = scenario.get_param("cDS")[:, 0, 0] * 1e-9
    rays, tau = _split(scattered, power, tf.reshape(made.delays, [total, clusters]), spread)
    here, there = (
        tuple(angle[:, 0, 0] * (math.pi / 180) for angle in pair)
        for pair in ((scenario.los_zoa, scenario.los_aoa), (scenario.los_zod, scenario.los_aod))
    )
    line = Rays(
        share * element_gain(sector.pattern, there[0], there[1] - CENTRE),
        tf.sin(there[0]) * tf.sin(there[1] - CENTRE),
        doppler(here[0], here[1], travel, sector.speed, sector.carrier),
    )
    return alone(line, count).beside(rays), tf.concat([tf.zeros([total, 1]), tau], 1)


def _split(rays: Rays, power: tf.Tensor, tau: tf.Tensor, spread: tf.Tensor) -> tuple[Rays, tf.Tensor]:
    """The two strongest clusters in three parts each, a cluster delay spread or two apart (step 11)."""
    order = tf.argsort(power, 1, "DESCENDING")
    strong, weak = rays.gather(order[:, :2]), rays.gather(order[:, 2:])
    tau = tf.gather(tau, order, batch_dims=1)
    parts, delays = [], []
    for members, later in zip(SUBCLUSTERS, SUBCLUSTER_DELAYS, strict=True):
        mask = tf.reduce_sum(tf.one_hot(members, rays.power.shape[2]), 0)
        parts.append(strong._replace(power=strong.power * mask))
        delays.append(tau[:, :2] + later * spread[:, None])
    for part in parts:
        weak = weak.beside(part)
    return weak, tf.concat([tau[:, 2:], *delays], 1)


__all__ = ["Lasting", "Sector", "drop"]
