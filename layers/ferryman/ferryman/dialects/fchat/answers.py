"""The answers that FChat's clients get: FChat's envelopes, and the literal text and status of each refusal."""

from typing import Any

from ferryman.conversations.contexts.model import Context
from ferryman.dialects.fchat.requests import InvalidKeyboard, InvalidRequest, NoDictionary
from ferryman.errors import TooManyRequests
from ferryman.integrations.application_requests.model import Endpoint
from ferryman.integrations.applications import posting as intake

type Refusal = tuple[int, str]

_REFUSALS: dict[type[Exception], Refusal] = {
    InvalidRequest: (400, "Bad Request: invalid request"),
    intake.EmailEmpty: (400, "Bad Request: email is empty"),
    intake.EmailInvalid: (400, "Bad Request: invalid request"),
    intake.TextEmpty: (400, "Bad Request: message text is empty"),
    intake.TextTooLong: (400, "Bad Request: message is too long"),
    NoDictionary: (400, "Bad Request: reply_markup must be a dictionary"),
    InvalidKeyboard: (400, "Bad Request: inlineKeyboard must be a list of list of dicts"),
    intake.TooManyButtons: (400, "Limit 30 buttons"),
    intake.ButtonTextTooLong: (400, "Bad Request: button text is too long"),
    intake.ButtonDataTooLong: (400, "Bad Request: button data is too long"),
    intake.ParametersTooLong: (400, "Bad Request: context parameters are too long"),
    # FChat calls the external id of a chat `beatchat_id`.
    intake.GroupWithoutExternalId: (400, "Bad Request: beatchat group id not found"),
    intake.GroupInactive: (400, "Bad Request: group is not active"),
    intake.NoGroup: (404, "Application does not have a group assigned"),
    intake.GroupGone: (404, "Group not found"),
    intake.NotPermitted: (404, "this app have not permission to send fchat message"),
    intake.PersonUnknown: (404, "User {email} not found!"),
    TooManyRequests: (429, "Too Many Requests"),
}
_UNKNOWN = "hannel or token not found"  # the two endpoints write its first letter differently
BUSY: Refusal = (503, "The service is busy. Send the request again in a moment.")
BROKEN: Refusal = (500, "Something went wrong on our side. Send the request again.")


def refusal(error: Exception, endpoint: Endpoint) -> Refusal | None:
    """The status and text of a refusal, or None for any other exception.

    The text can contain the placeholder `{email}`, which `refused` replaces.
    """
    if isinstance(error, intake.UnknownApplication):
        return 404, ("C" if endpoint == "group" else "c") + _UNKNOWN
    return _REFUSALS.get(type(error))


def refused(status: int, description: str, error: Exception) -> dict[str, Any]:
    email = error.email if isinstance(error, intake.PersonUnknown) else ""
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
