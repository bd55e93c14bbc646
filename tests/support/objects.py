"""Creates an object of a workspace for every path parameter, and a valid body for every request model.

The generated tests (matrix, fuzz, events) cover new routes without a change. A new path parameter or request model may
need one line here.
"""

import random
import re
import string
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pydantic
from ferryman import ids
from ferryman.http.routes import Route
from ferryman.identity.credentials import secrets

from tests.support import pictures

if TYPE_CHECKING:
    from tests.integration.conftest import Workspace

PARAMETER = re.compile(r"\{(\w+)\}")


class Objects:
    """The objects of one workspace. Its owner creates each object when a test first asks for it."""

    def __init__(self, owner: "Workspace") -> None:
        self.owner = owner
        self._made: dict[str, str] = {}

    def id(self, parameter: str) -> str:
        """The id of an existing object for a path parameter. Fails if the parameter has no factory."""
        if parameter not in FACTORIES:
            raise AssertionError(
                f"The path parameter {{{parameter}}} has no factory: "
                "add one to FACTORIES in tests/support/objects.py, so that the generated tests cover its routes."
            )
        if parameter not in self._made:
            self._made[parameter] = FACTORIES[parameter](self)
        return self._made[parameter]

    def ids(self, operation: Route) -> dict[str, str]:
        """Ids of existing objects for all path parameters of an operation."""
        return {parameter: self.id(parameter) for parameter in PARAMETER.findall(operation.path)}

    def body(self, operation: Route) -> Any:
        """A body that the operation accepts, or None if it takes no body. Fails for a model without a sample."""
        if "image/png" in (operation.content or {}):
            return pictures.png()
        if operation.content:
            return next(iter(operation.content.values())).get("example")
        if operation.takes is None:
            return None
        name = operation.takes.__name__
        if name in BODIES:
            return BODIES[name](self)
        try:
            operation.takes.model_validate(body := _from_examples(operation.takes))
        except pydantic.ValidationError:
            raise AssertionError(
                f"The request model {name} has no sample: add one to BODIES in tests/support/objects.py, "
                "so that the generated tests cover its routes."
            ) from None
        return body


