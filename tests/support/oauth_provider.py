"""A product with OAuth 2.0 on the loopback interface: oauthlib's server at four addresses.

It replaces the refresh token at each use, and revokes all tokens when an old one is used again (RFC 9700 section
4.14.2).
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from oauthlib.oauth2 import RequestValidator, WebApplicationServer
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

CLIENT_ID = "client-1"
CLIENT_SECRET = "secret-of-client-1"
ISSUER = "https://product.example.com"
# As the products document it.
DOCUMENTED: dict[str, Any] = {
    "jira": [
        {"id": "1324a887", "name": "Example", "url": "https://example.atlassian.net", "scopes": ["read:jira-work"]}
    ],
    "hubspot": {"active": True, "hub_id": 62515, "hub_domain": "example.hubspot.com", "user": "ada@example.com"},
    "quickbooks": {"CompanyInfo": {"CompanyName": "Example", "Country": "US", "Id": "1"}, "time": "2026-11-26"},
    "xero": [{"id": "7cb59f93", "tenantId": "fe79f7dd", "tenantName": "Example", "tenantType": "ORGANISATION"}],
}


@dataclass
class Call:
    """One request as the product received it."""

    path: str
    query: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body))


@dataclass
class Product(RequestValidator):  # type: ignore[misc]
    """The product's data, and the methods by which oauthlib's server reads it.

    `url` is the beginning of its addresses.
    """

    url: str = ""
    life_seconds: int = 3600
    rotates: bool = True
    accounts: Any = field(default_factory=lambda: DOCUMENTED["xero"])
    calls: list[Call] = field(default_factory=list)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    access_tokens: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    used_refresh_tokens: set[str] = field(default_factory=set)
    client_secret: str = CLIENT_SECRET
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # by path: instead of the right ones
    before_answer: Any = None  # called with the path

    def called(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path]

    # -- oauthlib asks ---------------------------------------------------------------------------------------------

    def validate_client_id(self, client_id: str, request: Any, *_: Any, **__: Any) -> bool:
        return client_id == CLIENT_ID

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Any, *_: Any, **__: Any) -> bool:
        return redirect_uri.endswith("/settings/integrations/connections/callback")

    def validate_response_type(self, client_id: str, response_type: str, *_: Any, **__: Any) -> bool:
        return bool(response_type == "code")

    def validate_scopes(self, client_id: str, scopes: list[str], *_: Any, **__: Any) -> bool:
        return "forbidden" not in scopes

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        return True

    def save_authorization_code(self, client_id: str, code: dict[str, str], request: Any, *_: Any, **__: Any) -> None:
        self.codes[code["code"]] = {
            "redirect_uri": request.redirect_uri,
            "challenge": request.code_challenge,
            "method": request.code_challenge_method,
            "scopes": request.scopes,
        }

    def client_authentication_required(self, request: Any, *_: Any, **__: Any) -> bool:
        return True

    def authenticate_client(self, request: Any, *_: Any, **__: Any) -> bool:
        pair = f"{getattr(request, 'client_id', None)}:{getattr(request, 'client_secret', None)}"
        header = request.headers.get("Authorization", "")
        if header.startswith("Basic "):
            pair = base64.b64decode(header.removeprefix("Basic ")).decode()
        client_id, _colon, client_secret = map(unquote_plus, pair.partition(":"))
        request.client = type("Client", (), {"client_id": client_id})()
        return (client_id, client_secret) == (CLIENT_ID, self.client_secret)

    def validate_grant_type(self, *_: Any, **__: Any) -> bool:
        return True

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *_: Any, **__: Any) -> bool:
        known = self.codes.get(code)
        if known is not None:
            request.scopes = known["scopes"]
        return known is not None

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        return bool(self.codes[code]["redirect_uri"] == redirect_uri)

    def get_code_challenge(self, code: str, request: Any) -> str:
        return str(self.codes[code]["challenge"])

    def get_code_challenge_method(self, code: str, request: Any) -> str:
        return str(self.codes[code]["method"])

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *_: Any, **__: Any) -> None:
        del self.codes[code]

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *_: Any, **__: Any) -> bool:
        if refresh_token in self.used_refresh_tokens:
            self.refresh_tokens.clear()
            self.access_tokens.clear()
        return refresh_token in self.refresh_tokens

    def get_original_scopes(self, refresh_token: str, request: Any, *_: Any, **__: Any) -> list[str]:
        return ["read"]

    def rotate_refresh_token(self, request: Any) -> bool:
        return self.rotates

    def save_bearer_token(self, token: dict[str, Any], request: Any, *_: Any, **__: Any) -> None:
        if request.grant_type == "refresh_token" and self.rotates:
            self.refresh_tokens.discard(request.refresh_token)
            self.used_refresh_tokens.add(request.refresh_token)
        self.access_tokens.add(token["access_token"])
        self.refresh_tokens.add(token["refresh_token"])

    def validate_bearer_token(self, token: str, scopes: Any, request: Any) -> bool:
        return token in self.access_tokens

    def introspect_token(self, token: str, token_type_hint: str, request: Any, *_: Any, **__: Any) -> Any:
        return {} if token not in self.access_tokens else self.accounts

    def revoke_token(self, token: str, token_type_hint: str, request: Any, *_: Any, **__: Any) -> None:
        self.refresh_tokens.discard(token)
        self.access_tokens.clear()


def _token(request: Any) -> str:
    # As long as real ones: more than KMS encrypts at once.
    return secrets.token_urlsafe(3600)


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        path = urlsplit(self.path).path
        product = self.server.product
        product.calls.append(Call(path, urlsplit(self.path).query, dict(self.headers.items()), body))
        if product.before_answer:
            product.before_answer(path)
        if path in product.answers:
            status, content = product.answers[path]
            self._send(status, {"Content-Type": "application/json"}, content)
            return
        self._send(*self.server.answer(self.command, self.path, dict(self.headers.items()), body))

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, product: Product) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.product = product

    def answer(self, method: str, target: str, headers: dict[str, str], body: str) -> tuple[int, dict[str, str], bytes]:
        product = self.product
        speaker = WebApplicationServer(
            product, token_expires_in=product.life_seconds, token_generator=_token, refresh_token_generator=_token
        )
        uri = product.url + target
        match urlsplit(target).path:
            case "/authorize":
                try:
                    scopes, asked = speaker.validate_authorization_request(uri, method, body, headers)
                    asked.pop("request", None)
                    answer = speaker.create_authorization_response(uri, method, body, headers, scopes, asked)
                except OAuth2Error as error:
                    return 302, {"Location": error.in_uri(error.redirect_uri)}, b""
                return answer[2], answer[0], b""
            case "/token":
                answer = speaker.create_token_response(uri, method, body, headers)
                content = json.loads(answer[1])
                if not product.rotates and "grant_type=refresh_token" in body:
                    content.pop("refresh_token", None)  # oauthlib repeats it; some products say nothing
                return answer[2], answer[0], json.dumps(content).encode()
            case "/revoke":
                answer = speaker.create_revocation_response(uri, method, body, headers)
                return answer[2], answer[0], (answer[1] or "").encode()
            case "/introspect":
                answer = speaker.create_introspect_response(uri, method, body, headers)
                return answer[2], answer[0], answer[1].encode()
            case "/accounts":
                valid, _ = speaker.verify_request(uri, method, body, headers, scopes=[])
                content = json.dumps(product.accounts if valid else {"error": "invalid_token"}).encode()
                return (200 if valid else 401), {"Content-Type": "application/json"}, content
        return 404, {}, b""


def challenge_of(verifier: str) -> str:
    """The PKCE code challenge of a verifier, by RFC 7636."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@contextmanager
def product() -> Iterator[Product]:
    """A product that listens on a free port during the block."""
    made = Product()
    server = _Server(made)
    made.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
