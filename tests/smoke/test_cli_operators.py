"""``leptonsim operators`` and the page that is written from it."""

from pathlib import Path

from click.testing import CliRunner

from leptonsim.cli.operators import command
from leptonsim.compiler.catalogue import NOT_MODELLED, markdown, rows
from leptonsim.compiler.lowering import lowerings

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"


def test_the_page_of_operators_is_current():
    assert PAGE.read_text(encoding="utf-8") == markdown(), "leptonsim operators --markdown > docs/operators.md"


def test_every_operator_that_is_lowered_is_listed_and_told():
    listed = {f"{row.domain}::{row.name}" for row in rows()}
    for key in lowerings():
        domain, _, name = key.rpartition("::")
        if domain != "leptonsim":
            assert f"{domain or 'ai.onnx'}::{name}" in listed
    assert all(row.how.endswith((".", ")")) for row in rows())


def test_all_of_onnx_is_listed_once():
    from onnx import defs

    names = [row.name for row in rows() if row.domain == "ai.onnx"]
    assert len(names) == len(set(names))
    alive = {schema.name for schema in defs.get_all_schemas() if schema.domain == "" and not schema.deprecated}
    assert alive <= set(names)
    assert sum(row.how == NOT_MODELLED for row in rows()) < 25


def test_one_operator_can_be_asked_for():
    done = CliRunner().invoke(command, ["conv", "MatMulNBits"])
    assert "Conv" in done.output
    assert "com.microsoft" in done.output
    assert "Softmax" not in done.output
    assert "no operator is called 'Conw'" in str(CliRunner().invoke(command, ["Conw"]).exception)
