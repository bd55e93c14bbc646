"""The API's reference: GET /openapi.yaml, GET /docs (works offline), GET /healthz, and the answer to unknown routes.

`openapi.yaml` and `routes.json` beside this file are generated from the handlers: `make openapi`. `make build` puts the
files of the page at /docs into `static/`, compressed.
"""

import base64
import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from ferryman import log
from ferryman.http import described, problems

_HERE = Path(__file__).parent
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Ferryman API reference</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/page.css">
<script type="module" src="/docs/start.js"></script></head>
<body><openapi-explorer collapse="true" default-schema-tab="body" hide-server-selection="true">
<noscript>This page needs JavaScript. The same content is at <a href="/openapi.yaml">/openapi.yaml</a>.</noscript>
</openapi-explorer></body>
</html>
"""
_STYLE = """html, body { margin: 0; height: 100%; color-scheme: light dark }
body { background: #fff } @media (prefers-color-scheme: dark) { body { background: #1a1b1e } }
openapi-explorer { --font-regular: system-ui, sans-serif; --font-mono: ui-monospace, monospace;
  --font-size-regular: 15px; --font-size-small: 14px; --font-size-mono: 13px }
"""
# The component takes its colours as attributes, which are set before it draws anything.
_START = """const page = document.querySelector("openapi-explorer");
const [background, text, primary, secondary, bar, hover] = matchMedia("(prefers-color-scheme: dark)").matches
  ? ["#1a1b1e", "#c9cbd1", "#74c0fc", "#a5d8ff", "#141517", "#25262b"]
  : ["#ffffff", "#25262b", "#1864ab", "#0b4884", "#f1f3f5", "#e9ecef"];
page.setAttribute("bg-color", background);
page.setAttribute("text-color", text);
page.setAttribute("primary-color", primary);
page.setAttribute("secondary-color", secondary);
page.setAttribute("nav-bg-color", bar);
page.setAttribute("nav-text-color", text);
page.setAttribute("nav-hover-bg-color", hover);
page.setAttribute("nav-hover-text-color", text);
page.setAttribute("spec-url", "/openapi.yaml");
await import("/docs/openapi-explorer.js");
"""
_SCRIPT, _CSS = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
# Each part of the page: its content or the file that holds it, compressed, and its media type.
_ASSETS: dict[str, tuple[str | Path, str]] = {
    "openapi-explorer.js": (_HERE / "static" / "openapi-explorer.min.js.gz", _SCRIPT),
    "start.js": (_START, _SCRIPT),
    "page.css": (_STYLE, _CSS),
}
_SECURITY = {
    # The component sets styles from script, hence unsafe-inline for styles alone.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=300",
}


def _described(name: str, summary: str, media_type: str, schema: dict[str, Any], *errors: int) -> dict[str, Any]:
    """The OpenAPI path item of one route."""
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "tags": ["Reference"],
            "responses": {
                200: {"description": "OK", "content": {media_type: {"schema": schema}}},
                **described.errors(*errors),
            },
            "security": [],
        }
    }


# Paths of secret URLs begin with these. They may end in a slash; other paths may not.
_SECRET_URLS = ("/hooks/", "/services/", "/webhooks/")
_TEXT = {"type": "string"}
_DOCUMENT = {"type": "object", "description": "An OpenAPI document."}
_UP = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}
paths = {
    "/openapi.yaml": _described("read_openapi", "The API's description in OpenAPI 3.1", "application/yaml", _DOCUMENT),
    "/docs": _described("read_docs", "The API's description as a web page", "text/html", _TEXT),
    "/docs/{asset}": _described("read_docs_asset", "A file of the page /docs", "text/javascript", _TEXT, 404),
    "/healthz": _described("read_health", "Is the API up?", "application/json", _UP),
}


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    request_id = event["requestContext"]["requestId"]
    method = event["requestContext"]["http"]["method"]
    answer = _found(event) if method in ("GET", "HEAD") else None
    if answer is None:
        answer = _unknown(event, request_id)
    elif method == "HEAD":
        answer = {"statusCode": 200, "headers": answer["headers"], "body": ""}
    answer["headers"]["X-Request-Id"] = request_id
    log.event("request.handled", route=event["routeKey"], status=answer["statusCode"], request_id=request_id)
    return answer


def _found(event: dict[str, Any]) -> dict[str, Any] | None:
    """The answer to a GET of one of this function's addresses, or None for an unknown address.

    A HEAD and an address that ends in `/` come here as well, since API Gateway has no route for them.
    """
    address = event["rawPath"].removesuffix("/")
    asset = address.removeprefix("/docs/")
    match address:
        case "/openapi.yaml":
            return _answer(event, (_HERE / "openapi.yaml").read_bytes(), "application/yaml; charset=utf-8")
        case "/docs":
            return _answer(event, _PAGE.encode(), "text/html; charset=utf-8")
        case "/healthz":
            answer = _answer(event, b'{"status":"ok"}', "application/json")
            answer["headers"]["Cache-Control"] = "no-store"
            return answer
        case _ if asset != address and asset in _ASSETS:
            return _asset(event, *_ASSETS[asset])
    return None


def _answer(event: dict[str, Any], content: bytes, media_type: str) -> dict[str, Any]:
    """The answer 200 with this content, compressed if the client accepts gzip."""
    if _takes_gzip(event):
        return _packed(gzip.compress(content, 6, mtime=0), media_type)
    return {"statusCode": 200, "headers": _headers(media_type), "body": content.decode()}


def _asset(event: dict[str, Any], source: str | Path, media_type: str) -> dict[str, Any]:
    """The answer with a script or a style of the page at /docs: from text, or from a file compressed by gzip."""
    if isinstance(source, str):
        return _answer(event, source.encode(), media_type)
    if _takes_gzip(event):
        return _packed(source.read_bytes(), media_type)
    return _answer(event, gzip.decompress(source.read_bytes()), media_type)


def _packed(content: bytes, media_type: str) -> dict[str, Any]:
    headers = {**_headers(media_type), "Content-Encoding": "gzip"}
    return {"statusCode": 200, "headers": headers, "body": base64.b64encode(content).decode(), "isBase64Encoded": True}


def _headers(media_type: str) -> dict[str, str]:
    return {**_SECURITY, "Content-Type": media_type, "Vary": "Accept-Encoding"}


def _takes_gzip(event: dict[str, Any]) -> bool:
    return "gzip" in (event.get("headers") or {}).get("accept-encoding", "")


@cache
def _routes() -> list[tuple[re.Pattern[str], list[str]]]:
    routes: dict[str, list[str]] = json.loads((_HERE / "routes.json").read_text())
    return [(re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), methods) for path, methods in routes.items()]


def _unknown(event: dict[str, Any], request_id: str) -> dict[str, Any]:
    """The answer to a request that no route matches: 405 with the allowed methods for a known path, else 404."""
    headers = {
        "Content-Type": problems.CONTENT_TYPE,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    address = event["rawPath"]
    if address.startswith(_SECRET_URLS):
        address = address.rstrip("/")
    matching = [methods for path, methods in _routes() if path.fullmatch(address)]
    allowed = sorted({method for methods in matching for method in methods})
    method = event["requestContext"]["http"]["method"]
    if allowed and method not in allowed:
        headers["Allow"] = ", ".join(allowed)
        detail = f"This address takes {headers['Allow']}."
        return {"statusCode": 405, "headers": headers, "body": problems.body(405, detail, request_id)}
    detail = "There is nothing at this address. GET /openapi.yaml lists every route."
    return {"statusCode": 404, "headers": headers, "body": problems.body(404, detail, request_id)}
