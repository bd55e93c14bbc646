"""The end of sessions, and what they follow meanwhile. Signing in is `signing_in`, which few need to load."""

from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.identity import authority
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller
from ferryman.identity.sessions import table
from ferryman.identity.sessions.model import Session
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User


def last_used(sessions: list[Session]) -> dict[str, str]:
    """When each of the sessions was last used (ISO), by the session's id."""
    used = credentials.used_at(session.secret_hash for session in sessions)
    return {session.session_id: used[session.secret_hash] for session in sessions if session.secret_hash in used}


def end(caller: Caller, session_id: str) -> None:
    """End one of the caller's own sessions: when this returns, no call with it is accepted. Raises NotFound."""
    session = table.get(caller.workspace_id, caller.user_id, session_id)
    authority.require_mode(caller, livemode=session.livemode)
    audited = audit.writes(caller, "session.ended", session_id)
    store.commit([*_ending(session), *audited], tries=3)


def ending_some(workspace_id: str, user_id: str, keep: str | None = None) -> list[store.Write]:
    """The writes with which a transaction ends a person's sessions: all but `keep`, up to forty.

    Call `end_all` after it, for the rest and for those that were started meanwhile.
    """
    sessions = [session for session in table.of_user(workspace_id, user_id) if session.session_id != keep]
    return [write for session in sessions[-40:] for write in _ending(session)]


def end_without_second_factor(workspace_id: str) -> None:
    """End the sessions of everybody in the workspace whom the list of people shows without a second factor."""
    with_one = {user.user_id for user in users.with_second_factor(workspace_id)}
    for session in table.of_workspace(workspace_id):
        if session.user_id not in with_one:
            store.commit(_ending(session), tries=3)


def end_all(workspace_id: str, user_id: str, keep: str | None = None) -> None:
    """End every session of a person but `keep`, a session's id: when this returns, no call with them is accepted."""
    for session in table.of_user(workspace_id, user_id):
        if session.session_id != keep:
            store.commit(_ending(session), tries=3)


def _ending(session: Session) -> list[store.Write]:
    return [table.deleting(session), credentials.revoking(session.secret_hash)]


def limiting(session: Session, *, enrols_only: bool) -> list[store.Write]:
    """The writes after which a session can only enrol a second factor, or can do everything again."""
    return [
        table.limiting(session, enrols_only=enrols_only),
        credentials.changing(session.secret_hash, enrols_only=enrols_only or None),
    ]


def follow_user(user: User) -> None:
    """Bring a changed role into a person's sessions, and end them when the person is not active any more."""
    if not user.active:
        end_all(user.workspace_id, user.user_id)
        return
    for session in table.of_user(user.workspace_id, user.user_id):
        try:
            store.commit([credentials.changing(session.secret_hash, role=user.role)])
        except NotFound:
            continue  # ended in between, or expired
