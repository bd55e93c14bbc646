"""The check of a receiver's URL before its creation applies the same rule, and refuses with the same words."""

from typing import Any

import pytest

from tests.integration.conftest import Workspace

PATH = "/v1/receiver-urls/check"


def checked(workspace: Workspace, url: str) -> dict[str, Any]:
    answer = workspace.call("POST", PATH, {"url": url})
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def bodies(workspace: Workspace, url: str) -> dict[str, dict[str, Any]]:
    """A body for each kind of object that has a receiver's URL, by the address at which it is created."""
    return {
        "/v1/webhooks": {"url": url, "events": ["message.created"]},
        "/v1/me/webhooks": {"url": url},
        "/v1/commands": {"trigger": "deploy", "url": url},
        "/v1/connections": {"connector": "zapier", "configuration": {"url": url, "events": ["message.created"]}},
        "/v1/applications": {"app_name": "SOC", "webhook_url": url},
    }


@pytest.mark.parametrize(
    ("url", "mended"),
    [
        ("ftp://ci.example.com/in", "https://"),
        ("http://ci.example.com/in", "https://"),
        ("https://ada:secret@ci.example.com/in", "remove everything up to the @"),
        ("https://10.0.0.7/in", "use a public name"),
        ("https://printer.internal/in", "use a public name"),
        ("https://ci.example.com:22/in", "use one of: 443"),
        ("https://ci", "use a full public name"),
    ],
)
def test_a_url_is_refused_in_the_words_of_everything_that_takes_one(
    workspace: Workspace, url: str, mended: str
) -> None:
    found = checked(workspace, url)
    assert (found["ok"], found["url"]) == (False, None)
    assert mended in found["detail"]
    for target, body in bodies(workspace, url).items():
        refused = workspace.call("POST", target, body)
        assert (refused.status, refused.json["errors"][0]["detail"]) == (422, found["detail"]), target


def test_an_allowed_url_is_shown_as_it_will_be_called(workspace: Workspace) -> None:
    typed = "HTTPS://CI.Example.com:443/a%2db?x=%7e"
    found = checked(workspace, typed)
    assert found == {"ok": True, "url": "https://ci.example.com/a%2db?x=%7e", "detail": None}
    assert workspace.make("/v1/webhooks", {"url": typed, "events": ["message.created"]})["url"] == found["url"]


@pytest.mark.parametrize("typed", ["", "h", "https://", "https://" + "a" * 3000 + ".example.com"])
def test_half_a_url_is_answered_like_any_other(workspace: Workspace, typed: str) -> None:
    assert checked(workspace, typed)["ok"] is False


def test_everybody_who_is_signed_in_may_ask_and_nothing_is_kept(workspace: Workspace) -> None:
    staff = workspace.person("staff", "me:webhooks")
    assert checked(staff, "https://ci.example.com/in")["ok"] is True
    assert workspace.call("GET", "/v1/webhooks").json["items"] == []
    assert workspace.world.call("POST", PATH, json_body={"url": "https://ci.example.com/in"}).status == 401
