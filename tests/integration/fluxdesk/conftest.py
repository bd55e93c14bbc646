"""Fixtures with a user of the role staff, who manages only her own objects."""

import pytest

from tests.integration.conftest import Workspace
from tests.integration.fluxdesk.people import OWN


@pytest.fixture
def grace(workspace: Workspace) -> Workspace:
    """A user of the role staff, who manages only her own objects."""
    return workspace.person("staff", *OWN)
