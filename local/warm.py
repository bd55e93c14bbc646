"""Starts the first worker process of all functions at once, so that no first request waits for it."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local import ministack
from local.deploy import Deployment

# The address and the secret do not exist, so the answer is 404, and nothing is written.
NOWHERE: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "GET /warm-up",
    "rawPath": "/warm-up",
    "rawQueryString": "",
    "headers": {},
    "pathParameters": {"secret": "warm-up", "response_secret": "warm-up"},
    "requestContext": {
        "domainName": "localhost",
        "http": {"method": "GET", "path": "/warm-up", "sourceIp": "127.0.0.1"},
        "requestId": "warm-up",
        "stage": "$default",
    },
    "isBase64Encoded": False,
}
NOTHING: dict[str, Any] = {"Records": []}


def functions(port: int, deployment: Deployment) -> None:
    """Invoke every function with a route or an event source once, with an event that does nothing."""
    client = ministack.client("lambda", port)
    events = dict.fromkeys(deployment.routed_functions(), NOWHERE)
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        events[mapping["FunctionArn"]] = NOTHING

    def invoke(arn: str) -> None:
        client.invoke(FunctionName=arn, Payload=json.dumps(events[arn]).encode())

    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        list(pool.map(invoke, events))
