"""Retrieval: what the queries of a seed share, and what a way of sending them finds over SNRs and ranks."""

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..running.units import Work
from ._air import air_of
from ._kept import Kept

if TYPE_CHECKING:
    import keras

    from ...learning.inference.retrieval.drawings import Drawings
    from ...learning.inference.retrieval.queries import Asked, QueryScheme
    from ...phy import Air


class Characters(NamedTuple):
    """Drawings of characters to learn from, of some kept apart and of others to be asked for, and a digest of all."""

    learnt: "Drawings"
    held_out: "Drawings"
    other: "Drawings"
    digest: str


class Common(NamedTuple):
    """What the units of a seed share: a network, its features of characters to learn from, and all that is trained."""

    learnt: "Drawings"
    held_out: "Drawings"
    other: "Drawings"
    network: "keras.Model"
    features: np.ndarray
    kept: Kept
    asked: "dict[tuple[object, ...], Asked]"


def prepare(study: Any, shared: dict[str, Any]) -> Characters:
    """The characters, loaded once."""
    from ...learning.data import omniglot
    from ...learning.inference.retrieval.drawings import FINE, Drawings

    if "omniglot" not in shared:
        try:
            sets = omniglot.load(FINE)
        except ValueError as error:
            raise ScenarioError(str(error)) from None
        digest = hashlib.blake2b(digest_size=12)
        for part in sets:
            digest.update(np.ascontiguousarray(part).data)
        shared["omniglot"] = Drawings.of(sets.train), Drawings.of(sets.test), digest.hexdigest()
    every, other, digested = shared["omniglot"]
    kept, left = study.validation_characters, len(every.coarse) - study.validation_characters
    if left < 1:
        raise ScenarioError(fault("validation_characters", f"at most {len(every.coarse) - 1} of those known", kept))
    if (study.train_characters or 1) > left:
        given = study.train_characters
        raise ScenarioError(fault("train_characters", f"at most {left}, as {kept} are kept from training", given))
    learnt = every.first(study.train_characters or left)
    return Characters(learnt, Drawings(*(part[left:] for part in every)), other, digested)


def parts(study: Any) -> "tuple[QueryScheme, Air]":
    """The way of sending queries and the air of a point, checked."""
    scheme, air = catalogue.build(study.query, "query"), air_of(study, devices=1)
    with named("query"):
        scheme.check(air)
    return scheme, air


def begin(study: Any, characters: Characters, work: Work) -> Common:
    """The network of a seed, trained unless it is kept."""
    from ...learning.inference.retrieval import embedding
    from ...phy import keys

    learnt, seed = characters.learnt, work.seed
    kept = Kept(work.folder, *json.loads(study.group(seed)), characters.digest)
    network = embedding.network(learnt.coarse.shape[2], seed)

    def train() -> list[np.ndarray]:
        return list(embedding.train(learnt.coarse, study.network_steps, seed).get_weights())

    network.set_weights(kept(("network",), train))
    features = embedding.embed_varied(network, learnt.coarse, keys.key(seed, "varied"))
    return Common(learnt, characters.held_out, characters.other, network, features, kept, {})


def find(study: Any, common: Common, work: Work) -> dict[str, np.ndarray]:
    """What is found over SNRs and ranks."""
    from ...learning.inference.retrieval.evaluate import evaluate
    from ...learning.inference.retrieval.queries import Job
    from ...phy import keys

    scheme, air = parts(study)
    held_out = asked(study, common, common.held_out, "held out")
    wanted = asked(study, common, common.other.first(study.test_characters), study.test_characters)
    terms = (common.learnt, common.features, air, study.elements, study.head_steps, work.seed)
    ready, snrs, scores = scheme.ready(Job(*terms, common.kept, held_out), wanted), work.wanted["link.snr_db"], []
    for done, snr_db in enumerate(snrs, start=1):
        scores += evaluate(ready, [snr_db], study.draws, keys.key(work.seed, "queries"))
        work.progress(done, len(snrs))
    cmc = np.stack([each.cmc for each in scores])  # [S, depth]
    precision = np.array([each.mean_precision for each in scores])
    ranks = np.array(work.wanted["rank"])
    heard = {name: np.array([getattr(each, name) for each in scores]) for name in ("silent", "unheard")}
    return {"accuracy": cmc[:, 0], "mean_average_precision": precision, "top": cmc[:, ranks - 1], **heard}


def asked(study: Any, common: Common, drawings: "Drawings", name: object) -> "Asked":
    """Queries and gallery of some characters, embedded once."""
    from ...learning.inference.retrieval import embedding
    from ...learning.inference.retrieval.evaluate import Labels
    from ...learning.inference.retrieval.queries import Asked

    first, last = study.gallery_drawers, study.gallery_drawers + study.query_drawers
    told = (name, first, last)
    if told not in common.asked:
        gallery, queries = drawings.by(slice(0, first)), drawings.by(slice(first, last))
        classes = np.arange(len(drawings.coarse))
        labels = Labels(np.repeat(classes, study.query_drawers), np.repeat(classes, first))
        wanted, known = (embedding.embed(common.network, part.coarse) for part in (queries, gallery))
        common.asked[told] = Asked(common.network, labels, queries, wanted, known, told)
    return common.asked[told]
