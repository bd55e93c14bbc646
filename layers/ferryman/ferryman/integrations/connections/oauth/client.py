"""Makes the requests of an OAuth 2.0 client: oauthlib writes and reads them, and `outbound` sends them.

If a product refuses or does not answer, the functions return `Failed`. A reason never quotes a text of the product,
which may contain anything, except an error code.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from ferryman import clock, log
from ferryman.integrations.connections.oauth.providers import Provider
from ferryman.outbound import allowed_targets
from ferryman.outbound.outcomes import Outcome, Refused, Unreachable

_DEADLINE_SECONDS = 4.0  # a check may need three calls, and a function has fifteen seconds
_EXCHANGE_SECONDS = 8.0  # a code can be exchanged once
_ANSWER_BYTES = 65_536
_MAX_LIFE_SECONDS = 366 * 86_400
_MAX_ACCOUNTS = 50
_MAX_TEXT = 200
_CODE = re.compile("[A-Za-z0-9_.-]{1,64}")
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
# Errors that asking again does not mend (RFC 6749 section 5.2): a person has to approve anew, or to correct the client.
_LASTING = frozenset({"invalid_grant", "invalid_client", "unauthorized_client"})


@dataclass(frozen=True, slots=True)
class Client:
    """The app that the workspace registered with the product: the OAuth client in whose name Ferryman asks."""

    provider: Provider
    product: str  # the product's name, for error texts
    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens from a product. `expires_at` (epoch seconds) is None if the product did not say."""

    access_token: str
    refresh_token: str | None
    expires_at: int | None
    scopes: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A request to a product failed. `reason` is a sentence for people.

    `is_lasting`: trying again does not help; a person must approve again or correct the client. `is_refused`: the
    product did not accept the access token.
    """

    reason: str
    is_lasting: bool = False
    is_refused: bool = False


def authorization_url(client: Client, *, redirect_uri: str, scopes: list[str], state: str, code_verifier: str) -> str:
    """The URL where a person approves the connection."""
    speaker = _speaker(client)
    challenge = speaker.create_code_challenge(code_verifier, "S256")
    uri: str = speaker.prepare_request_uri(
        client.provider.authorization_url,
        redirect_uri=redirect_uri,
        scope=scopes,
        state=state,
        code_challenge=challenge,
        code_challenge_method="S256",
        **client.provider.parameters,
    )
    return uri


def code_verifier(client: Client) -> str:
    """A new random code verifier (RFC 7636) for one authorization."""
    verifier: str = _speaker(client).create_code_verifier(64)
    return verifier


def code_of(client: Client, query: str, state: str) -> str | Failed:
    """The authorization code in the callback's `query`, or Failed if the product did not approve.

    The caller has checked that `state` is that of the open approval.
    """
    from oauthlib.oauth2 import OAuth2Error

    try:
        response = _speaker(client).parse_request_uri_response(f"https://callback.invalid/?{query}", state=state)
    except OAuth2Error as error:
        if error.error == "access_denied":
            return Failed(f"It was not approved in {client.product}.", is_lasting=True)
        return Failed(f"{client.product} did not approve it{_called(error.error)}.", is_lasting=True)
    code: str = response["code"]
    return code


def exchange(client: Client, code: str, *, redirect_uri: str, code_verifier: str) -> Tokens | Failed:
    """Exchange an authorization code, which works once, for tokens."""
    body = _speaker(client).prepare_request_body(
        code=code, redirect_uri=redirect_uri, code_verifier=code_verifier, **_in_body(client)
    )
    return _tokens(client, body, _EXCHANGE_SECONDS)


def refresh(client: Client, refresh_token: str) -> Tokens | Failed:
    """Ask the product for new tokens. If its answer has no refresh token, the result contains the old one."""
    body = _speaker(client).prepare_refresh_body(refresh_token=refresh_token, **_in_body(client))
    tokens = _tokens(client, body, _DEADLINE_SECONDS)
    if isinstance(tokens, Tokens) and tokens.refresh_token is None:
        return Tokens(tokens.access_token, refresh_token, tokens.expires_at, tokens.scopes)
    return tokens


def revoke(client: Client, tokens: Tokens) -> bool:
    """Revoke the refresh token at the product, or the access token if there is none. Returns whether that worked.

    False for a product without revocation.
    """
    provider = client.provider
    if provider.revocation_url is None:
        return False
    token = tokens.refresh_token or tokens.access_token
    headers = _FORM | _in_header(client)
    if provider.revocation_is_json:
        body, headers = json.dumps({"token": token}), headers | {"Content-Type": "application/json"}
    else:
        hint = "refresh_token" if tokens.refresh_token else "access_token"
        fields = {"token": token, "token_type_hint": hint}
        if provider.client_authentication == "post":
            fields |= {"client_id": client.client_id, "client_secret": client.secret}
        body = urlencode(fields)
    outcome = _call("revoke", client, "POST", provider.revocation_url, body, headers, _DEADLINE_SECONDS)
    return not isinstance(outcome, Refused | Unreachable)


def accounts(client: Client, access_token: str, facts: Mapping[str, str]) -> list[dict[str, str]] | Failed:
    """The accounts that the access token gives access to, with the product's own ids and names, or Failed.

    `facts` are the connection's metadata, some of which the URL of the request contains. At most fifty are returned.
    """
    import jmespath

    check = client.provider.check
    try:
        url = check.url.format(**facts)
    except KeyError:
        return Failed(f"{client.product} did not say which account was approved. Approve it again.")
    if check.introspects:
        fields = {"token": access_token, "client_id": client.client_id, "client_secret": client.secret}
        outcome = _call("check", client, "POST", url, urlencode(fields), _FORM | _in_header(client), _DEADLINE_SECONDS)
    else:
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        outcome = _call("check", client, "GET", url, None, headers, _DEADLINE_SECONDS)
    if isinstance(outcome, Unreachable):
        return Failed(f"{client.product} could not be asked: {outcome.error}.")
    if isinstance(outcome, Refused):
        return Failed(f"{client.product} answered {outcome.status}.", is_refused=outcome.status == 401)
    document = _json(outcome.body.content) if outcome.body.is_whole else None
    accounts = jmespath.search(check.accounts, document)
    if not isinstance(accounts, list):
        return Failed(f"{client.product} does not accept the token any more.", is_refused=True)
    return [_texts(one) for one in accounts[:_MAX_ACCOUNTS] if isinstance(one, dict)]


def _texts(account: dict[str, Any]) -> dict[str, str]:
    return {name: value[:_MAX_TEXT] for name, value in account.items() if isinstance(value, str)}


def _speaker(client: Client) -> Any:
    from oauthlib.oauth2 import WebApplicationClient  # a hundred modules, for the routes that need them

    return WebApplicationClient(client.client_id)


def _in_body(client: Client) -> dict[str, Any]:
    """The arguments of oauthlib that put the client's id and secret into the body, if the product wants them there."""
    if client.provider.client_authentication == "basic":
        return {"include_client_id": False}
    return {"include_client_id": True, "client_secret": client.secret}


