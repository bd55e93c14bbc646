"""Signing in with an e-mail address and a password: the benchmark compares our login for Mattermost's clients with it.

It uses Powertools' event handler with validation, pydantic models, boto3's resource of DynamoDB, and scrypt of the
standard library with OWASP's parameters, which are also ours. An unknown address costs the same hash as a known one.
"""

import base64
import hashlib
import hmac
import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import UnauthorizedError
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Key
from observability import logger, metrics, tracer
from pydantic import BaseModel, Field

N, R, P = 1 << 17, 8, 1


class Settings(BaseModel):
    emails_table: Annotated[str, Field(alias="EMAILS_TABLE", min_length=1)]
    logins_table: Annotated[str, Field(alias="LOGINS_TABLE", min_length=1)]
    users_table: Annotated[str, Field(alias="USERS_TABLE", min_length=1)]
    sessions_table: Annotated[str, Field(alias="SESSIONS_TABLE", min_length=1)]


class LoginIn(BaseModel):
    login_id: Annotated[str, Field(min_length=1, max_length=254)]
    password: Annotated[str, Field(min_length=1, max_length=128)]


class Login(BaseModel):
    workspace_id: str
    user_id: str
    salt: str
    password_hash: str


class UserOut(BaseModel):
    id: str
    username: str
    email: str


app = APIGatewayHttpResolver(enable_validation=True)
settings = Settings.model_validate(os.environ)
dynamodb = boto3.resource("dynamodb")
emails = dynamodb.Table(settings.emails_table)
logins = dynamodb.Table(settings.logins_table)
users = dynamodb.Table(settings.users_table)
sessions = dynamodb.Table(settings.sessions_table)


@app.post("/api/v4/users/login")
def log_in(sent: Annotated[LoginIn, Body()]) -> Response[UserOut]:
    login = find(sent.login_id)
    if not matches(sent.password, login) or login is None:
        metrics.add_metric(name="LoginRefused", unit=MetricUnit.Count, value=1)
        raise UnauthorizedError("Enter a valid email or username and/or password.")
    token = secrets.token_urlsafe(32)
    store(login, token)
    found = users.get_item(Key={"workspace_id": login.workspace_id, "entry": login.user_id})["Item"]
    return Response(200, "application/json", UserOut.model_validate(found), headers={"Token": token})


@tracer.capture_method(capture_response=False)
def find(email: str) -> Login | None:
    found = emails.query(KeyConditionExpression=Key("email").eq(email.casefold()), Limit=1)["Items"]
    if not found:
        return None
    key = {"workspace_id": found[0]["workspace_id"], "user_id": found[0]["user_id"]}
    item = logins.get_item(Key=key, ConsistentRead=True).get("Item")
    return Login.model_validate(item) if item else None


@tracer.capture_method(capture_response=False)
def matches(password: str, login: Login | None) -> bool:
    salt = base64.b64decode(login.salt) if login else bytes(16)
    hashed = hashlib.scrypt(password.encode(), salt=salt, n=N, r=R, p=P, maxmem=2**28, dklen=32)
    return login is not None and hmac.compare_digest(hashed, base64.b64decode(login.password_hash))


@tracer.capture_method(capture_response=False)
def store(login: Login, token: str) -> None:
    sessions.put_item(
        Item={
            "workspace_id": login.workspace_id,
            "session_id": hashlib.sha256(token.encode()).hexdigest(),
            "user_id": login.user_id,
            "expires_at": (datetime.now(UTC) + timedelta(hours=12)).isoformat(),
        }
    )


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
