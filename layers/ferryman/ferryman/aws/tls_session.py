"""botocore's HTTP session with the process's one TLS context.

botocore by itself parses all root certificates anew for every connection. That takes some 20 ms of CPU, and seven times
as long on 256 MB.
"""

from typing import Any, Self

from botocore.httpsession import URLLib3Session

from ferryman import tls


class SharedContextSession(URLLib3Session):
    @classmethod
    def like(cls, other: Any) -> Self:
        """A session with the timeouts, socket options and proxies of `other`."""
        return cls(
            timeout=(other._timeout.connect_timeout, other._timeout.read_timeout),  # type: ignore[arg-type]
            max_pool_connections=other._max_pool_connections,
            socket_options=other._socket_options,
            proxies=other._proxy_config._proxies,
            proxies_config=other._proxy_config.settings,
        )

    def _get_ssl_context(self) -> Any:
        return tls.context()

    def _setup_ssl_cert(self, conn: Any, _url: str, _verify: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = None  # the TLS context has them
