"""Measures our POSTs alone, without AWS: `python -m bench.posts FOLDER`. The peer is `posts` of bench.peers.deliver.

For each line of standard input, such as `posts 6`, it sends the bodies of FOLDER/floor.json six times, ten POSTs at a
time. It prints its CPU milliseconds for one POST over a new TLS connection.
"""

import json
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ferryman.outbound import transport
from ferryman.outbound.outcomes import Delivered
from ferryman.outbound.ssrf_guard import AllowedTargets


def main() -> None:
    folder = Path(sys.argv[1])
    work = json.loads((folder / "floor.json").read_text())["deliveries"]
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    allowed = AllowedTargets(allow_loopback_http=True)

    def post(port: int, path: str, body: str) -> None:
        headers = {"Content-Type": "application/json", "X-FM-Webhook-Signature": "t=1,v1=" + "0" * 64}
        url = f"https://localhost:{port}{path}"
        outcome = transport.post(url, body.encode(), headers, allowed_targets=allowed, context=context)
        assert isinstance(outcome, Delivered), outcome

    with ThreadPoolExecutor(10) as threads:
        for line in sys.stdin:
            batches = int(line.split()[1])
            began = time.process_time()
            for _ in range(batches):
                list(threads.map(lambda one: post(*one[:3]), work))
            spent = time.process_time() - began
            print(spent * 1000 / (batches * len(work)), flush=True)


if __name__ == "__main__":
    main()
