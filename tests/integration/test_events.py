"""The sample events in events/, each sent to its function."""

import pytest

from tests.integration.conftest import Workspace
from tests.support import template
from tests.support.samples import TEXTS, sample, with_real_things
from tests.support.world import World

REQUESTS = [folder for folder in TEXTS if "routeKey" in sample(folder)]
BATCHES = [folder for folder in TEXTS if "Records" in sample(folder)]


@pytest.mark.parametrize("folder", REQUESTS)
def test_a_sample_request_is_answered_as_it_stands(world: World, folder: str) -> None:
    """The sample's token and ids belong to no object, so the function may refuse, as with `sam local invoke`."""
    answer = world.invoke(folder, sample(folder))
    assert answer["statusCode"] in (200, 401, 404), answer
    assert answer["headers"]["X-Request-Id"] == sample(folder)["requestContext"]["requestId"]


# A sample holds no password and no response URL that lives, so these two are refused.
@pytest.mark.parametrize("folder", sorted(set(REQUESTS) - {"mattermost_login", "response_urls"}))
def test_a_sample_request_succeeds_with_a_real_token_and_real_ids(
    world: World, workspace: Workspace, folder: str
) -> None:
    event = with_real_things(folder, workspace)
    assert event["routeKey"] in template.routes()
    assert template.routes()[event["routeKey"]] == folder
    answer = world.invoke(folder, event)
    assert 200 <= answer["statusCode"] < 300, answer


@pytest.mark.parametrize("folder", BATCHES)
def test_a_sample_batch_is_done(world: World, folder: str) -> None:
    """The objects in the sample do not exist, so the function has nothing to do.

    A failed batch would name its records.
    """
    assert world.invoke(folder, sample(folder)) == {"batchItemFailures": []}
    assert not world.parked(), "the sample could not be read"


def test_the_sweeper_is_woken(world: World) -> None:
    assert world.invoke("sweeper", sample("sweeper"))["swept"] >= 0


def test_there_is_nothing_to_unpark(world: World) -> None:
    assert world.invoke("unpark", sample("unpark")) == {"done": 0, "kept": 0, "reasons": {}, "after": None}


def test_the_bootstrap_answers_that_it_was_done_before(world: World, workspace: Workspace) -> None:
    answer = world.invoke("bootstrap", sample("bootstrap"))
    assert answer["already"] is True
    assert answer["workspace_id"] == workspace.workspace_id
    assert "token" not in answer


@pytest.mark.parametrize("folder", TEXTS)
def test_a_sample_holds_no_secret(folder: str) -> None:
    """A text that looks like a secret would raise an alarm in secret scanners."""
    assert "fm_" not in TEXTS[folder]
