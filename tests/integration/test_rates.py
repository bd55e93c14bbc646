"""Rates of secret URLs and workspaces: a sender above the rate gets 429 with Retry-After, other senders do not."""

from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import EndpointConnectionError
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.identity import rates

from tests.integration.conftest import Workspace
from tests.integration.mattermost import hooks
from tests.support.clients import aws_client
from tests.support.world import Answer, World

START = 1_790_000_010.0  # half a minute before the next one
LIMIT = 120


@pytest.fixture
def hook(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Callable[[], Answer]]]:
    """A factory: creates an incoming webhook, and returns a function that posts to it."""
    monkeypatch.setitem(world.parameters, "PostsPerMinute", str(LIMIT))
    monkeypatch.setitem(world.parameters, "RequestsPerMinute", "0")
    monkeypatch.setattr(clock, "now", lambda: START)
    chat = workspace.chat()

    def made() -> Callable[[], Answer]:
        url = workspace.make("/v1/incoming-webhooks", {"name": "CI", "chat_id": chat})["url"]
        return lambda: world.call("POST", url.removeprefix("https://api.test"), json_body={"text": "Build passed"})

    yield made
    rates._counts.clear()


def test_a_sender_beyond_the_limit_is_told_when_to_send_again(
    hook: Callable[[], Callable[[], Answer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    post, other = hook(), hook()
    assert {post().status for _ in range(LIMIT)} == {200}
    refused = post()
    assert (refused.status, refused.headers["retry-after"]) == (429, "31")
    assert "in 31 seconds" in refused.json["detail"]
    assert other().status == 200
    monkeypatch.setattr(clock, "now", lambda: START + 31)
    assert post().status == 200


@pytest.mark.parametrize(
    ("flavour", "said"), [("mattermost", ("text/plain; charset=utf-8", b"limit exceeded\n")), ("slack", None)]
)
def test_clients_of_other_products_are_told_in_their_words(
    hook: Callable[[], Callable[[], Answer]], workspace: Workspace, flavour: str, said: tuple[str, bytes] | None
) -> None:
    one = hooks.hook(workspace, flavour)
    assert {one.post({"text": "Build passed"}).status for _ in range(LIMIT)} == {200}
    refused = one.post({"text": "Build passed"})
    assert (refused.status, refused.headers["retry-after"]) == (429, "31")
    assert (refused.headers["content-type"], refused.body) == (said or ("text/plain; charset=utf-8", b"rate_limited"))


def test_processes_learn_of_each_other(hook: Callable[[], Callable[[], Answer]]) -> None:
    """A new process starts at zero, and reads the shared count from the table after fifty posts."""
    post = hook()
    assert {post().status for _ in range(100)} == {200}
    rates._counts.clear()
    statuses = [post().status for _ in range(60)]
    assert statuses[:49] == [200] * 49
    assert statuses[49:] == [429] * 11


def test_a_quiet_sender_costs_no_write(world: World, hook: Callable[[], Callable[[], Answer]]) -> None:
    post = hook()
    dynamodb = aws_client("dynamodb")
    before = dynamodb.scan(TableName="RatesTable")["Count"]
    for _ in range(49):
        post()
    assert dynamodb.scan(TableName="RatesTable")["Count"] == before
    post()
    assert dynamodb.scan(TableName="RatesTable")["Count"] == before + 1


def test_a_counter_that_cannot_be_reached_refuses_nobody(
    hook: Callable[[], Callable[[], Answer]], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.test")

    post = hook()
    events = aws.dynamodb().meta.events
    counting = "before-send.dynamodb.UpdateItem"
    assert post().status == 200  # which writes when the URL was used
    events.register(counting, fail)
    try:
        assert {post().status for _ in range(60)} == {200}
    finally:
        events.unregister(counting, fail)
    assert "rate.not_counted" in caplog.messages


def test_a_counter_that_fails_refuses_nobody(
    world: World, hook: Callable[[], Callable[[], Answer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(world._physical, "RatesTable", "a-table-that-is-gone")
    post = hook()
    assert {post().status for _ in range(60)} == {200}


def test_zero_sets_no_limit(
    world: World, hook: Callable[[], Callable[[], Answer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(world.parameters, "PostsPerMinute", "0")
    post = hook()
    assert {post().status for _ in range(LIMIT + 10)} == {200}


def test_a_workspace_has_a_rate_for_all_its_tokens_and_urls_together(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = workspace.make("/v1/incoming-webhooks", {"name": "CI", "chat_id": workspace.chat()})["url"]
    narrow, path = workspace.narrow("chats:read"), url.removeprefix("https://api.test")
    person = workspace.signed_in()
    monkeypatch.setitem(world.parameters, "RequestsPerMinute", str(LIMIT))
    monkeypatch.setattr(clock, "now", lambda: START)
    rates._counts.clear()
    other = world.bootstrap()["token"]
    requests: list[Callable[[], Answer]] = [
        lambda: workspace.call("GET", "/v1/chats"),
        lambda: narrow.call("GET", "/v1/chats"),
        lambda: world.call("GET", "/api/v4/users/me", token=workspace.token),
        lambda: world.call("POST", path, json_body={"text": "Build passed"}),
    ]
    assert {request().status for _ in range(LIMIT // 4) for request in requests} == {200}
    for request in requests:
        refused = request()
        assert (refused.status, refused.headers["retry-after"]) == (429, "31")
    assert world.call("GET", "/v1/me", token=other).status == 200
    # A person who signed in can still stop a token that runs wild.
    (token,) = [one for one in person.call("GET", "/v1/tokens").json["items"] if one["name"] == "narrow"]
    assert person.call("DELETE", f"/v1/tokens/{token['id']}").status == 204
    assert narrow.call("GET", "/v1/chats").status == 401
    rates._counts.clear()


def test_an_application_is_told_when_to_send_again(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(world.parameters, "PostsPerMinute", "10")
    monkeypatch.setattr(clock, "now", lambda: START)
    chat = workspace.chat(external_id="builds")
    made = workspace.make("/v1/applications", {"app_name": "crm", "chat_id": chat})
    path = f"/webhooks/crm/{made['token']}"
    assert {world.call("POST", path, json_body={"text": "Build passed"}).status for _ in range(10)} == {200}
    refused = world.call("POST", path, json_body={"text": "Build passed"})
    assert (refused.status, refused.headers["retry-after"]) == (429, "31")
    assert refused.json == {"ok": False, "error_code": 429, "description": "Too Many Requests"}
    rates._counts.clear()
