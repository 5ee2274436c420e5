"""Hypothesis: no time limits, which a loaded machine would miss; one fixed draw where CI is set."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "bitwright",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("bitwright")
