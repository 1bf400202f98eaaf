"""Results side by side: what the first one says, and by how much and where the others differ."""

from leptonsim.result.compare.comparison import Comparison, compare
from leptonsim.result.compare.limits import Limit, Verdict, parse_limit

__all__ = ["Comparison", "Limit", "Verdict", "compare", "parse_limit"]
