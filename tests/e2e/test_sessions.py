"""A person is invited, sets a password, signs in, adds a second factor and signs out, on the embedded stack."""

import time
import uuid

import pyotp

from tests.e2e.harness import E2E

PASSWORD = "correct horse battery"


def test_a_person_signs_in_with_a_second_factor_and_out_again(stack: E2E) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    user = stack.api("POST", "/v1/users", {"name": "Grace", "email": email, "role": "manager"}).json
    invitation = stack.api("POST", f"/v1/users/{user['id']}/invitation")
    assert invitation.status == 201, invitation.body
    accepted = {"token": invitation.json["token"], "password": PASSWORD}
    assert stack.api("POST", "/v1/invitations/accept", accepted, token="").status == 200
    assert stack.api("POST", "/v1/invitations/accept", accepted, token="").status == 401

    def sign_in(**fields: str) -> tuple[int, dict[str, str]]:
        reply = stack.api("POST", "/v1/sessions", {"email": email, "password": PASSWORD, **fields}, token="")
        return reply.status, reply.json

    assert sign_in(password="not the password")[0] == 401
    status, session = sign_in()
    assert status == 201, session
    token = session["token"]
    assert stack.api("GET", "/v1/webhooks", token=token).status == 200
    assert stack.api("GET", "/v1/tokens", token=token).status == 403

    totp = pyotp.TOTP(stack.api("POST", "/v1/me/totp", {"current_password": PASSWORD}, token=token).json["secret"])
    verified = stack.api("POST", "/v1/me/totp/verify", {"code": totp.at(time.time())}, token=token)
    assert verified.status == 200, verified.body
    status, refused = sign_in()
    assert (status, refused["type"]) == (401, "urn:ferryman:problem:second-factor-required")
    # The code of the step after this one is accepted too; that of this one was used.
    status, second = sign_in(code=totp.at(time.time() + 30))
    assert status == 201, second
    assert sign_in(recovery_code=verified.json["recovery_codes"][0])[0] == 201

    changed = {"current_password": PASSWORD, "new_password": "another horse battery"}
    assert stack.api("POST", "/v1/me/password", changed, token=second["token"]).status == 204
    assert stack.api("GET", "/v1/me", token=token).status == 401, "the change ended the other sessions"
    assert stack.api("DELETE", "/v1/sessions/current", token=second["token"]).status == 204
    assert stack.api("GET", "/v1/me", token=second["token"]).status == 401
    actions = [item["action"] for item in stack.api("GET", f"/v1/audit?actor={user['id']}").json["items"]]
    assert actions[:2] == ["session.ended", "password.changed"]
