"""Applications, the log of their requests, and the contexts of their messages: /v1/applications, /v1/contexts."""

from ferryman.conversations.contexts import service as contexts
from ferryman.conversations.contexts.schema import ContextOut
from ferryman.http.api import Api, Call
from ferryman.integrations.application_requests import table as requests
from ferryman.integrations.application_requests.schema import ApplicationRequestOut
from ferryman.integrations.applications import service, table
from ferryman.integrations.applications.model import Application
from ferryman.integrations.applications.schema import (
    ApplicationCreated,
    ApplicationIn,
    ApplicationOut,
    ApplicationPatch,
)
from ferryman.schema import Listing, ListQuery

api = Api(
    "Applications",
    "External programs that post to one group and talk to people. They call `POST /webhooks/{app_name}/{token}` and "
    "`POST /webhooks/{token}/fchat`; what people answer is delivered to their callback.",
)
handler = api


def _out(application: Application) -> ApplicationOut:
    return ApplicationOut.of(application, service.callback(application))


def _replay(call: Call, application_id: str) -> ApplicationCreated:
    application = table.get(call.caller.workspace_id, application_id)
    return ApplicationCreated.of(application, service.callback(application))


@api.post(
    "/v1/applications",
    scope="admin:*",
    summary="Create an application",
    description="Its token is shown this once. A live token's application posts live messages, a test token's test "
    "messages.",
    takes=ApplicationIn,
    gives=ApplicationCreated,
    status=201,
    replay=_replay,
)
def create_application(call: Call, data: ApplicationIn) -> ApplicationCreated:
    application, webhook, token, secret = service.create(call.caller, data, call.idempotency_key)
    created = ApplicationCreated.of(application, webhook)
    created.token, created.webhook_secret = token, secret
    return created


@api.get(
    "/v1/applications",
    scope="admin:*",
    summary="List applications",
    description="Oldest first.",
    query=ListQuery,
    gives=Listing[ApplicationOut],
)
def list_applications(call: Call, query: ListQuery) -> Listing[ApplicationOut]:
    caller = call.caller
    found, last = table.page(caller.workspace_id, query.limit, call.page_start(query), livemode=caller.livemode)
    callbacks = service.callbacks(found)
    items = [ApplicationOut.of(one, callbacks.get(one.webhook_id or "")) for one in found]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@api.get("/v1/applications/{application_id}", scope="admin:*", summary="Read an application", gives=ApplicationOut)
def read_application(call: Call, application_id: str) -> ApplicationOut:
    return _out(service.get_visible(call.caller, application_id))


@api.patch(
    "/v1/applications/{application_id}",
    scope="admin:*",
    summary="Edit an application",
    takes=ApplicationPatch,
    gives=ApplicationOut,
)
def edit_application(call: Call, application_id: str, data: ApplicationPatch) -> ApplicationOut:
    return _out(service.edit(call.caller, application_id, data))


@api.delete(
    "/v1/applications/{application_id}",
    scope="admin:*",
    summary="Delete an application",
    description="With its token and its callback. The chats and what was said in them stay.",
    status=204,
)
def delete_application(call: Call, application_id: str) -> None:
    service.delete(call.caller, application_id)


@api.post(
    "/v1/applications/{application_id}/rotate-token",
    scope="admin:*",
    summary="Give an application a new token",
    description="It is shown this once; the old one stops working at once.",
    gives=ApplicationCreated,
    errors=(409,),
)
def rotate_application_token(call: Call, application_id: str) -> ApplicationCreated:
    application, token = service.rotate_token(call.caller, application_id)
    rotated = ApplicationCreated.of(application, service.callback(application))
    rotated.token = token
    return rotated


@api.post(
    "/v1/applications/{application_id}/revoke-token",
    scope="admin:*",
    summary="Take an application's token away",
    description="Its URLs stop working at once.",
    gives=ApplicationOut,
    errors=(409,),
)
def revoke_application_token(call: Call, application_id: str) -> ApplicationOut:
    return _out(service.revoke_token(call.caller, application_id))


@api.get(
    "/v1/applications/{application_id}/requests",
    scope="admin:*",
    summary="List what an application sent",
    description="Newest first, without tokens and texts; kept as long as the logs. A request with a wrong token or "
    "name belongs to no application and is in the function's log only.",
    query=ListQuery,
    gives=Listing[ApplicationRequestOut],
)
def list_application_requests(call: Call, application_id: str, query: ListQuery) -> Listing[ApplicationRequestOut]:
    application = service.get_visible(call.caller, application_id)
    found, last = requests.page(
        application.workspace_id, application.application_id, query.limit, call.page_start(query)
    )
    items = [ApplicationRequestOut.of(request) for request in found]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@api.get(
    "/v1/contexts/{context_id}",
    scope="messages:read",
    summary="Read a context",
    description="Until it expires. For members of its chat, and admin:*.",
    gives=ContextOut,
)
def read_context(call: Call, context_id: str) -> ContextOut:
    return ContextOut.of(contexts.get_visible(call.caller, context_id))
