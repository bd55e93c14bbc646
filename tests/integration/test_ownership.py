"""An object whose owner lost the right to it is disabled with the reason, and only a person can enable it again."""

from typing import Any

import pytest

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.world import Answer, World

type Made = dict[str, Any]


def refused(answer: Answer, field: str) -> bool:
    return answer.status == 422 and answer.json["errors"][0]["pointer"] == field


class Leaver:
    """An admin who owns one object of each kind, and will lose the role."""

    def __init__(self, workspace: Workspace, receiver: Receiver) -> None:
        self.workspace, self.receiver, self.world = workspace, receiver, workspace.world
        self.admin = workspace.person("admin", "admin:*")
        self.chat = workspace.chat(member_ids=[self.admin.user_id], external_id="group-1")
        make = self.admin.make
        url = receiver.url
        events = ["message.created"]
        self.every = make("/v1/webhooks", {"url": url("/every"), "events": events})
        self.chats = make("/v1/webhooks", {"url": url("/chats"), "events": events, "chat_ids": [self.chat]})
        self.incoming = make("/v1/incoming-webhooks", {"chat_id": self.chat, "name": "CI"})
        application = {"app_name": "app", "chat_id": self.chat, "webhook_url": url("/application")}
        self.application = make("/v1/applications", application)
        self.bot = make("/v1/bots", {"name": "Bot", "handle": "bot"})
        assert workspace.call("PUT", f"/v1/chats/{self.chat}/members/{self.bot['id']}").status == 200
        self.callback = make(f"/v1/bots/{self.bot['id']}/callbacks", {"url": url("/callback")})
        self.others_bot = workspace.make("/v1/bots", {"name": "Other", "handle": "other"})
        self.others_token = make(f"/v1/bots/{self.others_bot['id']}/tokens", {})

    def loses(self, **changes: Any) -> None:
        answer = self.workspace.call("PATCH", f"/v1/users/{self.admin.user_id}", changes)
        assert answer.status == 200, answer.body

    def flow(self) -> set[str]:
        """The objects that still send or accept data."""
        paths = ("/every", "/chats", "/callback")
        before = {path: len(self.receiver.requests(path)) for path in paths}
        self.workspace.make(f"/v1/chats/{self.chat}/messages", {"text": "@bot secret"})
        self.world.pump()
        flows = {path for path in paths if len(self.receiver.requests(path)) > before[path]}
        hook = self.incoming["url"].removeprefix("https://api.test")
        if self.world.call("POST", hook, json_body={"text": "in"}).status == 200:
            flows.add("incoming")
        address = f"/webhooks/app/{self.application['token']}"
        if self.world.call("POST", address, json_body={"text": "in"}).status == 200:
            flows.add("application")
        for name, token in (("bot", self.bot["token"]), ("other bot", self.others_token["token"])):
            if self.world.call("GET", "/v1/me", token=token).status == 200:
                flows.add(name)
        return flows

    def reasons(self) -> dict[str, Any]:
        shown = {
            "every": f"/v1/webhooks/{self.every['id']}",
            "chats": f"/v1/webhooks/{self.chats['id']}",
            "incoming": f"/v1/incoming-webhooks/{self.incoming['id']}",
            "application": f"/v1/applications/{self.application['id']}",
            "application's callback": f"/v1/webhooks/{self.application['webhook_id']}",
            "bot": f"/v1/bots/{self.bot['id']}",
            "callback": f"/v1/bots/{self.bot['id']}/callbacks/{self.callback['id']}",
        }
        return {name: self.workspace.call("GET", path).json["disabled_reason"] for name, path in shown.items()}


ALL = {"/every", "/chats", "/callback", "incoming", "application", "bot", "other bot"}


@pytest.fixture
def leaver(workspace: Workspace, receiver: Receiver) -> Leaver:
    return Leaver(workspace, receiver)


@pytest.mark.parametrize(
    ("change", "reason"), [({"active": False}, "owner_deactivated"), ({"role": "staff"}, "owner_may_not")]
)
def test_who_loses_rights_loses_the_flow_of_data(leaver: Leaver, change: Made, reason: str) -> None:
    assert leaver.flow() == ALL
    leaver.loses(**change)
    assert leaver.flow() == set()
    assert set(leaver.reasons().values()) == {reason}
    tokens = leaver.workspace.call("GET", f"/v1/bots/{leaver.others_bot['id']}/tokens").json["items"]
    assert [token["revoked_reason"] for token in tokens if token["id"] == leaver.others_token["id"]] == [reason]


def test_nothing_comes_back_with_the_rights(leaver: Leaver) -> None:
    leaver.loses(active=False)
    leaver.loses(active=True)
    assert leaver.flow() == set()
    state = {"state": "enabled"}
    for path, body in (
        (f"/v1/webhooks/{leaver.every['id']}", state),
        (f"/v1/webhooks/{leaver.chats['id']}", state),
        (f"/v1/incoming-webhooks/{leaver.incoming['id']}", state),
        (f"/v1/applications/{leaver.application['id']}", state),
        (f"/v1/bots/{leaver.bot['id']}", {"active": True}),
        (f"/v1/webhooks/{leaver.callback['id']}", state),
    ):
        answer = leaver.workspace.call("PATCH", path, body)
        assert (answer.status, answer.json["disabled_reason"]) == (200, None), answer.body
    assert leaver.flow() == ALL - {"other bot"}


