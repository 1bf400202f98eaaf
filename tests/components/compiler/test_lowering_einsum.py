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


def test_three_operands_are_multiplied_from_the_left_to_the_right(graph_of):
    work = workload(
        graph_of(
            """g (float[3,4] a, float[4,5] b, float[5,6] c) => (float[3,6] y)
                { y = Einsum<equation="ij,jk,kl->il">(a, b, c) }"""
        )
    )
    assert sum(work.mapped.values()) == 1
    first, second = work.operators
    assert (first.macs, second.macs) == (3 * 4 * 5, 3 * 5 * 6)
    assert first.outputs[0].tensor == second.inputs[0].tensor
    assert work.tensors[first.outputs[0].tensor].shape == (3, 5)


def test_an_ellipsis_stands_for_the_axes_that_are_not_named(work_of):
    (operator,) = work_of(
        """g (float[2,8,4,16] q, float[8,16,9] k) => (float[2,8,4,9] y)
            { y = Einsum<equation="...ij,...jk->...ik">(q, k) }"""
    ).operators
    assert operator.macs == 2 * 8 * 4 * 16 * 9
    (turned,) = work_of('g (float[2,3,4] x) => (float[2,4,3] y) { y = Einsum<equation="...ij->...ji">(x) }').operators
    assert (turned.engine, turned.inputs[0].elements) == ("dma", 24)
    implied = 'g (float[2,3,4] x, float[4,5] w) => (float[2,3,5] y) { y = Einsum<equation="...ij,jk">(x, w) }'
    assert work_of(implied).operators[0].macs == 2 * 3 * 4 * 5


def test_only_the_diagonal_is_read(work_of):
    (taken,) = work_of('g (float[2,5,5] x) => (float[2,5] y) { y = Einsum<equation="...ii->...i">(x) }').operators
    assert (taken.engine, taken.inputs[0].elements, taken.inputs[0].run_elements) == ("dma", 10, 1)
    (summed,) = work_of('g (float[2,5,5] x) => (float[2] y) { y = Einsum<equation="bii->b">(x) }').operators
    assert (summed.engine, summed.vector) == ("vector", {"reduce": 10})


def test_a_diagonal_of_one_of_two_operands_is_refused_with_the_equation(graph_of):
    graph = graph_of('g (float[4,4] a, float[4,5] b) => (float[4,5] y) { y = Einsum<equation="ii,ij->ij">(a, b) }')
    with pytest.raises(LeptonError, match="ii,ij->ij"):
        workload(graph)
