"""Which URLs and addresses webhooks may call. The refused addresses come from IANA's registries, not from the code."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import pydantic
import pytest
import requests
from ferryman.errors import Invalid, Misconfigured
from ferryman.outbound import ssrf_guard
from ferryman.outbound.ssrf_guard import AllowedTargets, Target, TargetRefused
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

PUBLIC = AllowedTargets()
LOCAL = AllowedTargets(allow_loopback_http=True)
OWN = AllowedTargets(own_hosts=frozenset({"api.ferryman.example", ".execute-api.eu-central-1.amazonaws.com"}))
PRIVATE = AllowedTargets(allowed_networks=(ip_network("10.20.0.0/16"), ip_network("fd12:3456::/32")))


def refusal(url: str, allowed_targets: AllowedTargets = PUBLIC) -> str:
    with pytest.raises(TargetRefused) as refused:
        ssrf_guard.parse(url, allowed_targets)
    return str(refused.value)


# --- URLs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://hooks.example.com/a/b?c=d&e=f", "https://hooks.example.com/a/b?c=d&e=f"),
        ("HTTPS://Hooks.EXAMPLE.com", "https://hooks.example.com/"),
        ("https://hooks.example.com?", "https://hooks.example.com/?"),
        ("https://hooks.example.com?x=1", "https://hooks.example.com/?x=1"),
        ("https://hooks.example.com:443/x", "https://hooks.example.com/x"),
        ("https://hooks.example.com:08443/x", "https://hooks.example.com:8443/x"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://Bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://почта.рф:8443", "https://xn--80a1acny.xn--p1ai:8443/"),
        ("https://example。com/", "https://example.com/"),
        ("https://a_b.example.com/", "https://a_b.example.com/"),
        ("https://3com.example/", "https://3com.example/"),
        ("https://hooks.example.com/@user/a:b", "https://hooks.example.com/@user/a:b"),
        ("https://Hooks.example.com/%7Euser/%2f%3a%5B[1]", "https://hooks.example.com/%7Euser/%2f%3a%5B[1]"),
        ("https://hooks.example.com/?sig=%7e%2F+%2b&x[]=[]", "https://hooks.example.com/?sig=%7e%2F+%2b&x[]=[]"),
        (
            "https://hooks.example.com/привет?q=ж",
            "https://hooks.example.com/%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82?q=%D0%B6",
        ),
        ('https://hooks.example.com/"<>^`{|}[]', "https://hooks.example.com/%22%3C%3E%5E%60%7B%7C%7D[]"),
        ("https://hooks.example.com//a//b", "https://hooks.example.com//a//b"),
        ("https://hooks.example.com/a?b=/../?c", "https://hooks.example.com/a?b=/../?c"),
    ],
)
def test_hosts_are_normalised_and_the_rest_is_kept(url: str, kept: str) -> None:
    assert ssrf_guard.parse(url, PUBLIC).url == kept


def test_the_parts_of_a_target() -> None:
    target = ssrf_guard.parse("https://Hooks.example.com:8443/a?b", PUBLIC)
    assert target == Target("https://hooks.example.com:8443/a?b", "https", "hooks.example.com", 8443, "/a?b")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        # what makes parsers disagree
        ("https://EXAMPLE.com\\@127.0.0.1/", "backslash"),
        ("https://example.com/a\\b", "backslash"),
        ("https://exam\tple.com/", "control characters"),
        ("https://example.com/\r\nX-Evil: 1", "control characters"),
        (" https://example.com/", "spaces"),
        ("https://example.com/a b", "spaces"),
        ("https://example.com/\u00a0", "spaces"),
        ("https://example.com/\u200b", "control characters"),
        ("https://example.com/\u202e", "control characters"),
        ("https://example.com/\ud800", "control characters"),
        ("https://example.com/\x00", "control characters"),
        ("https://example.com/#secret", "fragment"),
        ("https://bot@example.com/", "user name"),
        ("https://bot:hunter2@example.com/", "user name"),
        ("https://example.com:443@evil.com/", "user name"),
        ("https://@example.com/", "user name"),
        ("https://exämple-.com/", "xn--"),
        ("https://１２７.0.0.1/", "xn--"),
        ("https://ⓔxample.com/", "xn--"),
        ("https://examp%6ce.com/", "not a valid name"),
        ("https://example.com/%", "%25"),
        ("https://example.com/%zz", "%25"),
        ("https://example.com/a/../b", ".. segments"),
        ("https://example.com/a/%2E%2e/b", ".. segments"),
        ("https://example.com/a/.%2e", ".. segments"),
        ("https://example.com/%2e/b", ".. segments"),
        ("https://example.com/.", ". or .."),
        ("https://example.com/" + "a" * 2048, "2048"),
        ("https://example.com/" + "%41" * 700, "2048"),
        ("https://example.com/" + "ж" * 400, "2048"),
        # schemes and shapes
        ("http://example.com/", "https://"),
        ("ftp://example.com/", "https://"),
        ("file:///etc/passwd", "https://"),
        ("javascript:alert(1)", "full URL"),
        ("https:example.com", "full URL"),
        ("https:/example.com", "full URL"),
        ("//example.com/", "full URL"),
        ("example.com", "full URL"),
        ("", "full URL"),
        ("https://", "no host"),
        ("https:///path", "no host"),
        ("https://?x", "no host"),
        # ports
        ("https://example.com:80/", "443, 8443"),
        ("https://example.com:22/", "443, 8443"),
        ("https://example.com:0/", "443, 8443"),
        ("https://example.com:/", "malformed"),
        ("https://example.com:99999/", "443, 8443"),
        ("https://example.com:1234567/", "malformed"),
        ("https://example.com:-1/", "malformed"),
        ("https://example.com:٤٤٣/", "malformed"),
        ("https://example.com:443:443/", "malformed"),
        # every way to write 127.0.0.1, and other literals
        ("https://127.0.0.1/", "IP address"),
        ("https://8.8.8.8/", "IP address"),
        ("https://2130706433/", "number"),
        ("https://017700000001/", "number"),
        ("https://0x7f000001/", "number"),
        ("https://0x7F.1/", "number"),
        ("https://0x/", "number"),
        ("https://127.1/", "number"),
        ("https://127.0.1/", "number"),
        ("https://0177.0.0.1/", "number"),
        ("https://127.0.0.01/", "number"),
        ("https://example.com.1/", "number"),
        ("https://1.2.3.4.5/", "number"),
        ("https://[::1]/", "IP address"),
        ("https://[2606:4700::1111]/", "IP address"),
        ("https://[::ffff:127.0.0.1]/", "IP address"),
        ("https://[fe80::1%25eth0]/", "network interface"),
        ("https://[::1/", "malformed"),
        ("https://::1/", "malformed"),
        ("https://[]/", "malformed address"),
        ("https://[v1.x]/", "malformed address"),
        ("https://[127.0.0.1]/", "brackets"),
        ("https://[::1]example.com/", "malformed"),
        # names that lead inside
        ("https://localhost/", "private network"),
        ("https://LocalHost/", "private network"),
        ("https://api.localhost/", "private network"),
        ("https://localhost.localdomain/", "private network"),
        ("https://printer.local/", "private network"),
        ("https://metadata.google.internal/", "private network"),
        ("https://router.home.arpa/", "private network"),
        ("https://home.arpa/", "private network"),
        ("https://intranet/", "single word"),
        ("https://example.com./", "ends in a dot"),
        ("https://localhost./", "ends in a dot"),
        ("https://127.0.0.1./", "ends in a dot"),
        ("https://./", "ends in a dot"),
        # names that are none
        ("https://-a.example.com/", "not a valid name"),
        ("https://a-.example.com/", "not a valid name"),
        ("https://a..example.com/", "not a valid name"),
        ("https://.example.com/", "not a valid name"),
        ("https://*.example.com/", "not a valid name"),
        ("https://a,b.example.com/", "not a valid name"),
        ("https://" + "a" * 64 + ".com/", "not a valid name"),
        ("https://" + "a." * 126 + "com/", "not a valid name"),
    ],
)
def test_refused_urls(url: str, reason: str) -> None:
    assert reason in refusal(url)


def test_our_own_hosts_are_refused() -> None:
    for url in (
        "https://api.ferryman.example/v1/messages",
        "https://API.Ferryman.example:8443/",
        "https://deep.api.ferryman.example/",
        "https://abc123.execute-api.eu-central-1.amazonaws.com/",
    ):
        assert "this service itself" in refusal(url, OWN)
    assert ssrf_guard.parse("https://notapi.ferryman.example/", OWN)
    assert ssrf_guard.parse("https://xapi.ferryman.example.com/", OWN)


def test_a_refusal_repeats_no_secret() -> None:
    for url in (
        "https://bot:hunter2@example.com/",
        "https://bot:hunter2/",
        "http://example.com/hunter2",
        "https://example.com:22/?token=hunter2",
        "https://hunter2/",
        "https://localhost/hunter2",
        "https://example.com/hunter2/%",
    ):
        assert "hunter2" not in refusal(url)


def test_a_refusal_is_the_kind_of_error_that_http_answers_with_422() -> None:
    assert issubclass(TargetRefused, Invalid)


@pytest.mark.parametrize(
    ("url", "normalised"),
    [
        ("http://localhost:8000/x", "http://localhost:8000/x"),
        ("http://LOCALHOST", "http://localhost/"),
        ("http://localhost:80/", "http://localhost/"),
        ("https://localhost:9443/", "https://localhost:9443/"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1/"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
    ],
)
def test_loopback_is_open_to_the_local_stack_only(url: str, normalised: str) -> None:
    assert ssrf_guard.parse(url, LOCAL).url == normalised
    refusal(url, PUBLIC)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com:8000/",
        "http://127.0.0.2/",
        "http://127.1/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://10.0.0.1/",
        "http://a.localhost/",
        "http://localhost./",
        "http://localhost:0/",
        "http://localhost:65536/",
        "http://user@localhost/",
    ],
)
def test_the_local_stack_opens_nothing_else(url: str) -> None:
    refusal(url, LOCAL)


def test_private_receivers_can_be_named_by_address() -> None:
    assert ssrf_guard.parse("https://10.20.1.2:8443/x", PRIVATE).host == "10.20.1.2"
    assert ssrf_guard.parse("https://[FD12:3456::00AB]/x", PRIVATE).url == "https://[fd12:3456::ab]/x"
    for url in (
        "http://10.20.1.2/",
        "https://10.21.0.1/",
        "https://10.20.1.2:22/",
        "https://[fd99::1]/",
        "https://[fd12:3456::1%25eth0]/",
        "https://[::ffff:10.20.1.2]/",
    ):
        refusal(url, PRIVATE)


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/0",
        "127.0.0.0/8",
        "127.0.0.1/32",
        "169.254.169.254/32",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/0",
        "::1/128",
        "::ffff:10.0.0.0/104",
        "64:ff9b::/96",
        "fd00:ec2::254/128",
        "fc00::/7",
        "fe80::/64",
        "2002::/16",
    ],
)
def test_a_deployment_cannot_open_the_host_or_its_metadata(network: str) -> None:
    with pytest.raises(Misconfigured, match="never opened"):
        AllowedTargets(allowed_networks=(ip_network(network),))


def test_a_deployment_with_an_impossible_port_is_refused() -> None:
    with pytest.raises(Misconfigured, match="70000"):
        AllowedTargets(allowed_ports=frozenset({70000}))


_HOSTS = st.lists(
    st.from_regex(r"[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,10}[a-zA-Z0-9_])?", fullmatch=True), min_size=2, max_size=4
).map(".".join)
_LITERALS = st.sampled_from(["localhost", "127.0.0.1", "[::1]", "10.20.0.1", "[fd12:3456::1]"])
_PORTS = st.sampled_from(["", ":443", ":8443", ":0443"])
_FINE = st.sampled_from([*"aZ0/?:@!$&'()*+,;=-._~|^{}[]<>`\"é漢", "%2f", "%40", "%5c", "%C3%a9", "%41", "//"])
_FINE_TEXT = st.lists(_FINE, max_size=12).map("".join)
_FINE_URLS = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["https", "HTTPS", "hTTps"]),
    st.one_of(_HOSTS, _LITERALS),
    _PORTS,
    st.one_of(st.just(""), _FINE_TEXT.map("/{}".format)),
    st.one_of(st.just(""), _FINE_TEXT.map("?{}".format)),
)
_HOSTILE = st.sampled_from(
    ["\\", "@", "#", "?", "/", ":", "%", "%2f", "%40", "[", "]", " ", "\t", "\r\n", "\x00", "\u3002",
     "\uff0f", "\uff20", "\u200b", ";", "//", "..", "&", "=", "|", "^", "{", '"', "é", "%2e", "127.0.0.1",
     "localhost", "."]
)  # fmt: skip
_HOSTILE_URLS = st.builds(
    lambda url, text, at: url[: at % len(url)] + text + url[at % len(url) :],
    _FINE_URLS,
    st.lists(st.one_of(_HOSTILE, st.text(max_size=2)), min_size=1, max_size=4).map("".join),
    st.integers(0, 80),
)
_WIDE = AllowedTargets(allow_loopback_http=True, allowed_networks=PRIVATE.allowed_networks)


@settings(max_examples=500, deadline=None)
@given(url=st.one_of(_FINE_URLS, _HOSTILE_URLS, st.text(max_size=60).map("https://{}".format)))
@example(url="https://EXAMPLE.com\\@127.0.0.1/")
@example(url="https://a.example/?x=%5B&y=[]'\"")
@example(url="https://a.example//b/;p?q=//")
def test_every_parser_reads_an_accepted_url_the_same(url: str) -> None:
    try:
        target = ssrf_guard.parse(url, _WIDE)
    except TargetRefused:
        return
    assert ssrf_guard.parse(target.url, _WIDE) == target
    assert target.url.isascii()

    bare = target.host
    bracketed = f"[{bare}]" if ":" in bare else bare
    split, of_urllib3 = urlsplit(target.url), parse_url(target.url)
    prepared = requests.Request("POST", target.url, data=b"x").prepare()
    assert prepared.url
    of_requests = urlsplit(prepared.url)  # which quotes the path anew, so the transport asks it for no URL
    of_pydantic = pydantic.HttpUrl(target.url)
    default = ssrf_guard.DEFAULT_PORTS[target.scheme]

    assert (split.scheme, split.hostname, split.port or default) == (target.scheme, bare, target.port)
    assert (of_urllib3.scheme, of_urllib3.host, of_urllib3.port or default) == (
        target.scheme, bracketed, target.port,
    )  # fmt: skip
    assert (of_pydantic.host, of_pydantic.port) == (bracketed, target.port)
    assert split.username is None and of_urllib3.auth is None and of_pydantic.username is None
    assert (of_requests.hostname, of_requests.port or default) == (bare, target.port)
    assert target.url.endswith(target.path_and_query)
    mark = "?" if "?" in target.path_and_query else ""
    assert f"{split.path}{mark}{split.query}" == target.path_and_query
    assert "Authorization" not in prepared.headers

    # The text as it was typed means the same host to everybody, too.
    typed = urlsplit(url)
    if ":" not in bare and url.isascii():  # a host in Unicode is judged in its ASCII form
        assert (typed.hostname, typed.port or default) == (bare, target.port)
        assert parse_url(url).host == bare


# --- addresses --------------------------------------------------------------------------------------------

# Address blocks as first and last address: IANA IPv4 Special-Purpose Address Registry, and multicast.
IPV4_REFUSED = [
    ("0.0.0.0", "0.255.255.255"),  # noqa: S104
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "239.255.255.255"),
    ("240.0.0.0", "255.255.255.255"),
]
# IANA IPv6 Special-Purpose Address Registry; 64:ff9b::/96 is judged by what is embedded.
IPV6_REFUSED = [
    ("::", "::"),
    ("::1", "::1"),
    ("::0.0.0.2", "::255.255.255.255"),  # IPv4-compatible, RFC 4291 section 2.5.5.1
    ("::ffff:0:0", "::ffff:ffff:ffff"),  # IPv4-mapped
    ("::ffff:0:0:0", "::ffff:0:ffff:ffff"),  # IPv4-translated, RFC 2765
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    ("100::", "100::ffff:ffff:ffff:ffff"),
    ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),  # with Teredo, ORCHID, benchmarking, AMT, AS112
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
]
V4_RANGES = [(int(IPv4Address(first)), int(IPv4Address(last))) for first, last in IPV4_REFUSED]
V6_RANGES = [(int(IPv6Address(first)), int(IPv6Address(last))) for first, last in IPV6_REFUSED]
GLOBAL_FIRST, GLOBAL_LAST = int(IPv6Address("2000::")), int(IPv6Address("3fff:" + "ffff:" * 6 + "ffff"))
NAT64_FIRST = int(IPv6Address("64:ff9b::"))

TARGET = ssrf_guard.parse("https://hooks.example.com/", PUBLIC)


def allowed(*addresses: str, target: Target = TARGET, allowed_targets: AllowedTargets = PUBLIC) -> bool:
    try:
        return bool(ssrf_guard.check(target, addresses, allowed_targets))
    except TargetRefused:
        return False


def v4_expected(number: int) -> bool:
    return not any(first <= number <= last for first, last in V4_RANGES)


def v6_expected(number: int) -> bool:
    if number >> 32 == NAT64_FIRST >> 32:
        return v4_expected(number & 0xFFFFFFFF)
    if f"{number:032x}"[16:24] in ("00005efe", "02005efe"):  # ISATAP, RFC 5214 section 6.1
        return False
    in_a_row = any(first <= number <= last for first, last in V6_RANGES)
    return GLOBAL_FIRST <= number <= GLOBAL_LAST and not in_a_row


def edges(ranges: list[tuple[int, int]], limit: int) -> st.SearchStrategy[int]:
    numbers = {n + d for first, last in ranges for n in (first, last) for d in (-1, 0, 1)}
    return st.sampled_from(sorted(n for n in numbers if 0 <= n <= limit))


_V4 = st.one_of(st.integers(0, 2**32 - 1), edges(V4_RANGES, 2**32 - 1))
_V6 = st.one_of(
    st.integers(0, 2**128 - 1),
    st.integers(GLOBAL_FIRST, GLOBAL_LAST),
    edges([*V6_RANGES, (GLOBAL_FIRST, GLOBAL_LAST)], 2**128 - 1),
    st.builds(lambda v4, prefix: int(IPv6Address(prefix)) | v4, _V4, st.sampled_from(
        ["::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::", "2001:4860::5efe:0:0",
         "2001:4860::200:5efe:0:0", "2606:4700::"])),
    st.builds(lambda v4: int(IPv6Address("2002::")) | v4 << 80, _V4),
    st.builds(lambda v4: int(IPv6Address("2001::")) | v4 << 64, _V4),
    st.builds(lambda v4: int(IPv6Address("2001::")) | v4 ^ 0xFFFFFFFF, _V4),
)  # fmt: skip


@settings(deadline=None)
@given(number=_V4)
def test_every_ipv4_address_is_judged_as_the_registries_say(number: int) -> None:
    assert allowed(str(IPv4Address(number))) == v4_expected(number)


@settings(deadline=None)
@given(number=_V6)
def test_every_ipv6_address_is_judged_as_the_registries_say(number: int) -> None:
    assert allowed(str(IPv6Address(number))) == v6_expected(number)


@pytest.mark.parametrize("block", [*IPV4_REFUSED, *IPV6_REFUSED], ids="-".join)
def test_both_ends_of_every_row_are_refused(block: tuple[str, str]) -> None:
    assert not allowed(block[0]) and not allowed(block[1])


@settings(deadline=None)
@given(number=_V4)
def test_no_disguise_makes_a_refused_ipv4_address_acceptable(number: int) -> None:
    assume(not v4_expected(number))
    address = IPv4Address(number)
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    teredo = number ^ 0xFFFFFFFF
    for disguise in (
        f"::ffff:{address}",
        f"::{address}",
        f"::ffff:0:{address}",
        f"64:ff9b::{address}",
        f"64:ff9b:1::{address}",
        f"2002:{high}:{low}::1",
        f"2001:0:{high}:{low}::1",
        f"2001:0:4136:e378:8000:63bf:{teredo >> 16:x}:{teredo & 0xFFFF:x}",
        f"2606:4700::5efe:{address}",
        f"2606:4700::200:5efe:{address}",
        f"fe80::5efe:{address}",
    ):
        assert not allowed(disguise), disguise


def test_public_addresses_are_accepted_in_order_without_repetitions() -> None:
    given_addresses = ["2606:4700:0::1111", "1.1.1.1", "1.1.1.1", "64:ff9b::101:101"]
    expected = ["2606:4700::1111", "1.1.1.1", "64:ff9b::101:101"]
    assert ssrf_guard.check(TARGET, given_addresses, PUBLIC) == expected


@pytest.mark.parametrize(
    "addresses",
    [
        ["1.1.1.1", "10.0.0.1"],
        ["10.0.0.1", "1.1.1.1"],
        ["1.1.1.1", "::1"],
        ["1.1.1.1", "169.254.169.254"],
        ["1.1.1.1", "fd00:ec2::254"],
        ["1.1.1.1", "not an address"],
        ["1.1.1.1", "2606:4700::1%eth0"],
        ["1.1.1.1", ""],
    ],
)
def test_one_bad_address_refuses_all(addresses: list[str]) -> None:
    assert not allowed(*addresses)


def test_a_name_without_addresses_is_refused() -> None:
    with pytest.raises(TargetRefused, match="no address"):
        ssrf_guard.check(TARGET, [], PUBLIC)


def test_a_refusal_names_no_address() -> None:
    with pytest.raises(TargetRefused) as refused:
        ssrf_guard.check(TARGET, ["1.1.1.1", "10.9.8.7"], PUBLIC)
    assert "10.9.8.7" not in str(refused.value)
    assert "private network" in str(refused.value)


def test_a_public_name_that_resolves_to_loopback_is_refused_on_the_local_stack_too() -> None:
    assert not allowed("127.0.0.1", allowed_targets=LOCAL)
    assert not allowed("::1", allowed_targets=LOCAL)


def test_loopback_targets_reach_loopback_addresses_only() -> None:
    localhost = ssrf_guard.parse("http://localhost:8000/", LOCAL)
    assert ssrf_guard.check(localhost, ["::1", "127.0.0.1"], LOCAL) == ["::1", "127.0.0.1"]
    for address in ("1.1.1.1", "10.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1", "169.254.169.254"):  # noqa: S104
        assert not allowed(address, target=localhost, allowed_targets=LOCAL)
    assert not allowed("127.0.0.1", target=localhost, allowed_targets=PUBLIC)


def test_allowed_networks_open_exactly_themselves() -> None:
    assert allowed("10.20.255.255", "fd12:3456::1", "1.1.1.1", allowed_targets=PRIVATE)
    for address in ("10.19.255.255", "10.21.0.0", "fd12:3457::1", "::ffff:10.20.0.1", "64:ff9b::10.20.0.1"):
        assert not allowed(address, allowed_targets=PRIVATE)
    assert not allowed("10.20.0.1", "10.21.0.1", allowed_targets=PRIVATE)


def test_an_isatap_address_is_refused_within_an_allowed_network_too() -> None:
    assert not allowed("fd12:3456::5efe:127.0.0.1", allowed_targets=PRIVATE)


def test_python_agrees_that_what_is_accepted_is_global() -> None:
    for text in ("1.1.1.1", "8.8.8.8", "2606:4700::1111", "2a00:1450:4001::1"):
        assert allowed(text) and ipaddress.ip_address(text).is_global
    assert ip_address("64:ff9b::8.8.8.8") in ip_network("64:ff9b::/96")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://xn--80a1acny.xn--p1ai:8443/%C3%A4", "https://почта.рф:8443/%C3%A4"),
        ("https://xn--80a1acny.xn--p1ai/a/b:c?d=https://e.example/", "https://почта.рф/a/b:c?d=https://e.example/"),
        ("https://hooks.example.com/xn--80a1acny", None),
        ("https://xn--/", None),
    ],
)
def test_an_internationalised_host_is_shown_as_people_read_it(url: str, shown: str | None) -> None:
    assert ssrf_guard.in_unicode(url) == shown
