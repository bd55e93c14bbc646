"""The client of AWS's JSON services, against servers that answer, break off and refuse on loopback."""

import json
import select
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest.mock import Mock

import botocore.session
import pytest
from ferryman.aws import client as module
from ferryman.aws.client import Client
from ferryman.errors import AwsRefused, AwsUnreachable, Misconfigured

from tests.unit.hostile import Authority, Behaviour, Visit, closed_port, receiver

type Secured = Callable[[Behaviour], AbstractContextManager[Client]]

SECRET = "a-secret-that-is-in-no-text"


def whole(content: bytes = b"{}", status: str = "200 OK", *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/x-amz-json-1.0", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, *more, "\r\n"]).encode() + content


def error(code: str, status: str = "400 Bad Request", **more: object) -> bytes:
    return whole(json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **more}).encode(), status)


GOOD = whole()
BUSY = error("ThrottlingException")
FAILED = error("InternalServerError", "500 Internal Server Error")
NOTHING = b""  # hangs up without a word


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, noted instead of waited for."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    monkeypatch.setattr("random.random", lambda: 1.0)
    return pauses


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@contextmanager
def serving(
    monkeypatch: pytest.MonkeyPatch, *answers: bytes, close: bool = False
) -> Iterator[tuple[Client, list[tuple[int, bytes]]]]:
    """A client of a server that gives `answers` in turn, and each request as (number of its connection, its text)."""
    waiting, seen, lock, numbers = list(answers), [], threading.Lock(), iter(range(1000))

    def behave(visit: Visit) -> None:
        with lock:
            number = next(numbers)
        while waiting:
            request = visit.read_request()
            if not request:
                return
            with lock:
                seen.append((number, request))
                answer = waiting.pop(0)
            visit.socket.sendall(answer)
            if close or not answer:
                return

    with receiver(behave) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url("").rstrip("/"))
        yield Client("dynamodb", "DynamoDB_20120810", "1.0"), seen


def test_a_call_is_one_signed_post(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, whole(b'{"Item":{"a":{"S":"\\u00e9"}}}')) as (client, seen):
        assert client.call("GetItem", TableName="t", Key={"a": {"S": "é"}}) == {"Item": {"a": {"S": "é"}}}
    head, _, body = seen[0][1].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post / http/1.1"
    assert "x-amz-target: dynamodb_20120810.getitem" in lines
    assert "content-type: application/x-amz-json-1.0" in lines
    assert any(line.startswith("authorization: aws4-hmac-sha256 credential=akid/") for line in lines)
    assert json.loads(body) == {"TableName": "t", "Key": {"a": {"S": "é"}}}
    assert SECRET not in head.decode()


def test_connections_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, GOOD, error("ConditionalCheckFailedException"), GOOD) as (client, seen):
        client.call("PutItem")
        with pytest.raises(AwsRefused):
            client.call("PutItem")
        client.call("PutItem")
    assert [number for number, _ in seen] == [0, 0, 0]


def test_a_connection_that_aws_closed_meanwhile_costs_no_try(
    monkeypatch: pytest.MonkeyPatch, no_pauses: list[float]
) -> None:
    with serving(monkeypatch, GOOD, GOOD, close=True) as (client, seen):
        client.call("PutItem")
        while not _closed(client):
            pass
        client.call("PutItem")
    assert [number for number, _ in seen] == [0, 1]
    assert no_pauses == []


def _closed(client: Client) -> bool:
    return client._idle[0].recv(1, socket.MSG_PEEK) == b""


def test_a_connection_that_aws_closes_while_we_write_costs_no_try(
    monkeypatch: pytest.MonkeyPatch, no_pauses: list[float]
) -> None:
    monkeypatch.setattr("select.poll", lambda: Mock(poll=lambda _: []))  # too early to be seen
    with serving(monkeypatch, GOOD, GOOD, close=True) as (client, seen):
        client.call("PutItem")
        while not _closed(client):
            pass
        client.call("PutItem")
    assert [number for number, _ in seen] == [0, 1]
    assert no_pauses == []


def test_a_connection_that_is_not_to_be_kept_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, whole(b"{}", "200 OK", "Connection: close"), GOOD, close=True) as (client, seen):
        client.call("PutItem")
        assert not client._idle
        client.call("PutItem")
    assert len(seen) == 2


