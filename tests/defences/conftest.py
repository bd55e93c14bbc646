"""The defences are removed in the deployment of the integration tests, one for each file."""

from collections.abc import Iterator

import pytest

from tests.integration.conftest import Workspace, later, other, receiver, workspace, world
from tests.support.world import World

__all__ = ["Workspace", "later", "other", "receiver", "workspace", "world"]


@pytest.fixture(autouse=True)
def short_attempts(world: World) -> Iterator[None]:
    """An attempt may take a second."""
    before = dict(world.parameters)
    world.parameters["AttemptTimeoutSeconds"] = "1"
    yield
    world.parameters |= before
