"""Redaction: masks every text that looks like one of our secrets. Pure, and the last step before a line is logged."""

import re

# API tokens and sessions, signing secrets, incoming webhook URLs, bearer headers, and the URLs of applications.
_SECRET = re.compile(
    r"(fm_(?:live|test|sess|invt)_|whsec_)[0-9A-Za-z_+/=-]{8,}|(/hooks/|/services/[0-9A-Za-z]{1,64}/[0-9A-Za-z]{1,64}/)[0-9A-Za-z]{16,}|((?i:bearer)\s+)[^\s\"',]{8,}"
    r"|(?<!/v1)(/webhooks/)(?:[^/\s]{1,64}/)?[0-9A-Za-z]{32}(?![0-9A-Za-z])"
)


def redact(text: str) -> str:
    """`text` with everything that looks like a Ferryman secret replaced by its prefix and `[redacted]`."""
    return _SECRET.sub(lambda match: f"{next(group for group in match.groups() if group)}[redacted]", text)
