"""Reads the head of a response in place of http.client, up to MAX_HEAD_BYTES.

http.client allows only a hundred headers, and its MIME parser takes a lone CR for the end of a line and nests without
bound. Receivers may send more headers, or malformed ones. So this module reads the head, and http.client gets only the
headers that frame the body.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from ferryman.outbound.outcomes import AttemptFailed

MAX_HEAD_BYTES = 65536
# Everything else is dropped unread, so cookies, redirects and decompression cannot happen. Add a header here when a
# caller needs it.
KEPT = frozenset({"content-length", "content-type", "retry-after", "transfer-encoding"})

_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] +([0-9]{3})(?:[ \t][^\r\n]*)?\r?\n")
_BLANK = (b"\r\n", b"\n")
_UNPRINTABLE = re.compile("[^\x20-\x7e]")
_SWITCHING_PROTOCOLS = 101


@dataclass(frozen=True)
class Head:
    """The final response's status, 200 to 599, and its KEPT headers by lower-case name, as printable ASCII.

    The values of a repeated header are joined with commas (RFC 9110 section 5.3). Content-Length is missing where
    Transfer-Encoding overrides it.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)


def read(readline: Callable[[int], bytes]) -> Head:
    """Read the final response's head, after any interim (1xx) heads. `readline(limit)` returns `limit` bytes at most.

    Raises AttemptFailed: `reset` when the input ends inside the head, `bad_response` when the head is too large, is not
    HTTP/1.x, has contradicting lengths, or has a status outside 200 to 599. Exceptions of `readline` propagate.
    """
    lines = _bounded(readline)
    status = _status(next(lines))
    while 100 <= status < 200 and status != _SWITCHING_PROTOCOLS:
        # http.client skips 100 only, and takes 103 Early Hints for the answer (RFC 9110 section 15.2).
        for _ in _until_blank(lines):
            pass
        status = _status(next(lines))
    headers = _headers(_until_blank(lines))
    if not 200 <= status <= 599:
        raise AttemptFailed("bad_response", f"the status {status} is not one of a final response")
    return Head(status, headers)


def _bounded(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    left = MAX_HEAD_BYTES
    while True:
        line = readline(left + 1)
        if not line.endswith(b"\n") and len(line) <= left:
            raise AttemptFailed("reset", "the receiver hung up before its response head was complete")
        left -= len(line)
        if left < 0:
            raise AttemptFailed("bad_response", f"the head is larger than {MAX_HEAD_BYTES} bytes")
        yield line


def _until_blank(lines: Iterator[bytes]) -> Iterator[bytes]:
    return takewhile(lambda line: line not in _BLANK, lines)


def _status(line: bytes) -> int:
    match = _STATUS_LINE.fullmatch(line)
    if not match:
        raise AttemptFailed("bad_response", "the status line is not HTTP/1.x")
    return int(match[1])


def _headers(lines: Iterator[bytes]) -> dict[str, str]:
    kept: dict[str, list[str]] = {}
    values: list[str] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):  # it continues the previous line (RFC 9112 section 5.2)
            values.append(f"{values.pop()} {_text(line)}" if values else _text(line))
            continue
        name, colon, value = line.partition(b":")
        values = kept.setdefault(key, []) if colon and (key := name.decode("latin-1").lower()) in KEPT else []
        values.append(_text(value))
    return _consistent({name: ", ".join(values) for name, values in kept.items()})


def _text(value: bytes) -> str:
    return _UNPRINTABLE.sub("", value.strip().decode("latin-1"))


def _consistent(headers: dict[str, str]) -> dict[str, str]:
    """`headers` with at most one Content-Length, or without it beside a Transfer-Encoding.

    Raises AttemptFailed for lengths that contradict each other.
    """
    if "content-length" in headers:
        lengths = {length.strip() for length in headers["content-length"].split(",")}
        if len(lengths) > 1:
            raise AttemptFailed("bad_response", "the receiver's Content-Length headers contradict each other")
        headers["content-length"] = lengths.pop()
        if "transfer-encoding" in headers:
            del headers["content-length"]
    return headers
