"""Makes the first workspace, its owner and the owner's token. Only IAM can invoke it; no route leads to it."""

from typing import Any

from ferryman.errors import FerrymanError
from ferryman.http.validation import validate
from ferryman.identity import bootstrap
from ferryman.identity.workspaces.schema import BootstrapIn


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{"workspace_name", "owner_name", "owner_email", "plan"?}` → ids, the token and the invitation.

    Token and invitation are shown this once. The invitation sets the owner's password at /me/invitation, within a day.
    """
    try:
        return bootstrap.bootstrap(validate(BootstrapIn, event))
    except FerrymanError as error:
        return {"error": str(error)}
