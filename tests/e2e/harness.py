"""The running stack, and requests to it, for the e2e tests."""

from collections.abc import Callable
from dataclasses import dataclass

from local.api import Api, Reply
from local.receiver import Receiver
from local.stack import Stack


@dataclass(frozen=True)
class E2E:
    """A running stack with its owner's token."""

    api_url: str
    owner_token: str
    workspace_id: str
    stack_port: int  # of MiniStack, for tests that look behind the front door
    receiver: Callable[[], Receiver]  # each is closed at the end of the run
    embedded: Stack

    def api(self, method: str, path: str, json: object = None, *, token: str | None = None, **headers: str) -> Reply:
        """Call the API as the owner, or with another token. `token=""` sends none, and `If_Match=…` sends a header."""
        api = Api(self.api_url, self.owner_token if token is None else token)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return api.call(method, path, json, headers=named)
