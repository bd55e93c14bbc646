"""Gives a workspace another plan. Only IAM can invoke it; no route leads to it."""

from typing import Any

from ferryman.errors import FerrymanError
from ferryman.http.validation import validate
from ferryman.identity import plan_change
from ferryman.identity.workspaces.schema import PlanIn


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{"workspace_id", "plan"}` → `workspace_id`, `plan`, the `previous` plan, and `credentials`.

    `credentials` counts the tokens and sessions that got the new plan. A refusal is `{"error": text}`.
    """
    try:
        return plan_change.change(validate(PlanIn, event))
    except FerrymanError as error:
        return {"error": str(error)}
