"""Makes moto faster. Half of the time of an integration test was spent on results that never change.

- For each attribute of an item moto tries all ten members of `AttributeValue`, each under several names. An
  attribute has one member, under its own name, so only that one is written here.
- The methods of a class stay the same, so they are listed once instead of at each call.
- A request is matched with the addresses of the few services that we use, not of all two hundred.
- moto creates a pair of RSA keys for each key of KMS, even for symmetric ones. Here all keys have the same pair.
- A request with a JSON body has no query and no form, so its WSGI request is built without werkzeug's builder.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore import UNSIGNED
from moto import backend_index
from moto.core import responses, utils
from moto.core.request import Request, environ_key_for_header
from moto.core.serialize import BaseJSONSerializer
from moto.kms.utils import generate_private_key

_SERVICES = ("dynamodb", "dynamodbstreams", "kms", "s3", "sqs")


def unsigned(client: Any) -> None:
    """Let a client send unsigned requests to a service for which moto reads no signature."""
    if client.meta.service_model.service_name != "s3":
        client.meta.events.register("choose-signer", lambda **_: UNSIGNED)


@contextmanager
def answering_quickly() -> Iterator[None]:
    """Inside the block, moto gives the same answers with less work."""
    any_structure, any_request = BaseJSONSerializer._serialize_type_structure, Request.from_primitives
    addresses = [(service, at) for service, at in backend_index.backend_url_patterns if service in _SERVICES]

    def serialize(self: BaseJSONSerializer, serialized: dict[str, Any], value: Any, shape: Any, key: str) -> None:
        if shape.name != "AttributeValue" or not isinstance(value, dict):
            any_structure(self, serialized, value, shape, key)
            return
        written: dict[str, Any] = {}
        for name, content in value.items():
            self._serialize(written, content, shape.members[name], name)
        self._default_serialize(serialized, written, shape, key)

    def request(method: str, url: str, headers: Mapping[str, Any], body: Any = None) -> Request:
        texts = {name: value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}
        if not isinstance(body, bytes) or not texts.get("Content-Type", "").startswith("application/x-amz-json"):
            return any_request(method, url, headers, body)
        parts = urlsplit(url)
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": parts.path,
            "QUERY_STRING": "",
            "SERVER_NAME": parts.netloc,
            "SERVER_PORT": "443",
            "HTTP_HOST": parts.netloc,
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": BytesIO(body),
            **{environ_key_for_header(name): value for name, value in texts.items()},
            "CONTENT_LENGTH": str(len(body)),
        }
        return Request(environ)

    with (
        patch.object(backend_index, "backend_url_patterns", addresses),
        patch.object(Request, "from_primitives", request),
        patch.object(BaseJSONSerializer, "_serialize_type_structure", serialize),
        patch("moto.kms.models.generate_private_key", cache(generate_private_key)),
        patch.object(responses, "method_names_from_class", cache(utils.method_names_from_class)),
    ):
        yield
