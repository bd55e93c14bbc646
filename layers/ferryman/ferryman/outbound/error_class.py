"""The reasons why a call to a receiver got no usable answer."""

from typing import Literal

type ErrorClass = Literal[
    "blocked_target",  # the URL, or an address behind its name, is not allowed; nothing was sent
    "dns_error",  # the name has no address, or the look-up took too long
    "connect_error",  # no address accepted the connection
    "tls_error",  # certificate expired, not trusted, for another name; or no TLS 1.2 spoken
    "timeout",  # the response's status and headers were not complete by the deadline
    "reset",  # the receiver closed the connection before its status and headers were complete
    "bad_response",  # the answer is not HTTP/1.x, is too large, or has a status outside 200 to 599
]
