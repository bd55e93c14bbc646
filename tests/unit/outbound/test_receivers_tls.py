"""Receivers over TLS: certificates and names are verified, and the deadline holds."""

import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ferryman import tls
from ferryman.outbound.outcomes import Delivered, Outcome, Unreachable

from tests.unit import hostile
from tests.unit.hostile import Authority, Behaviour, Visit, receiver
from tests.unit.outbound.calling import BOUND, DEADLINE, OK, STRICT, failed, post

pytestmark = STRICT


def post_tls(authority: Authority, server: ssl.SSLContext, *, host: str = "localhost", **more: Any) -> Outcome:
    if "context" not in more:
        more["context"] = authority.trusting()
    with receiver(more.pop("behave", hostile.answer(OK)), server) as there:
        return post(there.url(host=host), resolve=lambda host, port: ["127.0.0.1"], **more)


def test_tls_is_verified_against_the_name_although_an_address_is_connected_to(authority: Authority) -> None:
    with receiver(hostile.answer(OK), authority.server("localhost")) as there:
        outcome = post(
            there.url(host="localhost"),
            context=authority.trusting(),
            resolve=lambda host, port: ["127.0.0.1"],
        )
    assert isinstance(outcome, Delivered)
    assert there.server_names == ["localhost"]


def test_an_address_as_host_is_verified_as_an_address(authority: Authority) -> None:
    assert isinstance(post_tls(authority, authority.server("127.0.0.1"), host="127.0.0.1"), Delivered)
    assert failed(post_tls(authority, authority.server("localhost"), host="127.0.0.1")) == "tls_error"


@pytest.mark.parametrize(
    ("names", "options", "detail"),
    [
        (["other.example"], {}, "not valid for"),
        (["127.0.0.1"], {}, "not valid for"),  # the address connected to, but not the name
        (["*.localhost"], {}, "not valid for"),
        (["localhost"], {"days": -1}, "expired"),
        (["localhost"], {"self_signed": True}, "self-signed"),
    ],
)
def test_bad_certificates_are_tls_errors(
    authority: Authority, names: list[str], options: dict[str, Any], detail: str
) -> None:
    outcome = post_tls(authority, authority.server(*names, **options))
    assert failed(outcome) == "tls_error"
    assert isinstance(outcome, Unreachable) and detail in outcome.detail


def test_the_processs_own_context_does_not_trust_the_test_authority(authority: Authority) -> None:
    outcome = post_tls(authority, authority.server("localhost"), context=None)
    assert failed(outcome) == "tls_error"


def test_nothing_is_sent_before_the_certificate_is_accepted(authority: Authority) -> None:
    with receiver(hostile.answer(OK), authority.server("other.example")) as there:
        post(there.url(host="localhost"), context=authority.trusting())
    assert there.requests == []


def test_a_receiver_without_tls_is_a_tls_error(authority: Authority) -> None:
    with receiver(lambda visit: visit.socket.sendall(OK * 10)) as there:
        outcome = post(f"https://localhost:{there.port}/", context=authority.trusting())
    assert failed(outcome) == "tls_error"


def test_a_receiver_that_hangs_up_in_the_handshake_is_a_tls_error(authority: Authority) -> None:
    with receiver(lambda visit: None) as there:
        outcome = post(f"https://localhost:{there.port}/", context=authority.trusting())
    assert failed(outcome) == "tls_error"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_before_1_2_is_a_tls_error(authority: Authority) -> None:
    old = authority.server("localhost")
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert failed(post_tls(authority, old)) == "tls_error"


def test_a_receiver_that_wants_a_client_certificate_is_a_tls_error(authority: Authority) -> None:
    strict = authority.server("localhost")
    strict.verify_mode = ssl.CERT_REQUIRED
    assert failed(post_tls(authority, strict)) == "tls_error"


@pytest.mark.parametrize(
    "behave",
    [hostile.hang, lambda visit: drip(visit, b"\x16\x03\x03\x40\x00" + bytes(16384))],
    ids=["silent", "record drip"],
)
def test_the_deadline_bounds_the_handshake(authority: Authority, behave: Behaviour) -> None:
    with receiver(behave) as there:
        started = time.monotonic()
        outcome = post(f"https://localhost:{there.port}/", context=authority.trusting(), deadline=DEADLINE)
        assert time.monotonic() - started < BOUND
    assert failed(outcome) == "timeout"
    assert isinstance(outcome, Unreachable) and "handshake" in outcome.detail


