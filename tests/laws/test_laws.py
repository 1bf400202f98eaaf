"""Laws of a simulation on random chips with random models."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leptonsim.api import compile, execute
from leptonsim.compiler.program import Program
from leptonsim.machine.machine import Machine

RANDOM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
