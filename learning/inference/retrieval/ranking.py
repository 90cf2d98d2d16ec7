"""Retrieval: how well queries find drawings, or people, of their own class in a gallery.

A gallery is put in order of similarity to a query. With the ranks r_1 < r_2 < ... of the entries of its class,

    top-k = P(r_1 <= k)    CMC = top-1, top-2, ...    average precision = mean_i i / r_i, and mAP its mean

Of entries that are equally similar, those of other classes come first, so a server that hears nothing and finds all
equally similar finds nothing. A query that is lost is answered by a guess, the gallery in random order; of that the
means are known in closed form: with R of N entries of its class,

    P(r_1 <= k) = 1 - C(N-R, k) / C(N, k)    E[1/R sum_i i / r_i] = ((R-1) (N - H_N) / (N-1) + H_N) / N

where H_N is the N-th harmonic number: an entry at rank r is of the class with probability R/N, and then of the r-1
before it (R-1)(r-1)/(N-1) are on average. Zheng et al., "Scalable person re-identification: a benchmark", ICCV 2015.
"""

from typing import NamedTuple

import numpy as np

DEPTH = 20  # ranks of the CMC curve
GROUP = 2**24  # similarities compared at once


class Found(NamedTuple):
    """Of every query: whether its class is among the first k = 1, 2, ... of the gallery, and its average precision."""

    hits: np.ndarray  # probability, [Q, depth]
    precision: np.ndarray  # [Q]

    def mix(self, other: "Found", share: np.ndarray) -> "Found":
        """This where a query's share [Q] is 1, the other where it is 0."""
        hits = share[:, None] * self.hits + (1.0 - share[:, None]) * other.hits
        return Found(hits, share * self.precision + (1.0 - share) * other.precision)

    def scores(self) -> "Scores":
        """Means over queries."""
        return Scores(float(self.precision.mean()), self.hits.mean(axis=0))


class Scores(NamedTuple):
    """Means over queries."""

    mean_precision: float
    cmc: np.ndarray  # [depth]
    silent: float = 0.0  # share of queries of which nothing is sent
    unheard: float = 0.0  # share of queries answered by a guess, silent ones included


def find(similarity: np.ndarray, queries: np.ndarray, gallery: np.ndarray, depth: int = DEPTH) -> Found:
    """From similarities [Q, G] and the classes of queries [Q] and of the gallery [G]."""
    similarity = np.asarray(similarity)
    if similarity.shape != (len(queries), len(gallery)):
        raise ValueError(
            f"retrieval: expected a similarity for each of {len(queries)} queries and {len(gallery)} entries, received "
            f"{' x '.join(map(str, similarity.shape))}; put queries in rows"
        )
    if np.isnan(similarity).any():
        raise ValueError("retrieval: expected similarities that are numbers, received NaN; check the embeddings")
    known_entries(queries, gallery)
    parts, rows = [], max(1, GROUP // max(1, len(gallery)))
    for at in range(0, len(queries), rows):
        parts.append(_some(similarity[at : at + rows], np.asarray(queries)[at : at + rows], gallery, depth))
    return Found(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def guess(queries: np.ndarray, gallery: np.ndarray, depth: int = DEPTH) -> Found:
    """What to expect of a gallery in random order."""
    entries = known_entries(queries, gallery).astype(float)  # [Q]
    size = len(gallery)
    left = np.arange(min(depth, size))  # entries that went before
    missed = np.cumprod(np.maximum(size - entries[:, None] - left, 0.0) / (size - left), axis=1)
    harmonic = (1.0 / np.arange(1, size + 1)).sum()
    precision = ((entries - 1) * (size - harmonic) / max(size - 1, 1) + harmonic) / size
    hits = np.ones([len(entries), depth])
    hits[:, : len(left)] = 1.0 - missed
    return Found(hits, precision)


def known_entries(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """How many entries of the gallery each query has of its class, [Q]; none is an error."""
    if not len(queries) or not len(gallery):
        raise ValueError(
            f"retrieval: expected queries and a gallery, received {len(queries)} and {len(gallery)}; give both"
        )
    classes, counts = np.unique(gallery, return_counts=True)
    at = np.minimum(np.searchsorted(classes, queries), len(classes) - 1)
    missing = np.flatnonzero(classes[at] != queries)
    if len(missing):
        raise ValueError(
            "retrieval: expected a gallery with the class of every query, received none of class "
            f"{queries[missing[0]]}, which query {missing[0]} has; add it or leave out {len(missing)} queries"
        )
    return counts[at]


def _some(similarity: np.ndarray, queries: np.ndarray, gallery: np.ndarray, depth: int) -> tuple[np.ndarray, ...]:
    """Hits and average precision of some queries."""
    own = queries[:, None] == np.asarray(gallery)  # [Q, G]
    count = own.sum(axis=1)  # [Q]
    most = int(count.max())
    kept = np.full([len(queries), most], -np.inf, similarity.dtype)
    row, column = np.nonzero(own)
    kept[row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)] = similarity[row, column]
    kept = np.sort(kept, axis=1)[:, ::-1]  # [Q, most]
    others = np.where(own, -np.inf, similarity).astype(similarity.dtype)
    ranks = np.full(kept.shape, np.inf)
    for place in range(most):
        here = place < count
        before = (others >= kept[:, place, None]).sum(axis=1)  # of other classes
        ranks[here, place] = place + 1 + before[here]
    precision = np.where(np.isfinite(ranks), np.arange(1, most + 1) / ranks, 0.0).sum(axis=1) / count
    hits = ranks[:, :1] <= np.arange(1, depth + 1)
    return hits.astype(float), precision
