"""Checks of a request that come before Powertools' validation, which is laxer.

Powertools would read forms, take the first element of an array as the body, take the first of a parameter that is sent
twice, and ignore unknown parameters.
"""

from typing import Any
from urllib.parse import parse_qsl

from ferryman import mistakes
from ferryman.errors import Invalid
from ferryman.http import body
from ferryman.http.routes import Route


def readable(route: Route, event: dict[str, Any]) -> dict[str, Any]:
    """The event with its body as text. Raises Invalid for a wrong query, and body.Unreadable for a wrong body."""
    _check_query(route, event)
    if route.takes is None:
        return event
    content = body.raw(event)
    if not body.is_json(body.media_type(event)):
        raise body.Unreadable("Send the body as application/json.", 415)
    if not content.strip():
        if not route.may_be_empty:
            raise body.Unreadable("The body is empty; send a JSON object.")
        content = b"{}"
    headers = {**(event.get("headers") or {}), "content-type": "application/json"}
    return {**event, "headers": headers, "body": body.text(content), "isBase64Encoded": False}


def parse(text: str) -> dict[str, Any]:
    """A body as a JSON object.

    Raises Invalid for any other JSON value, and body.Unreadable for text that is not JSON.
    """
    value = body.parse(text.encode())
    if not isinstance(value, dict):
        raise mistakes.refusal([("", f"the body {mistakes.OBJECT}")])
    return value


def _check_query(route: Route, event: dict[str, Any]) -> None:
    sent = event.get("queryStringParameters") or {}
    fields = route.query.model_fields if route.query else {}
    unknown = [mistakes.named(name) for name in sorted(sent) if name not in fields]
    if unknown and not fields:
        raise Invalid(f"This route takes no query parameters; leave {unknown[0]!r} out.", unknown[0])
    wrong = [(name, mistakes.UNKNOWN) for name in unknown]
    names = [name for name, _ in parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True)]
    wrong += [(name, "is sent twice; send it once") for name in fields if names.count(name) > 1]
    if wrong:
        raise mistakes.refusal(wrong)
