"""The verifying snippets that the README gives to receivers, run in each language that this machine has."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ferryman.identity.credentials.secrets import new_signing_secret
from ferryman.webhooks.signing import fm_signature

SNIPPETS = Path(__file__).parents[2] / "docs" / "snippets"
# Ends like a line, and holds bytes that are not UTF-8: a receiver has to take the body as it came.
BODY = b'{"type":"message.created","text":"Build passed"}\xff\n'

type Verify = Callable[[str, str, bytes], bool]


@pytest.fixture(scope="session")
def go_binary(tmp_path_factory: pytest.TempPathFactory) -> str:
    go = _tool("go")
    binary = tmp_path_factory.mktemp("go") / "verify"
    subprocess.run([go, "build", "-o", str(binary), str(SNIPPETS / "verify.go")], check=True)
    return str(binary)


@pytest.fixture(params=["python", "node", "go", "ruby", "php", "shell"])
def verify(request: pytest.FixtureRequest) -> Verify:
    """Runs a snippet as its first lines say; whatever is refused must be refused without a crash."""
    match request.param:
        case "python":
            command = [sys.executable, str(SNIPPETS / "verify.py")]
        case "node":
            command = [_tool("node"), str(SNIPPETS / "verify.mjs")]
        case "go":
            command = [request.getfixturevalue("go_binary")]
        case "ruby":
            command = [_tool("ruby"), str(SNIPPETS / "verify.rb")]
        case "php":
            command = [_tool("php"), str(SNIPPETS / "verify.php")]
        case _:
            _tool("openssl")
            command = [_tool("sh"), str(SNIPPETS / "verify.sh")]

    def run(secret: str, signature: str, body: bytes) -> bool:
        environment = os.environ | {"WEBHOOK_SECRET": secret}
        finished = subprocess.run([*command, signature], input=body, env=environment, capture_output=True, check=False)
        assert finished.stderr == b""
        assert finished.returncode in (0, 1)
        return finished.returncode == 0

    return run


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found


def _now(offset: int = 0) -> int:
    return int(time.time()) + offset


@pytest.mark.parametrize("body", [BODY, b"", b"\n", b"x" * 200_000], ids=["usual", "empty", "newline", "large"])
def test_the_right_signature_is_accepted(verify: Verify, body: bytes) -> None:
    secret = new_signing_secret()
    assert verify(secret, fm_signature([secret], _now(), body), body)


@pytest.mark.parametrize("changed", [BODY.replace(b"passed", b"passeD"), BODY + b"\n", BODY[:-1], b""])
def test_a_changed_body_is_refused(verify: Verify, changed: bytes) -> None:
    secret = new_signing_secret()
    assert not verify(secret, fm_signature([secret], _now(), BODY), changed)


def test_a_foreign_secret_is_refused(verify: Verify) -> None:
    assert not verify(new_signing_secret(), fm_signature([new_signing_secret()], _now(), BODY), BODY)


@pytest.mark.parametrize(("offset", "accepted"), [(-240, True), (-360, False), (360, False)])
def test_a_signature_is_good_for_five_minutes(verify: Verify, offset: int, accepted: bool) -> None:
    secret = new_signing_secret()
    assert verify(secret, fm_signature([secret], _now(offset), BODY), BODY) is accepted


def test_a_fresh_time_on_an_old_signature_is_refused(verify: Verify) -> None:
    secret = new_signing_secret()
    digest = fm_signature([secret], _now(-3600), BODY).partition(",")[2]
    assert not verify(secret, f"t={_now()},{digest}", BODY)


@pytest.mark.parametrize("known", [0, 1])
def test_either_signature_is_accepted_while_a_secret_is_rotated(verify: Verify, known: int) -> None:
    secrets = [new_signing_secret(), new_signing_secret()]
    signature = fm_signature(secrets, _now(), BODY)
    assert signature.count("v1=") == 2
    assert verify(secrets[known], signature, BODY)
    assert not verify(new_signing_secret(), signature, BODY)


@pytest.mark.parametrize(
    "signature",
    ["", ",", "t=", "v1=", "t={t}", "t={t},v1=", "{v1}", "t=,{v1}", "t=now,{v1}", "t=-{t},{v1}",
     "t=" + "9" * 5000 + ",{v1}", "t={t},v1=ünlesbar", "t={t},v1", "t={t};{v1}", "t={t},v0={hex}", "t={t},v1={hex}00"],
)  # fmt: skip
def test_anything_else_is_refused_without_a_crash(verify: Verify, signature: str) -> None:
    secret, now = new_signing_secret(), _now()
    v1 = fm_signature([secret], now, BODY).partition(",")[2]
    assert not verify(secret, signature.format(t=now, v1=v1, hex=v1.removeprefix("v1=")), BODY)
