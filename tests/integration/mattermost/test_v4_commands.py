"""/api/v4/commands: each row of the documented tables, and running a command through the API."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from ferryman.integrations.commands.model import RESERVED

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace
from tests.integration.mattermost.v4 import execute, refused
from tests.support.mattermost import short

type Made = dict[str, Any]
BASE = "/api/v4/commands"
FORBIDDEN = (403, "api.context.permissions.app_error")
MISSING = (404, "store.sql_command.save.get.app_error")
KEYS = [
    *("id", "token", "create_at", "update_at", "delete_at", "creator_id", "team_id", "trigger", "method", "username"),
    *("icon_url", "auto_complete", "auto_complete_desc", "auto_complete_hint", "display_name", "description", "url"),
    "plugin_id",
]


@pytest.fixture
def wanted(workspace: Workspace, receiver: Receiver) -> Made:
    return {
        "team_id": short(workspace.workspace_id),
        "trigger": "Deploy",
        "method": "P",
        "url": receiver.url("/commands"),
        "username": "deployer",
        "icon_url": "https://cdn.example.com/d.png",
        "auto_complete": True,
        "auto_complete_desc": "Deploys",
        "auto_complete_hint": "[environment]",
        "display_name": "Deployments",
        "description": "Says how it went",
    }


def test_a_command_is_created_listed_read_changed_moved_and_deleted(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    assert list(made) == KEYS
    assert {name: made[name] for name in wanted} == {**wanted, "trigger": "deploy"}
    assert len(made["token"]) == 26
    hidden, path = {**made, "token": ""}, f"{BASE}/{made['id']}"
    assert workspace.call("GET", path).json == hidden
    assert workspace.call("GET", f"{BASE}?team_id={wanted['team_id']}&custom_only=true").json == [hidden]
    changed = workspace.call("PUT", path, {**made, "method": "G", "trigger": "ship", "username": "", "token": "x"})
    assert changed.status == 200, changed.body
    assert (changed.json["method"], changed.json["trigger"], changed.json["username"]) == ("G", "ship", "")
    assert workspace.call("PUT", f"{path}/move", {"team_id": wanted["team_id"]}).json == {"status": "OK"}
    regenerated = workspace.call("PUT", f"{path}/regen_token").json
    assert list(regenerated) == ["token"]
    assert len(regenerated["token"]) == 26
    assert regenerated["token"] != made["token"]
    assert workspace.call("DELETE", path).json == {"status": "OK"}
    assert refused(workspace.call("GET", path)) == MISSING


VALID = "model.command.is_valid"
ROWS: dict[str, tuple[Made, int, str]] = {
    "no trigger": ({"trigger": ""}, 400, f"{VALID}.trigger.app_error"),
    "null for a trigger": ({"trigger": None}, 400, f"{VALID}.trigger.app_error"),
    "a slash": ({"trigger": "/deploy"}, 400, f"{VALID}.trigger.app_error"),
    "a space": ({"trigger": "de ploy"}, 400, f"{VALID}.trigger.app_error"),
    "a long trigger": ({"trigger": "a" * 129}, 400, f"{VALID}.trigger.app_error"),
    "no URL": ({"url": ""}, 400, f"{VALID}.url.app_error"),
    "a long URL": ({"url": "https://ci.example.com/" + "a" * 1024}, 400, f"{VALID}.url.app_error"),
    "no URL of HTTP": ({"url": "ftp://ci.example.com"}, 400, f"{VALID}.url_http.app_error"),
    "a URL of ours": ({"url": "https://169.254.169.254/"}, 400, f"{VALID}.url_http.app_error"),
    "no method": ({"method": None}, 400, f"{VALID}.method.app_error"),
    "an unknown method": ({"method": "PUT"}, 400, f"{VALID}.method.app_error"),
    "a long name": ({"display_name": "a" * 65}, 400, f"{VALID}.display_name.app_error"),
    "a long description": ({"description": "a" * 129}, 400, f"{VALID}.description.app_error"),
    "a wrong type": ({"trigger": 5}, 400, "api.context.invalid_body_param.app_error"),
    "another team": ({"team_id": "0" * 26}, 403, "api.context.permissions.app_error"),
    "no team": ({"team_id": None}, 403, "api.context.permissions.app_error"),
    "an icon that nobody could show": (
        {"icon_url": "javascript:1"},
        400,
        "api.context.invalid_body_param.app_error",
    ),
}


@pytest.mark.parametrize(("fields", "status", "error_id"), ROWS.values(), ids=list(ROWS))
def test_a_command_that_cannot_be_is_refused_in_mattermosts_words(
    workspace: Workspace, wanted: Made, fields: Made, status: int, error_id: str
) -> None:
    assert refused(workspace.call("POST", BASE, {**wanted, **fields})) == (status, error_id)


def test_reserved_and_used_triggers_are_duplicates(workspace: Workspace, wanted: Made) -> None:
    duplicate = (400, "api.command.duplicate_trigger.app_error")
    workspace.make(BASE, wanted)
    assert refused(workspace.call("POST", BASE, wanted)) == duplicate
    assert refused(workspace.call("POST", BASE, {**wanted, "trigger": "DEPLOY"})) == duplicate
    other = workspace.make(BASE, {**wanted, "trigger": "ship"})
    assert refused(workspace.call("PUT", f"{BASE}/{other['id']}", {**other, "trigger": "deploy"})) == duplicate
    assert len(RESERVED) == 34
    for trigger in sorted(RESERVED):
        assert refused(workspace.call("POST", BASE, {**wanted, "trigger": trigger})) == duplicate


def test_a_change_names_its_command_and_stays_in_its_team(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    path = f"{BASE}/{made['id']}"
    assert refused(workspace.call("PUT", path, {**made, "id": "0" * 26})) == (
        400,
        "api.context.invalid_body_param.app_error",
    )
    assert refused(workspace.call("PUT", path, {**made, "team_id": "0" * 26})) == (
        400,
        "api.command.team_mismatch.app_error",
    )
    assert refused(workspace.call("PUT", f"{path}/move", {"team_id": "0" * 26})) == FORBIDDEN
    assert refused(workspace.call("GET", BASE)) == (400, "api.context.invalid_url_param.app_error")
    assert refused(workspace.call("GET", f"{BASE}?team_id={'0' * 26}")) == FORBIDDEN


def test_commands_of_others_and_unknown_ones_are_not_there(
    workspace: Workspace, other: Workspace, wanted: Made
) -> None:
    made = workspace.make(BASE, wanted)
    manager = workspace.person("manager", "webhooks:write", "webhooks:read")
    tester = workspace.narrow("admin:*", environment="development")
    for caller, id_ in ((other, made["id"]), (manager, made["id"]), (tester, made["id"]), (workspace, "0" * 26)):
        path = f"{BASE}/{id_}"
        for method, target in (("GET", path), ("DELETE", path), ("PUT", f"{path}/regen_token")):
            assert refused(caller.call(method, target)) == MISSING
        assert refused(caller.call("PUT", path, {**made, "id": id_})) == MISSING
    assert refused(workspace.call("GET", f"{BASE}/nobody")) == (400, "api.context.invalid_url_param.app_error")


def test_each_call_needs_its_scope(workspace: Workspace, wanted: Made, chat: str) -> None:
    made = workspace.make(BASE, wanted)
    path, nobody = f"{BASE}/{made['id']}", workspace.narrow("chats:read")
    reader = workspace.narrow("webhooks:read")
    for caller in (nobody, reader):
        assert refused(caller.call("POST", BASE, wanted)) == FORBIDDEN
        assert refused(caller.call("PUT", path, made)) == FORBIDDEN
        assert refused(caller.call("DELETE", path)) == FORBIDDEN
        assert refused(caller.call("PUT", f"{path}/regen_token")) == FORBIDDEN
        assert refused(execute(caller, chat, "/deploy")) == FORBIDDEN
    assert refused(nobody.call("GET", path)) == FORBIDDEN
    assert reader.call("GET", path).status == 200
    team = f"/api/v4/teams/{wanted['team_id']}/commands"
    assert refused(reader.call("GET", f"{team}/autocomplete")) == FORBIDDEN


def test_suggestions_show_everybody_what_only_they_need(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    workspace.make(BASE, {**wanted, "trigger": "hidden", "auto_complete": False})
    colleague = workspace.person("staff", "messages:write")
    team = f"/api/v4/teams/{wanted['team_id']}/commands"
    secret = ("token", "creator_id", "method", "url", "username", "icon_url")
    assert colleague.call("GET", f"{team}/autocomplete").json == [made | dict.fromkeys(secret, "")]
    suggested = colleague.call("GET", f"{team}/autocomplete_suggestions?user_input=/de").json
    assert suggested == [
        {
            "Complete": "deploy",
            "Suggestion": "deploy",
            "Hint": "[environment]",
            "Description": "Deploys",
            "IconData": "",
        }
    ]
    assert colleague.call("GET", f"{team}/autocomplete_suggestions?user_input=/x").json == []
    assert refused(colleague.call("GET", f"{team}/autocomplete_suggestions")) == (
        400,
        "api.context.invalid_url_param.app_error",
    )
    assert refused(colleague.call("GET", f"/api/v4/teams/{'0' * 26}/commands/autocomplete")) == FORBIDDEN


# --- executing --------------------------------------------------------------------------------------------------------


def test_executing_answers_with_all_that_the_receiver_said(
    workspace: Workspace, receiver: Receiver, wanted: Made, chat: str
) -> None:
    made = workspace.make(BASE, {**wanted, "username": "", "icon_url": ""})
    answer = {
        "response_type": "in_channel",
        "text": "Deploying",
        "username": "CI",
        "goto_location": "https://ci.example.com/1",
        "props": {"a": 1, "attachments": [{"actions": [{"name": "x", "integration": {"url": "https://secret"}}]}]},
        "attachments": [{"text": "box", "actions": [{"name": "go", "integration": {"url": "https://secret"}}]}],
        "extra_responses": [{"text": "more"}],
        "unknown": 1,
    }
    body = json.dumps(answer).encode()
    receiver.answer("/commands", Answer(body=body, headers={"Content-Type": "application/json"}))
    ran = execute(workspace, chat, "/Deploy prod", team_id=wanted["team_id"])
    assert ran.status == 200, ran.body
    assert b"https://secret" not in ran.body
    shown = ran.json
    sent = dict(parse_qsl(receiver.requests("/commands")[0].body.decode()))
    assert (sent["token"], sent["command"], sent["text"]) == (made["token"], "/deploy", "prod")
    assert shown.pop("trigger_id") == sent["trigger_id"]
    assert shown.pop("attachments") == [{"text": "box", "actions": [{"name": "go"}]}]
    assert [one["text"] for one in shown.pop("extra_responses")] == ["more"]
    assert shown.pop("props")["a"] == 1
    assert shown == {
        "response_type": "in_channel",
        "text": "Deploying",
        "username": "CI",
        "channel_id": "",
        "icon_url": "",
        "type": "",
        "goto_location": "https://ci.example.com/1",
        "skip_slack_parsing": False,
    }
    posts = workspace.call("GET", f"/api/v4/channels/{short(chat)}/posts").json
    said = [posts["posts"][id_] for id_ in reversed(posts["order"])]
    assert [(post["message"], post["props"]["from_webhook"]) for post in said] == [
        ("Deploying", "true"),
        ("more", "true"),
    ]
    assert said[0]["props"]["override_username"] == "CI"


EXECUTE = "api.command.execute_command"


@pytest.mark.parametrize("command", ["", "/", "deploy", " /deploy"])
def test_a_text_without_a_trigger_is_refused(workspace: Workspace, chat: str, command: str) -> None:
    assert refused(execute(workspace, chat, command)) == (400, f"{EXECUTE}.start.app_error")


def test_an_unknown_trigger_is_refused_with_advice(workspace: Workspace, chat: str) -> None:
    answer = execute(workspace, chat, "/Nothing at all")
    assert refused(answer) == (404, f"{EXECUTE}.not_found.app_error")
    assert answer.json["message"].startswith("Command with a trigger of 'nothing' not found. To send a message")


def test_channels_and_teams_that_are_not_the_callers_are_refused(
    workspace: Workspace, other: Workspace, wanted: Made, chat: str
) -> None:
    workspace.make(BASE, wanted)
    stranger = workspace.person("staff", "messages:write")
    for caller in (stranger, other):
        assert refused(execute(caller, chat, "/deploy")) == FORBIDDEN
    assert refused(execute(workspace, chat, "/deploy", team_id="0" * 26)) == FORBIDDEN
    assert refused(execute(workspace, "cht_x", "/deploy")) == (400, "api.context.invalid_body_param.app_error")
    assert refused(workspace.call("POST", f"{BASE}/execute", ["/deploy"])) == (
        400,
        "api.context.invalid_body_param.app_error",
    )
    assert workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False}).status == 200
    assert refused(execute(workspace, chat, "/deploy"))[0] == 400


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (Answer(status=500), "failed_resp", "Command with a trigger of 'deploy' returned response 500."),
        (Answer(status=204), "failed_resp", "Command with a trigger of 'deploy' returned response 204."),
        (
            Answer(body=b"{", headers={"Content-Type": "application/json"}),
            "failed",
            "Command with a trigger of 'deploy' failed.",
        ),
        (
            Answer(body=b'{"text": "x", "type": "system_join"}', headers={"Content-Type": "application/json"}),
            "create_post_failed",
            "Command 'deploy' failed to post response. Please contact your System Administrator.",
        ),
    ],
)
def test_a_failing_receiver_is_told_in_mattermosts_words(
    workspace: Workspace, receiver: Receiver, wanted: Made, chat: str, answer: Answer, error: str, message: str
) -> None:
    workspace.make(BASE, wanted)
    receiver.answer("/commands", answer)
    ran = execute(workspace, chat, "/deploy")
    assert refused(ran) == (400, f"{EXECUTE}.{error}.app_error")
    assert ran.json["message"] == message


def test_without_the_plan_commands_and_hooks_are_switched_off(workspace: Workspace, wanted: Made) -> None:
    made = workspace.make(BASE, wanted)
    workspace.world.invoke("plan", {"workspace_id": workspace.workspace_id, "plan": "free"})
    assert refused(workspace.call("POST", BASE, wanted)) == (501, "api.command.disabled.app_error")
    assert refused(workspace.call("POST", "/api/v4/hooks/outgoing", wanted)) == (
        501,
        "api.outgoing_webhook.disabled.app_error",
    )
    assert workspace.call("DELETE", f"{BASE}/{made['id']}").status == 200
