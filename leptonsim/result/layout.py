"""Text for the terminal: paragraphs, pairs and columns that keep to its width; 80 columns and no colour where piped."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

import click

PIPED_WIDTH, WIDEST = 80, 120
GAP = "  "


class Page:
    """Lines gathered for one printing; ``width`` in columns (default: the terminal's, at most 120)."""

    def __init__(self, width: int | None = None) -> None:
        if width is None:
            width = min(shutil.get_terminal_size().columns, WIDEST) if sys.stdout.isatty() else PIPED_WIDTH
        self.width = width
        self.lines: list[str] = []

    def line(self, text: str = "", indent: int = 0, bold: bool = False) -> None:
        """A paragraph; what does not fit goes on below, ``indent`` columns in."""
        self.lines += [click.style(line, bold=True) if bold else line for line in _wrapped(text, self.width, indent)]

    def parts(self, text: str, indent: int) -> None:
        """A list ``indent`` columns in, broken after a comma or semicolon only."""
        lines = _wrapped(_unbroken(text), self.width - indent, 0)
        self.lines += [" " * indent + line.replace("\u00a0", " ") for line in lines]

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values; a value that does not fit goes on below itself, broken after a comma or semicolon."""
        self.paragraphs([(name, _unbroken(value)) for name, value in rows])

    def paragraphs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and texts; a text that does not fit goes on below itself."""
        left = max((len(name) for name, _ in rows), default=0)
        for name, text in rows:
            for line in _wrapped(text, self.width - left - len(GAP), 0):
                shown = click.style(name.ljust(left), bold=True) + GAP + line.replace("\u00a0", " ")
                self.lines.append(shown.rstrip())
                name = ""

    def columns(self, header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str]) -> None:
        """A table; columns named in ``left`` are aligned left. The first one is cut, at its front, where it must be."""
        widths = [max(len(row[index]) for row in (header, *rows)) for index in range(len(header))]
        widths[0] = min(widths[0], max(12, self.width - sum(widths[1:]) - len(GAP) * (len(widths) - 1)))

        def laid(row: Sequence[str]) -> str:
            cells = (_tail(row[0], widths[0]), *row[1:])
            aligned = (
                cell.ljust(width) if name in left else cell.rjust(width)
                for cell, width, name in zip(cells, widths, header, strict=True)
            )
            return GAP.join(aligned).rstrip()

        self.lines.append(click.style(laid(header), bold=True))
        self.lines.append(GAP.join("-" * width for width in widths))
        self.lines += map(laid, rows)

    def print(self) -> None:
        """Put the page out."""
        click.echo("\n".join(self.lines))


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    return textwrap.wrap(text, max(width, 20), subsequent_indent=" " * indent, break_on_hyphens=False) or [""]


def _unbroken(text: str) -> str:
    """The text with the spaces inside its parts made such that no line is broken there."""
    joined = text.replace(" ", "\u00a0")
    return joined.replace(",\u00a0", ", ").replace(";\u00a0", "; ").replace(":\u00a0", ": ")


def _tail(text: str, width: int) -> str:
    """The end of a name tells more than its beginning."""
    return text if len(text) <= width else ".." + text[len(text) - width + 2 :]