def test_a_connection_can_be_made_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, GOOD) as (client, seen):
        client.connect()
        assert len(client._idle) == 1
        client.call("PutItem")
    assert [number for number, _ in seen] == [0]


def test_a_connection_that_cannot_be_made_ahead_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")
    Client("dynamodb", "DynamoDB_20120810", "1.0").connect()


@pytest.mark.parametrize(
    "broken",
    [
        NOTHING,
        BUSY,
        FAILED,
        error("RequestTimeout"),
        error("SlowDown", "503 Slow Down"),
        whole(b"<html>", "502 Bad Gateway"),
        error("ProvisionedThroughputExceededException"),
        error("TransactionInProgressException"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
        b"nonsense\r\n\r\n",
        whole(b"{}", "200 OK", "x-amz-crc32: 1"),
    ],
    ids=lambda answer: answer[:40].decode("latin-1") + str(len(answer)),
)
def test_what_passes_is_tried_four_times(
    monkeypatch: pytest.MonkeyPatch, no_pauses: list[float], broken: bytes
) -> None:
    with serving(monkeypatch, broken, broken, broken, GOOD, close=True) as (client, seen):
        assert client.call("PutItem", TableName="t") == {}
    assert len(seen) == 4
    assert no_pauses == [0.1, 0.2, 0.4]
    assert len({request.partition(b"\r\n\r\n")[2] for _, request in seen}) == 1
    with (
        serving(monkeypatch, *[broken] * 5, close=True) as (client, seen),
        pytest.raises((AwsRefused, AwsUnreachable)) as failed,
    ):
        client.call("PutItem", TableName="t")
    assert len(seen) == 4
    assert SECRET not in str(failed.value)
    assert "PutItem" in str(failed.value)


@pytest.mark.parametrize(
    "code", ["ConditionalCheckFailedException", "ValidationException", "AccessDeniedException", "ExpiredTokenException"]
)
def test_what_does_not_pass_is_tried_once(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    with (
        serving(monkeypatch, error(code, message="because"), GOOD) as (client, seen),
        pytest.raises(AwsRefused, match=f"dynamodb refused PutItem: {code} because") as refused,
    ):
        client.call("PutItem")
        assert (refused.value.code, refused.value.status, refused.value.is_passing) == (code, 400, False)
    assert len(seen) == 1


def test_a_cancelled_transaction_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "no"}]
    with (
        serving(monkeypatch, error("TransactionCanceledException", CancellationReasons=reasons)) as (client, _),
        pytest.raises(AwsRefused) as refused,
    ):
        client.call("TransactWriteItems")
    assert refused.value.reasons == ["None", "ConditionalCheckFailed"]


def test_a_refused_write_shows_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"a": {"S": "b"}}
    with (
        serving(monkeypatch, error("ConditionalCheckFailedException", Item=found)) as (client, _),
        pytest.raises(AwsRefused) as refused,
    ):
        client.call("PutItem")
    assert refused.value.item == found


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "none"}, "QueueDoesNotExist", "none"),
        ({"__type": "UnknownOperationException"}, "UnknownOperationException", ""),
        ({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no"}, "AccessDeniedException", "no"),
        ({"__type": "Refused:http://internal.amazon.com/a#b"}, "Refused", ""),
        ({"message": "Forbidden"}, "", "Forbidden"),
        ({"__type": "a#B", "CancellationReasons": None}, "B", ""),
        (["Forbidden"], "", ""),
    ],
)
def test_a_refusal_has_the_name_and_the_words_that_aws_gave(
    monkeypatch: pytest.MonkeyPatch, content: object, code: str, message: str
) -> None:
    answer = whole(json.dumps(content).encode(), "400 Bad Request")
    with serving(monkeypatch, answer) as (client, _), pytest.raises(AwsRefused) as refused:
        client.call("PutItem")
    assert refused.value.code == code
    assert str(refused.value) == f"dynamodb refused PutItem: {code or 400} {message}".rstrip()


def test_a_signature_that_does_not_fit_shows_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    message = f"It does not match.\n\nThe Canonical String should have been\n'POST\nx-amz-security-token:{SECRET}\n'"
    with (
        serving(monkeypatch, error("InvalidSignatureException", message=message)) as (client, _),
        pytest.raises(AwsRefused, match="It does not match") as refused,
    ):
        client.call("PutItem")
    assert SECRET not in str(refused.value)


