"""Verifying the code or recovery code that a person sends as the second factor."""

from typing import Any

from ferryman.identity.logins import sealing, second_factor
from ferryman.identity.logins.model import Login


def second_factor_used(login: Login, code: str | None, recovery_code: str | None) -> dict[str, Any] | None:
    """Verify a code of the second factor or, without a code, a recovery code.

    Returns the changes of the login that mark the code as used, or None if the code is wrong or was used before. The
    caller passes the changes to `logins.table.changing` in the same transaction as the action; its condition accepts a
    code once.
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
