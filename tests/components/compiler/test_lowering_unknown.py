"""What has no lowering is an error that names all of it."""

import pytest

from leptonsim.compiler.lowering import lowerings
from leptonsim.compiler.work import VECTOR_FUNCTIONS
from leptonsim.compiler.workload import ordered_passes, workload
from leptonsim.errors import LeptonError


def test_every_unknown_operator_is_named_with_its_node_and_domain(graph_of):
    graph = graph_of(
        """g (float[4] x) => (float[4] y) <float[4] a, float[4] b>
            { a = other.Magic(x) b = Relu(a) y = TfIdfVectorizer(b) }"""
    )
    with pytest.raises(LeptonError) as raised:
        workload(graph)
    message = str(raised.value)
    assert "2 of the 3 operators" in message
    assert "node n_a: operator Magic of domain other" in message
    assert "node n_y: operator TfIdfVectorizer of the default domain" in message
    assert "n_b" not in message


def test_a_long_list_is_cut_with_its_count(graph_of):
    chain = " ".join(f"t{i + 1} = TfIdfVectorizer(t{i})" for i in range(30))
    with pytest.raises(LeptonError, match="and 10 more"):
        workload(graph_of(f"g (float[4] t0) => (float[4] t30) {{ {chain} }}"))


def test_the_table_of_costs_uses_only_the_known_functions():
    from leptonsim.compiler.operators.elementwise import COST

    assert {function for cost in COST.values() for function in cost} <= set(VECTOR_FUNCTIONS)
    assert len(lowerings()) > 140


def test_every_pass_is_of_one_kind_and_found():
    import pkgutil

    from leptonsim.compiler import passes

    found = {info.name for info in pkgutil.iter_modules(passes.__path__) if not info.name.startswith("_")}
    found |= {"ort_attention", "ort_matmul", "ort_quantized"}
    rewrites, fusions = ordered_passes()
    names = [function.__module__.rpartition(".")[2] for function in (*rewrites, *fusions)]
    assert sorted(names) == sorted(found)
