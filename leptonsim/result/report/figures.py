"""A matplotlib figure as SVG inside a page: in the page's colours, with ids of its own, no larger than needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leptonsim.result.style import INK, PAPER, RULE, picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD = re.compile(r"<svg[^>]*>", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_PLACE = re.compile(r"(\d\.\d{2})\d+")
_DRAWN = re.compile(r'( d="[^"]*"| (?:x|y)="[^"]*"| transform="[^"]*")')
_ID = re.compile(r'(\bid="|url\(#|href="#)')
_FONT = re.compile(r"font-family:\s*'DejaVu Sans'|(?<=px )'DejaVu Sans'")


def inline_svg(figure: Figure, name: str) -> str:
    """The figure as an ``<svg>`` element; ``name`` keeps its ids apart from those of others on the page."""
    figure.patch.set_alpha(0.0)
    text = picture(figure, "svg", name).decode()
    size = _SIZE.search(text)
    head = _HEAD.search(text)
    assert size is not None
    assert head is not None
    body = _METADATA.sub("", text[head.end() :])
    body = _DRAWN.sub(lambda found: _PLACE.sub(r"\1", found[0]), body)
    body = _ID.sub(lambda found: f"{found[0]}{name}-", body)
    body = _FONT.sub(lambda found: f"{found[0]}, Verdana, sans-serif", body)
    for colour, variable in ((INK, "ink"), (RULE, "rule"), (PAPER, "paper")):
        body = re.sub(f"{colour}(?![0-9a-f])", f"var(--{variable})", body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'aria-label="{name}" viewBox="0 0 {size[1]} {size[2]}" style="max-width: {size[1]}pt">{body}'
    )
