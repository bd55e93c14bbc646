"""Decides where a webhook may be sent: `parse` judges its URL, and `check` every address behind its host name.

Before a URL is stored, `parse` normalises its scheme, host and port; path and query stay as they were written. Every
later step uses the normalised text, so no two parsers read it differently. The addresses are judged again at each
attempt, because DNS answers change.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NoReturn
from urllib.parse import quote

from ferryman.errors import Invalid, Misconfigured

MAX_URL_CHARACTERS = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
PRIVATE_SUFFIXES = ("localhost", "localdomain", "local", "internal", "home.arpa")

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network


class TargetRefused(Invalid):
    """The URL, or an address behind its host name, is not allowed.

    The message tells the person who typed the URL how to fix it, and quotes nothing that may be secret.
    """


# IANA's special-purpose registries (https://www.iana.org/assignments/iana-ipv4-special-registry and
# iana-ipv6-special-registry) with multicast, and retired networks that are still routed somewhere.
_SPECIAL: dict[Network, str] = {
    ip_network(network): what
    for network, what in {
        "0.0.0.0/8": "'this network'",
        "10.0.0.0/8": "a private network",
        "100.64.0.0/10": "a carrier's shared network",
        "127.0.0.0/8": "loopback",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "a private network",
        "192.0.0.0/24": "reserved for protocols",
        "192.0.2.0/24": "reserved for documentation",
        "192.31.196.0/24": "reserved for AS112",
        "192.52.193.0/24": "reserved for AMT",
        "192.88.99.0/24": "a retired 6to4 relay",
        "192.168.0.0/16": "a private network",
        "192.175.48.0/24": "reserved for AS112",
        "198.18.0.0/15": "reserved for benchmarks",
        "198.51.100.0/24": "reserved for documentation",
        "203.0.113.0/24": "reserved for documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
        "::1/128": "loopback",
        "::/8": "reserved, or an IPv4 address in disguise",
        "100::/64": "discard-only",
        "100:0:0:1::/64": "a dummy prefix",
        "2001::/23": "reserved for protocols, or a Teredo tunnel",
        "2001:db8::/32": "reserved for documentation",
        "2002::/16": "a 6to4 tunnel",
        "2620:4f:8000::/48": "reserved for AS112",
        "3fff::/20": "reserved for documentation",
        "5f00::/16": "reserved for segment routing",
        "fc00::/7": "a private network",
        "fe80::/10": "link-local",
        "fec0::/10": "site-local",
        "ff00::/8": "multicast",
    }.items()
}
_GLOBAL_IPV6 = IPv6Network("2000::/3")  # all that IANA has given out for global unicast so far
_NAT64 = IPv6Network("64:ff9b::/96")
_LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
# A deployment may open private networks, but never the host itself, its metadata service, or every network.
_NEVER_OPENED = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
        "::/8", "2001::/32", "2002::/16", "fd00:ec2::/32", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip


@dataclass(frozen=True)
class AllowedTargets:
    """The targets that this deployment allows beyond https on the public internet.

    `allow_loopback_http` opens http and https to localhost, 127.0.0.1 and [::1] on any port, for the local
    stack. `allowed_networks` are private networks with receivers, which are called over https like all others.
    `own_hosts` are the host names of our own API; they and their subdomains are refused.
    Raises Misconfigured for an impossible port, and for a network with addresses that are never allowed, such as
    loopback or the metadata service.
    """

    allow_loopback_http: bool = False
    allowed_ports: frozenset[int] = frozenset({443, 8443})
    allowed_networks: tuple[Network, ...] = ()
    own_hosts: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        for port in self.allowed_ports:
            if not 1 <= port <= 65535:
                raise Misconfigured(f"{port} is not a port; the allowed ports are numbers from 1 to 65535.")
        for network in self.allowed_networks:
            for never in _NEVER_OPENED:
                if network.version == never.version and network.overlaps(never):
                    raise Misconfigured(
                        f"The allowed network {network} includes {never}, which is never opened to webhooks. "
                        "Name only the networks your receivers are in."
                    )


@dataclass(frozen=True)
class Target:
    """An allowed URL and its parts. `url` is the normalised text: store and call only this text.

    `host` is in lower case, an IPv6 address without brackets. `path_and_query` goes into the request line as it is.
    """

    url: str
    scheme: str
    host: str
    port: int
    path_and_query: str

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK_HOSTS

    @property
    def is_address(self) -> bool:
        return ":" in self.host or _ENDS_IN_NUMBER.fullmatch(self.host) is not None


_URL = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?]*)([^?]*)(?:\?(.*))?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
# inet_aton reads `2130706433`, `0x7f.1`, `0177.0.0.1` and `127.1` as addresses: no name ends in a number.
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_LONE_PERCENT = re.compile("%(?![0-9a-fA-F]{2})")
_DOT = re.compile("%2e", re.IGNORECASE)
# The characters that a URI may hold (RFC 3986) besides letters, digits and `_.-~`. Only the others need a %XX.
_KEPT = "%:/?[]@!$&'()*+,;="


def parse(url: str, allowed: AllowedTargets) -> Target:
    """Judge `url` and return its parts. Looks up no host. Parsing the result's `url` gives the same Target.

    Path and query stay as they were written, because receivers may tell `%7E` from `~` and `%2f` from `%2F`. Only
    characters that a URI may not contain become %XX.

    Raises TargetRefused with a reason for the person who typed the URL.
    """
    if len(url) > MAX_URL_CHARACTERS:
        _refuse(f"The URL is longer than {MAX_URL_CHARACTERS} characters.")
    if any(character == " " or not character.isprintable() for character in url):
        _refuse("The URL contains spaces or control characters; remove them or write them as %20 and so on.")
    if "\\" in url:
        _refuse("The URL contains a backslash; use / between the parts.")
    if "#" in url:
        _refuse("The URL contains a fragment (#…), which is never sent to a server; remove it.")
    match = _URL.fullmatch(url)
    if not match:
        _refuse("This is not a full URL; write it like https://hooks.example.com/path.")
    scheme, authority, path, query = match[1].lower(), match[2], match[3], match[4]
    if scheme not in DEFAULT_PORTS:
        _refuse("Use a URL that starts with https://.")
    if "@" in authority:
        _refuse("The URL contains a user name or password before the host; remove everything up to the @.")

    match = _AUTHORITY.fullmatch(authority)
    if not match:
        _refuse("The host or port is malformed; write it like https://hooks.example.com:8443/path.")
    host = _host(match[1], allowed)
    port = int(match[2]) if match[2] else DEFAULT_PORTS[scheme]
    _check_scheme_and_port(scheme, host, port, allowed)

    _check_segments(path)
    path_and_query = _sendable((path or "/") + ("" if query is None else f"?{query}"))
    bracketed = f"[{host}]" if ":" in host else host
    shown_port = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    normalised = f"{scheme}://{bracketed}{shown_port}{path_and_query}"
    if len(normalised) > MAX_URL_CHARACTERS:
        _refuse(f"The URL is longer than {MAX_URL_CHARACTERS} characters once it is percent-encoded.")
    return Target(normalised, scheme, host, port, path_and_query)


def check(target: Target, addresses: Iterable[str], allowed: AllowedTargets) -> list[str]:
    """Judge the addresses that the target's name resolved to, and return them in their order, without duplicates.

    Raises TargetRefused if `addresses` is empty, or any of them is forbidden. A mixed answer is not filtered,
    because the owner of the name controls its contents. The reason names no address, which could map our own network.
    """
    checked: dict[str, None] = {}
    for text in addresses:
        try:
            address = ip_address(text)
        except ValueError:
            _refuse(f"{target.host} resolves to something that is not an IP address.")
        if target.is_loopback:
            # `parse` allowed plain http for this machine only, so its names must resolve to loopback addresses.
            if not (allowed.allow_loopback_http and _within(address, _LOOPBACK)):
                _refuse(f"{target.host} may not be used here; use a public https URL.")
        elif why := _why_refused(address, allowed):
            _refuse(f"{target.host} resolves to an address that is {why}; a webhook needs a public address.")
        checked[str(address)] = None
    if not checked:
        _refuse(f"{target.host} resolves to no address.")
    return list(checked)


def _refuse(reason: str) -> NoReturn:
    raise TargetRefused(reason)


def _host(text: str, allowed: AllowedTargets) -> str:
    if not text:
        _refuse("The URL has no host; write it like https://hooks.example.com/path.")
    host = (text if text.isascii() else _ascii(text)).lower()
    if host.startswith("[") or _ENDS_IN_NUMBER.fullmatch(host):
        return _literal(host, allowed)
    if host == "localhost" and allowed.allow_loopback_http:
        return host
    if host.endswith("."):
        _refuse("The host ends in a dot; remove it.")
    if any(host == suffix or host.endswith("." + suffix) for suffix in PRIVATE_SUFFIXES):
        _refuse("The host is a name of a private network or of this machine; use a public name.")
    if "." not in host:
        _refuse("The host is a single word; use a full public name such as hooks.example.com.")
    if len(host) > 253 or not _NAME.fullmatch(host):
        _refuse("The host is not a valid name; use letters, digits and hyphens between the dots.")
    own = (name.lower().strip(".") for name in allowed.own_hosts)
    if any(host == name or host.endswith("." + name) for name in own):
        _refuse("The host is this service itself; a webhook cannot be sent to it.")
    return host


def _ascii(host: str) -> str:
    """The host in its ASCII form by IDNA 2008, which refuses look-alikes such as ⓔ. All checks use the ASCII form."""
    import idna  # few hosts need it

    try:
        return idna.encode(host.lower()).decode()
    except idna.IDNAError:
        _refuse("The host is not a valid internationalised name; write it in its xn-- form (Punycode).")


def in_unicode(url: str) -> str | None:
    """A target's URL with its host in Unicode; None if the host has no part in Punycode or cannot be decoded."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.partition(":")
    if "xn--" not in host:
        return None
    import idna

    try:
        return f"{scheme}://{idna.decode(host)}{colon}{port}{slash}{path}"
    except idna.IDNAError:
        return None


