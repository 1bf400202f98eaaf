"""Laws of a simulation on random chips with random models."""

from hypothesis import HealthCheck, settings

RANDOM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
