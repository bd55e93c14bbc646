"""Makes the first workspace, its owner and the owner's token. Only IAM can invoke it; no route leads to it."""

from typing import Any

from ferryman.errors import FerrymanError
from ferryman.http.validation import validate
from ferryman.identity import bootstrap
from ferryman.identity.workspaces.schema import BootstrapIn


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{"workspace_name", "owner_name", "owner_email", "plan"?}` → the new ids, the token and the invitation.

    Token and invitation are shown only in this answer. With the invitation, the owner sets a password at /me/invitation
    within a day. A refusal is `{"error": text}`.
    """
    try:
        return bootstrap.bootstrap(validate(BootstrapIn, event))
    except FerrymanError as error:
        return {"error": str(error)}
