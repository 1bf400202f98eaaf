"""How a model is mapped onto a chip: passes over the graph, lowering, tiling, placement, order -> ``Program``."""
