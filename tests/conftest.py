"""Hypothesis: no time limits, which a loaded machine would miss; nothing else is relaxed."""

from hypothesis import HealthCheck, settings

settings.register_profile("bitwright", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bitwright")
