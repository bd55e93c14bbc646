"""The limits of a receiver's URL, to the last character, and the sentence of each refusal."""

from ipaddress import ip_network

import pytest
from ferryman.errors import Misconfigured
from ferryman.outbound import ssrf_guard
from ferryman.outbound.ssrf_guard import AllowedTargets, Target, TargetRefused

PUBLIC = AllowedTargets()
LOCAL = AllowedTargets(allow_loopback_http=True)
OWN = AllowedTargets(own_hosts=frozenset({"api.ferryman.example"}))
BASE = "https://hooks.example.com/"
TARGET = ssrf_guard.parse(BASE, PUBLIC)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (BASE + "a" * 2048, "The URL is longer than 2048 characters."),
        (BASE + "ж" * 400, "The URL is longer than 2048 characters once it is percent-encoded."),
        (
            BASE + "a b",
            "The URL contains spaces or control characters; remove them or write them as %20 and so on.",
        ),
        (BASE + "\\", "The URL contains a backslash; use / between the parts."),
        (BASE + "#x", "The URL contains a fragment (#…), which is never sent to a server; remove it."),
        ("hooks.example.com", "This is not a full URL; write it like https://hooks.example.com/path."),
        ("ftp://hooks.example.com/", "Use a URL that starts with https://."),
        (
            "https://bot@hooks.example.com/",
            "The URL contains a user name or password before the host; remove everything up to the @.",
        ),
        (
            "https://hooks.example.com:/",
            "The host or port is malformed; write it like https://hooks.example.com:8443/path.",
        ),
        ("https:///path", "The URL has no host; write it like https://hooks.example.com/path."),
        (
            "https://ⓗooks.example.com/",
            "The host is not a valid internationalised name; write it in its xn-- form (Punycode).",
        ),
        ("https://hooks.example.com./", "The host ends in a dot; remove it."),
        (
            "https://printer.local/",
            "The host is a name of a private network or of this machine; use a public name.",
        ),
        ("https://intranet/", "The host is a single word; use a full public name such as hooks.example.com."),
        (
            "https://-a.example.com/",
            "The host is not a valid name; use letters, digits and hyphens between the dots.",
        ),
        ("https://[fe80::1%25eth0]/", "The host names a network interface (%…); remove it."),
        (
            "https://127.1/",
            "The host is a number or a malformed address; use a name such as hooks.example.com.",
        ),
        ("https://[127.0.0.1]/", "An IPv6 address belongs in brackets, an IPv4 address does not."),
        ("https://8.8.8.8/", "The host is an IP address; use a public name such as hooks.example.com."),
        ("http://hooks.example.com/", "Use https:// instead of http://; webhooks are only sent encrypted."),
        ("https://hooks.example.com:22/", "This port is not allowed; use one of: 443, 8443."),
        (BASE + "a/../b", "The path contains . or .. segments; write the path that is meant."),
        (
            BASE + "%zz",
            "The URL contains a % that is not followed by two hexadecimal digits; write it as %25.",
        ),
    ],
)
def test_each_refusal_says_how_to_repair_the_url(url: str, sentence: str) -> None:
    with pytest.raises(TargetRefused) as refused:
        ssrf_guard.parse(url, PUBLIC)
    assert str(refused.value) == sentence


def test_the_refusals_of_one_deployment_say_how_to_repair_the_url() -> None:
    with pytest.raises(TargetRefused) as refused:
        ssrf_guard.parse("https://api.ferryman.example/", OWN)
    assert str(refused.value) == "The host is this service itself; a webhook cannot be sent to it."
    with pytest.raises(TargetRefused) as refused:
        ssrf_guard.parse("http://localhost:65536/", LOCAL)
    assert str(refused.value) == "The port must be from 1 to 65535."


