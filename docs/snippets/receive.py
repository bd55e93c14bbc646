"""Waits for one genuine webhook, prints it and ends. A toy, for trying Ferryman out.

WEBHOOK_SECRET=whsec_… python3 receive.py 9000   # listens on http://localhost:9000
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from verify import is_genuine  # type: ignore[import-not-found]  # the file beside this one


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        genuine = is_genuine(os.environ["WEBHOOK_SECRET"], self.headers.get("X-FM-Webhook-Signature", ""), body)
        self.send_response(204 if genuine else 401)
        self.end_headers()
        if genuine:
            self.server.received = True  # type: ignore[attr-defined]
            print("\n" + str(self.headers).strip() + "\n\n" + json.dumps(json.loads(body), indent=2), flush=True)

    def log_message(self, format: str, *args: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
while not hasattr(server, "received"):
    server.handle_request()
