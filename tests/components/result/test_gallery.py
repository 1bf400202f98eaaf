"""The gallery shows every kind of picture that there is."""

import re
from pathlib import Path

from leptonsim.result.figures import kinds

DOCS = Path(__file__).parents[3] / "docs"


def test_the_gallery_has_every_kind_with_its_commands_and_a_small_picture():
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"leptonsim plot (\S+) --kind ([a-z_]+) -o", text)
    assert sorted(kind for _, kind in shown) == kinds()
    assert all(f"--json {source}" in text for source, _ in shown)
    for picture in re.findall(r"\((images/[^)]+)\)", text):
        assert 5_000 < (DOCS / picture).stat().st_size < 150_000
