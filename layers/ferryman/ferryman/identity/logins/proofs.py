"""Judging what a person presents as the second factor."""

from typing import Any

from ferryman.identity.logins import sealing, second_factor
from ferryman.identity.logins.model import Login


def second_factor_used(login: Login, code: str | None, recovery_code: str | None) -> dict[str, Any] | None:
    """The changes of the login that use this code up; None when the code is not accepted.

    Write them in the transaction that the code is presented for; `logins.table.changing` lets a code through once.
    """
    if code is not None and login.totp_secret is not None:
        secret = sealing.unseal(login.workspace_id, login.user_id, login.totp_secret)
        step = second_factor.step_of(secret, code, after=login.totp_step)
        return None if step is None else {"totp_step": step}
    if recovery_code is not None:
        used = second_factor.recovery_hash(recovery_code)
        left = [hash_ for hash_ in login.recovery_hashes if hash_ != used]
        return {"recovery_hashes": left} if len(left) < len(login.recovery_hashes) else None
    return None
