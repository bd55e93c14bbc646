"""Ending, limiting and updating sessions. `signing_in` starts them, in a module of its own that few functions load."""

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
    """The time when each session was last used (ISO), by the session's id. Unused sessions are left out."""
    used = credentials.used_at(session.secret_hash for session in sessions)
    return {session.session_id: used[session.secret_hash] for session in sessions if session.secret_hash in used}


def end(caller: Caller, session_id: str) -> None:
    """End one of the caller's own sessions. Once this returns, no request with the session is accepted.

    Raises NotFound, and NotAllowed when a test credential would end a live session.
    """
    session = table.get(caller.workspace_id, caller.user_id, session_id)
    authority.require_mode(caller, livemode=session.livemode)
    audited = audit.writes(caller, "session.ended", session_id)
    store.commit([*_ending(session), *audited], tries=3)


def ending_some(workspace_id: str, user_id: str, keep: str | None = None) -> list[store.Write]:
    """The writes that end a person's forty newest sessions, except the session with the id `keep`.

    Call `end_all` after the transaction, for further sessions and for those that were started in between.
    """
    sessions = [session for session in table.of_user(workspace_id, user_id) if session.session_id != keep]
    return [write for session in sessions[-40:] for write in _ending(session)]


def end_without_second_factor(workspace_id: str) -> None:
    """End all sessions of the workspace's users who have no second factor (`second_factor_at`)."""
    with_one = {user.user_id for user in users.with_second_factor(workspace_id)}
    for session in table.of_workspace(workspace_id):
        if session.user_id not in with_one:
            store.commit(_ending(session), tries=3)


def end_all(workspace_id: str, user_id: str, keep: str | None = None) -> None:
    """End all sessions of a person, except the one with the id `keep`.

    Once this returns, no request with them is accepted.
    """
    for session in table.of_user(workspace_id, user_id):
        if session.session_id != keep:
            store.commit(_ending(session), tries=3)


def _ending(session: Session) -> list[store.Write]:
    return [table.deleting(session), credentials.revoking(session.secret_hash)]


def limiting(session: Session, *, enrols_only: bool) -> list[store.Write]:
    """The writes that limit a session to enrolling a second factor, or (`enrols_only=False`) lift the limit."""
    return [
        table.limiting(session, enrols_only=enrols_only),
        credentials.changing(session.secret_hash, enrols_only=enrols_only or None),
    ]


def follow_user(user: User) -> None:
    """Copy a user's changed role into their sessions, or end the sessions if the user is not active any more."""
    if not user.active:
        end_all(user.workspace_id, user.user_id)
        return
    for session in table.of_user(user.workspace_id, user.user_id):
        try:
            store.commit([credentials.changing(session.secret_hash, role=user.role)])
        except NotFound:
            continue  # ended in between, or expired
