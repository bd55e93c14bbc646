"""The second factor: enrolling, one-time codes, recovery codes, and losing it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from ferryman.identity.logins import second_factor

from tests.integration.conftest import Workspace
from tests.integration.signing_in.people import (
    PASSWORD,
    Person,
    _numbers,
    accept,
    actions,
    code_of,
    enrolled,
    invited,
    person,
)
from tests.support.clients import aws_client
from tests.support.meanwhile import meanwhile
from tests.support.world import World


def test_a_second_factor_is_enrolled_verified_used_and_removed(
    workspace: Workspace, later: Callable[[float], None]
) -> None:
    grace = person(workspace)
    later(30)
    signed = grace.sign_in()
    made = signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD})
    assert made.status == 201
    totp = pyotp.parse_uri(made.json["uri"])
    assert made.json["qr_svg"] == second_factor.qr_svg(made.json["uri"])
    assert made.json["qr_svg"].startswith('<svg xmlns="http://www.w3.org/2000/svg"')  # an image of its own, too
    assert isinstance(totp, pyotp.TOTP)
    assert (totp.secret, totp.issuer, totp.name) == (made.json["secret"], "Ferryman", grace.email)
    assert grace.try_to_sign_in().status == 201, "not active before its first code"
    verified = signed.call("POST", "/v1/me/totp/verify", {"code": code_of(totp)})
    assert len(set(verified.json["recovery_codes"])) == 10

    needed = grace.try_to_sign_in()
    assert (needed.status, needed.json["type"]) == (401, "urn:ferryman:problem:second-factor-required")
    assert grace.try_to_sign_in(password="wrong password", code=code_of(totp, 1)).json["type"].endswith("unauthorized")
    later(30)
    assert grace.try_to_sign_in(code=code_of(totp)).status == 201
    assert signed.is_accepted()

    later(30)
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "code": code_of(totp)}).status == 204
    assert grace.try_to_sign_in().status == 201
    assert actions(workspace, f"target={grace.user_id}")[-2:] == ["totp.activated", "totp.removed"]


def test_a_code_is_accepted_once(workspace: Workspace, later: Callable[[float], None]) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    totp, _ = enrolled(signed)
    assert grace.try_to_sign_in(code=code_of(totp)).status == 401, "it activated the second factor"
    later(30)
    code = code_of(totp)
    assert grace.try_to_sign_in(code=code).status == 201
    again = grace.try_to_sign_in(code=code)
    assert (again.status, again.json["type"]) == (401, "urn:ferryman:problem:second-factor-required")
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "code": code}).status == 422
    assert grace.try_to_sign_in(code=code_of(totp, -1)).status == 401, "nor an earlier one"


def test_a_code_that_two_present_at_the_same_moment_lets_one_in(
    workspace: Workspace, later: Callable[[float], None]
) -> None:
    grace = person(workspace)
    totp, _ = enrolled(grace.sign_in())
    later(30)
    code = code_of(totp)
    statuses: list[int] = []
    with meanwhile(lambda: statuses.append(grace.try_to_sign_in(code=code).status)):
        statuses.append(grace.try_to_sign_in(code=code).status)
    assert sorted(statuses) == [201, 401]


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 201), (0, 201), (1, 201), (2, 401)])
def test_a_code_may_be_one_step_early_or_late(
    workspace: Workspace, later: Callable[[float], None], steps: int, status: int
) -> None:
    grace = person(workspace)
    totp, _ = enrolled(grace.sign_in())
    later(300)
    assert grace.try_to_sign_in(code=code_of(totp, steps)).status == status


def test_each_recovery_code_works_once_however_it_is_typed(
    workspace: Workspace, later: Callable[[float], None]
) -> None:
    grace = person(workspace)
    totp, codes = enrolled(grace.sign_in())
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
    later(1)
    assert grace.try_to_sign_in(recovery_code=codes[0]).status == 201
    assert grace.try_to_sign_in(recovery_code=codes[0]).status == 401
    typed = codes[1].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert grace.try_to_sign_in(recovery_code=typed).status == 201
    assert grace.try_to_sign_in(recovery_code=codes[1]).status == 401
    assert grace.try_to_sign_in(recovery_code="0000-0000-0000-0000-0000-0000").status == 401
    used = [
        record["details"]
        for record in workspace.call("GET", f"/v1/audit?actor={grace.user_id}&action=session.created").json["items"]
    ]
    assert used[:2] == [{"second_factor": "recovery_code"}] * 2
    later(30)
    assert grace.try_to_sign_in(code=code_of(totp)).status == 201


def test_a_recovery_code_that_two_present_at_the_same_moment_lets_one_in(workspace: Workspace) -> None:
    grace = person(workspace)
    _, codes = enrolled(grace.sign_in())
    statuses: list[int] = []
    with meanwhile(lambda: statuses.append(grace.try_to_sign_in(recovery_code=codes[0]).status)):
        statuses.append(grace.try_to_sign_in(recovery_code=codes[0]).status)
    assert sorted(statuses) == [201, 401]


def test_codes_cannot_be_guessed_by_whoever_knows_the_password(
    workspace: Workspace, later: Callable[[float], None]
) -> None:
    grace = person(workspace)
    totp, _ = enrolled(grace.sign_in())
    later(30)
    wrong = f"{(int(code_of(totp)) + 1) % 1_000_000:06}"
    statuses = []
    for number in range(11):  # leaving the code out between the guesses forgets nothing
        statuses.append(grace.try_to_sign_in(**({"code": wrong} if number % 2 else {})).status)
    assert statuses == [401] * 10 + [429]


def test_codes_cannot_be_guessed_in_a_session_either(workspace: Workspace) -> None:
    signed = person(workspace).sign_in()
    secret = signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD}).json["secret"]
    wrong = f"{(int(code_of(pyotp.TOTP(secret))) + 1) % 1_000_000:06}"
    for _ in range(10):
        answer = signed.call("POST", "/v1/me/totp/verify", {"code": wrong})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/code")
    assert signed.call("POST", "/v1/me/totp/verify", {"code": wrong}).status == 429


def test_enrolling_again_replaces_what_was_not_verified(workspace: Workspace) -> None:
    signed = person(workspace).sign_in()
    first = pyotp.TOTP(signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD}).json["secret"])
    second = pyotp.TOTP(signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD}).json["secret"])
    assert signed.call("POST", "/v1/me/totp/verify", {"code": code_of(first)}).status == 422
    assert signed.call("POST", "/v1/me/totp/verify", {"code": code_of(second)}).status == 200


def test_steps_out_of_order_are_refused_with_the_reason(workspace: Workspace) -> None:
    signed = person(workspace).sign_in()
    assert signed.call("POST", "/v1/me/totp/verify", {"code": "123456"}).status == 409
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "code": "123456"}).status == 409
    enrolled(signed)
    assert signed.call("POST", "/v1/me/totp", {"current_password": PASSWORD}).status == 409
    assert signed.call("POST", "/v1/me/totp/verify", {"code": "123456"}).status == 409


@pytest.mark.parametrize("body", [{}, {"code": "123456", "recovery_code": "x"}, {"code": 123456}])
def test_removing_takes_one_proof(workspace: Workspace, body: Any) -> None:
    signed = person(workspace).sign_in()
    enrolled(signed)
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, **body}).status == 422


def test_a_lost_app_is_removed_with_a_recovery_code(workspace: Workspace) -> None:
    grace = person(workspace)
    signed = grace.sign_in()
    _, codes = enrolled(signed)
    wrong = signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "recovery_code": "nonsense"})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/recovery_code")
    assert signed.call("DELETE", "/v1/me/totp", {"current_password": PASSWORD, "recovery_code": codes[9]}).status == 204
    assert grace.try_to_sign_in().status == 201
    enrolled(signed)
    assert grace.try_to_sign_in(recovery_code=codes[8]).status == 401, "the old codes went with it"


def test_an_admin_removes_the_second_factor_of_a_person_who_lost_everything(
    workspace: Workspace, other: Workspace
) -> None:
    grace = person(workspace)
    enrolled(grace.sign_in())
    url = f"/v1/users/{grace.user_id}/totp"
    answer = accept(workspace.world, invited(workspace, grace.user_id))
    assert (answer.status, answer.json["session"]) == (200, None)
    assert grace.try_to_sign_in().json["type"].endswith("second-factor-required"), "an invitation does not remove it"
    assert other.call("DELETE", url).status == 404
    assert workspace.narrow("users:write").call("DELETE", url).status == 403
    assert workspace.call("DELETE", url).status == 204
    assert workspace.call("DELETE", url).status == 409
    assert grace.try_to_sign_in().status == 201
    assert actions(workspace, f"target={grace.user_id}")[-1] == "totp.removed"


def test_nothing_that_was_shown_once_is_kept_or_logged(
    world: World, workspace: Workspace, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    user = workspace.make("/v1/users", {"name": "Grace", "email": f"kept-{next(_numbers)}@example.com"})
    invitation = invited(workspace, user["id"])
    accept(world, invitation)
    grace = Person(workspace, user["id"], user["email"])
    signed = grace.sign_in()
    totp, codes = enrolled(signed)
    grace.try_to_sign_in(recovery_code=codes[0])
    grace.try_to_sign_in(password="a wrong one that is secret too")
    shown = [invitation, PASSWORD, signed.token, totp.secret, *codes, "a wrong one that is secret too"]
    kept = json.dumps([item for _, item in world.items()], default=lambda blob: blob.decode("latin-1"))
    logged = caplog.text + capsys.readouterr().out
    assert "session.created" in logged
    for secret in shown:
        assert secret not in kept
        assert secret not in logged


def test_second_factors_are_sealed_with_a_key_of_their_own(world: World, workspace: Workspace) -> None:
    grace = person(workspace)
    totp, _ = enrolled(grace.sign_in())
    key = {"workspace_id": {"S": workspace.workspace_id}, "user_id": {"S": grace.user_id}}
    item = aws_client("dynamodb").get_item(TableName="LoginsTable", Key=key)["Item"]
    context = {"purpose": "totp", "workspace_id": workspace.workspace_id, "user_id": grace.user_id}
    opened = aws_client("kms").decrypt(
        CiphertextBlob=item["totp_secret"]["B"],
        EncryptionContext=context,
        KeyId=world.environment("sessions")["TOTP_KEY_ID"],
    )
    assert opened["Plaintext"].decode() == totp.secret
    assert world.environment("sessions")["TOTP_KEY_ID"] != world.environment("deliverer")["SECRETS_KEY_ID"]
