"""Workspaces cannot see each other: the owner of one calls every route with ids of another.

`mattermost/test_v4_matrix` does the same for Mattermost's API, and `fchat/test_own_token` for applications.
"""

import pytest

from tests.support import matrix
from tests.support.matrix import ROUTES, WITH_IDS, Scene, check_not_there
from tests.support.world import World

READS = [key for key, operation in ROUTES.items() if operation.method == "GET"]


@pytest.fixture(scope="module")
def scene(world: World) -> Scene:
    return matrix.scene(world)


@pytest.mark.parametrize("key", WITH_IDS)
def test_another_workspace_finds_nothing(scene: Scene, key: str) -> None:
    """Ids of another workspace get the same 404 as ids that do not exist."""
    operation = ROUTES[key]
    mine, theirs = scene.home.ids(operation), scene.away.ids(operation)
    check_not_there(scene, operation, scene.home.owner, matrix.swaps(mine, theirs))


@pytest.mark.parametrize("key", READS)
def test_no_answer_names_a_thing_of_another_workspace(scene: Scene, key: str) -> None:
    """With a workspace's own ids or without any, no answer contains an id of another workspace."""
    operation = ROUTES[key]
    theirs = {scene.away.owner.workspace_id, scene.away.owner.user_id, *map(scene.away.id, matrix.PARAMETERS)}
    caller = scene.suited(operation, scene.home.owner)
    answer = scene.send(operation, scene.home.ids(operation), caller.token)
    assert answer.status < 500
    assert not [thing for thing in theirs if thing.encode() in answer.body], answer.body


@pytest.mark.parametrize("parameter", matrix.PARAMETERS)
def test_each_thing_is_still_there_after_all_refused_requests(scene: Scene, parameter: str) -> None:
    """The 404s prove something only if the objects exist, so their own workspaces have to be able to read them."""
    matrix.check_readable(scene, scene.home, parameter)
    matrix.check_readable(scene, scene.away, parameter)
