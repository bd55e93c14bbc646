"""`make serve ENV=…`: serve an environment that `make deploy` deployed to the embedded stack, until Ctrl-C.

It adds the parts of a deployment that MiniStack leaves out, again after each `make deploy`, and serves the address in
the parameter `PublicUrl`.
"""

import threading
import time
from typing import Any
from urllib.parse import urlsplit

from local import ministack, stack
from local.deploy import Deployment
from local.gateway import Gateway
from tools import console
from tools.console import LocalError, bold
from tools.deployment import environments
from tools.deployment.stacks import Stack

LOOK_EVERY_SECONDS = 1
STEADY = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def port_of(url: str) -> int:
    """The port of the environment's address. Raises LocalError if the address is not on localhost with a port."""
    parts = urlsplit(url)
    if parts.hostname != "localhost" or not parts.port:
        raise LocalError(
            f"The environment's address is {url}, which this machine does not serve.",
            "Deploy it with PublicUrl=http://localhost:8081; docs/deployment.md#try-it-on-this-machine says how.",
        )
    return parts.port


def main() -> None:
    here, environment = stack.default(), environments.chosen()
    if not ministack.healthy(here.stack_port):
        raise LocalError("The embedded stack does not run.", "`make up` starts it.")
    deployed = Stack(environment.stack)
    url = deployed.api_url()
    port = port_of(url)
    deployment = Deployment(here.stack_port, environment.stack)
    target = f"{ministack.endpoint(here.stack_port)}/_aws/execute-api/{deployment.api_id()}/$default"
    threading.Thread(target=Gateway(port, target).serve_forever, daemon=True).start()
    print(f"{bold(environment.name)} is served at {url}; Ctrl-C ends it.", flush=True)
    adapted: Any = None
    while True:
        found = deployed.describe() or {}
        version = found.get("LastUpdatedTime", found.get("CreationTime"))
        if found.get("StackStatus") in STEADY and version != adapted:
            Deployment(here.stack_port, environment.stack).adapt()
            adapted = version
        time.sleep(LOOK_EVERY_SECONDS)


if __name__ == "__main__":
    console.run(main)
