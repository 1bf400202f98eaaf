"""The pages point at what is there, and name what exists."""

import re
from pathlib import Path

import pytest

from leptonsim.chip import load_chip, shipped_chips
from leptonsim.cli import Commands

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_has_exactly_two_set_up_lines():
    lines = re.findall(r"^    python3 -m venv .+$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) == 2
    assert "leptonsim run" in lines[0]
    assert lines[1].endswith("-m pytest -n auto")


def test_the_page_of_the_command_line_names_every_command():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)", text, re.MULTILINE)
    assert set(Commands("leptonsim").list_commands(None)) <= set(named)


def test_the_readme_shows_every_shipped_chip_and_its_changes_are_possible():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{chip}`" in text for chip in shipped_chips())
    changes = re.findall(r"--set ([\w.]+)=(\"[^\"]+\"|\S+)", text)
    assert changes
    for path, value in changes:
        load_chip("lepton-c1").with_({path: value.strip('"')})
