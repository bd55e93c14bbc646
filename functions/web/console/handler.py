"""The console: the files built from console/, the HTML page for all of its addresses, and the API's index at `/`.

`make build` puts the files into `static/`, each also compressed by brotli and gzip. This function has no other logic:
the page calls the public API, as any client does.
"""

import base64
import json
import mimetypes
from functools import cache
from pathlib import Path
from typing import Any

from ferryman import log
from ferryman.http import described, problems

STATIC = Path(__file__).parent / "static"
# One page serves all of these addresses; it reads the address itself.
PAGES = (
    "/settings/{proxy+}",
    "/me/{page}",
    "/me/agent/{webhook}",
    "/me/agent/{webhook}/deliveries/{delivery}",
    "/admin/{page}",
    "/chats/{proxy+}",
)
ASSETS = "/assets/{proxy+}"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_INDEX = {
    "name": "Ferryman",
    "console": "/",
    "documentation": "/docs",
    "openapi": "/openapi.yaml",
    "health": "/healthz",
}
_SECURITY = {
    # Mantine writes its variables into a style element, hence unsafe-inline for styles alone. Avatars come from
    # here or from anywhere.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: https:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_DESCRIPTION = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in _INDEX},
    "required": list(_INDEX),
}
paths = {
    "/": {
        "get": {
            "operationId": "read_index",
            "summary": "The addresses of the API and the console",
            "description": "As JSON. Clients that accept `text/html` get the console.",
            "tags": ["Reference"],
            "responses": {
                200: {
                    "description": "OK",
                    "content": {
                        "application/json": {"schema": _DESCRIPTION},
                        "text/html": {"schema": {"type": "string"}},
                    },
                },
                **described.errors(404),
            },
            "security": [],
        }
    }
}


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    request_id = event["requestContext"]["requestId"]
    route = event["routeKey"]
    headers = event.get("headers") or {}
    if route == "GET /" and "text/html" not in headers.get("accept", ""):
        answer = _index()
    elif route == f"GET {ASSETS}":
        answer = _asset(event["pathParameters"]["proxy"], headers.get("accept-encoding", ""), request_id)
    else:
        answer = _page(headers.get("accept-encoding", ""), request_id)
    answer["headers"] |= {"X-Request-Id": request_id}
    log.event("request.handled", route=route, status=answer["statusCode"], request_id=request_id)
    return answer


def _index() -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
    return {"statusCode": 200, "headers": _SECURITY | headers, "body": json.dumps(_INDEX)}


def _page(accepted: str, request_id: str) -> dict[str, Any]:
    """The HTML page, which no client caches, so that a browser always loads the files of the newest release."""
    if not (STATIC / "index.html").is_file():
        return _problem(404, "This deployment holds no console. Build it with `make build`, and deploy.", request_id)
    return _file("index.html", accepted, {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"})


def _asset(name: str, accepted: str, request_id: str) -> dict[str, Any]:
    """A file of `assets/`. Its name has the hash of its content, so clients may cache it for a year."""
    if f"assets/{name}" not in _files():
        return _problem(404, "The file does not exist. Load the page again: there is a newer release.", request_id)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    return _file(f"assets/{name}", accepted, headers)


def _file(name: str, accepted: str, headers: dict[str, str]) -> dict[str, Any]:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    headers = _SECURITY | headers | {"Content-Type": media_type}
    wanted = {part.partition(";")[0].strip() for part in accepted.split(",")}
    for encoding, suffix in _ENCODINGS:
        if encoding in wanted and name + suffix in _files():
            headers["Content-Encoding"] = encoding
            name += suffix
            break
    content = base64.b64encode(_files()[name].read_bytes()).decode()
    return {"statusCode": 200, "headers": headers, "body": content, "isBase64Encoded": True}


@cache
def _files() -> dict[str, Path]:
    """Every file by its path below `static/`. An address can reach no other file."""
    return {str(path.relative_to(STATIC)): path for path in STATIC.rglob("*") if path.is_file()}


def _problem(status: int, detail: str, request_id: str) -> dict[str, Any]:
    headers = {"Content-Type": problems.CONTENT_TYPE, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return {"statusCode": status, "headers": headers, "body": problems.body(status, detail, request_id)}
