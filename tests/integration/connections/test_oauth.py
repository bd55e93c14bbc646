"""Connections by OAuth 2.0, against a product that listens on the loopback interface."""

import dataclasses
import json
import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from ferryman.integrations.connections import catalogue

from tests.integration.conftest import Later, Workspace
from tests.integration.connections.oauth import PRODUCTS, actions, approve, check, connect, connected, finish
from tests.support import oauth_provider
from tests.support.oauth_provider import CLIENT_ID, CLIENT_SECRET, ISSUER, Product
from tests.support.world import World

CALLBACK = "https://api.test/settings/integrations/connections/callback"
ACCOUNTS = {
    "jira": {"id": "1324a887", "name": "Example", "url": "https://example.atlassian.net"},
    "hubspot": {"id": "62515", "name": "example.hubspot.com", "user": "ada@example.com"},
    "quickbooks": {"name": "Example", "country": "US"},
    "xero": {"id": "fe79f7dd", "name": "Example", "type": "ORGANISATION"},
}


# -- the catalogue -----------------------------------------------------------------------------------------------------


def test_the_catalogue_names_the_address_to_register_and_what_the_connection_does(workspace: Workspace) -> None:
    listed = {one["key"]: one for one in workspace.call("GET", "/v1/connectors").json["items"]}
    assert listed["slack"]["callback_url"] is None
    for key in PRODUCTS:
        one = listed[key]
        assert one["callback_url"] == CALLBACK
        assert "moves no data" in one["description"]
        assert one["configuration_schema"]["properties"]["client_secret"]["writeOnly"] is True
    assert {listed[key]["category"] for key in ("quickbooks", "xero")} == {"accounting"}
    assert listed["hubspot"]["category"] == "crm"


