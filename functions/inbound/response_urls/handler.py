"""The reply addresses of commands: POST /hooks/commands/{response_secret}.

The secret in the path is the authentication. Success is answered with the text `ok`. A refusal is an AppError of
Mattermost, because the clients of this address expect one.
"""

from functools import partial
from typing import Any

from ferryman import metrics
from ferryman.dialects.mattermost import v4_commands
from ferryman.http import body
from ferryman.http.greedy import Addresses
from ferryman.http.mattermost import Answer, describe, respond
from ferryman.identity import rates
from ferryman.integrations.commands import response_urls

_EXAMPLE = {"response_type": "in_channel", "text": "Deployed"}
_SAID = describe("answer_command", "Answer a command later", 200, public=True, example=_EXAMPLE)
_OK = {200: {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}}
paths: dict[str, dict[str, Any]] = {
    "/hooks/commands/{response_secret}": {
        "post": _SAID
        | {
            "description": "The `response_url` in a command's request accepts five answers within half an hour, in "
            "the same form as the answer to the request. A slash at the end is ignored. The answer `ok` means that "
            "the answer was posted.",
            "responses": _SAID["responses"] | _OK,
        }
    }
}

ADDRESSES = Addresses(f"POST {path}" for path in paths)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    address = ADDRESSES.find("POST", event["rawPath"])
    secret = address.parameters["response_secret"] if address else ""
    answer = respond(event | ({"routeKey": address.key} if address else {}), partial(_carry_out, secret))
    if answer["statusCode"] == 200:
        answer["headers"]["Content-Type"] = "text/plain; charset=utf-8"
        answer["body"] = "ok"
    else:
        metrics.post_refused(answer["statusCode"])
    return answer


def _carry_out(secret: str, event: dict[str, Any]) -> Answer:
    with v4_commands.refusals_of_addresses():
        credential = response_urls.find(secret)
        rates.spend_of_url(credential.workspace_id, credential.subject_id)
        header = str((event.get("headers") or {}).get("content-type") or "")
        v4_commands.answer_later(credential, partial(body.raw, event), header)
    return 200, {}, {}
