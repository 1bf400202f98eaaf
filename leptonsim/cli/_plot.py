"""What commands that draw have in common: the kinds of picture, and ``KIND=FILE``."""

from __future__ import annotations

from leptonsim.errors import LeptonError

DEFAULT_KIND = "time"


def check_kind(kind: str) -> None:
    """Refuse a kind of picture that does not exist. Raises LeptonError that names the nearest."""
    from leptonsim.result.figures import kinds
    from leptonsim.suggest import near

    if kind not in kinds():
        raise LeptonError(f"no kind of picture is called {kind!r}: {near(kind, kinds())}")


def wanted(texts: tuple[str, ...]) -> list[tuple[str, str]]:
    """Kinds and files of ``[KIND=]FILE`` texts, checked before any work is done. Raises LeptonError."""
    from leptonsim.files import check_writable
    from leptonsim.result.style import form_of

    found = []
    for text in texts:
        kind, equals, path = text.partition("=")
        if not equals or "/" in kind or "." in kind:
            kind, path = DEFAULT_KIND, text
        check_kind(kind)
        form_of(path)
        check_writable(path)
        found.append((kind, path))
    return found