def _literal(host: str, allowed: AllowedTargets) -> str:
    if "%" in host:
        _refuse("The host names a network interface (%…); remove it.")
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        _refuse("The host is a number or a malformed address; use a name such as hooks.example.com.")
    if ("[" in host) != (address.version == 6):
        _refuse("An IPv6 address belongs in brackets, an IPv4 address does not.")
    text = str(address)
    if text in LOOPBACK_HOSTS and allowed.allow_loopback_http:
        return text
    if not _within(address, allowed.allowed_networks):
        _refuse("The host is an IP address; use a public name such as hooks.example.com.")
    return text


def _check_scheme_and_port(scheme: str, host: str, port: int, allowed: AllowedTargets) -> None:
    if host in LOOPBACK_HOSTS:  # `_host` accepted it, so http and all ports are allowed
        if not 1 <= port <= 65535:
            _refuse("The port must be from 1 to 65535.")
        return
    if scheme != "https":
        _refuse("Use https:// instead of http://; webhooks are only sent encrypted.")
    if port not in allowed.allowed_ports:
        ports = ", ".join(str(number) for number in sorted(allowed.allowed_ports))
        _refuse(f"This port is not allowed; use one of: {ports}.")


def _check_segments(path: str) -> None:
    if any(segment in (".", "..") for segment in _DOT.sub(".", path).split("/")):
        _refuse("The path contains . or .. segments; write the path that is meant.")


def _sendable(path_and_query: str) -> str:
    """`path_and_query` with %XX for characters that a URI may not contain. Raises TargetRefused for a lone `%`."""
    if _LONE_PERCENT.search(path_and_query):
        _refuse("The URL contains a % that is not followed by two hexadecimal digits; write it as %25.")
    return quote(path_and_query, safe=_KEPT)


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _why_refused(address: Address, allowed: AllowedTargets) -> str | None:
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return "bound to one network interface"
        if address in _NAT64:
            # DNS64 writes public IPv4 receivers this way on networks that have IPv6 only (RFC 6052).
            return _special(IPv4Address(int(address) & 0xFFFFFFFF))
        if (int(address) >> 32) & 0xFDFFFFFF == 0x5EFE:
            return "an ISATAP tunnel"  # RFC 5214: any prefix, then 0000:5efe or 0200:5efe and an IPv4 address
    if _within(address, allowed.allowed_networks):
        return None
    return _special(address)


def _special(address: Address) -> str | None:
    for network, what in _SPECIAL.items():
        if address in network:
            return what
    if isinstance(address, IPv6Address) and address not in _GLOBAL_IPV6:
        return "not assigned for public use"
    return None
