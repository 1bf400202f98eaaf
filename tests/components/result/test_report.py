"""The page about a result: whole in one file, its numbers those of the result, its texts never markup."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from leptonsim.result.load import load_result
from leptonsim.result.report import report_html, save_report
from leptonsim.result.summary import step_row, summary_rows
from leptonsim.result.units import micro


class Page(HTMLParser):
    """Tags with their attributes, ids, and the text of elements."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.texts = [], [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(dict(attributes).get("id", tag))

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data


@pytest.fixture(scope="module")
def text(page_texts):
    return page_texts["resnet50"]


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_a_page_of_resnet50_is_one_file_under_a_megabyte(text, page):
    assert len(text.encode()) < 1_000_000
    for tag, attributes in page.tags:
        assert tag not in ("iframe", "object", "embed", "base")
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_ids_are_unique_and_references_find_them(text, page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    links = {attributes.get("xlink:href", attributes.get("href", "")) for _, attributes in page.tags}
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_pictures_take_the_colours_of_the_page(text):
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        assert "var(--ink)" in svg
        assert not re.search(r"#1d1f23|#ffffff", svg)


def test_the_numbers_of_the_page_are_those_of_the_result(runs, page):
    result = runs["resnet50"]
    data = json.loads(page.texts["data"])
    total_ps = sum(step.time_ps for step in result.steps)
    assert data["total_ps"] == total_ps
    for row, step in zip(data["steps"], result.steps, strict=True):
        name, kind, engine, bound, mapping, numbers, texts, spans, _ = row
        assert (name, kind, engine, bound) == (step.name, step.kind, step.engine, step.bound_by)
        assert data["mappings"][mapping] == step.mapping
        assert numbers == [step.time_ps, step.time_ps / total_ps, step.macs, step.bytes, step.energy_pj]
        shown = step_row(step, total_ps)
        assert texts == [micro(shown[column]) for column in data["numbers"]]
        found = {engine: tuple(span) for engine, span in zip(data["engines"], spans, strict=True) if span}
        assert found == step.spans_ps


def test_the_summary_of_the_page_is_that_of_the_terminal(runs, text, capsys):
    from leptonsim.result.table import print_result

    result = runs["resnet50"]
    print_result(result)
    terminal = " ".join(capsys.readouterr().out.split())
    rows = dict(summary_rows(result))
    for name in ("latency", "throughput", "energy", "work", "engines busy", "tensor cores", "DRAM", "operators"):
        assert f"{name} {rows[name]}" in terminal
        assert micro(rows[name]).replace("'", "&#39;") in text


def test_warnings_parameters_and_provenance_are_on_the_page(runs):
    result = replace(runs["one operator"], warnings=("two activations went to DRAM", "a <b>bold</b> one"))
    text = report_html(result)
    assert "2 warnings" in text
    assert "two activations went to DRAM" in text
    assert "a &lt;b&gt;bold&lt;/b&gt; one" in text
    assert "core.tensor_core.rows" in text
    assert result.provenance["model_digest"] in text
    assert result.provenance["chip_digest"] in text


def test_names_of_the_model_stay_text(page_texts):
    text = page_texts["hostile"]
    assert "<script>alert" not in text
    assert text.count("<script") == 3
    assert "\\u003cscript\\u003ealert(1)" in text


def test_a_saved_result_gives_the_same_page(runs, tmp_path, text):
    runs["resnet50"].save(tmp_path / "result.json")
    save_report(load_result(tmp_path / "result.json"), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text
