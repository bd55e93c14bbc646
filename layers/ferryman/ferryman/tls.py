"""The process's one TLS context, for AWS and for receivers alike.

Parsing the roots costs some 20 ms of CPU. botocore, requests and urllib3 do it for every connection when they are
handed the bundle's path, so everything that connects gets this context instead.
"""

import functools
import ssl
import threading
from collections.abc import Iterable

import certifi

_lock = threading.Lock()


class _Context(ssl.SSLContext):
    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """Nothing: urllib3 sets them before each connection, while other threads shake hands with this context."""


def context() -> ssl.SSLContext:
    """TLS 1.2 or later, HTTP/1.1, certificates and names verified against certifi's roots. Built at first use."""
    with _lock:
        return _built()


@functools.cache
def _built() -> ssl.SSLContext:
    made = _Context(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificates and names
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    made.load_verify_locations(certifi.where())
    ssl.SSLContext.set_alpn_protocols(made, ["http/1.1"])
    return made
