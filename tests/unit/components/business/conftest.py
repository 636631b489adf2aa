"""A business section to vary."""

from collections.abc import Callable
from typing import Any

import pytest

from mdlc.core.spec.business import Business

PAYOFF = {"actions": {"wait": {"no": 0, "yes": 0}, "act": {"no": -1, "yes": 4}}}


@pytest.fixture
def business() -> Callable[..., Business]:
    """Make a section: two years, no discount, 1000 decisions, building 1000 and 100 a year."""

    def make(**changes: Any) -> Business:
        section = {
            "payoff": {**PAYOFF, "do_nothing": "wait"},
            "decisions_per_year": 1000,
            "horizon_years": 2,
            "discount_rate": 0,
            "options": {"build": {"once": 1000, "per_year": 100}},
        }
        return Business.model_validate({**section, **changes})

    return make
