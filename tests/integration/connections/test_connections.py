"""Connections: the catalogue, connecting, and the requests that a connected product gets."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ferryman.integrations.connections import catalogue

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.world import Answer, World

URL = "https://a.example/"
NO_CHAT = "cht_01ARZ3NDEKTSV4RRFFQ69G5FAV"
CHATS = ["slack", "mattermost", "teams", "discord", "google_chat"]


def connected(workspace: Workspace, connector: str, url: str, **configuration: Any) -> dict[str, Any]:
    body = {"connector": connector, "configuration": {"url": url, **configuration}}
    made: dict[str, Any] = workspace.make("/v1/connections", body)
    return made


# -- the catalogue -----------------------------------------------------------------------------------------------------


def test_the_catalogue_has_a_form_and_steps_for_each_connector(workspace: Workspace) -> None:
    answer = workspace.call("GET", "/v1/connectors")
    assert answer.status == 200
    connectors = {one["key"]: one for one in answer.json["items"]}
    by_oauth = ["jira", "hubspot", "quickbooks", "xero"]
    assert list(connectors) == [*CHATS, "zapier", "make", "n8n", "github", "gitlab", "grafana", "sentry", *by_oauth]
    for one in connectors.values():
        jsonschema.Draft202012Validator.check_schema(one["configuration_schema"])
        assert one["name"] and one["description"] and one["steps"]
        assert one["documentation_url"].startswith("https://")
    categories = {"chat", "automation", "development", "accounting", "crm"}
    assert {one["category"] for one in connectors.values()} == categories
    form = connectors["zapier"]["configuration_schema"]
    jsonschema.validate({"url": "https://hooks.zapier.com/hooks/catch/1/a"}, form)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({}, form)


# -- connecting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connector", CHATS)
def test_messages_of_chosen_chats_reach_a_chat_product_in_its_own_form(
    world: World, workspace: Workspace, receiver: Receiver, connector: str
) -> None:
    chat, other_chat = workspace.chat(), workspace.chat("Elsewhere")
    connected(workspace, connector, receiver.url(), chat_ids=[chat])
    workspace.say(chat, "Build passed")
    workspace.say(other_chat, "Not this one")
    world.pump()
    (request,) = receiver.requests()
    body = json.loads(request.body)
    assert "Build passed" in json.dumps(body)
    assert set(body) <= {"text", "content", "allowed_mentions", "type", "attachments"}


@pytest.mark.parametrize("connector", ["zapier", "make", "n8n"])
def test_a_workflow_gets_a_test_sample_and_then_events(
    world: World, workspace: Workspace, receiver: Receiver, connector: str
) -> None:
    made = connected(workspace, connector, receiver.url(), events=["message.updated", "message.created"])
    sample = workspace.make(f"/v1/connections/{made['id']}/test", {}, 202)
    world.pump()
    (request,) = receiver.requests()
    body = json.loads(request.body)
    assert (body["type"], body["test"]) == ("message.updated", True)
    delivery = workspace.call("GET", f"/v1/deliveries/{sample['id']}").json
    assert delivery["state"] == "delivered"
    learned = workspace.call("GET", f"/v1/connections/{made['id']}").json["metadata"]
    assert learned["test_delivery_id"] == sample["id"]
    workspace.say(workspace.chat(), "Started")
    world.pump()
    assert json.loads(receiver.requests()[-1].body)["data"]["message"]["text"] == "Started"


def test_a_connection_shows_its_configuration_and_its_webhook(workspace: Workspace) -> None:
    chat = workspace.chat()
    made = connected(workspace, "slack", "https://hooks.slack.example.com/x", chat_ids=[chat])
    assert made["secret"].startswith("whsec_")
    shown = workspace.call("GET", f"/v1/connections/{made['id']}").json
    assert "secret" not in shown
    assert (shown["connector"], shown["name"], shown["state"]) == ("slack", "Slack", "enabled")
    assert shown["configuration"] == {"url": "https://hooks.slack.example.com/x", "chat_ids": [chat]}
    webhook = workspace.call("GET", f"/v1/webhooks/{shown['webhook_id']}").json
    assert (webhook["format"], webhook["events"], webhook["name"]) == ("slack", ["message.created"], "Slack")


def test_a_repeated_request_connects_once(workspace: Workspace) -> None:
    body = {"connector": "make", "configuration": {"url": "https://hook.make.example.com/x"}}
    key = {"idempotency-key": "once"}
    first = workspace.call("POST", "/v1/connections", body, headers=key).json
    again = workspace.call("POST", "/v1/connections", body, headers=key)
    assert (again.status, again.json["id"], again.json["secret"]) == (201, first["id"], None)
    assert len(workspace.call("GET", "/v1/connections").json["items"]) == 1
    assert len(workspace.call("GET", "/v1/webhooks").json["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"connector": "fax", "configuration": {}}, "/connector"),
        ({"connector": "slack", "configuration": {}}, "/configuration/url"),
        ({"connector": "slack", "configuration": {"url": "ftp://x"}}, "/configuration/url"),
        ({"connector": "slack", "configuration": {"url": "https://10.0.0.1/x"}}, "/configuration/url"),
        ({"connector": "slack", "configuration": {"url": "https://a.example/", "events": []}}, "/configuration/events"),
        (
            {"connector": "n8n", "configuration": {"url": "https://a.example/", "events": ["x"]}},
            "/configuration/events/0",
        ),
        (
            {
                "connector": "slack",
                "configuration": {"url": "https://a.example/", "chat_ids": ["cht_01ARZ3NDEKTSV4RRFFQ69G5FAV"]},
            },
            "/configuration/chat_ids/0",
        ),
    ],
)
def test_a_bad_connection_is_refused_with_the_field(workspace: Workspace, body: Any, pointer: str) -> None:
    answer = workspace.call("POST", "/v1/connections", body)
    assert answer.status == 422, answer.body
    assert answer.json["errors"][0]["pointer"] == pointer
    assert workspace.call("GET", "/v1/webhooks").json["items"] == []


def test_twenty_mistakes_of_a_configuration_are_named_and_all_are_counted(workspace: Workspace) -> None:
    wrong = {f"f{number}": 1 for number in range(30)}
    body = {"connector": "slack", "configuration": {"url": "https://a.example/", **wrong}}
    answer = workspace.call("POST", "/v1/connections", body)
    assert answer.status == 422
    assert len(answer.json["errors"]) == 20
    assert answer.json["detail"].endswith("(and 29 more)")


# -- products that post here -------------------------------------------------------------------------------------------

PAYLOADS = Path(__file__).parents[2] / "unit" / "sources" / "payloads"
POSTING = ("github", "gitlab", "grafana", "sentry")


def sent(world: World, connector: str, address: str) -> Answer:
    """Post the first published payload of the product, which gives a message, as the product does."""
    event = json.loads((PAYLOADS / f"{connector}.json").read_text())[0]
    return world.call("POST", address, json_body=event["payload"], headers=event["headers"])


@pytest.mark.parametrize("connector", POSTING)
def test_a_product_posts_to_the_url_that_connecting_shows_once(
    world: World, workspace: Workspace, connector: str
) -> None:
    chat = workspace.chat()
    body = {"connector": connector, "configuration": {"chat_id": chat}}
    made = workspace.make("/v1/connections", body)
    url = f"/v1/connections/{made['id']}"
    assert (made["secret"], made["webhook_id"]) == (None, None)
    assert made["url"].startswith("https://api.test/hooks/")
    address = made["url"].removeprefix("https://api.test")
    posted = sent(world, connector, address)
    assert (posted.status, posted.body) == (200, b"ok")
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert message["attachments"][0]["title"]
    behind = workspace.call("GET", f"/v1/incoming-webhooks/{made['incoming_webhook_id']}").json
    assert (behind["source"], behind["has_sender_secret"]) == (connector, False)
    shown = workspace.call("GET", url)
    assert shown.json["configuration"] == {"chat_id": chat}
    assert address.encode() not in shown.body

    assert workspace.call("PATCH", url, {"enabled": False}).json["state"] == "disabled"
    assert sent(world, connector, address).status >= 400
    assert workspace.call("PATCH", url, {"enabled": True, "name": "Ops"}).json["state"] == "enabled"
    moved = workspace.call("PATCH", url, {"configuration": {"chat_id": workspace.chat("Other")}})
    assert (moved.status, moved.json["errors"][0]["pointer"]) == (422, "/configuration/chat_id")
    assert workspace.call("POST", f"{url}/test").status == 409
    assert workspace.call("POST", f"{url}/reset", {"confirm": True}).status == 200
    assert [one["name"] for one in workspace.call("GET", "/v1/connections").json["items"]] == ["Ops"]
    assert workspace.call("DELETE", url).status == 204
    assert sent(world, connector, address).status >= 400


@pytest.mark.parametrize("connector", POSTING)
def test_the_secret_of_a_product_is_checked_and_never_shown(world: World, workspace: Workspace, connector: str) -> None:
    configuration = {"chat_id": workspace.chat(), "sender_secret": "a-long-random-secret"}
    made = workspace.make("/v1/connections", {"connector": connector, "configuration": configuration})
    url, address = f"/v1/connections/{made['id']}", made["url"].removeprefix("https://api.test")
    assert "a-long-random-secret" not in json.dumps(made)
    assert sent(world, connector, address).status == 403
    kept = workspace.call("PATCH", url, {"configuration": {"chat_id": configuration["chat_id"]}})
    assert (kept.status, kept.json["configuration"]) == (200, {"chat_id": configuration["chat_id"]})
    assert sent(world, connector, address).status == 403
    workspace.call("PATCH", url, {"configuration": configuration | {"sender_secret": None}})
    assert sent(world, connector, address).status == 200


# -- what a person does with it ----------------------------------------------------------------------------------------


def test_a_connection_is_disabled_enabled_configured_and_renamed(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    chat, quiet = workspace.chat(), workspace.chat("Quiet")
    made = connected(workspace, "discord", receiver.url("/one"), chat_ids=[chat])
    url = f"/v1/connections/{made['id']}"
    off = workspace.call("PATCH", url, {"enabled": False}).json
    assert (off["state"], off["reason"]) == ("disabled", "disabled by a user")
    workspace.say(chat, "Nobody hears this")
    world.pump()
    assert receiver.requests() == []
    changes = {"enabled": True, "name": "Team", "configuration": {"url": receiver.url("/two"), "chat_ids": [quiet]}}
    on = workspace.call("PATCH", url, changes).json
    assert (on["state"], on["reason"], on["name"]) == ("enabled", None, "Team")
    assert on["configuration"] == changes["configuration"]
    workspace.say(chat, "Not any more")
    workspace.say(quiet, "Now here")
    world.pump()
    assert [(request.path, json.loads(request.body)["content"]) for request in receiver.requests()] == [
        ("/two", "Now here")
    ]
    for field in ("name", "enabled", "configuration"):
        assert workspace.call("PATCH", url, {field: None}).json["errors"][0]["pointer"] == f"/{field}"


def test_a_reset_is_confirmed_clears_what_was_learned_and_begins_its_time_anew(workspace: Workspace) -> None:
    made = connected(workspace, "zapier", "https://hooks.zapier.example.com/x")
    url = f"/v1/connections/{made['id']}"
    workspace.make(f"{url}/test", {}, 202)
    assert workspace.call("GET", url).json["metadata"]
    refused = workspace.call("POST", f"{url}/reset", {"confirm": False})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/confirm")
    assert workspace.call("GET", url).json["metadata"]
    reset = workspace.call("POST", f"{url}/reset", {"confirm": True}).json
    assert (reset["metadata"], reset["state"]) == ({}, "enabled")
    assert reset["connected_at"] > made["connected_at"]
    assert reset["created_at"] == made["created_at"]


def test_disconnecting_ends_the_deliveries(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    made = connected(workspace, "mattermost", receiver.url(), chat_ids=[chat])
    assert workspace.call("DELETE", f"/v1/connections/{made['id']}").status == 204
    workspace.say(chat, "Nobody hears this")
    world.pump()
    assert receiver.requests() == []
    assert workspace.call("GET", f"/v1/connections/{made['id']}").status == 404
    assert workspace.call("GET", "/v1/webhooks").json["items"] == []


def test_a_connection_whose_webhook_was_deleted_says_so_and_can_be_disconnected(workspace: Workspace) -> None:
    made = connected(workspace, "slack", "https://hooks.slack.example.com/x")
    assert workspace.call("DELETE", f"/v1/webhooks/{made['webhook_id']}").status == 204
    url = f"/v1/connections/{made['id']}"
    shown = workspace.call("GET", url).json
    assert (shown["state"], shown["reason"]) == ("broken", "its webhook was deleted")
    for answer in (workspace.call("PATCH", url, {"enabled": True}), workspace.call("POST", f"{url}/test")):
        assert answer.status == 409
        assert "connect again" in answer.json["detail"]
    assert workspace.call("DELETE", url).status == 204
    assert workspace.call("GET", "/v1/connections").json["items"] == []


# -- who may see it ----------------------------------------------------------------------------------------------------


def test_a_manager_connects_their_own_chats_and_sees_their_own_connections(workspace: Workspace) -> None:
    owners = connected(workspace, "slack", "https://hooks.slack.example.com/x")
    manager = workspace.person("manager", "connections:read", "connections:write")
    everything = {"connector": "slack", "configuration": {"url": "https://hooks.slack.example.com/y"}}
    assert manager.call("POST", "/v1/connections", everything).status == 403
    chat = workspace.chat()
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{manager.user_id}").status == 200
    mine = connected(manager, "slack", "https://hooks.slack.example.com/y", chat_ids=[chat])
    assert [one["id"] for one in manager.call("GET", "/v1/connections").json["items"]] == [mine["id"]]
    assert manager.call("GET", f"/v1/connections/{owners['id']}").status == 404
    listed = workspace.call("GET", "/v1/connections?connector=slack").json["items"]
    assert [one["id"] for one in listed] == [mine["id"], owners["id"]]
    assert workspace.call("GET", "/v1/connections?connector=n8n").json["items"] == []


def test_every_act_on_a_connection_is_audited_without_its_address(workspace: Workspace) -> None:
    made = connected(workspace, "slack", "https://hooks.slack.example.com/services/secret-part")
    url = f"/v1/connections/{made['id']}"
    assert workspace.call("PATCH", url, {"enabled": False}).status == 200
    assert workspace.call("POST", f"{url}/reset", {"confirm": True}).status == 200
    assert workspace.call("DELETE", url).status == 204
    answer = workspace.call("GET", f"/v1/audit?target={made['id']}")
    assert [record["action"] for record in answer.json["items"]] == [
        "connection.deleted",
        "connection.reset",
        "connection.edited",
        "connection.created",
    ]
    assert b"secret-part" not in answer.body


def test_every_connector_makes_a_webhook_that_can_tell_its_events() -> None:
    for connector in catalogue.CATALOGUE.values():
        if connector.configuration in (catalogue.PostingConfiguration, catalogue.OAuthConfiguration):
            continue
        configuration = connector.configuration.model_validate({"url": "https://a.example/"})
        assert isinstance(configuration, catalogue.ChatConfiguration | catalogue.AutomationConfiguration)
        webhook = connector.webhook(configuration, connector.name)
        assert (webhook.format, webhook.url) == (connector.format, "https://a.example/")
