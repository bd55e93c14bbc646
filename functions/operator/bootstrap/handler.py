"""Makes the first workspace, its owner and the owner's token. Only IAM can invoke it; there is no route to it."""

from typing import Any

from ferryman.errors import FerrymanError
from ferryman.http.validation import validate
from ferryman.identity.workspaces import service
from ferryman.identity.workspaces.schema import BootstrapIn


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{"workspace_name", "owner_name", "owner_email"}` → ids and the token, which is shown this once."""
    try:
        return service.bootstrap(validate(BootstrapIn, event))
    except FerrymanError as error:
        return {"error": str(error)}
