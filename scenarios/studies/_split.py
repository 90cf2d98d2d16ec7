"""Split inference of a scenario: what is checked before, the network that all cuts share, and a cut over SNRs."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..running.units import Work
from . import _kept
from ._air import air_of
from ._data import held_out, load_data

if TYPE_CHECKING:
    import keras

    from ...learning.costs import Costs, Seconds
    from ...learning.data import Arrays
    from ...learning.inference.split.features import Cut, Examples, Features
    from ...learning.inference.split.outage import PacketOutage
    from ...learning.inference.split.training import Training
    from ...phy import Air

NETWORK = ("data", "validation", "model", "epochs", "batch_size", "learning_rate", "mirrored")  # what decides a network


class SplitParts(NamedTuple):
    """What a point is made of."""

    data: "Arrays"
    held_out: "Examples"
    model: Any
    training: "Training"
    features: "Features"
    costs: "Costs"
    outage: "PacketOutage"
    air: "Air"
    trained: "dict[str, tuple[keras.Model, Whole]]"
    """Networks by what decides them, with their accuracies; all points share them."""


class Whole(NamedTuple):
    """Accuracies of a network that is not cut."""

    test: float
    validation: float


class SplitNetwork(NamedTuple):
    """A trained network at its cut."""

    cut: "Cut"
    features: "Features"
    costs: "Costs"
    seconds: "Seconds"
    whole: Whole


def prepare(study: Any, shared: dict[str, Any]) -> SplitParts:
    """All parts; the network is built and cut once, with any weights, to find what can be wrong."""
    from ...learning.costs import Costs
    from ...learning.inference.split.outage import PacketOutage, outage_over
    from ...learning.inference.split.training import Training

    (data, held_out), air = _apart(study, shared), air_of(study, devices=1)
    training = Training(study.epochs, study.batch_size, study.learning_rate, study.mirrored)
    packets = PacketOutage(**catalogue.parts(study.packets, "packets"))
    with named():
        training.check(data)
        outage = outage_over(air, packets)
    model, features = catalogue.build(study.model, "model"), catalogue.build(study.features, "features")
    costs, trained = Costs(**catalogue.parts(study.costs, "costs")), shared.setdefault("split networks", {})
    parts = SplitParts(data, held_out, model, training, features, costs, outage, air, trained)
    with named("model"):
        network = model.build(data.x_train.shape[1:], data.classes, 0)
    cut = _cut(study, parts, network, 0)
    with named("features"):
        both = features.parts(cut)
    with named("model"):
        costs.seconds(*both)
    return parts


def begin(study: Any, parts: SplitParts, work: Work) -> SplitNetwork:
    """The trained network at the cut of a point."""
    network, whole = _trained(study, parts, work)
    cut = _cut(study, parts, network, work.seed)
    seconds = parts.costs.seconds(*parts.features.parts(cut))
    return SplitNetwork(cut, parts.features, parts.costs, seconds, whole)


def send(study: Any, network: SplitNetwork, work: Work) -> dict[str, np.ndarray]:
    """The measures of a point with a seed over SNRs, [S]."""
    cut, snrs = network.cut, work.wanted["link.snr_db"]
    file = work.folder and work.folder / f"split-features-{_kept.key(study, study.identity(), work.seed)}.npz"
    cut = cut._replace(kept=lambda make: _kept.kept(file, make))
    sent = network.features.send(cut, snrs)
    pairs = zip(sent.elements, snrs, strict=True)
    airtimes = [cut.outage.airtime(int(count), snr, cut.grid) for count, snr in pairs]
    bills = [network.costs.bill(network.seconds, airtime) for airtime in airtimes]
    latency, energy = np.transpose(bills)
    return {
        "accuracy": sent.accuracy,
        "latency_s": latency,
        "energy_j": energy,
        "bits": np.full(len(snrs), sent.bits),
        "elements": sent.elements.astype(float),
        "tries": np.array([float(cut.outage.tries(snr)) for snr in snrs]),
        "depth": np.array(float(sent.depth)),
        "device_s": np.array(network.seconds.device),
        "server_s": np.array(network.seconds.server),
        "whole": np.array(network.whole.test),
        "validation": sent.validation,
        "whole_validation": np.array(network.whole.validation),
    }


def _cut(study: Any, parts: SplitParts, network: "keras.Model", seed: int) -> "Cut":
    from ...learning.inference.split.cuts import cut, cuts
    from ...learning.inference.split.features import Cut

    with named():
        device, server = cut(network, study.cut)
        last = study.cut == cuts(network)[-1]
    return Cut(device, server, study.cut, last, parts.data, parts.held_out, parts.outage, parts.air.grid, seed)


def _apart(study: Any, shared: dict[str, Any]) -> "tuple[Arrays, Examples]":
    """The data without what is held out, and that, of which there is one copy."""
    from ...learning.inference.split.features import Examples

    data = load_data(study.data, shared)
    if (key := f"held out {study.model_dump_json(include={'data', 'validation'})}") not in shared:
        shared[key] = held_out(data, study.validation)
    rest = shared[key]
    return rest._replace(x_test=data.x_test, y_test=data.y_test), Examples(rest.x_test, rest.y_test)


def _trained(study: Any, parts: SplitParts, work: Work) -> "tuple[keras.Model, Whole]":
    """The network of a seed and its accuracies; a training that was interrupted goes on from its last epoch."""
    from ...learning.inference.split.features import accuracy_of

    told = study.model_dump(mode="json", include=set(NETWORK))
    key = _kept.key(study, told, work.seed)
    if key not in parts.trained:
        file = work.folder and work.folder / f"split-network-{key}.npz"
        data = parts.data
        network = parts.model.build(data.x_train.shape[1:], data.classes, work.seed)
        there = _kept.load(file)
        parts.training.run(network, data, work.seed, there, lambda state: _kept.save(file, state), work.progress)
        whole = Whole(accuracy_of(network, data.x_test, data.y_test), accuracy_of(network, *parts.held_out))
        parts.trained[key] = network, whole
    return parts.trained[key]
