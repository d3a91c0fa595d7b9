"""Random cases of tests: a fixed few in ``make test``, always the same, and many other ones in ``make fuzz``."""

import os
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, settings

from core.errors import PhotozError

__all__ = ["FACTOR", "cases", "refusal_of"]

#: By what ``make fuzz`` multiplies the numbers of cases.
FACTOR = int(os.environ.get("FUZZ", "1"))


def cases(number: int) -> settings:
    """Give the settings of Hypothesis for a number of cases."""
    return settings(
        max_examples=number * FACTOR,
        derandomize=FACTOR == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )


def refusal_of(call: Callable[[], object]) -> PhotozError | None:
    """Give the error by which a call refuses what it got; none when it took it. Every other error is raised."""
    try:
        call()
    except PhotozError as refused:
        return refused
    return None
