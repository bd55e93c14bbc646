"""Creating, editing and revoking API tokens."""

from collections.abc import Iterable
from contextlib import suppress

from ferryman import clock, ids, schema
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, Invalid, NotAllowed, NotFound, RetryLater
from ferryman.identity import authority, idempotency, permissions, rates
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller, Credential, Source
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.plans import Plan
from ferryman.identity.tokens import table
from ferryman.identity.tokens.model import Revocation, Token
from ferryman.identity.tokens.schema import TokenIn, TokenPatch
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.identity.users.service import Notice
from ferryman.identity.workspaces import table as workspaces

_SHOWN_A_MINUTE = 30  # tokens that one IP address may send in


class TokenRevoked(Conflict):
    """The token was revoked before, so it cannot be disabled or enabled."""


def create(caller: Caller, wanted: TokenIn, idempotency_key: IdempotencyKey | None = None) -> tuple[Token, str]:
    """Create a token of the caller's user. Returns the token and its secret. Raises as `creating` does."""
    token, secret, writes = creating(caller, caller.user_id, caller.role, wanted)
    acting = users.acting(caller.workspace_id, caller.user_id, caller.role)
    store.commit([*idempotency.writes(idempotency_key, token.token_id), *writes, acting])
    return token, secret


def creating(
    caller: Caller, user_id: str, role: permissions.Role, wanted: TokenIn
) -> tuple[Token, str, list[store.Write]]:
    """A new token that acts as `user_id`, its secret, and the writes that create it with its audit record.

    Raises NotAllowed when the token would be broader than the caller's credential in scopes, environment or lifetime,
    and Invalid for an expiry in the past.
    """
    _refuse_broader(caller, wanted.scopes)
    if not caller.livemode and wanted.environment == "production":
        raise NotAllowed("A test token cannot create a production token.")
    if wanted.expires_at is not None and wanted.expires_at <= clock.now_iso():
        raise Invalid("The expiry is in the past.", "/expires_at")
    ends = caller.expires_at if caller.kind == "token" else None  # a session creates tokens that outlive it
    if ends is not None and (wanted.expires_at is None or wanted.expires_at > ends):
        raise NotAllowed(f"A token cannot outlive the one that creates it, which expires at {ends}.")
    token, secret, writes = prepare(
        caller.workspace_id,
        user_id,
        role,
        wanted,
        created_by=caller.credential_id,
        made_by=caller.user_id if user_id != caller.user_id else None,
        plan=caller.stored_plan,
    )
    details = {"environment": token.environment, "scopes": token.scopes}
    as_copied = workspaces.plan_unchanged(caller.workspace_id, caller.stored_plan)
    return token, secret, [*writes, as_copied, *audit.writes(caller, "token.created", token.token_id, details)]


def prepare(
    workspace_id: str,
    user_id: str,
    role: permissions.Role,
    wanted: TokenIn,
    *,
    created_by: str,
    made_by: str | None = None,
    plan: Plan | None = None,
) -> tuple[Token, str, list[store.Write]]:
    """A new token, its secret, and the writes that create it. Checks nothing and writes no audit record."""
    livemode = wanted.environment == "production"
    secret = secrets.new_token(livemode=livemode)
    now = clock.now_iso()
    token = Token(
        workspace_id=workspace_id,
        token_id=ids.new(ids.TOKEN),
        user_id=user_id,
        name=wanted.name,
        description=wanted.description,
        environment=wanted.environment,
        scopes=list(wanted.scopes),
        prefix=secrets.shown(secret),
        secret_hash=secrets.digest(secret),
        created_at=now,
        updated_at=now,
        created_by=created_by,
        made_by=made_by,
        expires_at=wanted.expires_at,
    )
    credential = Credential(
        secret_hash=token.secret_hash,
        kind="token",
        workspace_id=workspace_id,
        subject_id=token.token_id,
        user_id=user_id,
        role=role,
        livemode=livemode,
        scopes=token.scopes,
        expires_at=token.expires_at,
        plan=plan,
    )
    return token, secret, [table.creating(token), credentials.creating(credential)]