@pytest.mark.parametrize(
    ("connector", "beginning", "parameters"),
    [
        (
            "jira",
            "https://auth.atlassian.com/authorize?",
            {
                "audience": "api.atlassian.com",
                "prompt": "consent",
                "scope": "offline_access read:jira-user read:jira-work",
            },
        ),
        ("hubspot", "https://app.hubspot.com/oauth/authorize?", {"scope": "oauth"}),
        ("quickbooks", "https://appcenter.intuit.com/connect/oauth2?", {"scope": "com.intuit.quickbooks.accounting"}),
        (
            "xero",
            "https://login.xero.com/identity/connect/authorize?",
            {"scope": "offline_access accounting.settings.read"},
        ),
    ],
)
def test_a_person_is_sent_to_the_products_own_address(
    workspace: Workspace, connector: str, beginning: str, parameters: dict[str, str]
) -> None:
    made = connect(workspace, connector)
    assert made["authorize_url"].startswith(beginning)
    asked = dict(parse_qsl(urlsplit(made["authorize_url"]).query))
    assert parameters.items() <= asked.items()
    assert (asked["response_type"], asked["client_id"], asked["redirect_uri"]) == ("code", CLIENT_ID, CALLBACK)
    assert asked["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asked["code_challenge"])
    assert asked["state"].startswith(f"{made['id']}.") and len(asked["state"]) > 70
    assert (made["state"], made["configuration"]) == ("waiting", {"client_id": CLIENT_ID, "scopes": None})


# -- approving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connector", PRODUCTS)
def test_a_product_is_approved_checked_and_disconnected(workspace: Workspace, product: Product, connector: str) -> None:
    connection_id = connected(workspace, connector)
    url = f"/v1/connections/{connection_id}"
    (exchange,) = product.called("/token")
    assert exchange.form["grant_type"] == "authorization_code"
    assert exchange.form["redirect_uri"] == CALLBACK
    assert len(exchange.form["code_verifier"]) >= 43
    in_header = connector in ("quickbooks", "xero")
    assert ("Authorization" in exchange.headers, "client_secret" in exchange.form) == (in_header, not in_header)

    product.accounts = oauth_provider.DOCUMENTED[connector]
    found = check(workspace, connection_id)
    assert (found["ok"], found["accounts"]) == (True, [ACCOUNTS[connector]])
    shown = workspace.call("GET", url).json
    assert (shown["state"], shown["reason"]) == ("enabled", None)
    assert shown["metadata"]["accounts"] == found["accounts"]
    assert shown["metadata"]["checked_at"]
    if connector == "quickbooks":
        assert product.called("/accounts")[0].query == "/v3/company/4620816365/companyinfo/4620816365"
    assert workspace.call("DELETE", url).status == 204
    revoking = product.called("/revoke")
    assert bool(revoking) == (connector != "jira")  # Atlassian has no address for it
    deleted = workspace.call("GET", f"/v1/audit?target={connection_id}").json["items"][0]
    assert deleted["details"] == {"connector": connector, "revoked_at_product": connector != "jira"}
    assert not product.refresh_tokens or connector == "jira"
    assert workspace.call("GET", url).status == 404


def test_nothing_secret_is_stored_in_clear_text_shown_or_logged(
    world: World, workspace: Workspace, product: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    made = connect(workspace)
    callback = approve(made["authorize_url"])
    answers = [finish(workspace, callback)]
    url = f"/v1/connections/{made['id']}"
    answers += [workspace.call("GET", url), workspace.call("GET", "/v1/connections")]
    answers += [workspace.call("POST", f"{url}/check"), workspace.call("GET", f"/v1/audit?target={made['id']}")]
    (code,) = parse_qs(urlsplit(callback).query)["code"]
    state = parse_qs(urlsplit(callback).query)["state"][0].partition(".")[2]
    verifier = product.called("/token")[0].form["code_verifier"]
    hidden = [CLIENT_SECRET, code, state, verifier, *product.access_tokens, *product.refresh_tokens]
    stored = json.dumps([str(item) for _, item in world.items()])
    said = "".join(capsys.readouterr()) + "".join(answer.body.decode() for answer in answers)
    for secret in hidden:
        assert secret not in stored
        assert secret not in said


def test_a_callback_counts_once_for_the_person_who_began_it_and_for_ten_minutes(
    workspace: Workspace, other: Workspace, product: Product, later: Later
) -> None:
    made = connect(workspace)
    callback = approve(made["authorize_url"])
    colleague = workspace.person("admin", "admin:*")
    for stranger in (colleague, other):
        refused = finish(stranger, callback)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/callback")
    again = workspace.call("POST", f"/v1/connections/{made['id']}/authorize").json["authorize_url"]
    assert finish(workspace, callback).status == 422  # a new approval ends the one before
    callback = approve(again)
    later(601)
    assert finish(workspace, callback).status == 422
    assert product.called("/token") == []
    again = workspace.call("POST", f"/v1/connections/{made['id']}/authorize").json["authorize_url"]
    callback = approve(again)
    assert finish(workspace, urlsplit(callback).query).status == 200  # the query alone does as well
    assert finish(workspace, callback).status == 422
    assert len(product.called("/token")) == 1


@pytest.mark.parametrize(
    "callback", ["x", "code=1", "state=1&code=1", "state=con_01ARZ3NDEKTSV4RRFFQ69G5FAV.x&code=1", "?"]
)
def test_a_callback_that_nobody_waits_for_is_refused(workspace: Workspace, product: Product, callback: str) -> None:
    assert finish(workspace, callback).status == 422
    assert product.calls == []


def test_a_refusal_in_the_product_is_told_and_the_approval_is_over(workspace: Workspace, product: Product) -> None:
    made = connect(workspace)
    (state,) = parse_qs(urlsplit(made["authorize_url"]).query)["state"]
    denied = finish(workspace, f"{CALLBACK}?error=access_denied&error_description=secret+text&state={state}")
    assert (denied.status, "not approved in Xero" in denied.json["detail"]) == (409, True)
    assert b"secret text" not in denied.body
    assert finish(workspace, f"{CALLBACK}?code=1&state={state}").status == 422
    assert workspace.call("GET", f"/v1/connections/{made['id']}").json["state"] == "waiting"
    assert actions(workspace, made["id"]) == ["not_approved", "created"]
    assert product.called("/token") == []


def test_a_scope_that_the_product_does_not_give_is_told_with_its_error(workspace: Workspace, product: Product) -> None:
    made = connect(workspace, scopes=["forbidden"])
    answer = finish(workspace, approve(made["authorize_url"]))
    assert (answer.status, "(invalid_scope)" in answer.json["detail"]) == (409, True)


def test_a_callback_of_another_issuer_is_not_exchanged(workspace: Workspace, product: Product) -> None:
    made = connect(workspace)
    answer = finish(workspace, approve(made["authorize_url"], iss="https://evil.example.com"))
    assert (answer.status, "another issuer" in answer.json["detail"]) == (409, True)
    assert product.called("/token") == []
    again = workspace.call("POST", f"/v1/connections/{made['id']}/authorize").json["authorize_url"]
    assert finish(workspace, approve(again, iss=ISSUER)).status == 200


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((500, b"<html>oops</html>"), "answered 500 without the tokens"),
        ((200, b"[]"), "answered 200 without the tokens"),
        ((200, b'{"token_type": "Bearer"}'), "answered 200"),
        ((200, b'{"access_token": 5}'), "cannot be read"),
        ((200, b'{"access_token": "a", "expires_in": "soon"}'), "cannot be read"),
        ((200, b'{"access_token": "a", "token_type": "mac"}'), "not a bearer token"),
        ((200, b'{"access_token": "' + b"a" * 70_000 + b'"}'), "without the tokens"),
        ((400, b'{"error": "invalid_client"}'), "(invalid_client)"),
        ((400, b'{"error": "<b>x</b>"}'), "answered 400."),
        ((302, b'{"access_token": "a"}'), "cannot be read"),
    ],
)
def test_whatever_the_product_answers_instead_of_tokens_is_told(
    workspace: Workspace, product: Product, answer: tuple[int, bytes], told: str
) -> None:
    made = connect(workspace)
    product.answers["/token"] = answer
    refused = finish(workspace, approve(made["authorize_url"]))
    assert (refused.status, told in refused.json["detail"]) == (409, True), refused.body
    assert workspace.call("GET", f"/v1/connections/{made['id']}").json["state"] == "waiting"


