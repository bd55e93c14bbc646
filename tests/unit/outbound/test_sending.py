"""The request that the transport sends, independently of the environment and of the receiver's wishes."""

import gzip
import logging
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from ferryman.outbound import adapter, transport
from ferryman.outbound.adapter import CallFailed, GuardedAdapter, Limits
from ferryman.outbound.outcomes import Delivered, Refused

from tests.unit import hostile
from tests.unit.hostile import Authority, receiver
from tests.unit.outbound.calling import DEADLINE, LOCAL, OK, STRICT, failed, post, post_to

pytestmark = STRICT


def test_the_request_on_the_wire() -> None:
    body = '{"text": "привет"}'.encode()
    with receiver(hostile.answer(OK)) as there:
        outcome = post(
            there.url("/in/%7ebox//x[1]%5b?a=1&b=%2f&c[]=%7E"),
            body,
            headers={"Content-Type": "application/json", "X-FM-Delivery-ID": "dlv_1", "user-agent": "other"},
        )
    assert isinstance(outcome, Delivered)
    head, _, sent = there.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == "POST /in/%7ebox//x[1]%5b?a=1&b=%2f&c[]=%7E HTTP/1.1"
    assert sorted(headers, key=str.lower) == [
        "Accept-Encoding: identity",
        "Connection: close",
        f"Content-Length: {len(body)}",
        "Content-Type: application/json",
        f"Host: 127.0.0.1:{there.port}",
        "User-Agent: Ferryman-Webhooks/1",
        "X-FM-Delivery-ID: dlv_1",
    ]
    assert sent == body


def test_an_empty_body_is_sent_with_its_length() -> None:
    with receiver(hostile.answer(OK)) as there:
        assert isinstance(post(there.url(), b""), Delivered)
    assert b"\r\nContent-Length: 0\r\n" in there.requests[0]


def test_a_large_body_arrives_whole() -> None:
    body = os.urandom(1_000_000)
    with receiver(hostile.answer(OK)) as there:
        assert isinstance(post(there.url(), body), Delivered)
    assert there.requests[0].endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"content-length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"Expect": "100-continue"},
        {"X-A": "b\r\nX-Evil: 1"},
        {"X-A": "b\nX-Evil: 1"},
        {"X-A": "\u2028"},
        {"X A": "b"},
        {"": "b"},
    ],
)
def test_headers_that_would_change_the_request_are_the_callers_mistake(headers: dict[str, str]) -> None:
    with receiver(hostile.answer(OK)) as there, pytest.raises(ValueError, match="header"):
        post(there.url(), headers=headers)
    assert there.connections == 0


@pytest.mark.parametrize("no_proxy", ["", "127.0.0.1", "*"])
def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> None:
    with receiver(hostile.answer(OK)) as trap, receiver(hostile.answer(OK)) as there:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, trap.url())
        monkeypatch.setenv("no_proxy", no_proxy)
        monkeypatch.setenv("NO_PROXY", no_proxy)
        assert isinstance(post(there.url()), Delivered)
        with pytest.raises(requests.RequestException):
            guarded().get("https://hooks.example.com/", timeout=DEADLINE)
        assert guarded().get(there.url()).status_code == 200
    assert trap.connections == 0
    assert b" / HTTP/1.1\r\n" in there.requests[0]


def test_credentials_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login spy password secret\ndefault login spy password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    with receiver(hostile.answer(OK)) as there:
        assert requests.utils.get_netrc_auth(there.url()) == ("spy", "secret")
        monkeypatch.delenv("NETRC", raising=False)
        assert isinstance(post(there.url()), Delivered)
        guarded().post(there.url(), b"{}")
        monkeypatch.setenv("NETRC", str(netrc))
        assert isinstance(post(there.url()), Delivered)
        guarded().post(there.url(), b"{}")
    assert len(there.requests) == 4
    assert b"authorization" not in b"".join(there.requests).lower()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Authority, name: str
) -> None:
    bundle = tmp_path / "roots.pem"
    bundle.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv(name, str(bundle))
    with receiver(hostile.answer(OK), authority.server("localhost")) as there:
        assert failed(post(there.url(host="localhost"))) == "tls_error"
    monkeypatch.setenv(name, "/nonexistent")
    with receiver(hostile.answer(OK), authority.server("localhost")) as there:
        assert isinstance(post(there.url(host="localhost"), context=authority.trusting()), Delivered)


def test_no_cookie_comes_back() -> None:
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/; Max-Age=9999\r\nContent-Length: 0\r\n\r\n"
    session = guarded()
    with receiver(hostile.answer(cookie)) as there:
        for _ in range(2):
            post(there.url())
            session.post(there.url(), b"{}")
    assert len(there.requests) == 4
    assert b"cookie" not in b"".join(there.requests).lower()
    assert not session.cookies


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with receiver(hostile.answer(OK)) as elsewhere:
        redirect = f"HTTP/1.1 {status} Go\r\nLocation: {elsewhere.url()}\r\nContent-Length: 0\r\n\r\n"
        outcome = post_to(hostile.answer(redirect.encode()))
    assert isinstance(outcome, Refused) and outcome.status == status
    assert elsewhere.connections == 0
    assert guarded_status(redirect.encode()) == status
    assert elsewhere.connections == 0


