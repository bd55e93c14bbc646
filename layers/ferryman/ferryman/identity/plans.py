"""Plans: which parts of the product a workspace has. Pure rules, no AWS.

A plan includes all plans below it. A route that needs a plan declares it beside its scope (`http.needs`).
"""

from typing import Literal

type Plan = Literal["free", "standard", "pro", "enterprise"]

ALL: tuple[Plan, ...] = ("free", "standard", "pro", "enterprise")
# The plan with API tokens, outgoing webhooks, commands and connections.
OF_INTEGRATIONS: Plan = "enterprise"


def includes(plan: Plan, needed: Plan) -> bool:
    """Whether `plan` includes everything of the plan `needed`."""
    return ALL.index(plan) >= ALL.index(needed)
