"""Our AWS client on moto, with events as botocore's clients have them: `before-call.dynamodb.GetItem` and so on.

Everything of the client runs but the socket: what it signed goes to moto as a request, and moto's answer is parsed.
"""

import json
import threading
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.hooks import HierarchicalEmitter
from ferryman.aws.client import Client
from ferryman.errors import AwsRefused
from moto.core.models import botocore_stubber

_EVENTS: WeakKeyDictionary[Any, HierarchicalEmitter] = WeakKeyDictionary()
# moto checks a condition and writes in two steps, between which another thread fits; AWS does not.
_CALLING = threading.RLock()


def events(client: Any) -> HierarchicalEmitter:
    """Where to register for a client's calls: `before-parameter-build`, `before-call` and `after-call`.

    A handler may raise, which is what the caller then meets; one of `after-call` may change `parsed`.
    """
    found: HierarchicalEmitter = _EVENTS[client] if client in _EVENTS else client.meta.events  # noqa: SIM401
    return found


def watch(client: Any) -> None:
    """Let a client of `ferryman.aws.clients` talk to moto, one call at a time."""
    if isinstance(client, Client):
        _EVENTS[client] = HierarchicalEmitter()
        _Watched(client)
        return
    whole = client._make_api_call

    def called(*arguments: Any) -> Any:
        with _CALLING:
            return whole(*arguments)

    client._make_api_call = called


class _Watched:
    def __init__(self, client: Client) -> None:
        self._events = _EVENTS[client]
        self._service = client.service
        self._target, self._whole = client._target, client.call
        client.call = self.call  # type: ignore[method-assign]
        client._request = self.request  # type: ignore[method-assign]

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        model = SimpleNamespace(name=operation, service_model=SimpleNamespace(service_name=self._service))
        context: dict[str, Any] = {}

        def tell(what: str, **more: Any) -> None:
            self._events.emit(f"{what}.{self._service}.{operation}", model=model, context=context, **more)

        with _CALLING:
            tell("before-parameter-build", params=request)
            sent = {"method": "POST", "headers": {"X-Amz-Target": f"{self._target}.{operation}"}}
            tell("before-call", params={**sent, "body": json.dumps(request)})
            answer: dict[str, Any] = {}
            try:
                answer = self._whole(operation, **request)
            except AwsRefused:
                tell("after-call", parsed={}, http_response=self._response)
                raise
            tell("after-call", parsed=answer, http_response=self._response)
            return answer

    def request(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        sent = HTTPHeaders()
        for name, value in headers.items():
            sent[name] = value
        prepared = AWSPreparedRequest("POST", f"https://{headers['host']}/", sent, body, False)
        found = botocore_stubber.process_request(prepared)
        assert found, "moto answers no such call"
        status, _, content = found
        whole = content.encode() if isinstance(content, str) else content
        self._response = SimpleNamespace(status_code=status, headers={}, content=whole)
        return status, whole