def test_a_manager_keeps_what_a_manager_may_have(leaver: Leaver) -> None:
    leaver.loses(role="manager")
    assert leaver.flow() == {"/chats", "incoming"}
    assert leaver.reasons()["every"] == "owner_may_not"


def test_a_thing_that_was_handed_over_can_be_enabled(leaver: Leaver) -> None:
    leaver.loses(active=False)
    owner = leaver.workspace.user_id
    for kind, made, enabling in (
        ("webhooks", leaver.every, {"state": "enabled"}),
        ("webhooks", leaver.chats, {"state": "enabled"}),
        ("incoming-webhooks", leaver.incoming, {"state": "enabled"}),
        ("applications", leaver.application, {"state": "enabled"}),
        ("bots", leaver.bot, {"active": True}),
    ):
        path = f"/v1/{kind}/{made['id']}"
        answer = leaver.workspace.call("PATCH", path, enabling)
        assert answer.status == 409 and "Hand it over" in answer.json["detail"], answer.body
        given = leaver.workspace.call("PUT", f"{path}/owner", {"user_id": owner})
        assert (given.status, given.json["owner_id"], given.json["created_by"]) == (200, owner, leaver.admin.user_id)
        assert leaver.workspace.call("PATCH", path, enabling).status == 200
    callback = f"/v1/bots/{leaver.bot['id']}/callbacks/{leaver.callback['id']}"
    assert leaver.workspace.call("PATCH", callback, {"state": "enabled"}).status == 200
    assert leaver.flow() == ALL - {"other bot"}
    actions = [item["action"] for item in leaver.workspace.call("GET", "/v1/audit").json["items"]]
    assert {f"{kind}.handed_over" for kind in ("webhook", "incoming_webhook", "application", "bot")} <= set(actions)
    leaver.loses(active=True)
    leaver.loses(active=False)
    assert leaver.flow() == ALL - {"other bot", "bot"}  # somebody else's bot loses the token that the leaver knows


def test_a_thing_is_handed_only_to_a_user_who_may_have_it(leaver: Leaver) -> None:
    staff = leaver.workspace.person("staff")
    manager = leaver.workspace.person("manager", "webhooks:write")
    gone = leaver.workspace.person("admin")
    assert leaver.workspace.call("PATCH", f"/v1/users/{gone.user_id}", {"active": False}).status == 200
    for made, whom in ((leaver.chats, staff), (leaver.every, manager), (leaver.chats, gone)):
        answer = leaver.workspace.call("PUT", f"/v1/webhooks/{made['id']}/owner", {"user_id": whom.user_id})
        assert refused(answer, "/user_id")
    bot = {"user_id": leaver.bot["id"]}
    assert refused(leaver.workspace.call("PUT", f"/v1/webhooks/{leaver.chats['id']}/owner", bot), "/user_id")
    assert manager.call("PUT", f"/v1/webhooks/{leaver.chats['id']}/owner", {"user_id": manager.user_id}).status == 403
    given = leaver.workspace.call("PUT", f"/v1/webhooks/{leaver.chats['id']}/owner", {"user_id": manager.user_id})
    assert given.status == 200
    assert manager.call("GET", f"/v1/webhooks/{leaver.chats['id']}").status == 403  # the token may only write
    assert manager.call("DELETE", f"/v1/webhooks/{leaver.chats['id']}").status == 204


def test_admins_are_notified_of_each_thing_that_was_disabled(leaver: Leaver) -> None:
    leaver.loses(active=False)
    leaver.world.invoke("notifier", {})
    (told,) = leaver.workspace.call("GET", "/v1/me/notifications").json["items"]
    assert told["title"] == "Admin was deactivated, and what they may not have any more is disabled"
    assert "4 webhooks, 1 incoming webhooks, 1 applications, 1 bots, 1 bot tokens" in told["body"]


def test_a_webhook_says_which_chats_its_owner_left(workspace: Workspace) -> None:
    manager = workspace.person("manager", "webhooks:write", "webhooks:read")
    stays = workspace.chat(member_ids=[manager.user_id])
    leaves = workspace.chat(member_ids=[manager.user_id])
    body = {"url": "https://ci.example.com/", "events": ["message.created"], "chat_ids": [stays, leaves]}
    made = manager.make("/v1/webhooks", body)
    assert made["not_heard_chat_ids"] == []
    assert workspace.call("DELETE", f"/v1/chats/{leaves}/members/{manager.user_id}").status == 204
    shown = manager.call("GET", f"/v1/webhooks/{made['id']}").json
    listed = workspace.call("GET", "/v1/webhooks").json["items"][0]
    assert shown["not_heard_chat_ids"] == listed["not_heard_chat_ids"] == [leaves]


def test_a_closed_chat_does_not_open_a_disabled_url(world: World, leaver: Leaver) -> None:
    path = f"/v1/incoming-webhooks/{leaver.incoming['id']}"
    assert leaver.workspace.call("PATCH", path, {"state": "disabled"}).json["disabled_reason"] == "disabled by a user"
    for active in (False, True):
        assert leaver.workspace.call("PATCH", f"/v1/chats/{leaver.chat}", {"active": active}).status == 200
    assert "incoming" not in leaver.flow()
    new = leaver.workspace.make(f"{path}/regenerate", None, 200)["url"].removeprefix("https://api.test")
    assert world.call("POST", new, json_body={"text": "x"}).status == 409
    assert leaver.workspace.call("PATCH", path, {"state": "enabled"}).json["state"] == "enabled"
    assert world.call("POST", new, json_body={"text": "x"}).status == 200
