"""Reads which targets this deployment allows from its stack parameters."""

from functools import cache
from ipaddress import ip_network

from ferryman import settings
from ferryman.errors import Invalid, Misconfigured
from ferryman.outbound import ssrf_guard
from ferryman.outbound.ssrf_guard import AllowedTargets


@cache
def of_deployment() -> AllowedTargets:
    networks = settings.optional("ALLOWED_NETWORKS")
    try:
        allowed_networks = tuple(ip_network(part.strip()) for part in networks.split(",") if part.strip())
    except ValueError as error:
        raise Misconfigured(f"ALLOWED_NETWORKS must be CIDR blocks with commas between: {error}.") from None
    return AllowedTargets(
        allow_loopback_http=settings.flag("ALLOW_LOCAL_TARGETS"),
        allowed_ports=frozenset(settings.integers("ALLOWED_PORTS")),
        allowed_networks=allowed_networks,
        own_hosts=frozenset(host.strip() for host in settings.optional("OWN_HOSTS").split(",") if host.strip()),
    )


def checked_url(url: str) -> str:
    """A receiver's URL, normalised by `ssrf_guard.parse`: store and call this text. Looks up no host.

    Raises Invalid at `/url`, with the reason, for a URL that is not allowed.
    """
    try:
        return ssrf_guard.parse(url, of_deployment()).url
    except ssrf_guard.TargetRefused as refused:
        raise Invalid(str(refused), "/url") from None
