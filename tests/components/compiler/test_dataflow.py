"""The ground under the passes: places, makers, readers, and names."""

from dataclasses import replace

import pytest

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.workload import workload

TEXT = "g (float[4] x) => (float[4] y, float[4] b) { a = Relu(x) b = Exp(a) c = Neg(x) d = Add(a, c) y = Mul(d, b) }"


@pytest.fixture
def draft(graph_of):
    return Draft(graph_of(TEXT))


def test_readers_and_makers(draft):
    assert draft.maker("x") is None
    assert draft.maker("d").name == "n_d"
    assert [node.name for node in draft.readers("a")] == ["n_b", "n_d"]
    assert draft.only_reader("c").name == "n_d"
    assert draft.only_reader("a") is None


def test_what_the_outside_reads_has_no_only_reader(draft):
    assert [node.name for node in draft.readers("b")] == ["n_y"]
    assert draft.only_reader("b") is None


def test_a_replacement_takes_the_last_place(draft):
    first, last = draft["n_c"], draft["n_d"]
    draft.rewrite([first, last], replace(last, op_type="Sub", inputs=("a", "x")))
    assert [node.name for node in draft] == ["n_a", "n_b", "n_d", "n_y"]
    assert draft.origins["n_d"] == ("n_c", "n_d")
    assert draft.readers("c") == []
    assert draft.maker("c") is None


def test_walking_skips_what_was_replaced_and_sees_what_is_new(draft):
    seen = []
    for node in draft:
        seen.append((node.name, node.op_type))
        if node.name == "n_a":
            draft.rewrite([draft["n_c"], draft["n_d"]], replace(draft["n_d"], op_type="Sub", inputs=("a", "x")))
    assert seen == [("n_a", "Relu"), ("n_b", "Exp"), ("n_d", "Sub"), ("n_y", "Mul")]


def test_nodes_without_names_and_with_the_same_name_are_told_apart(graph_of):
    graph = graph_of(TEXT)
    nodes = tuple(
        replace(node, name="" if node.op_type == "Relu" else "same", domain="ai.onnx") for node in graph.nodes
    )
    result = workload(replace(graph, nodes=nodes))
    names = [name for operator in result.operators for name in operator.nodes]
    assert sorted(names) == ["Relu:a", "same", "same#2", "same#3", "same#4"]
    assert sum(result.mapped.values()) == 5
