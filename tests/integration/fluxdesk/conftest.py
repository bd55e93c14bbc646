"""A colleague who manages nothing but what is her own."""

import pytest

from tests.integration.conftest import Workspace
from tests.integration.fluxdesk.people import OWN


@pytest.fixture
def grace(workspace: Workspace) -> Workspace:
    """A colleague of the role staff, who manages nothing but what is her own."""
    return workspace.person("staff", *OWN)
