"""The process's one TLS context, for AWS and for receivers. Parsing the root certificates takes some 20 ms of CPU."""

import functools
import ssl
import threading

import certifi

_lock = threading.Lock()


def context() -> ssl.SSLContext:
    """The context: TLS 1.2 or later, HTTP/1.1; certifi's roots verify certificates and names. Built at first use."""
    with _lock:
        return _built()


@functools.cache
def _built() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificates and names
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
