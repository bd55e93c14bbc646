"""Counts the bytes that a request and a delivery write to CloudWatch Logs: our handlers', API Gateway's and Lambda's.

`python -m bench.logs` sends every function its sample event and counts. The template's LoggingConfig leaves out
Lambda's own lines (START, END, REPORT) unless an invocation fails; without such a config they are counted too. Metrics
are log lines as well: the deliverer writes one for each batch.
"""

import json
import re

from bench import stub
from bench.report import Row, show
from tests.support import template

REQUEST_LIMIT = 700
DELIVERY_LIMIT = 340
_BATCH = 10
# The texts of START, END and REPORT, with the longest numbers that we have seen in them.
_PLATFORM_BYTES = 61 + 49 + 185
_VALUES = {"requestId": 16, "status": 3, "sourceIp": 15, "responseLatency": 3, "responseLength": 4}


def platform_bytes() -> int:
    """The bytes that Lambda itself writes for each successful invocation."""
    config = template.load()["Globals"]["Function"]["LoggingConfig"]
    quiet = config.get("LogFormat") == "JSON" and config.get("SystemLogLevel") == "WARN"
    return 0 if quiet else _PLATFORM_BYTES


def access_bytes(route: str) -> int:
    """The bytes of API Gateway's access log line for a request to the route."""
    (api,) = template.resources("AWS::Serverless::HttpApi").values()

    def value(match: re.Match[str]) -> str:
        name = match[1].rpartition(".")[2]
        return route if name == "routeKey" else "-" if name.startswith("integration") else "x" * _VALUES[name]

    return len(re.sub(r"\$context\.([\w.]+)", value, api["Properties"]["AccessLogSettings"]["Format"]))


def _warm(logged: str) -> list[str]:
    """The log lines as a warm process writes them, with a request id as long as API Gateway's."""
    text = logged.replace('"cold_start":true,', "")
    text = re.sub(r'("request_id":")[^"]+', rf"\1{'x' * _VALUES['requestId']}", text)
    return text.splitlines(keepends=True)


def _metrics_of_a_batch(line: str) -> int:
    """The bytes of a metrics line for a full batch, which has one more latency for each further delivery."""
    (latency,) = json.loads(line)["FirstAttemptLatency"]
    return len(line) + (_BATCH - 1) * len(f"{latency},")


def measure() -> list[Row]:
    with stub.record() as samples:
        pass
    rows = []
    for folder, sample in samples.items():
        if "routeKey" in sample.event:
            own, route = sum(map(len, _warm(sample.logged))), sample.event["routeKey"]
            total = own + access_bytes(route) + platform_bytes()
            rows.append(
                _row(
                    f"log of a request to {folder}",
                    total,
                    REQUEST_LIMIT,
                    f"{own} ours, the rest API Gateway's",
                )
            )
    attempted, metrics = _warm(samples["deliverer"].logged)
    total = len(attempted) + (_metrics_of_a_batch(metrics) + platform_bytes()) // _BATCH
    note = f"in a batch of {_BATCH}; {len(attempted)} are its own, the rest its share of the batch's metrics"
    rows.append(_row("log of a delivery", total, DELIVERY_LIMIT, note))
    return rows


def _row(name: str, value: float, limit: int, note: str) -> Row:
    return Row.at_most(name, value, "bytes", limit, note)


def main() -> None:
    print(show(measure()))


if __name__ == "__main__":
    main()