def _in_header(client: Client) -> dict[str, str]:
    if client.provider.client_authentication == "post":
        return {}
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"  # RFC 6749 section 2.3.1 encodes both
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _tokens(client: Client, body: str, deadline_seconds: float) -> Tokens | Failed:
    """Send a request to the product's token URL, and read the tokens in its answer."""
    from oauthlib.oauth2 import OAuth2Error

    headers = _FORM | _in_header(client)
    outcome = _call("tokens", client, "POST", client.provider.token_url, body, headers, deadline_seconds)
    if isinstance(outcome, Unreachable):
        return Failed(f"{client.product} could not be asked for tokens: {outcome.error}.")
    document = _json(outcome.body.content) if outcome.body.is_whole else None
    if not isinstance(document, dict):
        return Failed(f"{client.product} answered {outcome.status} without the tokens.")
    try:
        parsed = _speaker(client).parse_request_body_response(json.dumps(document))
    except OAuth2Error as error:
        code = error.error if "error" in document else None
        reason = f"{client.product} gave no tokens: it answered {outcome.status}{_called(code)}."
        return Failed(reason, is_lasting=code in _LASTING)
    except (ValueError, TypeError, AttributeError):
        return Failed(f"{client.product} answered {outcome.status} with tokens that cannot be read.")
    access_token, refresh_token = parsed["access_token"], parsed.get("refresh_token")
    if not isinstance(access_token, str) or not isinstance(refresh_token, str | None) or isinstance(outcome, Refused):
        return Failed(f"{client.product} answered {outcome.status} with tokens that cannot be read.")
    if str(parsed.get("token_type", "Bearer")).lower() != "bearer":
        return Failed(f"{client.product} gave a token that is not a bearer token.")
    life = parsed.get("expires_in")
    expires_at = None if life is None else int(clock.now()) + max(0, min(int(life), _MAX_LIFE_SECONDS))
    return Tokens(access_token, refresh_token or None, expires_at, _scopes(parsed.get("scope")))


def _scopes(given: Any) -> list[str] | None:
    if not isinstance(given, list):
        return None
    return [scope[:_MAX_TEXT] for scope in given if isinstance(scope, str)][:_MAX_ACCOUNTS]


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _called(code: Any) -> str:
    """` (code)` with the product's error code, for the end of a sentence; "" if `code` does not look like one."""
    return f" ({code})" if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _call(
    name: str,
    client: Client,
    method: str,
    url: str,
    body: str | None,
    headers: Mapping[str, str],
    deadline_seconds: float,
) -> Outcome:
    from ferryman.outbound import transport  # imports requests, which few routes of this function need

    outcome = transport.request(
        method,
        url,
        None if body is None else body.encode(),
        headers,
        allowed_targets=allowed_targets.of_deployment(),
        deadline_seconds=deadline_seconds,
        max_response_bytes=_ANSWER_BYTES,
        response_seconds=deadline_seconds,
    )
    log.event(
        "connection.called",
        product=client.product,
        request=name,
        outcome=outcome.error if isinstance(outcome, Unreachable) else outcome.status,
        duration_ms=outcome.duration_ms,
    )
    return outcome