def test_a_product_that_is_away_is_told(
    workspace: Workspace, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(workspace)
    callback = approve(made["authorize_url"])
    connector = catalogue.CATALOGUE["xero"]
    assert connector.provider
    for url, told in (("http://localhost:9/token", "connect_error"), ("https://10.0.0.1/token", "blocked_target")):
        away = dataclasses.replace(connector, provider=dataclasses.replace(connector.provider, token_url=url))
        monkeypatch.setitem(catalogue.CATALOGUE, "xero", away)
        refused = finish(workspace, callback)
        assert (refused.status, told in refused.json["detail"]) == (409, True), refused.body
        callback = approve(workspace.call("POST", f"/v1/connections/{made['id']}/authorize").json["authorize_url"])


@pytest.mark.parametrize(
    ("configuration", "pointer"),
    [
        ({"client_secret": None}, "/configuration/client_secret"),
        ({"client_id": ""}, "/configuration/client_id"),
        ({"client_id": "a b"}, "/configuration/client_id"),
        ({"scopes": []}, "/configuration/scopes"),
        ({"scopes": ["a b"]}, "/configuration/scopes/0"),
        ({"scopes": ["openid"]}, "/configuration/scopes/0"),
        ({"url": "https://a.example"}, "/configuration/url"),
    ],
)
def test_a_bad_client_is_refused_with_the_field(
    workspace: Workspace, configuration: dict[str, Any], pointer: str
) -> None:
    wanted = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **configuration}
    answer = workspace.call("POST", "/v1/connections", {"connector": "xero", "configuration": wanted})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer), answer.body
    assert workspace.call("GET", "/v1/connections").json["items"] == []
