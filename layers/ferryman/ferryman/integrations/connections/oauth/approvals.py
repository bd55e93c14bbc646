"""Approving a connection in the other product: builds the authorization URL, and handles the product's callback.

The product redirects the person to a page of the console, which sends the query to the API with the person's session.
So only the person who began the approval can finish it; a link that is sent to another person does nothing. A
connection has at most one open approval, stored in its attribute `approval`:

    {"state_hash", "user_id", "redirect_uri", "sealed_verifier", "expires_at"}
"""

import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import parse_qs

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, Invalid, NotFound
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.integrations.connections import table
from ferryman.integrations.connections.model import Connection
from ferryman.integrations.connections.oauth import client as oauth
from ferryman.integrations.connections.oauth import sealing, tokens
from ferryman.integrations.connections.oauth.client import Client, Failed

OPEN_SECONDS = 600
_FACT_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_MAX_FACT = 64


class _Unknown(Invalid):
    """No open approval of the caller matches the callback. The same text for every reason reveals no other approval."""

    def __init__(self) -> None:
        super().__init__(
            "This callback matches no approval that you began in the last ten minutes, or it was used before. Begin "
            "again: POST /v1/connections/{connection_id}/authorize.",
            "/callback",
        )


def begin(caller: Caller, connection: Connection, redirect_uri: str) -> tuple[dict[str, Any], str]:
    """A new approval, for the connection's attribute `approval`, and the URL where the caller approves it.

    Stores nothing. Raises Conflict for a connection that does not use OAuth.
    """
    client = tokens.client_of(connection)
    state = f"{connection.connection_id}.{secrets.token_urlsafe(32)}"
    verifier = oauth.code_verifier(client)
    approval = {
        "state_hash": _hash(state),
        "user_id": caller.user_id,
        "redirect_uri": redirect_uri,
        "sealed_verifier": sealing.seal(connection, "code_verifier", verifier),
        "expires_at": int(clock.now()) + OPEN_SECONDS,
    }
    provider = client.provider
    scopes = list(dict.fromkeys([*provider.needed_scopes, *(connection.scopes or provider.scopes)]))
    url = oauth.authorization_url(client, redirect_uri=redirect_uri, scopes=scopes, state=state, code_verifier=verifier)
    return approval, url


def finish(caller: Caller, callback: str) -> Connection:
    """Exchange the code in the product's callback for tokens and store them. Returns the connection.

    `callback` is the query of the callback, or its whole URL. Each callback works once. Raises Invalid for a callback
    that matches no open approval of the caller, and Conflict when the product did not approve, gave no tokens, or the
    connection changed at the same time.
    """
    query = (callback.partition("?")[2] or callback).partition("#")[0]
    given = parse_qs(query, max_num_fields=50)
    state = given.get("state", [""])[-1]
    connection, approval = _waiting(caller, state)
    # This comes before anything that can fail, so that the same callback cannot be used again.
    store.commit([table.consuming_approval(connection, approval["state_hash"], refused=_Unknown())])
    client = tokens.client_of(connection)
    code = _code(client, query, state, given)
    outcome: oauth.Tokens | Failed = (
        code if isinstance(code, Failed) else _exchanged(connection, client, code, approval)
    )
    if isinstance(outcome, Failed):
        store.commit(audit.writes(caller, "connection.not_approved", connection.connection_id))
        raise Conflict(f"{outcome.reason} Begin it again: POST /v1/connections/{connection.connection_id}/authorize.")
    now = clock.now_iso()
    learned = _facts(client, given) | ({"scopes": outcome.scopes} if outcome.scopes else {})
    changes = tokens.FORGOTTEN | tokens.kept(connection, outcome)
    changes |= {"metadata": learned, "connected_at": now, "updated_at": now}
    audited = audit.writes(caller, "connection.approved", connection.connection_id, {"connector": connection.connector})
    try:
        store.commit([table.keeping_tokens(connection, **changes), *audited])
    except Conflict:
        oauth.revoke(client, outcome)
        raise
    return table.get(connection.workspace_id, connection.connection_id)


def _waiting(caller: Caller, state: str) -> tuple[Connection, dict[str, Any]]:
    """The connection whose open approval has this state, and the approval. Raises _Unknown."""
    connection_id = state.partition(".")[0]
    if not ids.is_id(ids.CONNECTION, connection_id):
        raise _Unknown
    try:
        connection = table.get(caller.workspace_id, connection_id)
    except NotFound:
        raise _Unknown from None
    approval = connection.approval
    if (
        approval is None
        or not hmac.compare_digest(approval["state_hash"], _hash(state))
        or (approval["user_id"], connection.livemode) != (caller.user_id, caller.livemode)
        or approval["expires_at"] <= clock.now()
    ):
        raise _Unknown
    return connection, approval


def _code(client: Client, query: str, state: str, given: dict[str, list[str]]) -> str | Failed:
    issuer = client.provider.issuer
    if issuer is not None and set(given.get("iss", [])) - {issuer}:
        return Failed(f"The callback names another issuer than {client.product}'s.", is_lasting=True)
    return oauth.code_of(client, query, state)


def _exchanged(connection: Connection, client: Client, code: str, approval: dict[str, Any]) -> oauth.Tokens | Failed:
    verifier = sealing.unseal(connection, "code_verifier", approval["sealed_verifier"])
    return oauth.exchange(client, code, redirect_uri=approval["redirect_uri"], code_verifier=verifier)


def _facts(client: Client, given: dict[str, list[str]]) -> dict[str, Any]:
    """The provider's `facts` in the callback's parameters. They become part of URLs, so only ids are accepted."""
    facts = {name: given.get(parameter, [""])[-1] for parameter, name in client.provider.facts.items()}
    return {
        name: value for name, value in facts.items() if 0 < len(value) <= _MAX_FACT and set(value) <= _FACT_CHARACTERS
    }


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
