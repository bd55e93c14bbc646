"""The boto3 clients of `ferryman.aws.clients`, against servers on loopback that answer or misbehave."""

import json
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from ferryman import tls
from ferryman.aws import clients, failures

from tests.unit.hostile import Authority, Behaviour, Visit, receiver

SECRET = "a-session-token-that-no-log-may-show"
KEY = {"pk": {"S": "p"}}


def whole(content: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def refusal(code: str, status: str = "400 Bad Request", **more: Any) -> bytes:
    return whole(json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **more}).encode(), status)


GOOD = whole(b"{}")
BUSY = refusal("ThrottlingException")
FAILED = refusal("InternalServerError", "500 Internal Server Error")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    values = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": SECRET,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": "/nowhere",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    clients.reset()
    yield
    clients.reset()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between the tries of a call, in seconds. The tests do not wait for them."""
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waited.append)
    return waited


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, *answers: bytes, close: bool = False) -> Iterator[list[bytes]]:
    """A server in place of AWS that gives these answers in order, the last one repeatedly. Yields its requests."""
    waiting = list(answers)

    def behave(visit: Visit) -> None:
        while visit.read_request():
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if close:
                # It says so, or the next try would find the connection in the pool and lose it.
                visit.socket.sendall(answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                return
            visit.socket.sendall(answer)

    with reached(monkeypatch, behave) as server:
        yield server.requests


@contextmanager
def reached(monkeypatch: pytest.MonkeyPatch, behave: Behaviour) -> Iterator[Any]:
    with receiver(behave) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url("").rstrip("/"))
        yield server


def read() -> Any:
    return clients.dynamodb().get_item(TableName="t", Key=KEY)


def test_each_service_has_one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [getattr(clients, name)() for name in ("dynamodb", "sqs", "kms", "s3")]
    assert [client.meta.service_model.service_name for client in made] == ["dynamodb", "sqs", "kms", "s3"]
    assert [getattr(clients, name)() for name in ("dynamodb", "sqs", "kms", "s3")] == made
    clients.reset()
    assert clients.dynamodb() is not made[0]


def test_threads_that_ask_at_once_share_one_client() -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: clients.kms(), range(64)))
    assert len({id(client) for client in made}) == 1


@pytest.mark.parametrize(
    "answer",
    [
        BUSY,
        FAILED,
        refusal("ProvisionedThroughputExceededException"),
        refusal("TransactionInProgressException"),
        refusal("RequestLimitExceeded"),
        whole(b"<html>", "503 Slow Down"),
        b"nonsense\r\n\r\n",
        b"",
    ],
    ids=lambda answer: answer[:60].decode("latin-1"),
)
def test_a_passing_failure_is_tried_three_times(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float], answer: bytes
) -> None:
    with serving(monkeypatch, answer, answer, GOOD, close=True) as requests:
        assert "Item" not in read()
    assert len(requests) == 3
    assert len(pauses) == 2
    assert pauses[0] <= 1
    assert pauses[1] <= 2
    clients.reset()
    with serving(monkeypatch, answer, answer, answer, GOOD, close=True) as requests:
        with pytest.raises((BotoCoreError, ClientError)) as failed:
            read()
        if isinstance(failed.value, ClientError):
            assert failures.is_passing(failed.value)
        else:
            assert failures.is_unanswered(failed.value)
    assert len(requests) == 3
    assert SECRET not in str(failed.value)


@pytest.mark.parametrize("broken", [b'{"Item":{"a":', b"{}"])
def test_an_answer_that_does_not_have_its_checksum_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, broken: bytes
) -> None:
    sent = b'{"Item":{"a":{"S":"b"}}}'
    answer = whole(sent, "200 OK", f"x-amz-crc32: {zlib.crc32(sent)}")
    with serving(monkeypatch, answer.replace(sent, broken), answer, close=True) as requests:
        assert read()["Item"] == {"a": {"S": "b"}}
    assert len(requests) == 2


@pytest.mark.parametrize(
    "code",
    [
        "ConditionalCheckFailedException",
        "ValidationException",
        "AccessDeniedException",
        "ExpiredTokenException",
        "TransactionCanceledException",
    ],
)
def test_a_lasting_refusal_is_tried_once(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    with serving(monkeypatch, refusal(code, message="because"), GOOD) as requests:
        with pytest.raises(ClientError, match="because") as refused:
            read()
        assert failures.code(refused.value) == code
        assert not failures.is_passing(refused.value)
    assert len(requests) == 1


def test_a_cancelled_transaction_names_the_reason_of_each_write(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "no"}]
    delete = {"Delete": {"TableName": "t", "Key": KEY}}
    answer = refusal("TransactionCanceledException", CancellationReasons=reasons)
    with serving(monkeypatch, answer), pytest.raises(ClientError) as refused:
        clients.dynamodb().transact_write_items(TransactItems=[delete, delete])
    assert failures.reasons(refused.value) == ["None", "ConditionalCheckFailed"]


def test_the_tries_of_a_transaction_carry_one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the token, AWS does not repeat a transaction whose answer was lost."""
    with serving(monkeypatch, FAILED, GOOD) as requests:
        for _ in range(2):
            clients.dynamodb().transact_write_items(TransactItems=[{"Delete": {"TableName": "t", "Key": KEY}}])
    tokens = [json.loads(request.partition(b"\r\n\r\n")[2])["ClientRequestToken"] for request in requests]
    assert tokens[0] == tokens[1] != tokens[2]


