"""Applications, the log of their requests, and the contexts of their messages: /v1/applications, /v1/contexts."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.conversations.contexts import service as contexts
from ferryman.conversations.contexts.schema import ContextOut
from ferryman.http.api import Api, Call, Id, Idempotent, ThisCall, errors, needs
from ferryman.http.call import OwnerIn
from ferryman.integrations.application_requests import table as requests
from ferryman.integrations.application_requests.schema import ApplicationRequestOut
from ferryman.integrations.applications import bearer, service, table
from ferryman.integrations.applications.model import Application
from ferryman.integrations.applications.schema import (
    ApplicationCreated,
    ApplicationIn,
    ApplicationOut,
    ApplicationPatch,
)
from ferryman.schema import Listing, ListQuery

app = Api(
    "Applications",
    "External programs that post to one group and talk to people. They post to URLs under `/webhooks/`; people's "
    "answers are delivered to the application's callback.",
    of_applications=bearer.authenticate,
)
handler = app


def _out(application: Application) -> ApplicationOut:
    return ApplicationOut.of(application, service.callback(application))


def _again(call: Call, application_id: str) -> ApplicationCreated:
    application = table.get(call.caller.workspace_id, application_id)
    return ApplicationCreated.of(application, service.callback(application))


@app.post(
    "/v1/applications",
    summary="Create an application",
    description="Created with a live token, the application posts live messages; with a test token, test messages.",
    status_code=201,
    middlewares=[Idempotent(_again)],
)
@needs("admin:*")
def create_application(call: ThisCall, data: Annotated[ApplicationIn, Body()]) -> ApplicationCreated:
    application, webhook, token, secret = service.create(call.caller, data, call.idempotency_key)
    created = ApplicationCreated.of(application, webhook)
    created.token, created.webhook_secret = token, secret
    return created


@app.get(
    "/v1/applications",
    summary="List applications",
    description="Oldest first.",
)
@needs("admin:*")
def list_applications(call: ThisCall, query: Annotated[ListQuery, Query()]) -> Listing[ApplicationOut]:
    caller = call.caller
    applications, last = table.page(caller.workspace_id, query.limit, call.page_start(query), livemode=caller.livemode)
    callbacks = service.callbacks(applications)
    items = [ApplicationOut.of(one, callbacks.get(one.webhook_id or "")) for one in applications]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@app.get("/v1/applications/<application_id>", summary="Read an application")
@needs("admin:*")
def read_application(call: ThisCall, application_id: Id) -> ApplicationOut:
    return _out(service.get_visible(call.caller, application_id))


@app.patch("/v1/applications/<application_id>", summary="Edit an application")
@needs("admin:*")
def edit_application(call: ThisCall, application_id: Id, data: Annotated[ApplicationPatch, Body()]) -> ApplicationOut:
    return _out(service.edit(call.caller, application_id, data))


@app.put(
    "/v1/applications/<application_id>/owner",
    summary="Hand an application over",
    description="The callback goes with it. The new owner must be an active person whose role may own applications. "
    "The token stays valid: rotate it if the previous owner must not use it. A disabled application stays disabled.",
    responses=errors(409),
)
@needs("admin:*")
def hand_over_application(call: ThisCall, application_id: Id, data: Annotated[OwnerIn, Body()]) -> ApplicationOut:
    return _out(service.hand_over(call.caller, application_id, data.user_id))


@app.delete(
    "/v1/applications/<application_id>",
    summary="Delete an application",
    description="Deletes its token and its callback, too. Chats and messages stay.",
    status_code=204,
)
@needs("admin:*")
def delete_application(call: ThisCall, application_id: Id) -> None:
    service.delete(call.caller, application_id)


@app.post(
    "/v1/applications/<application_id>/rotate-token",
    summary="Give an application a new token",
    description="The new token is shown only once; the old one stops working at once.",
    responses=errors(409),
)
@needs("admin:*")
def rotate_application_token(call: ThisCall, application_id: Id) -> ApplicationCreated:
    application, token = service.rotate_token(call.caller, application_id)
    rotated = ApplicationCreated.of(application, service.callback(application))
    rotated.token = token
    return rotated


@app.post(
    "/v1/applications/<application_id>/revoke-token",
    summary="Revoke an application's token",
    description="The application's URLs stop working at once.",
    responses=errors(409),
)
@needs("admin:*")
def revoke_application_token(call: ThisCall, application_id: Id) -> ApplicationOut:
    return _out(service.revoke_token(call.caller, application_id))


@app.get(
    "/v1/applications/<application_id>/requests",
    summary="List an application's requests",
    description="Newest first, as long as logs are kept. A request with a wrong token or name is not listed, "
    "because it belongs to no application.",
)
@needs("admin:*")
def list_application_requests(
    call: ThisCall, application_id: Id, query: Annotated[ListQuery, Query()]
) -> Listing[ApplicationRequestOut]:
    application = service.get_visible(call.caller, application_id)
    page, last = requests.page(
        application.workspace_id, application.application_id, query.limit, call.page_start(query)
    )
    items = [ApplicationRequestOut.of(request) for request in page]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@app.get(
    "/v1/contexts/<context_id>",
    summary="Read a context",
    description="Only until it expires. Members of its chat, callers with admin:*, and the application may read it.",
)
@needs("messages:read", applications=True)
def read_context(call: ThisCall, context_id: Id) -> ContextOut:
    return ContextOut.of(contexts.get_visible(call.caller, context_id))
