"""How many bytes a request and a delivery write to CloudWatch Logs: our handlers' lines, API Gateway's and Lambda's.

`python -m bench.logs` sends every function its sample event and counts. The template's LoggingConfig keeps Lambda's own
lines (START, END, REPORT) out while all is well; where it does not, they are counted as long as Lambda writes them.
"""

import re

from bench import stub
from bench.report import Row, show
from tests.support import template

REQUEST_LIMIT = 700
DELIVERY_LIMIT = 300
_BATCH = 10
# The texts of START, END and REPORT, with the longest numbers that we have seen in them.
_PLATFORM_BYTES = 61 + 49 + 185
_VALUES = {"requestId": 16, "status": 3, "sourceIp": 15, "responseLatency": 3, "responseLength": 4}


def platform_bytes() -> int:
    """The bytes that Lambda writes for each invocation that ends well."""
    config = template.load()["Globals"]["Function"]["LoggingConfig"]
    quiet = config.get("LogFormat") == "JSON" and config.get("SystemLogLevel") == "WARN"
    return 0 if quiet else _PLATFORM_BYTES


def access_bytes(route: str) -> int:
    """The bytes that API Gateway writes for a request to the route."""
    (api,) = template.resources("AWS::Serverless::HttpApi").values()

    def value(match: re.Match[str]) -> str:
        name = match[1].rpartition(".")[2]
        return route if name == "routeKey" else "-" if name.startswith("integration") else "x" * _VALUES[name]

    return len(re.sub(r"\$context\.([\w.]+)", value, api["Properties"]["AccessLogSettings"]["Format"]))


def measure() -> list[Row]:
    with stub.record() as samples:
        pass
    rows = []
    for folder, sample in samples.items():
        if "routeKey" in sample.event:
            own, route = len(sample.logged.encode()), sample.event["routeKey"]
            total = own + access_bytes(route) + platform_bytes()
            rows.append(
                _row(
                    f"log of a request to {folder}",
                    total,
                    REQUEST_LIMIT,
                    f"{own} ours, the rest API Gateway's",
                )
            )
    own = len(samples["deliverer"].logged.encode())
    total = own + platform_bytes() // _BATCH
    rows.append(_row("log of a delivery", total, DELIVERY_LIMIT, f"in a batch of {_BATCH}"))
    return rows


def _row(name: str, value: float, limit: int, note: str) -> Row:
    return Row.at_most(name, value, "bytes", limit, note)


def main() -> None:
    print(show(measure()))


if __name__ == "__main__":
    main()
