"""One factory for each kind of secret that Ferryman issues."""

from collections.abc import Callable

from ferryman.identity.credentials import secrets

MADE: dict[str, Callable[[], str]] = {
    "live token": lambda: secrets.new_token(livemode=True),
    "test token": lambda: secrets.new_token(livemode=False),
    "signing secret": secrets.new_signing_secret,
    "session": secrets.new_session,
    "invitation": secrets.new_invitation,
    "hook path": lambda: f"/hooks/{secrets.new_hook_secret()}",
    "hook url": lambda: f"https://api.example.com/hooks/{secrets.new_hook_secret()}",
    "authorization header": lambda: f"Bearer {secrets.new_hook_secret()}",
    "authorization header in lower case": lambda: f"authorization: bearer {secrets.new_hook_secret()}",
}


def hidden_part(secret: str) -> str:
    """The part of a secret that logs must not contain: everything after its public prefix."""
    for prefix in ("fm_live_", "fm_test_", "fm_sess_", "fm_invt_", "whsec_", "/hooks/", "earer "):
        _, found, rest = secret.partition(prefix)
        if found:
            return rest
    raise AssertionError(secret)
