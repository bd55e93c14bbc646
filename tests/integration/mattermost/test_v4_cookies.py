"""Mattermost's API for scripts in a web page: a session's cookies, when they count, and when they are deleted."""

import json
from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.integration.conftest import Workspace
from tests.integration.mattermost.v4 import PASSWORD, refused
from tests.support.mattermost import short
from tests.support.world import Answer, World

XHR = {"x-requested-with": "XMLHttpRequest"}
EXPIRED = (401, "api.context.session_expired.app_error")
IN_QUERY = (401, "api.context.token_provided.app_error")
CLEARED = {"MMAUTHTOKEN": "", "MMUSERID": "", "MMCSRF": ""}
POST, ME, LOGOUT = "/api/v4/posts", "/api/v4/users/me", "/api/v4/users/logout"


def login(world: World, email: str, headers: dict[str, str]) -> Answer:
    body = json.dumps({"login_id": email, "password": PASSWORD, "token": "", "deviceId": ""})
    answer = world.call("POST", "/api/v4/users/login", body=body, headers=headers)
    assert answer.status == 200, answer.body
    return answer


def cookies(answer: Answer) -> dict[str, Any]:
    """The cookies that an answer sets, by name."""
    found: dict[str, Any] = {}
    for line in answer.cookies:
        found.update(SimpleCookie(line))
    return found


def values(answer: Answer) -> dict[str, str]:
    return {name: cookie.value for name, cookie in cookies(answer).items()}


@pytest.fixture
def session(world: World, email: str) -> dict[str, str]:
    """The cookies of a user who signed in on a web page, by name."""
    return values(login(world, email, XHR))


@pytest.fixture
def chat(workspace: Workspace, world: World, session: dict[str, str]) -> str:
    """A chat to which the user of `session` belongs."""
    made = workspace.chat()
    user_id = f"usr_{session['MMUSERID'].upper()}"
    assert workspace.call("PUT", f"/v1/chats/{made}/members/{user_id}").status == 200
    return made


def with_cookie(token: str, **headers: str) -> dict[str, str]:
    return {"cookie": f"theme=dark; MMAUTHTOKEN={token}; MMUSERID=x", **headers}


def test_signing_in_by_a_script_sets_the_cookies_of_the_web_client(world: World, email: str) -> None:
    answer = login(world, email, XHR)
    found = cookies(answer)
    assert list(found) == ["MMSID", "MMAUTHTOKEN", "MMUSERID", "MMCSRF"]
    assert found["MMAUTHTOKEN"].value == found["MMSID"].value == answer.headers["token"]
    assert found["MMUSERID"].value == answer.json["id"]
    assert len(found["MMCSRF"].value) == 26
    assert found["MMCSRF"].value not in answer.headers["token"]
    for name, cookie in found.items():
        assert (cookie["path"], cookie["secure"], cookie["samesite"]) == ("/", True, "Lax")
        assert int(cookie["max-age"]) > 0
        assert bool(cookie["httponly"]) == (name in ("MMSID", "MMAUTHTOKEN")), "scripts read the other two"


def test_other_programs_get_the_one_cookie_of_the_api(world: World, email: str) -> None:
    for headers in ({}, {"x-requested-with": "fetch"}):
        assert list(cookies(login(world, email, headers))) == ["MMSID"]
    wrong = world.call("POST", "/api/v4/users/login", json_body={"login_id": email, "password": "x"}, headers=XHR)
    assert (wrong.status, wrong.cookies) == (401, ())


def test_a_cookie_reads(world: World, session: dict[str, str]) -> None:
    answer = world.call("GET", ME, headers=with_cookie(session["MMAUTHTOKEN"]))
    assert (answer.status, answer.json["id"], answer.cookies) == (200, session["MMUSERID"], ())
    # The cookie that every program gets authenticates nothing, nor does any cookie elsewhere.
    assert refused(world.call("GET", ME, headers={"cookie": f"MMSID={session['MMAUTHTOKEN']}"})) == EXPIRED
    assert world.call("GET", "/v1/me", headers=with_cookie(session["MMAUTHTOKEN"])).status == 401


