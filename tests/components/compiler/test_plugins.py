"""Adding an operator is adding a file, here or in a package of one's own."""

import sys
from importlib.metadata import EntryPoint

import pytest

from leptonsim import plugins
from leptonsim.compiler import lowering, operators
from leptonsim.compiler.workload import workload
from leptonsim.errors import LeptonError

MAGIC = """
from leptonsim.compiler.records import vector_operator

def lower_magic(node, graph):
    return vector_operator(node, graph, {"exp": 7 * graph.tensors[node.outputs[0]].elements})

LOWERINGS = {"other::Magic": lower_magic}
"""
GRAPH = "g (float[4] x) => (float[4] y) { y = other.Magic(x) }"


@pytest.fixture
def fresh_list():
    lowering.lowerings.cache_clear()
    yield
    lowering.lowerings.cache_clear()
    for name in [name for name in sys.modules if name.endswith("magic")]:
        del sys.modules[name]


@pytest.mark.usefixtures("fresh_list")
def test_a_file_in_the_folder_is_an_operator(graph_of, tmp_path, monkeypatch):
    (tmp_path / "magic.py").write_text(MAGIC)
    monkeypatch.setattr(operators, "__path__", [*operators.__path__, str(tmp_path)])
    (operator,) = workload(graph_of(GRAPH)).operators
    assert (operator.kind, operator.vector) == ("Magic", {"exp": 28})


@pytest.mark.usefixtures("fresh_list")
def test_an_entry_point_of_another_package_is_an_operator(graph_of, tmp_path, monkeypatch):
    (tmp_path / "their_magic.py").write_text(MAGIC)
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = EntryPoint("magic", "their_magic", "leptonsim.compiler.operators")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [entry] if group == entry.group else [])
    assert workload(graph_of(GRAPH)).operators[0].vector == {"exp": 28}


@pytest.mark.usefixtures("fresh_list")
def test_two_files_for_one_operator_are_named(graph_of, tmp_path, monkeypatch):
    for name in ("one_magic", "two_magic"):
        (tmp_path / f"{name}.py").write_text(MAGIC)
    monkeypatch.setattr(operators, "__path__", [*operators.__path__, str(tmp_path)])
    with pytest.raises(LeptonError, match=r"other::Magic is lowered twice: in .*one_magic and in .*two_magic"):
        workload(graph_of(GRAPH))


def test_the_example_of_the_documentation_runs_from_an_entry_point(monkeypatch, tmp_path):
    import shutil
    from pathlib import Path

    import onnx.parser

    from leptonsim import operators as beyond_onnx
    from leptonsim.chip import load_chip
    from leptonsim.compiler.compile import compile
    from leptonsim.model import load_model

    shutil.copy(Path(__file__).parents[2] / "data" / "plugin" / "spectral.py", tmp_path / "spectral_magic.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = EntryPoint("spectral", "spectral_magic", "leptonsim.operators")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [entry] if group == entry.group else [])
    caches = (lowering.lowerings, beyond_onnx.shape_rules)
    try:
        for each in caches:
            each.cache_clear()
        model = load_model(
            onnx.parser.parse_model(
                '<ir_version: 8, opset_import: ["" : 17, "acme" : 1]> g (float[2,64,8] x) => (float[2,64,8] y) '
                "<float[64,8] w = {"
                + ",".join(["0"] * 512)
                + "}> { a = Relu(x) b = acme.SpectralMix(a, w) y = Relu(b) }"
            )
        )
        program = compile(load_chip("lepton-c1"), model)
    finally:
        for each in caches:
            each.cache_clear()
    (mix,) = [operator for operator in program.operators if operator.kind == "SpectralMix"]
    transform = 2 * 8 * 5 * 64 * 6
    assert (mix.vector["mul"], mix.vector["add"] >= transform) == (transform + 2 * 64 * 8, True)
