"""The fixtures of the integration tests, with short attempts. Each test file here has a deployment of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.conftest import Workspace, later, other, receiver, workspace, world
from tests.support.world import World

__all__ = ["Workspace", "later", "other", "receiver", "workspace", "world"]


@pytest.fixture(autouse=True)
def short_attempts(world: World) -> Iterator[None]:
    """An attempt times out after one second."""
    before = dict(world.parameters)
    world.parameters["AttemptTimeoutSeconds"] = "1"
    yield
    world.parameters |= before
