"""The table `sign_in_failures`: subject → number of failed attempts, and the time until which attempts are refused.

An attempt is counted before it is verified, and the count is deleted when it succeeds. So of a thousand parallel
guesses at most ten are verified. The count does not depend on whether the person exists, so a refusal does not reveal
that.
"""

import math

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, TooManyAttempts

TABLE = "sign_in_failures"
FREE = 10
_FIRST_PAUSE_SECONDS = 30
_LONGEST_PAUSE_SECONDS = 3600
_REMEMBERED_SECONDS = 24 * 3600
_ROUNDS = 10


def at_email(email_hash: str, workspace_id: str | None) -> str:
    """The subject that counts attempts to sign in with an e-mail address.

    It belongs to one workspace, or (None) to the requests that name no workspace.
    """
    return f"email/{email_hash}/{workspace_id or '*'}"


def by_user(workspace_id: str, user_id: str) -> str:
    """The subject that counts the attempts of a signed-in person to prove again who they are."""
    return f"user/{workspace_id}/{user_id}"


def pause(failures: int) -> int:
    """The seconds for which attempts are refused after this many failures in a row.

    0 for fewer than ten failures, 30 for ten, and twice as many for each further one, up to an hour.
    """
    if failures < FREE:
        return 0
    return int(min(_FIRST_PAUSE_SECONDS * 2 ** (failures - FREE), _LONGEST_PAUSE_SECONDS))


def begin(subject: str) -> None:
    """Count one more attempt of `subject` as failed; after a success, the caller commits `clearing`.

    Raises TooManyAttempts while attempts of the subject are refused, and when many attempts at the same moment collide.
    """
    for _ in range(_ROUNDS):
        item = store.get(TABLE, {"subject": subject})
        now = clock.now()
        if item and item["paused_until"] > now:
            raise TooManyAttempts(math.ceil(item["paused_until"] - now))
        remembered = item if item and item["expires_at_epoch"] > now else None  # TTL deletes late
        failures = remembered["failures"] + 1 if remembered else 1
        until = now + pause(failures)
        counted = store.put(
            TABLE,
            {
                "subject": subject,
                "failures": failures,
                "paused_until": until,
                "expires_at_epoch": int(until) + _REMEMBERED_SECONDS,
            },
            condition="failures = :known" if item else "attribute_not_exists(subject)",
            values={":known": item["failures"]} if item else None,
        )
        try:
            store.commit([counted])
        except Conflict:
            continue  # another attempt at the same moment was counted first
        return
    raise TooManyAttempts(1)


def clearing(subject: str) -> store.Write:
    """The write that deletes the count of `subject`, for the transaction of a successful attempt."""
    return store.delete(TABLE, {"subject": subject})
