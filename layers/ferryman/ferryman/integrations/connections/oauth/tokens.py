"""The tokens of a connection by OAuth: stores them encrypted, renews them before they expire, checks and revokes them.

Only one caller at a time renews the tokens of a connection.
"""

import json
from dataclasses import replace
from typing import Any

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.integrations.connections import catalogue, table
from ferryman.integrations.connections.model import Connection
from ferryman.integrations.connections.oauth import client as oauth
from ferryman.integrations.connections.oauth import sealing
from ferryman.integrations.connections.oauth.client import Client, Failed, Tokens

_EARLY_SECONDS = 120  # an access token is renewed this long before it expires
_CLAIM_SECONDS = 30  # longer than a refresh may take
_NOT_CONNECTED = "It is not connected: "


def client_of(connection: Connection) -> Client:
    """The OAuth client of a connection, with its decrypted secret. Raises Conflict for a connection by webhook."""
    connector = catalogue.CATALOGUE[connection.connector]
    if connector.provider is None or connection.client_id is None or connection.sealed_client_secret is None:
        raise Conflict("This connection uses a webhook, not OAuth, so it needs no approval.")
    secret = sealing.unseal(connection, "client_secret", connection.sealed_client_secret)
    return Client(connector.provider, connector.name, connection.client_id, secret)


def kept(connection: Connection, tokens: Tokens) -> dict[str, Any]:
    """The changed attributes of a connection with these new tokens, encrypted."""
    text = json.dumps({"access_token": tokens.access_token, "refresh_token": tokens.refresh_token})
    return {
        "sealed_tokens": sealing.seal(connection, "tokens", text),
        "tokens_number": connection.tokens_number + 1,
        "tokens_expire_at": tokens.expires_at,
    }


FORGOTTEN: dict[str, Any] = {
    "sealed_tokens": None,
    "tokens_expire_at": None,
    "refreshing_until": None,
    "reconnect_reason": None,
    "approval": None,
}


def _stored(connection: Connection) -> Tokens:
    text = json.loads(sealing.unseal(connection, "tokens", connection.sealed_tokens or []))
    return Tokens(text["access_token"], text["refresh_token"], connection.tokens_expire_at)


def fresh(caller: Caller, connection: Connection, *, renewing: bool = False) -> tuple[Connection, Tokens | Failed]:
    """The connection and its tokens, or Failed.

    Renews the tokens if the access token expires within two minutes, or in any case with `renewing`. An access token
    without a refresh token is used until it expires. If only a person can help, stores the reason in the connection and
    notifies admins. Raises Conflict while another caller renews tokens that have expired.
    """
    state, reason = connection.oauth_state
    if state != "enabled":
        return connection, Failed(f"{_NOT_CONNECTED}{reason}.")
    tokens = _stored(connection)
    now = clock.now()
    if not renewing and (tokens.expires_at is None or tokens.expires_at > now + _EARLY_SECONDS):
        return connection, tokens
    if tokens.refresh_token is None:
        if tokens.expires_at is not None and tokens.expires_at > now and not renewing:
            return connection, tokens
        reason = "The access token expired, and the product gave no token to renew it with."
        return _told(caller, connection, Failed(reason, is_lasting=True), None)
    return _renewed(caller, connection, tokens, tokens.refresh_token)


class _Claimed(Conflict):
    """Another caller is renewing the tokens of this connection, or has just done so."""

    def __init__(self) -> None:
        super().__init__("The access token is being renewed at this moment. Send the request again.")


def _renewed(
    caller: Caller, connection: Connection, tokens: Tokens, refresh_token: str
) -> tuple[Connection, Tokens | Failed]:
    now = int(clock.now())
    until = now + _CLAIM_SECONDS
    try:
        store.commit([table.claiming_refresh(connection, now, until, refused=_Claimed())])
    except _Claimed:
        # A product may revoke all tokens when a refresh token is used twice. So this caller does not use it.
        latest = table.get(connection.workspace_id, connection.connection_id)
        if latest.sealed_tokens is not None and latest.tokens_number != connection.tokens_number:
            return latest, _stored(latest)
        if tokens.expires_at is not None and tokens.expires_at > now:
            return connection, tokens
        raise
    client = client_of(connection)
    outcome = oauth.refresh(client, refresh_token)
    if isinstance(outcome, Failed):
        return _told(caller, connection, outcome, until)
    changes = kept(connection, outcome)
    try:
        store.commit([table.settling_refresh(connection, until, **changes)])
    except Conflict:
        oauth.revoke(client, outcome)  # somebody reset or disconnected it first
        raise
    return replace(connection, **changes, refreshing_until=None), outcome


def _told(
    caller: Caller, connection: Connection, failed: Failed, claimed_until: int | None
) -> tuple[Connection, Failed]:
    """End a failed renewal. If another try cannot help, stores the reason in the connection and notifies admins.

    `claimed_until` is the end of the caller's claim (`claiming_refresh`); None if there was no request. Returns the
    changed connection and `failed`.
    """
    changes: dict[str, Any] = {"reconnect_reason": failed.reason} if failed.is_lasting else {}
    writes: list[store.Write] = []
    if failed.is_lasting:
        writes += audit.writes(
            caller, "connection.needs_reconnecting", connection.connection_id, {"connector": connection.connector}
        )
        if connection.livemode:
            from ferryman.notifications import notices  # rarely needed, so no cold start waits for it

            writes += notices.telling_admins(
                connection.workspace_id,
                f"The connection {connection.name} needs reconnecting",
                f"{connection.connection_id}: {failed.reason} Its programs get no access token until somebody approves "
                "it again.",
                connection.created_by,
            )
    if claimed_until is None:
        settling = table.changing(connection, **changes)
    else:
        settling = table.settling_refresh(connection, claimed_until, **changes)
    store.commit([settling, *writes])
    return replace(connection, **changes, refreshing_until=None), failed


def accounts(caller: Caller, connection: Connection) -> tuple[Connection, list[dict[str, str]] | Failed]:
    """Ask the product which accounts the connection gives access to.

    Returns the connection, and the accounts or Failed. Renews the tokens once if the product refuses the access token.
    Stores the accounts and the time in the connection's metadata. Raises Conflict as `fresh` does, and if the tokens
    changed while the product was asked.
    """
    connection, tokens = fresh(caller, connection)
    if isinstance(tokens, Failed):
        return connection, tokens
    client = client_of(connection)
    accounts = oauth.accounts(client, tokens.access_token, connection.metadata)
    if isinstance(accounts, Failed) and accounts.is_refused and tokens.refresh_token:
        connection, tokens = fresh(caller, connection, renewing=True)
        if isinstance(tokens, Failed):
            return connection, tokens
        accounts = oauth.accounts(client, tokens.access_token, connection.metadata)
    if isinstance(accounts, Failed):
        return connection, accounts
    learned = {**connection.metadata, "accounts": accounts, "checked_at": clock.now_iso()}
    store.commit([table.learning(connection, learned)])
    return replace(connection, metadata=learned), accounts


def revoked(connection: Connection) -> bool | None:
    """Revoke the tokens at the product. False if it cannot or did not revoke them; None without tokens."""
    if connection.sealed_tokens is None:
        return None
    return oauth.revoke(client_of(connection), _stored(connection))
