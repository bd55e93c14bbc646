"""Creates the first workspace and its owner, through the bootstrap function, which only IAM can invoke."""

import json
from typing import Any

from local import ministack
from local.api import Api
from local.deploy import Deployment
from tools.console import LocalError

OWNER = {"workspace_name": "Harbour", "owner_email": "owner@example.com", "owner_name": "Olivia Owner"}


def ensure(port: int, deployment: Deployment, api: Api) -> dict[str, str]:
    """The new workspace's id, its owner's id, token and invitation. Empty if the token of `api` already works.

    Raises LocalError if the workspace exists and `api` has no valid token, or if the API or the function fails.
    """
    if api.token:
        me = api.call("GET", "/v1/me")
        if me.status == 200:
            return {}
        if me.status != 401:
            raise LocalError(f"GET /v1/me answered {me.status}: {me.body!r:.500}", "Look at `make logs`.")
    name = deployment.physical_id("BootstrapFunction")
    answer = ministack.client("lambda", port).invoke(FunctionName=name, Payload=json.dumps(OWNER).encode())
    result: dict[str, Any] = json.loads(answer["Payload"].read()) or {}
    if "token" in result:
        return {
            "workspace_id": result["workspace_id"],
            "owner_id": result["user_id"],
            "owner_token": result["token"],
            "owner_invitation": result["invitation"],
        }
    if result.get("already"):
        raise LocalError(
            "The workspace exists already, and its owner's token is not known here (it is shown only once).",
            "`make clean` forgets the embedded stack; then `make up` starts afresh.",
        )
    raise LocalError(f"The bootstrap function answered {json.dumps(result)}.", "`make logs` shows what it logged.")