def drip(visit: Visit, record: bytes) -> None:
    for byte in record:
        if visit.closing.wait(0.02):
            return
        visit.socket.sendall(bytes([byte]))


@pytest.mark.parametrize(
    ("behave", "error"),
    [
        (hostile.hang, "timeout"),
        (hostile.repeat(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.02), "timeout"),
        (hostile.answer_and_reset(b"HTTP/1.1 200 OK\r\nX: "), "reset"),
        (hostile.answer(b"HTTP/1.1 200 OK\r\nX: "), "reset"),
    ],
)
def test_unfinished_heads_over_tls(authority: Authority, behave: Behaviour, error: str) -> None:
    started = time.monotonic()
    outcome = post_tls(authority, authority.server("localhost"), behave=behave, deadline=DEADLINE)
    assert failed(outcome) == error
    assert time.monotonic() - started < BOUND


def test_the_deadline_bounds_a_flood_of_session_tickets(authority: Authority) -> None:
    """OpenSSL reads all tickets within one call, before it returns a byte."""
    flood = authority.server("localhost")
    flood.num_tickets = 1_000_000
    started = time.monotonic()
    outcome = post_tls(authority, flood, deadline=DEADLINE)
    assert time.monotonic() - started < BOUND
    assert failed(outcome) == "timeout"


def test_hanging_bodies_over_tls_are_bounded(authority: Authority) -> None:
    behave = hostile.answer_and_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    outcome = post_tls(authority, authority.server("localhost"), behave=behave, deadline=DEADLINE)
    assert isinstance(outcome, Delivered) and outcome.excerpt == "half"


def test_many_tls_receivers_at_once(authority: Authority) -> None:
    context = authority.trusting()
    good, bad = authority.server("localhost"), authority.server("other.example")
    with (
        receiver(hostile.answer(OK), good) as right,
        receiver(hostile.answer(OK), bad) as wrong,
        ThreadPoolExecutor(10) as threads,
    ):
        urls = [there.url(host="localhost") for there in (right, wrong)] * 30
        outcomes = list(threads.map(lambda url: post(url, context=context), urls))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes[::2])
    assert {failed(outcome) for outcome in outcomes[1::2]} == {"tls_error"}


def test_a_receiver_that_hangs_up_in_a_large_body_over_tls_is_a_reset(authority: Authority) -> None:
    def behave(visit: Visit) -> None:
        visit.socket.recv(1000)
        visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    outcome = post_tls(authority, authority.server("localhost"), behave=behave, body=bytes(5_000_000))
    assert failed(outcome) == "reset"


def test_the_deadline_bounds_a_receiver_that_reads_nothing_over_tls(authority: Authority) -> None:
    started = time.monotonic()
    outcome = post_tls(
        authority, authority.server("localhost"), behave=hostile.hang, body=bytes(50_000_000), deadline=DEADLINE
    )
    assert failed(outcome) == "timeout"
    assert time.monotonic() - started < BOUND


def test_verification_has_no_switch(authority: Authority) -> None:
    careless = ssl.create_default_context()
    careless.check_hostname = False
    blind = ssl.create_default_context()
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    for context in (careless, blind):
        with pytest.raises(ValueError, match="verif"):
            post_tls(authority, authority.server("localhost"), context=context)


def test_one_context_serves_the_whole_process() -> None:
    with ThreadPoolExecutor(10) as threads:
        contexts = {id(future.result()) for future in [threads.submit(tls.context) for _ in range(50)]}
    assert len(contexts) == 1
    context = tls.context()
    assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) > 50


def test_no_connection_parses_certificates_again(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    context, server = authority.trusting(), authority.server("localhost")

    def parsed(*_: Any, **__: Any) -> None:
        raise AssertionError("a bundle of certificates was parsed")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", parsed)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", parsed)
    assert isinstance(post_tls(authority, server, context=context), Delivered)


def test_a_process_parses_one_bundle_of_certificates(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing a bundle takes as long as twenty deliveries. Here ten threads need the TLS context at the same time."""
    load, bundles = ssl.SSLContext.load_verify_locations, []

    def counted(self: ssl.SSLContext, *arguments: Any, **named: Any) -> None:
        bundles.append(named)
        load(self, *arguments, **named)

    tls._built.cache_clear()
    server = authority.server("localhost")
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(lambda _: post_tls(authority, server, context=None), range(20)))
    assert {failed(outcome) for outcome in outcomes} == {"tls_error"}
    assert len(bundles) == 1