@pytest.mark.parametrize(
    ("target", "addresses", "sentence"),
    [
        (TARGET, [], "hooks.example.com resolves to no address."),
        (TARGET, ["nonsense"], "hooks.example.com resolves to something that is not an IP address."),
        (
            TARGET,
            ["10.0.0.1"],
            "hooks.example.com resolves to an address that is a private network; a webhook needs a public address.",
        ),
        (
            TARGET,
            ["fe80::1%eth0"],
            "hooks.example.com resolves to an address that is bound to one network interface; "
            "a webhook needs a public address.",
        ),
        (
            TARGET,
            ["2606:4700::5efe:1.1.1.1"],
            "hooks.example.com resolves to an address that is an ISATAP tunnel; a webhook needs a public address.",
        ),
        (
            TARGET,
            ["4000::1"],
            "hooks.example.com resolves to an address that is not assigned for public use; "
            "a webhook needs a public address.",
        ),
        (
            ssrf_guard.parse("http://localhost/", LOCAL),
            ["192.0.2.1"],
            "localhost may not be used here; use a public https URL.",
        ),
    ],
)
def test_each_refused_address_is_explained_without_naming_it(
    target: Target, addresses: list[str], sentence: str
) -> None:
    with pytest.raises(TargetRefused) as refused:
        ssrf_guard.check(target, addresses, LOCAL)
    assert str(refused.value) == sentence


def test_a_url_may_have_2048_characters() -> None:
    longest = BASE + "a" * (2048 - len(BASE))
    assert ssrf_guard.parse(longest, PUBLIC).url == longest


def test_a_url_may_have_2048_characters_once_it_is_percent_encoded() -> None:
    """Percent-encoded, an é has six characters."""
    plain = 2048 - len(BASE) - 60
    assert len(ssrf_guard.parse(BASE + "é" * 10 + "a" * plain, PUBLIC).url) == 2048
    with pytest.raises(TargetRefused):
        ssrf_guard.parse(BASE + "é" * 10 + "a" * (plain + 1), PUBLIC)


def test_a_host_may_have_253_characters() -> None:
    host = "a." * 121 + "example.com"
    assert len(host) == 253
    assert ssrf_guard.parse(f"https://{host}/", PUBLIC).host == host
    with pytest.raises(TargetRefused):
        ssrf_guard.parse(f"https://a{host}/", PUBLIC)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_first_and_the_last_port_can_be_allowed(port: int) -> None:
    allowed = AllowedTargets(allowed_ports=frozenset({port}))
    assert ssrf_guard.parse(f"https://hooks.example.com:{port}/", allowed).port == port
    assert ssrf_guard.parse(f"http://localhost:{port}/", LOCAL).port == port


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_an_impossible_port_cannot_be_allowed(port: int) -> None:
    with pytest.raises(Misconfigured) as misconfigured:
        AllowedTargets(allowed_ports=frozenset({port}))
    assert str(misconfigured.value) == f"{port} is not a port; the allowed ports are numbers from 1 to 65535."


def test_a_network_of_either_version_can_be_allowed() -> None:
    """An allowed network is compared with the forbidden networks of the same IP version."""
    allowed = AllowedTargets(allowed_networks=(ip_network("10.1.0.0/16"), ip_network("fd12:3456::/32")))
    assert ssrf_guard.check(TARGET, ["10.1.2.3", "fd12:3456::1"], allowed) == ["10.1.2.3", "fd12:3456::1"]


def test_a_forbidden_network_is_named_with_the_way_out() -> None:
    with pytest.raises(Misconfigured) as misconfigured:
        AllowedTargets(allowed_networks=(ip_network("169.254.169.254/32"),))
    assert str(misconfigured.value) == (
        "The allowed network 169.254.169.254/32 includes 169.254.0.0/16, which is never opened to webhooks. "
        "Name only the networks your receivers are in."
    )


def test_a_public_address_behind_nat64_is_allowed_and_a_private_one_is_not() -> None:
    """The last 32 bits of such an address are an IPv4 address, which is judged."""
    assert ssrf_guard.check(TARGET, ["64:ff9b::1.1.1.1"], PUBLIC) == ["64:ff9b::101:101"]
    for address in ("64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::255.255.255.255"):
        with pytest.raises(TargetRefused):
            ssrf_guard.check(TARGET, [address], PUBLIC)


def test_each_address_is_returned_once_in_the_order_of_the_answer() -> None:
    addresses = ["2606:4700::1111", "1.1.1.1", "2606:4700:0::1111", "1.0.0.1", "1.1.1.1"]
    assert ssrf_guard.check(TARGET, addresses, PUBLIC) == ["2606:4700::1111", "1.1.1.1", "1.0.0.1"]