def guarded_status(response: bytes) -> int:
    """The status that a caller gets who uses the guarded session with its default settings."""
    with receiver(hostile.answer(response)) as there:
        return guarded().post(there.url(), b"{}").status_code


def test_the_bomb_behind_a_redirect_is_never_inflated() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    head = b"HTTP/1.1 302 Go\r\nLocation: /next\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with receiver(hostile.answer(head + bomb)) as there:
        tracemalloc.start()
        outcome = post(there.url())
        response = guarded().get(there.url())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(outcome, Refused) and outcome.status == 302
    assert response.content == bomb[:1024]
    assert peak < 5_000_000
    assert there.connections == 2


def test_the_path_reaches_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    malformed = b"HTTP/1.1 200 OK\r\nNo colon here\r\nContent-Length: 0\r\n\r\n"
    with receiver(hostile.answer(malformed)) as there:
        assert isinstance(post(there.url("/secret-path")), Delivered)
    assert "secret-path" not in caplog.text


# --- other calls than a delivery -------------------------------------------------------------------------


def guarded(limit: int = 1024) -> requests.Session:
    return adapter.session(LOCAL, Limits(limit, 1.0))


def test_a_request_may_have_any_method_and_no_body() -> None:
    with receiver(hostile.answer(OK)) as there:
        outcome = transport.request("GET", there.url("/me?a=b"), allowed_targets=LOCAL)
    assert isinstance(outcome, Delivered) and outcome.body.content == b"ok"
    head = there.requests[0].decode()
    assert head.startswith("GET /me?a=b HTTP/1.1\r\n")
    assert "content-length" not in head.lower()


def test_the_session_works_as_any_other_of_requests() -> None:
    answer = b'HTTP/1.1 201 Made\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a": 1}\n'
    with receiver(hostile.answer(answer)) as there:
        response = guarded().post(there.url(), json={"b": 2}, params={"c": "d"}, headers={"X-E": "f"})
    assert (response.status_code, response.json()) == (201, {"a": 1})
    head, _, body = there.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /?c=d HTTP/1.1\r\n")
    assert {b"X-E: f", b"User-Agent: Ferryman-Webhooks/1", b"Accept-Encoding: identity"} <= set(head.split(b"\r\n"))
    assert body == b'{"b": 2}'


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "https://10.0.0.1/", "http://example.com/", "https://localhost.internal/", "nonsense"]
)
def test_the_session_reaches_nothing_that_is_not_allowed(url: str) -> None:
    with pytest.raises(requests.RequestException):
        guarded().get(url, timeout=DEADLINE)


def test_the_guard_protects_any_session_that_mounts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)  # or the session asks the guard for them, which is refused
    careless = requests.Session()
    careless.mount("http://", GuardedAdapter(LOCAL, Limits(10, 1.0)))
    cookie = b"Set-Cookie: id=1\r\nContent-Encoding: gzip\r\n"
    redirect = b"HTTP/1.1 302 Go\r\nLocation: /\r\n" + cookie + b"\r\n" + b"z" * 100
    with receiver(hostile.answer(redirect)) as there:
        response = careless.get(there.url())
    assert (response.status_code, response.content, len(there.requests)) == (302, b"z" * 10, 1)
    assert not careless.cookies
    with pytest.raises(CallFailed, match="https"):
        careless.get("http://example.com/")


@pytest.mark.parametrize("wrong", [{"verify": False}, {"verify": "/roots.pem"}, {"cert": "/mine.pem"}])
def test_the_session_has_no_switch_for_verification(wrong: dict[str, Any]) -> None:
    with receiver(hostile.answer(OK)) as there, pytest.raises(ValueError, match="verifies"):
        guarded().get(there.url(), **wrong)
    assert there.connections == 0


def test_a_body_of_unknown_length_is_the_callers_mistake() -> None:
    with receiver(hostile.answer(OK)) as there, pytest.raises(ValueError, match=r"header|length"):
        guarded().post(there.url(), iter([b"a", b"b"]))
    assert there.connections == 0


def test_threads_may_share_a_session() -> None:
    session = guarded()
    with receiver(hostile.answer(OK)) as there, ThreadPoolExecutor(20) as threads:
        responses = list(threads.map(lambda number: session.get(there.url(f"/{number}")), range(200)))
    assert {response.content for response in responses} == {b"ok"}
    assert len({request.split(b" ")[1] for request in there.requests}) == 200