def test_a_wrong_signature_shows_no_session_token(monkeypatch: pytest.MonkeyPatch) -> None:
    message = f"It does not match.\n\nThe Canonical String should have been\n'POST\nx-amz-security-token:{SECRET}\n'"
    with (
        serving(monkeypatch, refusal("InvalidSignatureException", message=message)),
        pytest.raises(ClientError, match=r"It does not match\.") as refused,
    ):
        read()
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(refused.value.response)


def test_calls_share_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread gets the answer to its own call, over at most as many connections as threads."""

    def behave(visit: Visit) -> None:
        while request := visit.read_request():
            key = json.loads(request.partition(b"\r\n\r\n")[2])["Key"]
            visit.socket.sendall(whole(json.dumps({"Item": key}).encode()))

    def ask(number: int) -> Any:
        return clients.dynamodb().get_item(TableName="t", Key={"pk": {"S": str(number)}})["Item"]

    with reached(monkeypatch, behave) as server:
        for number in range(5):
            ask(number)
        assert server.connections == 1
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(ask, range(200))) == [{"pk": {"S": str(number)}} for number in range(200)]
        assert server.connections <= 9


def test_a_kept_connection_that_aws_closed_costs_no_try(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    closed: list[Visit] = []

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(GOOD)
        closed.append(visit)

    with reached(monkeypatch, behave) as server:
        read()
        while not closed:
            pass
        read()
        assert server.connections == 2
    assert pauses == []


def test_cloudtrail_names_ferryman(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[bytes] = []

    def behave(visit: Visit) -> None:
        while request := visit.read_request():
            requests.append(request)
            visit.socket.sendall(GOOD)

    with reached(monkeypatch, behave):
        read()
    assert b"User-Agent: Ferryman Boto3" in requests[0]


def test_silence_ends_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(clients.CONFIG, "read_timeout", 0.05)
    with (
        reached(monkeypatch, lambda visit: visit.wait()) as server,
        pytest.raises(BotoCoreError, match="Read timeout") as silent,
    ):
        read()
    assert failures.is_unanswered(silent.value)
    assert server.connections == 3


def test_a_call_is_over_before_its_request_is() -> None:
    """A function behind the API has 15 seconds for a request."""
    tries = clients.CONFIG["retries"]["total_max_attempts"]
    pauses = sum(2**number for number in range(tries - 1))
    assert tries * clients.CONFIG["read_timeout"] + pauses < 15


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_counts_and_so_does_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trusted: bool
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setattr(tls, "context", authority.trusting)

    def behave(visit: Visit) -> None:
        while visit.read_request():
            visit.socket.sendall(GOOD)

    with receiver(behave, tls=authority.server("127.0.0.1" if trusted else "localhost")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url("").rstrip("/"))
        if trusted:
            assert "Item" not in read()
        else:
            with pytest.raises(BotoCoreError, match="CERTIFICATE_VERIFY_FAILED") as refused:
                read()
            assert failures.is_unanswered(refused.value)
