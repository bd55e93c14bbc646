"""botocore's signer, as it signs for its own clients, is the judge of ours."""

import calendar
import time
from datetime import UTC, datetime
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Theirs
from ferryman.aws.signature import Credentials, signed
from ferryman.errors import Misconfigured
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./+=", min_size=1, max_size=60)
TIMES = st.integers(calendar.timegm((2015, 1, 1, 0, 0, 0)), calendar.timegm((2060, 1, 1, 0, 0, 0)))


@given(
    body=st.binary(max_size=200),
    target=WORDS,
    credentials=st.builds(Credentials, WORDS, WORDS, st.just("") | WORDS),
    region=st.sampled_from(["us-east-1", "eu-central-2", "cn-north-1"]),
    service=st.sampled_from(["dynamodb", "sqs", "kms"]),
    at=TIMES,
)
def test_it_signs_as_botocore_does(
    body: bytes, target: str, credentials: Credentials, region: str, service: str, at: int
) -> None:
    host = f"{service}.{region}.amazonaws.com"
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": target}
    ours = signed({**headers, "host": host}, body, credentials, region, service, at)
    request = AWSRequest("POST", f"https://{host}/", headers=headers, data=body)
    theirs = Theirs(credentials.key_id, credentials.secret, credentials.token or None)
    with patch.object(botocore.auth, "get_current_datetime", lambda: datetime.fromtimestamp(at, UTC)):
        SigV4Auth(theirs, service, region).add_auth(request)
    assert ours.pop("host") == host
    assert ours == {name.lower(): value for name, value in request.headers.items()}


def test_the_key_is_that_of_the_day() -> None:
    """A process that lives over midnight signs with the new day's key."""
    evening = calendar.timegm((2026, 11, 21, 23, 59, 59))
    credentials = Credentials("AKID", "secret", "")
    seen = {signed({"host": "h"}, b"", credentials, "r", "s", evening + later)["authorization"] for later in (0, 1)}
    assert len(seen) == 2
    assert time.strftime("%Y%m%d", time.gmtime(evening + 1)) == "20261122"


def test_credentials_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    assert Credentials.of_environment() == Credentials("AKID", "secret", "")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert Credentials.of_environment().token == "token"
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Misconfigured, match="AWS_SECRET_ACCESS_KEY"):
        Credentials.of_environment()
