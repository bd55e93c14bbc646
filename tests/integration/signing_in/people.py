"""Users with a password, their sessions, and their second factors."""

import itertools
from dataclasses import dataclass
from typing import Any

import pyotp
from ferryman import clock

from tests.integration.conftest import Workspace
from tests.support.world import Answer, World

HOUR = 3600


PASSWORD = "correct horse battery"


_numbers = itertools.count()


@dataclass
class Person:
    """A user with a password."""

    workspace: Workspace
    user_id: str
    email: str
    password: str = PASSWORD

    def try_to_sign_in(self, **fields: Any) -> Answer:
        body = {"email": self.email, "password": self.password, **fields}
        return self.workspace.world.call("POST", "/v1/sessions", json_body=body)

    def sign_in(self, **fields: Any) -> "Signed":
        answer = self.try_to_sign_in(**fields)
        assert answer.status == 201, answer.body
        return Signed(self.workspace.world, answer.json)


@dataclass
class Signed:
    """A session: the answer that started it, and requests with its token."""

    world: World
    json: dict[str, Any]

    @property
    def token(self) -> str:
        return str(self.json["token"])

    def call(self, method: str, target: str, json_body: Any = None, **options: Any) -> Answer:
        return self.world.call(method, target, token=self.token, json_body=json_body, **options)

    def is_accepted(self) -> bool:
        answer = self.call("GET", "/v1/me")
        assert answer.status in (200, 401)
        return answer.status == 200


def invited(workspace: Workspace, user_id: str) -> str:
    return str(workspace.make(f"/v1/users/{user_id}/invitation", None)["token"])


def accept(world: World, token: str, password: str = PASSWORD) -> Answer:
    return world.call("POST", "/v1/invitations/accept", json_body={"token": token, "password": password})


def person(workspace: Workspace, role: str = "staff", email: str | None = None, password: str = PASSWORD) -> Person:
    email = email or f"person-{next(_numbers)}@example.com"
    user = workspace.make("/v1/users", {"name": "Grace", "email": email, "role": role})
    answer = accept(workspace.world, invited(workspace, user["id"]), password)
    assert answer.status == 200, answer.body
    begun = Signed(workspace.world, answer.json["session"])  # accepting signs in; tests begin without a session
    assert begun.call("DELETE", "/v1/sessions/current").status == 204
    return Person(workspace, user["id"], email, password)


def enrolled(signed: Signed) -> tuple[pyotp.TOTP, list[str]]:
    """Enrol a second factor. Returns it and its recovery codes. The current code is used already."""
    made = signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD})
    assert made.status == 201, made.body
    totp = pyotp.TOTP(made.json["secret"])
    answer = signed.call("POST", "/v1/me/totp/verify", {"code": code_of(totp)})
    assert answer.status == 200, answer.body
    return totp, answer.json["recovery_codes"]


def code_of(totp: pyotp.TOTP, steps: int = 0) -> str:
    return totp.at(clock.now(), counter_offset=steps)


def actions(workspace: Workspace, filters: str = "") -> list[str]:
    """The actions in the audit log, oldest first."""
    items = workspace.call("GET", f"/v1/audit?{filters}&limit=100").json["items"]
    return [item["action"] for item in reversed(items)]
