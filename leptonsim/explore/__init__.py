"""Many chips and runs: which points there are, who computes them, where the results are kept, and what they say.

    sweep.yaml -> spec -> space (axes, conditions) -> samplers -> runner (executors, workbench) -> store -> results,
    pareto, figures

A *design* is a chip with some parameters changed, a *workload* a model at a batch and in a data type, a *point* one of
each. The modules call the public interface of leptonsim and nothing below it: a row of a sweep is what ``leptonsim run
--set`` gives.
"""
