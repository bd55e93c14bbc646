"""Workspaces cannot see each other: every route, asked by the owner of one workspace about the things of another.

Mattermost's API has the same in `mattermost/test_v4_matrix`, applications in `fchat/test_own_token`.
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
    """Ids of theirs get the same 404 as ids that nobody has."""
    operation = ROUTES[key]
    mine, theirs = scene.home.ids(operation), scene.away.ids(operation)
    check_not_there(scene, operation, scene.home.owner, matrix.swaps(mine, theirs))


@pytest.mark.parametrize("key", READS)
def test_no_answer_names_a_thing_of_another_workspace(scene: Scene, key: str) -> None:
    """With a workspace's own ids, or without any: no list, no statistics and no field holds an id of theirs."""
    operation = ROUTES[key]
    theirs = {scene.away.owner.workspace_id, scene.away.owner.user_id, *map(scene.away.id, matrix.PARAMETERS)}
    caller = scene.suited(operation, scene.home.owner)
    answer = scene.send(operation, scene.home.ids(operation), caller.token)
    assert answer.status < 500
    assert not [thing for thing in theirs if thing.encode() in answer.body], answer.body


@pytest.mark.parametrize("parameter", matrix.PARAMETERS)
def test_each_thing_is_still_there_after_all_refused_requests(scene: Scene, parameter: str) -> None:
    """A 404 shows something only when the thing exists: its own workspace can read it."""
    matrix.check_readable(scene, scene.home, parameter)
    matrix.check_readable(scene, scene.away, parameter)
