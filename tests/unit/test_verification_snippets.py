"""The snippets that verify signatures, which the README offers, in each language that this machine has."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from ferryman.formats import fluxdesk
from ferryman.identity.credentials.secrets import new_signing_secret
from ferryman.webhooks.signing import fm_signature

SNIPPETS = Path(__file__).parents[2] / "docs" / "snippets"
# Ends like a line, and holds bytes that are not UTF-8: a receiver has to take the body as it came.
BODY = b'{"type":"message.created","text":"Build passed"}\xff\n'

type Verify = Callable[[str, str, bytes], bool]


LANGUAGES = ("python", "node", "go", "ruby", "php", "shell")
_COMMANDS = {
    "python": (sys.executable, "py"),
    "node": ("node", "mjs"),
    "ruby": ("ruby", "rb"),
    "php": ("php", "php"),
    "shell": ("sh", "sh"),
}


@pytest.fixture(scope="session")
def go_binary(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    @cache
    def built(snippet: str) -> str:
        binary = tmp_path_factory.mktemp("go") / snippet
        subprocess.run([_tool("go"), "build", "-o", str(binary), str(SNIPPETS / f"{snippet}.go")], check=True)
        return str(binary)

    return built


def _runner(snippet: str, language: str, go_binary: Callable[[str], str]) -> Verify:
    """A function that runs the snippet as its first lines describe. A refusal must not be a crash."""
    if language == "go":
        command = [go_binary(snippet)]
    else:
        program, suffix = _COMMANDS[language]
        command = [_tool(program), str(SNIPPETS / f"{snippet}.{suffix}")]
    if language == "shell":
        _tool("openssl")

    def run(secret: str, signature: str, body: bytes) -> bool:
        environment = os.environ | {"WEBHOOK_SECRET": secret}
        finished = subprocess.run([*command, signature], input=body, env=environment, capture_output=True, check=False)
        assert finished.stderr == b""
        assert finished.returncode in (0, 1)
        return finished.returncode == 0

    return run


@pytest.fixture(params=LANGUAGES)
def verify(request: pytest.FixtureRequest, go_binary: Callable[[str], str]) -> Verify:
    return _runner("verify", request.param, go_binary)


@pytest.fixture(params=LANGUAGES)
def verify_fluxdesk(request: pytest.FixtureRequest, go_binary: Callable[[str], str]) -> Verify:
    return _runner("verify_fluxdesk", request.param, go_binary)


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


def _of_fluxdesk(secret: str, body: bytes) -> str:
    return fluxdesk.sign([secret], body)["X-FluxDesk-Signature"]


@pytest.mark.parametrize("body", [BODY, b"", b"\n", b"x" * 200_000], ids=["usual", "empty", "newline", "large"])
def test_the_right_signature_of_fluxdesk_is_accepted(verify_fluxdesk: Verify, body: bytes) -> None:
    secret = new_signing_secret()
    assert verify_fluxdesk(secret, _of_fluxdesk(secret, body), body)
    assert not verify_fluxdesk(new_signing_secret(), _of_fluxdesk(secret, body), body)
    assert not verify_fluxdesk(secret, _of_fluxdesk(secret, body), body + b"\n")


@pytest.mark.parametrize(
    "signature", ["", "v1=", "{hex}", "v1={hex}00", "v1=ünlesbar", "v0={hex}", " v1={hex}", "v1={fm}"]
)
def test_no_other_signature_of_fluxdesk_is_accepted(verify_fluxdesk: Verify, signature: str) -> None:
    secret = new_signing_secret()
    digest = _of_fluxdesk(secret, BODY).removeprefix("v1=")
    fm = fm_signature([secret], _now(), BODY).rpartition("=")[2]
    assert not verify_fluxdesk(secret, signature.format(hex=digest, fm=fm), BODY)