def get_visible(caller: Caller, token_id: str) -> Token:
    """The token, if the caller may see it; raises NotFound otherwise.

    A caller with `admin:*` sees all tokens, any other caller those of their own user. A test credential sees test
    tokens only.
    """
    token = table.get(caller.workspace_id, token_id)
    if not _may_see(caller, token):
        raise NotFound("The token does not exist.")
    return token


def _may_see(caller: Caller, token: Token) -> bool:
    if token.livemode and not caller.livemode:
        return False
    return caller.is_admin or token.user_id == caller.user_id


def _require_may_change(caller: Caller, token: Token) -> None:
    """Raises NotAllowed if the caller may not change the token.

    The caller must have all scopes of the token that the caller's role includes, and must be allowed to act on the
    token's user.
    """
    authority.require_every_scope(caller, permissions.effective(token.scopes, caller.role))
    if token.user_id != caller.user_id:
        authority.require_authority(caller, users.get(token.workspace_id, token.user_id))


def edit(caller: Caller, token_id: str, patch: TokenPatch) -> Token:
    """Change a token's name, description, environment or scopes. Returns the changed token.

    Raises NotFound, Conflict for a token that is revoked or was changed in between, and NotAllowed when the caller
    lacks one of the old or new scopes or may not act on the token's user. Raises Invalid for a change to or from
    production, because the token's secret says whether it is live or test.
    """
    token = get_visible(caller, token_id)
    _require_may_change(caller, token)
    if token.revoked_at:
        raise Conflict("The token was revoked and cannot be edited. Create a new one.")
    changes = {name: value for name, value in schema.changes(patch).items() if value != getattr(token, name)}
    for name in ("name", "scopes", "environment"):
        if name in changes and changes[name] is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if "scopes" in changes:
        _refuse_broader(caller, changes["scopes"])
    if "environment" in changes and "production" in (changes["environment"], token.environment):
        raise Invalid(
            "A token cannot change between production and another environment, because its secret says whether it is "
            "live or test. Create a new token with POST /v1/tokens and revoke this one.",
            "/environment",
        )
    if not changes:
        return token
    audited = audit.writes(caller, "token.edited", token_id, {"changed": list(changes)})
    changes["updated_at"] = clock.now_iso()
    writes = [table.changing(token, **changes), *audited]
    if "scopes" in changes:
        writes.append(credentials.changing(token.secret_hash, scopes=changes["scopes"]))
    store.commit(writes)
    return table.get(caller.workspace_id, token_id)


def revoke(caller: Caller, token_id: str) -> None:
    """Revoke a token. Once this returns, no request with it is accepted. Revoking it again changes nothing.

    Raises NotFound, NotAllowed as `edit` does, and Conflict as `revoke_found` does.
    """
    token = get_visible(caller, token_id)
    _require_may_change(caller, token)
    revoke_found(caller, token)


def revoke_many(caller: Caller, token_ids: list[str]) -> dict[str, Revocation]:
    """Revoke tokens one by one. Returns the result for each, by its id."""
    tokens = table.get_many(caller.workspace_id, [token_id for token_id in token_ids if ids.is_id(ids.TOKEN, token_id)])
    results: dict[str, Revocation] = {}
    for token_id in token_ids:
        token = tokens.get(token_id)
        if token is None or not _may_see(caller, token):
            results[token_id] = "not_found"
            continue
        try:
            _require_may_change(caller, token)
            results[token_id] = "revoked" if revoke_found(caller, token) else "already_revoked"
        except NotAllowed:
            results[token_id] = "not_allowed"
        except (Conflict, RetryLater):
            results[token_id] = "conflict"
    return results


def disable(caller: Caller, token_id: str) -> None:
    """Disable a token until it is enabled again. Once this returns, no request with it is accepted.

    Raises NotFound, NotAllowed as `edit` does, and as `switch_found` does.
    """
    token = get_visible(caller, token_id)
    _require_may_change(caller, token)
    switch_found(caller, token, disabled=True)


def enable(caller: Caller, token_id: str) -> None:
    """Enable a disabled token. Raises as `disable` does."""
    token = get_visible(caller, token_id)
    _require_may_change(caller, token)
    switch_found(caller, token, disabled=False)


