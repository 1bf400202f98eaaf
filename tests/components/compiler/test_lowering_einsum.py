"""Einsum as what it is."""

import pytest

from leptonsim.compiler.workload import workload
from leptonsim.errors import LeptonError


def test_attention_scores_are_a_batched_product(work_of):
    (operator,) = work_of(
        """g (float[2,8,4,16] q, float[2,9,4,16] k) => (float[2,4,8,9] y)
            { y = Einsum<equation="bqhd,bkhd->bhqk">(q, k) }"""
    ).operators
    product = operator.matmuls[0]
    assert (product.groups, product.m, product.k, product.n) == (8, 8, 16, 9)


def test_one_operand_is_a_transposition_or_a_sum(work_of):
    (turned,) = work_of('g (float[3,4] x) => (float[4,3] y) { y = Einsum<equation="ij->ji">(x) }').operators
    assert turned.engine == "dma"
    (summed,) = work_of('g (float[3,4] x) => (float[3] y) { y = Einsum<equation="ij->i">(x) }').operators
    assert (summed.engine, summed.vector) == ("vector", {"reduce": 12})


def test_an_index_that_vanishes_is_summed_first(work_of):
    (operator,) = work_of(
        'g (float[3,4] x, float[4,5,6] z) => (float[3,5] y) { y = Einsum<equation="ij,jkl->ik">(x, z) }'
    ).operators
    assert operator.macs == 3 * 4 * 5
    assert operator.vector == {"reduce": 120}


def test_three_operands_are_refused_with_the_equation(graph_of):
    graph = graph_of(
        """g (float[3,4] a, float[4,5] b, float[5,6] c) => (float[3,6] y)
            { y = Einsum<equation="ij,jk,kl->il">(a, b, c) }"""
    )
    with pytest.raises(LeptonError, match="ij,jk,kl->il"):
        workload(graph)
