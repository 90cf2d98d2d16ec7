"""Texts that are fit for a terminal, whatever they repeat."""

LONGEST = 2_000  # letters of a line


def printable(text: str) -> str:
    """A text in one line of bounded length; characters that would act on a terminal are escaped."""
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return cut if cut.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut)


__all__ = ["printable"]
