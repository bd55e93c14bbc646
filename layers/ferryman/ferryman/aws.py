"""The one place that makes AWS clients: lazily, one of each per process."""

from functools import cache
from typing import Any

# Short limits: a call that hangs must not eat the function's time.
_CONNECT_SECONDS = 2
_READ_SECONDS = 5
_CONNECTIONS = 50  # as many as deliveries are sent at a time


@cache
def _session() -> Any:
    import botocore.session  # imported when first needed: importing our modules costs no AWS

    made = botocore.session.Session(include_builtin_handlers=False)
    _register(made, None)
    return made


def _register(session: Any, service: str | None) -> None:
    """Register botocore's own handlers of one service, or those that are for all.

    A session registers them for every service of AWS otherwise, and each client copies them: a third of what
    making the first one costs.
    """
    from botocore import handlers

    events = session.get_component("event_emitter")
    register = {handlers.REGISTER_FIRST: events.register_first, handlers.REGISTER_LAST: events.register_last}
    for name, handler, *when in handlers.BUILTIN_HANDLERS:
        event, _, rest = name.partition(".")
        if event != "docs" and service == (rest.partition(".")[0] or None):
            register.get(when[0] if when else None, events.register)(name, handler)


@cache
def _client(service: str) -> Any:
    from botocore.config import Config
    from botocore.utils import get_environ_proxies

    # The retries are botocore's, with jitter.
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "max_attempts": 4},
        max_pool_connections=_CONNECTIONS,
    )
    session = _session()
    _register(session, service)
    client = session.create_client(service, config=config)
    if not session.get_config_variable("ca_bundle"):
        client._endpoint.http_session = _http_session()(
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            max_pool_connections=_CONNECTIONS,
            proxies=get_environ_proxies(client.meta.endpoint_url),
        )
    return client


@cache
def _http_session() -> Any:
    from botocore.httpsession import URLLib3Session

    from ferryman import tls

    class Session(URLLib3Session):
        """botocore's, with the process's TLS context. Its own would parse the roots again for every connection."""

        def _setup_ssl_cert(self, conn: Any, url: str, verify: object) -> None:
            if url.startswith("https:"):
                conn.cert_reqs = "CERT_REQUIRED"
                conn.conn_kw["ssl_context"] = tls.context()

    return Session


def dynamodb() -> Any:
    return _client("dynamodb")


def sqs() -> Any:
    return _client("sqs")


def kms() -> Any:
    return _client("kms")


def s3() -> Any:
    return _client("s3")


def reset() -> None:
    """Forget the clients, for tests that change the endpoint or the credentials."""
    _client.cache_clear()
    _session.cache_clear()
