"""A plain client of Ferryman's own API, for the tour, the set-up and the e2e tests."""

from dataclasses import dataclass
from typing import Any

import requests

from tools.console import LocalError

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Reply:
    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    body: bytes
    json: Any  # None if the body is not JSON


class Api:
    """Calls `url` with one bearer token. Returns answers of any status and never raises for one."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.token = token
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc for localhost

    def call(self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None) -> Reply:
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = self._session.request(
                method,
                self.url + path,
                json=json,
                headers=authorization | (headers or {}),
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise LocalError(f"{method} {path} got no answer: {error}", "Is it up? `make up`.") from error
        try:
            parsed = answer.json()
        except requests.exceptions.JSONDecodeError:
            parsed = None
        return Reply(answer.status_code, answer.headers, answer.content, parsed)