def switch_found(caller: Caller, token: Token, *, disabled: bool) -> None:
    """Disable or enable a token, without checking the caller's rights.

    Does nothing if the token is in that state already. Raises TokenRevoked for a revoked token, and Conflict when
    others keep changing it at the same moment.
    """
    if token.revoked_at:
        raise TokenRevoked("The token was revoked, which cannot be undone. Create a new one.")
    if bool(token.disabled_at) == disabled:
        return
    now = clock.now_iso()
    store.commit(
        [
            table.changing(token, disabled_at=now if disabled else None, updated_at=now),
            credentials.changing(token.secret_hash, disabled=disabled or None),
            *audit.writes(caller, "token.disabled" if disabled else "token.enabled", token.token_id),
        ],
        tries=3,  # a call with the token may be marking its use at the same moment
    )


def revoking(caller: Caller, token: Token) -> list[store.Write]:
    """The writes that revoke a token, with their audit record. If it is revoked already, the commit raises NotFound."""
    return [
        table.revoking(token, clock.now_iso()),
        credentials.revoking(token.secret_hash),
        *audit.writes(caller, "token.revoked", token.token_id),
    ]


def revoke_found(caller: Caller, token: Token) -> bool:
    """Revoke a token, without checking the caller's rights. Returns False if the token was revoked before.

    Raises Conflict when others keep changing it at the same moment.
    """
    if token.revoked_at:
        return False
    writes = revoking(caller, token)
    try:
        # A call with the token may be marking its use at the same moment.
        store.commit(writes, tries=3)
    except NotFound:
        return False  # somebody else revoked it in between
    return True


def revoke_shown(source: Source, secret: str, notice: Notice) -> None:
    """Revoke a token that somebody found and sent in, and notify its user (for a bot, the owner).

    An unknown token changes nothing. Raises TooManyRequests when one IP address sends more than thirty in a minute.
    """
    rates.spend(f"shown/{source.ip}", _SHOWN_A_MINUTE)
    credential = credentials.find(secrets.digest(secret)) if secrets.is_token(secret) else None
    if credential is None or credential.kind != "token":
        return
    token = table.get(credential.workspace_id, credential.subject_id)
    holder = Caller(
        workspace_id=token.workspace_id,
        user_id=token.user_id,
        role=credential.role,
        livemode=token.livemode,
        scopes=frozenset(),
        credential_id=token.token_id,
        source=source,
    )
    with suppress(NotFound):  # revoked in between
        user = users.get(token.workspace_id, token.user_id)
        person = users.get(token.workspace_id, user.owner) if user.role == "bot" and user.owner else user
        revoked = [
            table.revoking(token, clock.now_iso(), "shown"),
            credentials.revoking(token.secret_hash),
            *audit.writes(holder, "token.revoked", token.token_id, {"by": "showing it"}),
        ]
        notifying = notice(person, f"Your token {token.name} ({token.prefix}…) was revoked by somebody who had it")
        store.commit([*revoked, *notifying], tries=3)


def revoke_of_bots(maker: User, reason: str, *, but: set[str]) -> int:
    """Revoke the tokens that `maker` created for bots, because `maker` knows their secrets.

    `reason` is stored with each token. Bots whose ids are in `but` keep their tokens. Returns how many were revoked.
    """
    count = 0
    for token in list(table.active_made_by(maker.workspace_id, maker.user_id)):
        if token.user_id in but:
            continue
        with suppress(NotFound):
            revoked = table.revoking(token, clock.now_iso(), reason)
            store.commit([revoked, credentials.revoking(token.secret_hash)], tries=3)
            count += 1
    return count


def follow_user(user: User) -> None:
    """Copy a changed user's role and activity into the credentials of all their tokens.

    Call this after the user is written. A request that creates a token at the same time checks the user in its own
    transaction.
    """
    for token in table.unrevoked(user.workspace_id, user.user_id):
        try:
            store.commit([credentials.changing(token.secret_hash, role=user.role, active=user.active)])
        except NotFound:
            continue  # revoked in between, so its credential is gone


def _refuse_broader(caller: Caller, wanted: Iterable[str]) -> None:
    broader = permissions.broader_than(wanted, caller.scopes)
    if broader:
        raise NotAllowed(f"The token you use does not have {', '.join(broader)}, so it cannot give it to another.")
