"""Creates connections by OAuth 2.0 for the tests, and approves them."""

from typing import Any
from urllib.parse import urlencode

import requests

from tests.integration.conftest import Workspace
from tests.support.oauth_provider import CLIENT_ID, CLIENT_SECRET
from tests.support.world import Answer

PRODUCTS = ("jira", "hubspot", "quickbooks", "xero")


def connect(workspace: Workspace, connector: str = "xero", **configuration: Any) -> dict[str, Any]:
    wanted = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **configuration}
    made: dict[str, Any] = workspace.make("/v1/connections", {"connector": connector, "configuration": wanted})
    return made


def approve(url: str, **more: str) -> str:
    """Approve at the product's page. Returns the URL to which the product redirects the person's browser."""
    answer = requests.get(url, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"] + (f"&{urlencode(more)}" if more else "")


def finish(workspace: Workspace, callback: str) -> Answer:
    return workspace.call("POST", "/v1/connections/callback", {"callback": callback})


def connected(workspace: Workspace, connector: str = "xero") -> str:
    """Create a connection and approve it. Returns its id."""
    made = connect(workspace, connector)
    answer = finish(workspace, approve(made["authorize_url"], realmId="4620816365"))
    assert (answer.status, answer.json["state"]) == (200, "enabled"), answer.body
    return str(made["id"])


def check(workspace: Workspace, connection_id: str) -> Any:
    answer = workspace.call("POST", f"/v1/connections/{connection_id}/check")
    assert answer.status == 200, answer.body
    return answer.json


def actions(workspace: Workspace, connection_id: str) -> list[str]:
    listed = workspace.call("GET", f"/v1/audit?target={connection_id}").json["items"]
    return [str(record["action"]).removeprefix("connection.") for record in listed]
