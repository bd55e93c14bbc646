"""Commands, as their owners manage them: /v1/commands. A message that begins with a slash runs a command."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import Api, Call, Id, Idempotent, ThisCall, errors, needs
from ferryman.http.call import OwnerIn
from ferryman.identity import plans
from ferryman.integrations.commands import service, table
from ferryman.integrations.commands.model import Command
from ferryman.integrations.commands.schema import CommandCreated, CommandIn, CommandOut, CommandPatch
from ferryman.schema import Listing, ListQuery

app = Api(
    "Commands", "Words after a slash that call your program. docs/commands.md describes the requests and answers."
)
handler = app


def _again(call: Call, command_id: str) -> CommandCreated:
    return CommandCreated.of(table.get(call.caller.workspace_id, command_id))


def _with_token(command: Command, token: str) -> CommandCreated:
    shown = CommandCreated.of(command)
    shown.token = token
    return shown


@app.post(
    "/v1/commands",
    summary="Create a command",
    description="Everybody in the workspace can run it, in each of their chats. The receiver gets the text after "
    "the command, the person and the chat.",
    status_code=201,
    responses=errors(409),
    middlewares=[Idempotent(_again)],
)
@needs("webhooks:write", plan=plans.OF_INTEGRATIONS)
def create_command(call: ThisCall, data: Annotated[CommandIn, Body()]) -> CommandCreated:
    return _with_token(*service.create(call.caller, data, call.idempotency_key))


@app.get("/v1/commands", summary="List commands", description="Newest first. Without admin:*, only your own commands.")
@needs("webhooks:read", plan=plans.OF_INTEGRATIONS)
def list_commands(call: ThisCall, query: Annotated[ListQuery, Query()]) -> Listing[CommandOut]:
    commands, last = service.page(call.caller, query.limit, call.page_start(query))
    return Listing(items=[CommandOut.of(one) for one in commands], next_cursor=call.next_cursor(query, last))


@app.get("/v1/commands/<command_id>", summary="Read a command")
@needs("webhooks:read", plan=plans.OF_INTEGRATIONS)
def read_command(call: ThisCall, command_id: Id) -> CommandOut:
    return CommandOut.of(service.get_visible(call.caller, command_id))


@app.patch(
    "/v1/commands/<command_id>",
    summary="Edit a command",
    description="A new URL keeps the token.",
    responses=errors(409),
)
@needs("webhooks:write", plan=plans.OF_INTEGRATIONS)
def edit_command(call: ThisCall, command_id: Id, data: Annotated[CommandPatch, Body()]) -> CommandOut:
    return CommandOut.of(service.edit(call.caller, command_id, data))


@app.put(
    "/v1/commands/<command_id>/owner",
    summary="Hand a command over",
    description="The new owner must be an active person whose role may own commands. A disabled command stays "
    "disabled.",
    responses=errors(409),
)
@needs("admin:*")
def hand_over_command(call: ThisCall, command_id: Id, data: Annotated[OwnerIn, Body()]) -> CommandOut:
    return CommandOut.of(service.hand_over(call.caller, command_id, data.user_id))


@app.post(
    "/v1/commands/<command_id>/regenerate",
    summary="Give a command a new token",
    description="The new token is shown only once; the old one is no longer sent.",
    responses=errors(409),
)
@needs("webhooks:write", plan=plans.OF_INTEGRATIONS)
def regenerate_command(call: ThisCall, command_id: Id) -> CommandCreated:
    return _with_token(*service.regenerate(call.caller, command_id))


@app.delete(
    "/v1/commands/<command_id>",
    summary="Delete a command",
    description="Frees its trigger, and closes its reply addresses.",
    status_code=204,
    responses=errors(409),
)
@needs("webhooks:write")
def delete_command(call: ThisCall, command_id: Id) -> None:
    service.delete(call.caller, command_id)