def test_a_refusal_that_is_not_json_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, whole(b"<html>", "403 Forbidden")) as (client, _), pytest.raises(AwsRefused) as refused:
        client.call("PutItem")
    assert (refused.value.code, refused.value.status) == ("", 403)


def test_a_checksum_that_fits_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, whole(b"{}", "200 OK", f"x-amz-crc32: {zlib.crc32(b'{}')}")) as (client, _):
        assert client.call("GetItem") == {}


def test_a_head_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = b"HTTP/1.1 200 OK\r\n" + b"X-Filler: y\r\n" * 20_000
    with serving(monkeypatch, *[endless] * 4, close=True) as (client, _), pytest.raises(AwsUnreachable, match="head"):
        client.call("GetItem")


def test_nobody_there_is_unreachable(monkeypatch: pytest.MonkeyPatch, no_pauses: list[float]) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(AwsUnreachable, match="dynamodb did not answer GetItem"):
        Client("dynamodb", "DynamoDB_20120810", "1.0").call("GetItem")
    assert len(no_pauses) == 3


def test_silence_is_not_waited_for_longer_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READ_SECONDS", 0.05)
    monkeypatch.setattr(module, "_TRIES", 1)

    def silent(visit: Visit) -> None:
        visit.read_request()
        visit.wait(3)

    with receiver(silent) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url("").rstrip("/"))
        with pytest.raises(AwsUnreachable, match="Timeout"):
            Client("dynamodb", "DynamoDB_20120810", "1.0").call("GetItem")


def test_tries_end_before_the_time_of_a_request_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READ_SECONDS", 0.05)
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.01)
    made: list[Visit] = []

    def silent(visit: Visit) -> None:
        made.append(visit)
        visit.wait()

    with receiver(silent) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url("").rstrip("/"))
        with pytest.raises(AwsUnreachable):
            Client("dynamodb", "DynamoDB_20120810", "1.0").call("GetItem")
    assert len(made) == 1