def test_a_change_with_a_cookie_shows_that_its_page_is_ours(world: World, session: dict[str, str], chat: str) -> None:
    sent = {"channel_id": short(chat), "message": "x"}

    def post(**headers: str) -> Answer:
        return world.call("POST", POST, json_body=sent, headers=with_cookie(session["MMAUTHTOKEN"], **headers))

    other = "0" * 26
    for headers in ({}, {"x-csrf-token": other}, {"x-csrf-token": ""}, {"x-requested-with": "fetch"}):
        answer = post(**headers)
        assert refused(answer) == EXPIRED
        assert answer.cookies == (), "the session is as good as before"
    assert post(**{"x-csrf-token": session["MMCSRF"]}).status == 201
    assert post(**XHR).status == 201
    for address in ("/api/v4/bots", "/api/v4/hooks/outgoing", "/api/v4/commands"):  # the other functions
        answer = world.call("POST", address, json_body={}, headers=with_cookie(session["MMAUTHTOKEN"]))
        assert refused(answer) == EXPIRED
        answer = world.call("POST", address, json_body={}, headers=with_cookie(session["MMAUTHTOKEN"], **XHR))
        assert refused(answer) == (403, "api.context.permissions.app_error")


def test_the_value_against_forgery_belongs_to_its_session(
    world: World,
    email: str,
    session: dict[str, str],
    chat: str,
) -> None:
    another = values(login(world, email, XHR))
    assert another["MMCSRF"] != session["MMCSRF"]
    headers = with_cookie(session["MMAUTHTOKEN"], **{"x-csrf-token": another["MMCSRF"]})
    assert refused(world.call("POST", POST, json_body={"channel_id": short(chat)}, headers=headers)) == EXPIRED


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stale_cookie_is_forgotten(world: World, session: dict[str, str], later: Any, method: str) -> None:
    token = session["MMAUTHTOKEN"]
    later(366 * 86_400)
    for value in (token, "fm_sess_" + "0" * 36, "x", ""):
        answer = world.call(method, ME if method == "GET" else POST, headers=with_cookie(value, **XHR))
        assert refused(answer) == EXPIRED
        assert values(answer) == CLEARED
        assert {cookie["max-age"] for cookie in cookies(answer).values()} == {"0"}


def test_an_api_token_is_not_taken_from_a_cookie(world: World, workspace: Workspace) -> None:
    answer = world.call("GET", ME, headers=with_cookie(workspace.token))
    assert (refused(answer), values(answer)) == (EXPIRED, CLEARED)


def test_a_token_in_a_header_goes_before_the_cookie(
    world: World, workspace: Workspace, session: dict[str, str]
) -> None:
    answer = world.call("GET", ME, token=workspace.token, headers=with_cookie(session["MMAUTHTOKEN"]))
    assert answer.json["id"] == short(workspace.user_id)
    wrong = world.call("GET", ME, token="fm_live_" + "0" * 36, headers=with_cookie(session["MMAUTHTOKEN"]))
    assert (refused(wrong), wrong.cookies) == (EXPIRED, ()), "the cookie was not asked"
    made = world.call("POST", POST, token=workspace.token, json_body={}, headers=with_cookie(session["MMAUTHTOKEN"]))
    assert made.status == 400, "a token in a header needs no sign of its page"


def test_signing_out_by_cookie_ends_the_session_and_forgets_the_cookies(world: World, session: dict[str, str]) -> None:
    token = session["MMAUTHTOKEN"]
    forged = world.call("POST", LOGOUT, headers=with_cookie(token))
    assert (forged.status, forged.cookies) == (200, ())
    assert world.call("GET", ME, headers=with_cookie(token)).status == 200
    ended = world.call("POST", LOGOUT, headers=with_cookie(token, **XHR))
    assert (ended.status, ended.json, values(ended)) == (200, {"status": "OK"}, CLEARED)
    assert refused(world.call("GET", ME, headers=with_cookie(token))) == EXPIRED


def test_a_token_in_the_address_is_refused(world: World, workspace: Workspace, session: dict[str, str]) -> None:
    for token in (workspace.token, "x", ""):
        assert refused(world.call("GET", f"{ME}?access_token={token}")) == IN_QUERY
    assert world.call("GET", f"{ME}?access_token=x", token=workspace.token).status == 200
    assert world.call("GET", f"{ME}?access_token=x", headers=with_cookie(session["MMAUTHTOKEN"])).status == 200
