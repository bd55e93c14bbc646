"""The answers that FChat's clients get: FChat's envelopes, and the literal text and status of each refusal."""

from typing import Any

from ferryman.conversations.contexts.model import Context
from ferryman.dialects.fchat.requests import InvalidKeyboard, InvalidRequest, NoDictionary
from ferryman.errors import TooManyRequests
from ferryman.integrations.application_requests.model import Endpoint
from ferryman.integrations.applications import checks

type Refusal = tuple[int, str]

_REFUSALS: dict[type[Exception], Refusal] = {
    InvalidRequest: (400, "Bad Request: invalid request"),
    checks.EmailEmpty: (400, "Bad Request: email is empty"),
    checks.EmailInvalid: (400, "Bad Request: invalid request"),
    checks.TextEmpty: (400, "Bad Request: message text is empty"),
    checks.TextTooLong: (400, "Bad Request: message is too long"),
    NoDictionary: (400, "Bad Request: reply_markup must be a dictionary"),
    InvalidKeyboard: (400, "Bad Request: inlineKeyboard must be a list of list of dicts"),
    checks.TooManyButtons: (400, "Limit 30 buttons"),
    checks.ButtonTextTooLong: (400, "Bad Request: button text is too long"),
    checks.ButtonDataTooLong: (400, "Bad Request: button data is too long"),
    checks.ParametersTooLong: (400, "Bad Request: context parameters are too long"),
    # FChat calls the external id of a chat `beatchat_id`.
    checks.GroupWithoutExternalId: (400, "Bad Request: beatchat group id not found"),
    checks.GroupInactive: (400, "Bad Request: group is not active"),
    checks.NoGroup: (404, "Application does not have a group assigned"),
    checks.GroupGone: (404, "Group not found"),
    checks.NotPermitted: (404, "this app have not permission to send fchat message"),
    checks.PersonUnknown: (404, "User {email} not found!"),
    TooManyRequests: (429, "Too Many Requests"),
}
_UNKNOWN = "hannel or token not found"  # the two endpoints write its first letter differently
BUSY: Refusal = (503, "The service is busy. Send the request again in a moment.")
BROKEN: Refusal = (500, "Something went wrong on our side. Send the request again.")


def refusal(error: Exception, endpoint: Endpoint) -> Refusal | None:
    """The status and text of a refusal, or None for any other exception.

    The text can contain the placeholder `{email}`, which `refused` replaces.
    """
    if isinstance(error, checks.UnknownApplication):
        return 404, ("C" if endpoint == "group" else "c") + _UNKNOWN
    return _REFUSALS.get(type(error))


def refused(status: int, description: str, error: Exception) -> dict[str, Any]:
    email = error.email if isinstance(error, checks.PersonUnknown) else ""
    return {"ok": False, "error_code": status, "description": description.replace("{email}", email)}


def posted() -> dict[str, Any]:
    return {"ok": True}


def queued(context: Context) -> dict[str, Any]:
    return {
        "ok": True,
        "error_code": 200,
        "description": "Message sent to queue",
        "context": {"id": context.context_id, "parameters": context.parameters},
    }
