"""A chat with a handle, incoming webhooks of both flavours, and the account of a program."""

import pytest

from tests.integration.conftest import Workspace
from tests.integration.mattermost.hooks import Hook, hook
from tests.integration.mattermost.v4 import PASSWORD
from tests.support.world import World


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat("Builds", handle="builds")


@pytest.fixture
def mattermost(workspace: Workspace) -> Hook:
    return hook(workspace)


@pytest.fixture
def slack(workspace: Workspace) -> Hook:
    return hook(workspace, "slack")


@pytest.fixture
def email(world: World, workspace: Workspace) -> str:
    """The e-mail address of an account for a program: a person with a password, who is in no chat yet."""
    made = workspace.make("/v1/users", {"name": "Bot", "email": f"{workspace.user_id}@example.com", "role": "staff"})
    invitation = workspace.make(f"/v1/users/{made['id']}/invitation", None)["token"]
    accepted = world.call("POST", "/v1/invitations/accept", json_body={"token": invitation, "password": PASSWORD})
    assert accepted.status == 200, accepted.body
    return str(made["email"])