def _from_examples(model: type[pydantic.BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    properties = schema.get("properties", {})
    return {name: properties[name].get("examples", [None])[0] for name in schema.get("required", [])}


def path(operation: Route, parameters: dict[str, str]) -> str:
    """The operation's path with these ids in place of its parameters, percent-encoded."""
    return PARAMETER.sub(lambda match: quote(parameters[match[1]], safe=""), operation.path)


def unknown_like(real: str) -> str:
    """A new id of the same form as `real`, which names no object."""
    if re.fullmatch(r"[a-z]{3}_[0-7][0-9A-HJKMNP-TV-Z]{25}", real):
        return ids.new(real[:3])
    if ids.of_delivery(real):
        return ids.delivery(ids.new(ids.EVENT), ids.new(ids.WEBHOOK))
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    choose = random.SystemRandom().choice
    return "".join(next((choose(kind) for kind in kinds if letter in kind), letter) for letter in real)


def _message(objects: Objects) -> str:
    made = objects.owner.make(f"/v1/chats/{objects.id('chat_id')}/messages", {"text": "Build passed"})
    return str(made["id"])


def _user(objects: Objects) -> str:
    """The id of a new user who belongs to the chat."""
    email = f"{uuid.uuid4().hex}@example.com"
    made = objects.owner.make("/v1/users", {"name": "Grace", "email": email, "role": "staff"})
    added = objects.owner.call("PUT", f"/v1/chats/{objects.id('chat_id')}/members/{made['id']}")
    assert added.status == 200, added.body
    return str(made["id"])


def _token(objects: Objects) -> str:
    body = {"name": "CI", "scopes": ["chats:read"], "environment": "production"}
    made = objects.owner.make("/v1/tokens", body)
    objects._made["secret_of_token"] = made["token"]
    return str(made["id"])


def _bot(objects: Objects) -> str:
    """The id of a new bot. The bot's first token and a callback are created as well."""
    made = objects.owner.make("/v1/bots", BODIES["BotIn"](objects))
    objects._made["bot_token_id"] = made["token_id"]
    callback = objects.owner.make(f"/v1/bots/{made['id']}/callbacks", {"url": "https://bots.example.com/in"})
    objects._made["callback_id"] = callback["id"]
    return str(made["id"])


def _callback_delivery(objects: Objects) -> str:
    return str(objects.owner.make(f"{_callback(objects)}/test", {}, 202)["id"])


def _callback_replay(objects: Objects) -> str:
    return str(objects.owner.make(f"{_callback(objects)}/replays", {}, 202)["id"])


def _callback(objects: Objects) -> str:
    return f"/v1/bots/{objects.id('bot_id')}/callbacks/{objects.id('callback_id')}"


def _with_bot(name: str) -> Callable[[Objects], str]:
    def made(objects: Objects) -> str:
        objects.id("bot_id")
        return objects._made[name]

    return made


def _incoming_webhook(objects: Objects) -> str:
    made = objects.owner.make("/v1/incoming-webhooks", {"chat_id": objects.id("chat_id"), "name": "CI"})
    objects._made["secret"] = urlsplit(made["url"]).path.rpartition("/")[2]
    return str(made["id"])


def _secret(objects: Objects) -> str:
    objects.id("incoming_webhook_id")
    return objects._made["secret"]


def _webhook(objects: Objects) -> str:
    return str(objects.owner.make("/v1/webhooks", BODIES["WebhookIn"](objects))["id"])


def _connection(objects: Objects) -> str:
    return str(objects.owner.make("/v1/connections", BODIES["ConnectionIn"](objects))["id"])


def _personal_webhook(objects: Objects) -> str:
    return str(objects.owner.make("/v1/me/webhooks", {"url": "https://me.example.com/fluxdesk-events"})["id"])


def _personal_delivery(objects: Objects) -> str:
    return str(objects.owner.make(f"/v1/me/webhooks/{objects.id('personal_webhook_id')}/test", {}, 202)["id"])


def _personal_replay(objects: Objects) -> str:
    return str(objects.owner.make(f"/v1/me/webhooks/{objects.id('personal_webhook_id')}/replays", {}, 202)["id"])


def _notification(objects: Objects) -> str:
    """The id of a notification that the owner sent and received."""
    body = {"type": "system", "title": "The nightly import ran", "user_ids": [objects.owner.user_id]}
    made = objects.owner.make("/v1/notifications", body)
    objects.owner.world.invoke("notifier", {})
    return str(made["id"])


def _delivery(objects: Objects) -> str:
    return str(objects.owner.make(f"/v1/webhooks/{objects.id('webhook_id')}/test", {}, 202)["id"])


def _replay(objects: Objects) -> str:
    return str(objects.owner.make(f"/v1/webhooks/{objects.id('webhook_id')}/replays", {}, 202)["id"])


def _application(objects: Objects) -> str:
    """The id of a new application that has a group and may message people.

    Its token, a message to the owner and the context of that message are created as well.
    """
    assert objects.owner.call("PATCH", f"/v1/chats/{objects.id('chat_id')}", {"external_id": "group-1"}).status == 200
    name = f"app-{uuid.uuid4().hex[:12]}"
    made = objects.owner.make(
        "/v1/applications",
        {"app_name": name, "chat_id": objects.id("chat_id"), "may_message_people": True, "context_seconds": 86_400},
    )
    objects._made |= {"app_name": name, "token": made["token"]}
    email = objects.owner.call("GET", f"/v1/users/{objects.owner.user_id}").json["email"]
    keyboard = {"inlineKeyboard": [[{"text": "Yes", "callbackData": "yes"}, {"text": "No", "callbackData": "no"}]]}
    sent = objects.owner.make(
        f"/webhooks/{made['token']}/fchat", {"email": email, "text": "Sure?", "reply_markup": keyboard}, 200
    )
    context = objects.owner.call("GET", f"/v1/contexts/{sent['context']['id']}").json
    objects._made |= {"context_id": context["id"], "button_message_id": context["message_id"]}
    return str(made["id"])


def _with_application(name: str) -> Callable[[Objects], str]:
    def made(objects: Objects) -> str:
        objects.id("application_id")
        return objects._made[name]

    return made


def _session(objects: Objects) -> str:
    return str(objects.owner.signed_in().call("GET", "/v1/sessions").json["items"][0]["id"])


def _post(objects: Objects) -> str:
    sent = {"channel_id": objects.id("channel_id"), "message": "Build passed"}
    return str(objects.owner.make("/api/v4/posts", sent)["id"])


def _outgoing_hook(objects: Objects) -> str:
    hook = {
        "team_id": objects.id("team_id"),
        "channel_id": objects.id("channel_id"),
        "trigger_words": ["deploy"],
        "callback_urls": ["https://ci.example.com/deploy"],
    }
    return str(objects.owner.make("/api/v4/hooks/outgoing", hook)["id"])


def _command(objects: Objects) -> str:
    return str(objects.owner.make("/v1/commands", BODIES["CommandIn"](objects))["id"])


def _avatar(objects: Objects) -> str:
    """The last path segment of the address of a bot's avatar."""
    answer = objects.owner.call("PUT", f"/v1/bots/{objects.id('bot_id')}/avatar", pictures.png())
    assert answer.status == 200, answer.body
    return str(answer.json["avatar_url"].rpartition("/")[2])


FACTORIES: dict[str, Callable[[Objects], str]] = {
    "app_name": _with_application("app_name"),
    "application_id": _application,
    "avatar": _avatar,
    "asset": lambda _: "start.js",
    "bot_id": _bot,
    "bot_token_id": _with_bot("bot_token_id"),
    "button_message_id": _with_application("button_message_id"),
    "callback_delivery_id": _callback_delivery,
    "callback_id": _with_bot("callback_id"),
    "callback_replay_id": _callback_replay,
    "chat_id": lambda objects: objects.owner.chat(),
    "command_id": _command,
    "v4_command_id": lambda objects: objects.id("command_id").removeprefix("cmd_").lower(),
    "action_id": lambda _: "go",
    "response_secret": lambda _: secrets.new_mattermost_secret(),
    "connection_id": _connection,
    "context_id": _with_application("context_id"),
    "delivery_id": _delivery,
    "incoming_webhook_id": _incoming_webhook,
    "message_id": _message,
    "notification_id": _notification,
    "personal_delivery_id": _personal_delivery,
    "personal_replay_id": _personal_replay,
    "personal_webhook_id": _personal_webhook,
    "replay_id": _replay,
    "secret": _secret,
    # In Mattermost's API an id is ours without its prefix.
    "v4_user_id": lambda objects: objects.id("user_id").removeprefix("usr_").lower(),
    "username": lambda objects: objects.id("user_id").removeprefix("usr_").lower(),
    "email": lambda objects: str(objects.owner.call("GET", "/v1/me").json["user"]["email"]),
    "team_id": lambda objects: objects.owner.workspace_id.removeprefix("wsp_").lower(),
    "team_name": lambda objects: objects.owner.workspace_id.removeprefix("wsp_").lower(),
    "outgoing_hook_id": _outgoing_hook,
    "v4_post_id": _post,
    "incoming_hook_id": lambda objects: str(
        objects.owner.make("/api/v4/hooks/incoming", {"channel_id": objects.id("channel_id")})["id"]
    ),
    "v4_bot_id": lambda objects: str(
        objects.owner.make("/api/v4/bots", {"username": f"bot-{uuid.uuid4().hex[:8]}"})["user_id"]
    ),
    "v4_token_id": lambda objects: str(objects.owner.make("/api/v4/users/me/tokens", {"description": "CI"}, 200)["id"]),
    "channel_id": lambda objects: objects.id("chat_id").removeprefix("cht_").lower(),
    "channel_name": lambda objects: objects.id("chat_id").removeprefix("cht_").lower(),
    "workspace_key": lambda objects: f"T{ids.ulid(objects.owner.workspace_id)}",
    "hook_key": lambda objects: f"B{ids.ulid(objects.id('incoming_webhook_id'))}",
    "session_id": _session,
    "token": _with_application("token"),
    "token_id": _token,
    "user_id": _user,
    "webhook_id": _webhook,
}

BODIES: dict[str, Callable[[Objects], dict[str, Any]]] = {
    "AcceptIn": lambda _: {"token": secrets.new_invitation(), "password": "correct horse battery"},
    "ApplicationIn": lambda _: {"app_name": f"app-{uuid.uuid4().hex[:12]}"},
    "BotIn": lambda _: {"name": "Deploy bot", "handle": f"bot-{uuid.uuid4().hex[:20]}"},
    "CodeIn": lambda _: {"code": "123456"},
    "InteractionIn": lambda _: {"row": 0, "column": 0},
    "IncomingWebhookIn": lambda objects: {"chat_id": objects.id("chat_id"), "name": "CI"},
    "CommandIn": lambda _: {
        "trigger": f"deploy-{uuid.uuid4().hex[:12]}",
        "url": "https://ci.example.com/commands",
    },
    "NotificationIn": lambda objects: {"type": "system", "title": "Done", "user_ids": [objects.owner.user_id]},
    "MessagePatch": lambda _: {"text": "Build failed"},
    "ConnectionIn": lambda objects: {
        "connector": "slack",
        "configuration": {
            "url": "https://hooks.slack.example.com/services/T0/B0/x",
            "chat_ids": [objects.id("chat_id")],
        },
    },
    "DeletionIn": lambda _: {"ids": [ids.new(ids.WEBHOOK)]},
    "EmailIn": lambda _: {"email": "new@example.com", "current_password": "not the right one"},
    "StepUpIn": lambda _: {"current_password": "not the right one"},
    "PasswordIn": lambda _: {"current_password": "not the right one", "new_password": "correct horse battery"},
    "ProofIn": lambda _: {"current_password": "not the right one", "code": "123456"},
    "RevocationIn": lambda _: {"ids": [ids.new(ids.TOKEN)]},
    "SessionIn": lambda _: {"email": f"{uuid.uuid4().hex}@example.com", "password": "correct horse battery"},
    "ShownIn": lambda _: {"token": secrets.new_token(livemode=True)},
    "TokenIn": lambda _: {"name": "CI", "scopes": ["chats:read"], "environment": "production"},
    "UserIn": lambda _: {"name": "Grace", "email": f"{uuid.uuid4().hex}@example.com"},
    "WebhookIn": lambda objects: {
        "url": "https://ci.example.com/ferryman",
        "events": ["message.created"],
        "chat_ids": [objects.id("chat_id")],
    },
}
