"""Creating, editing and revoking API tokens."""

from ferryman import clock, idempotency, ids, scopes, store
from ferryman.credentials import secrets
from ferryman.credentials import table as credentials
from ferryman.credentials.model import Caller, Credential
from ferryman.errors import Conflict, Invalid, NotAllowed, NotFound
from ferryman.idempotency import Once
from ferryman.tokens import table
from ferryman.tokens.model import Token
from ferryman.tokens.schema import TokenIn, TokenPatch
from ferryman.users import table as users
from ferryman.users.model import User


def create(caller: Caller, wanted: TokenIn, once: Once | None = None) -> tuple[Token, str]:
    """A new token of the caller's user, and its secret.

    Raises NotAllowed when it would be broader than the caller's: in scopes, in environment or in lifetime.
    """
    _refuse_broader(caller, wanted.scopes)
    if not caller.livemode and wanted.environment == "production":
        raise NotAllowed("A test token cannot create a production token.")
    if wanted.expires_at is not None and wanted.expires_at <= clock.now_iso():
        raise Invalid("The expiry is in the past.", "/expires_at")
    if caller.expires_at is not None and (wanted.expires_at is None or wanted.expires_at > caller.expires_at):
        raise NotAllowed(f"A token cannot outlive the one that creates it, which expires at {caller.expires_at}.")
    token, secret, writes = prepare(
        caller.workspace_id,
        caller.user_id,
        caller.role,
        wanted,
        created_by=caller.credential_id,
    )
    acting = users.acting(caller.workspace_id, caller.user_id, caller.role)
    store.commit([*idempotency.writes(once, token.token_id), *writes, acting])
    return token, secret


def prepare(
    workspace_id: str, user_id: str, role: scopes.Role, wanted: TokenIn, *, created_by: str
) -> tuple[Token, str, list[store.Write]]:
    """A new token, its secret, and the writes that create it, for the caller's transaction."""
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
    )
    return token, secret, [table.creating(token), credentials.creating(credential)]


def visible(caller: Caller, token_id: str) -> Token:
    """The token, if the caller may see it: every one with admin:*, else only those of the caller's own user.

    To a test token only test tokens exist, so that it never touches what is live.
    """
    token = table.get(caller.workspace_id, token_id)
    if (not caller.is_admin and token.user_id != caller.user_id) or (token.livemode and not caller.livemode):
        raise NotFound("There is no such token.")
    return token


def edit(caller: Caller, token_id: str, patch: TokenPatch) -> Token:
    """Change name, description or scopes; neither the old nor the new scopes may be broader than the caller's."""
    token = visible(caller, token_id)
    if token.revoked_at:
        raise Conflict("The token was revoked and cannot be edited. Create a new one.")
    changes = patch.model_dump(exclude_unset=True)
    for name in ("name", "scopes"):
        if name in changes and changes[name] is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if "scopes" in changes:
        _refuse_broader(caller, changes["scopes"])
        _refuse_broader(caller, token.scopes)
    if not changes:
        return token
    changes["updated_at"] = clock.now_iso()
    writes = [table.changing(token, **changes)]
    if "scopes" in changes:
        writes.append(credentials.changing(token.secret_hash, scopes=changes["scopes"]))
    store.commit(writes)
    return table.get(caller.workspace_id, token_id)


def revoke(caller: Caller, token_id: str) -> None:
    """Stop a token: when this returns, no call with it is accepted any more. Revoking twice is harmless."""
    token = visible(caller, token_id)
    if token.revoked_at:
        return
    store.commit([table.revoking(token, clock.now_iso()), credentials.revoking(token.secret_hash)])


def follow_user(user: User) -> None:
    """Bring the role and the activity of a changed user into all its credentials.

    Called after the user is written; a token that is created meanwhile checks the user in its own transaction.
    """
    for token in table.active_of(user.workspace_id, user.user_id):
        try:
            store.commit([credentials.changing(token.secret_hash, role=user.role, active=user.active)])
        except NotFound:
            continue  # revoked in between: nothing left to follow


def _refuse_broader(caller: Caller, wanted: list[str] | list[scopes.Scope]) -> None:
    broader = scopes.broader_than(wanted, caller.scopes)
    if broader:
        raise NotAllowed(f"The token you use does not have {', '.join(broader)}, so it cannot give it to another.")
