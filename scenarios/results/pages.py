"""Tables on a page: what is the same in all rows stands above, and what is wider than the page goes on below."""

from collections.abc import Iterator, Sequence

WIDTH = 80  # letters
BETWEEN = "  "

Rows = Sequence[Sequence[str]]  # a heading and what stands under it


def folded(rows: Rows, kept: Sequence[str] = ()) -> tuple[dict[str, str], list[list[str]]]:
    """The columns that are the same in all of several rows, but for those kept, and the table without them."""
    heading, *body = rows
    same = {
        name: body[0][at]
        for at, name in enumerate(heading)
        if len(body) > 1 and name not in kept and len({row[at] for row in body}) == 1
    }
    return same, [[cell for cell, name in zip(row, heading, strict=True) if name not in same] for row in rows]


def pages(rows: Rows, first: int, width: int = WIDTH) -> Iterator[list[list[str]]]:
    """As many tables as it takes to fit the width, each with the first columns, which say of what a row is."""
    columns = list(zip(*rows, strict=True))
    named, others = columns[:first], columns[first:]
    left = sum(map(_wide, named))
    while True:
        count, taken = 0, left
        while count < len(others) and (not count or taken + _wide(others[count]) - len(BETWEEN) <= width):
            taken += _wide(others[count])
            count += 1
        yield list(map(list, zip(*named, *others[:count], strict=True)))
        others = others[count:]
        if not others:
            return


def lines(rows: Rows) -> Iterator[str]:
    """A table as text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield BETWEEN.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _wide(column: Sequence[str]) -> int:
    return max(map(len, column)) + len(BETWEEN)
