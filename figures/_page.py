"""HTML in which every text is escaped, and a page that fetches nothing: its policy allows no address at all.

A text is escaped unless it is ``Html``; of the page's one script the policy holds the hash, so that no other runs.
"""

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from ..terminal import printable

SCRIPT = """\
const tip = document.getElementById("tip");
document.addEventListener("mouseover", event => {
  const told = event.target.getAttribute("data-tells");
  tip.hidden = !told;
  tip.textContent = told;
  const box = event.target.getBoundingClientRect(), left = box.right + scrollX + 6;
  tip.style.left = Math.max(0, Math.min(left, scrollX + innerWidth - tip.offsetWidth - 8)) + "px";
  tip.style.top = box.bottom + scrollY + 6 + "px";
});
"""
STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; } .about, .note { color: #555; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } .wide { overflow: auto; max-height: 40rem; }
th, td { padding: .15rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #eee; }
th.place, td.place { text-align: left; } thead th { position: sticky; top: 0; background: #fff; }
pre { background: #f5f5f5; padding: .8rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; } .failed { color: #a00; }
.points circle { fill: transparent; pointer-events: all; } .points circle:hover { stroke: #222; stroke-width: 1.5; }
#tip { position: absolute; white-space: pre-line; background: #222; color: #fff; padding: .3rem .6rem;
  border-radius: .3rem; font-size: 13px; pointer-events: none; max-width: 24rem; }
"""


class Html(str):
    """A text that is HTML already."""


def tag(name: str, *inside: str, **attributes: str) -> Html:
    """An element; ``class_`` is its class."""
    told = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{told}>{join(inside)}</{name}>")


def join(parts: Iterable[str]) -> Html:
    """One after another, each escaped unless it is HTML."""
    return Html("".join(part if isinstance(part, Html) else escape(_printable(part)) for part in parts))


def table(rows: list[list[str]], places: int) -> Html:
    """A heading and rows, of which the first columns say of what they are."""

    def row(cells: list[str], kind: str) -> Html:
        return tag("tr", *(tag(kind, cell, class_="place" if at < places else "of") for at, cell in enumerate(cells)))

    head, *body = rows
    whole = tag("table", tag("thead", row(head, "th")), tag("tbody", *(row(each, "td") for each in body)))
    return tag("div", whole, class_="wide")


def page(title: str, *body: str) -> str:
    """A whole document."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    head = (
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Html('<meta name="viewport" content="width=device-width">'),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    last = (Html('<div id="tip" hidden></div>'), tag("script", Html(SCRIPT)))
    return "<!DOCTYPE html>\n" + tag("html", tag("head", *head), tag("body", *body, *last), lang="en") + "\n"


def _printable(text: str) -> str:
    """Without characters that act on what shows them; lines stay lines, of any length."""
    return "".join(each if each.isprintable() or each == "\n" else printable(each) for each in text)
