"""Finding by a word: the field's abbreviation, a kind, a field or any other word of what the source files say."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from .sources import FAMILIES, Source, sources

WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")  # non-IID is one, random_linear two


def schemes(word: str) -> list[Source]:
    """Schemes with that word in kind or summary, or as a field; failing these in what is said of their fields.

    Failing these too, words that begin so count.
    """
    everything = [source for family in FAMILIES for source in sources(family).values()]
    for whole, says in ((True, _headline), (True, _body), (False, _headline), (False, _body)):
        if found := [source for source in everything if has(word, says(source), whole)]:
            return found
    return []


def has(word: str, texts: Iterable[str], whole: bool = True) -> bool:
    """Whether a word, or several in a row, stands in one of the texts, in small or capital letters."""
    wanted = f" {' '.join(words(word))}" + (" " if whole else "")
    return bool(words(word)) and any(wanted in f" {' '.join(words(text))} " for text in texts)


def words(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return [word.lower() for word in WORD.findall(text)]


def names() -> Iterator[str]:
    """The kinds and the fields of all schemes."""
    for source in chain.from_iterable(sources(family).values() for family in FAMILIES):
        yield from (source.kind, *(field.name for field in source.fields))


def vocabulary(texts: Iterable[str]) -> Iterator[str]:
    """All words there are."""
    everything = (source for family in FAMILIES for source in sources(family).values())
    said = chain.from_iterable(chain(_headline(source), _body(source)) for source in everything)
    return chain(FAMILIES, chain.from_iterable(map(words, chain(said, texts))))


def _headline(source: Source) -> list[str]:
    return [source.kind, source.summary, *(field.name for field in source.fields)]


def _body(source: Source) -> list[str]:
    return [source.about, *(text for field in source.fields for text in (field.name, field.about))]