def test_many_threads_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets the answer to its own question, over no more connections than there are threads."""

    def echo(visit: Visit) -> None:
        while request := visit.read_request():
            visit.socket.sendall(whole(request.partition(b"\r\n\r\n")[2]))

    with receiver(echo) as server, ThreadPoolExecutor(8) as pool:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url("").rstrip("/"))
        client = Client("dynamodb", "DynamoDB_20120810", "1.0")

        def ask(number: int) -> dict[str, object]:
            return client.call("GetItem", number=number)

        assert list(pool.map(ask, range(200))) == [{"number": number} for number in range(200)]
        assert len(client._idle) <= 8


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (True, "dynamodb.us-east-1.amazonaws.com", 443)),
        ({"AWS_REGION": "cn-north-1"}, (True, "dynamodb.cn-north-1.amazonaws.com.cn", 443)),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, (False, "127.0.0.1", 4566)),
        ({"AWS_ENDPOINT_URL": "https://vpce-1.example.com/"}, (True, "vpce-1.example.com", 443)),
        ({"AWS_ENDPOINT_URL": "HTTPS://VPCE-1.example.com"}, (True, "vpce-1.example.com", 443)),
        ({"AWS_ENDPOINT_URL": "http://[::1]:4566"}, (False, "::1", 4566)),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_DYNAMODB": "https://b:8443"}, (True, "b", 8443)),
    ],
)
def test_the_endpoint_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: tuple[bool, str, int]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    client = Client("dynamodb", "DynamoDB_20120810", "1.0")
    assert (client._secure, client._host, client._port) == expected


def test_the_host_of_an_ipv6_endpoint_has_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://[::1]:4566")
    assert Client("dynamodb", "DynamoDB_20120810", "1.0")._host_header == "[::1]:4566"


def test_without_a_region_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(Misconfigured, match="AWS_DEFAULT_REGION"):
        Client("dynamodb", "DynamoDB_20120810", "1.0")


def test_nothing_of_it_shows_the_secret() -> None:
    client = Client("dynamodb", "DynamoDB_20120810", "1.0")
    assert SECRET not in repr(client._credentials)


@pytest.fixture
def secured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Secured:
    """A client of a server that behaves as given and speaks TLS."""
    authority = Authority(tmp_path)
    monkeypatch.setattr("ferryman.outbound.tls.context", authority.trusting)

    @contextmanager
    def serve(behave: Behaviour) -> Iterator[Client]:
        with receiver(behave, tls=authority.server("127.0.0.1")) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.url("").rstrip("/"))
            yield Client("dynamodb", "DynamoDB_20120810", "1.0")

    return serve


def _has_something_to_read(client: Client) -> bool:
    return bool(select.select([client._idle[0]], [], [], 0)[0])


def test_a_ticket_for_the_next_session_is_not_the_end_of_a_connection(secured: Secured) -> None:
    """TLS 1.3 sends one after the handshake, so a connection that was made ahead has something to read."""
    connections: list[Visit] = []

    def behave(visit: Visit) -> None:
        connections.append(visit)
        while visit.read_request():
            visit.socket.sendall(GOOD)

    with secured(behave) as client:
        client.connect()
        while not _has_something_to_read(client):
            pass
        assert client.call("GetItem") == {}
        assert client._idle[0].gettimeout() == module._READ_SECONDS
        client.call("GetItem")
    assert len(connections) == 1


def test_the_end_of_a_tls_connection_is_seen(secured: Secured) -> None:
    with secured(lambda visit: None) as client:
        client.connect()
        while module._is_open(client._idle[0]):
            pass
        assert client._taken() is None


def test_what_comes_after_an_answer_is_not_the_next_answer(secured: Secured) -> None:
    """With TLS it waits in the process, where no poll sees it."""

    def behave(visit: Visit) -> None:
        while visit.read_request():
            head, _, body = whole(b'{"a":1}').partition(b"\r\n\r\n")
            visit.socket.sendall(head + b"\r\n\r\n")
            visit.socket.sendall(body + whole(b'{"of":"another"}'))

    with secured(behave) as client:
        assert client.call("GetItem") == {"a": 1}
        assert client.call("GetItem") == {"a": 1}


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"<html>"),
        whole(b'{"Item":"\xff"}'),
        whole(b"[]"),
        whole(b"{}", "200 OK", "x-amz-crc32: none"),
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
    ids=lambda answer: answer[:40].decode("latin-1") + str(len(answer)),
)
def test_what_is_no_answer_of_aws_is_not_taken_for_one(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    with serving(monkeypatch, *[answer] * 4, close=True) as (client, seen), pytest.raises(AwsUnreachable):
        client.call("GetItem")
    assert len(seen) == 4


def test_after_silence_a_try_has_a_connection_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the network has forgotten one connection, as over a long freeze, it has forgotten those as old too."""
    monkeypatch.setattr(module, "_READ_SECONDS", 0.05)
    made: list[int] = []

    def behave(visit: Visit) -> None:
        made.append(number := len(made))
        while visit.read_request():
            if number < 5:
                visit.wait(30)
            visit.socket.sendall(GOOD)

    with receiver(behave) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url("").rstrip("/"))
        client = Client("dynamodb", "DynamoDB_20120810", "1.0")
        for _ in range(5):
            client.connect()
        while len(made) < 5:
            pass
        assert client.call("GetItem") == {}
        assert len(client._idle) == 1


@pytest.mark.parametrize(
    "url", ["127.0.0.1:4566", "localhost", "ftp://a", "http://", "http://a:b", "https://a/path", "https://key:word@a"]
)
def test_an_endpoint_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(Misconfigured, match="AWS_ENDPOINT_URL") as misconfigured:
        Client("dynamodb", "DynamoDB_20120810", "1.0")
    assert "word" not in str(misconfigured.value)


def test_every_region_has_the_endpoint_that_botocore_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = botocore.session.get_session()
    for partition in theirs.get_available_partitions():
        for service in ("dynamodb", "sqs", "kms"):
            for region in theirs.get_available_regions(service, partition):
                expected = theirs.create_client(
                    service, region, aws_access_key_id="a", aws_secret_access_key="b"
                ).meta.endpoint_url
                monkeypatch.setenv("AWS_REGION", region)
                client = Client(service, "Target", "1.0")
                assert f"https://{client._host}" == expected
