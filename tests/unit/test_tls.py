"""All connections to AWS share one TLS context of the process, which verifies certificates and is built once."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import SSLError
from ferryman import tls
from ferryman.aws import clients as aws

from tests.unit.hostile import Authority


class _Aws(BaseHTTPRequestHandler):
    """Answers every call with an empty object and closes the connection, so that each call opens a new one."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Prints nothing."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def endpoint(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Aws)
    server.socket = authority.server("localhost").wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": f"https://localhost:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    aws.reset()
    yield
    aws.reset()
    server.shutdown()
    server.server_close()


def test_a_certificate_of_a_stranger_is_refused(endpoint: None) -> None:
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        aws.kms().list_keys()


def test_no_call_parses_certificates_again(
    endpoint: None, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = authority.trusting()
    monkeypatch.setattr(tls, "context", lambda: context)

    def parsed(*_: Any, **__: Any) -> None:
        raise AssertionError("a bundle of certificates was parsed")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", parsed)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", parsed)
    for client in (aws.kms(), aws.kms(), aws.kms()):
        assert client.list_keys()["ResponseMetadata"]["HTTPStatusCode"] == 200
