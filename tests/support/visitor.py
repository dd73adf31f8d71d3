"""A person's client of a trytond: signs in with a password, then sends the session's cookie."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 60


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; `body` is everything, read to the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(kw_only=True)
class Visitor:
    """Asks one server on `port` about one database."""

    port: int
    database: str
    cookie: str = field(default="")

    def sign_in(self, login: str, password: str) -> None:
        """Open a session and keep its cookie."""
        answer = self.ask("POST", f"/{self.database}/session/login", json.dumps(
            {"id": 0, "method": "common.db.login", "params": [login, {"password": password}]}
        ).encode(), {"Content-Type": "application/json", "Accept": "application/json"})
        assert answer.status == 200, answer.body
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]

    def call(
        self, method: str, *parameters: object, context: Mapping[str, object] | None = None
    ) -> Answer:
        """Call a method as a client does: `result` or `error` stands in the answer's data."""
        return self.ask("POST", f"/{self.database}/rpc/", json.dumps(
            {"id": 0, "method": method, "params": [*parameters, dict(context or {})]}
        ).encode(), {"Content-Type": "application/json", "Accept": "application/json"})

    def ask(
        self, method: str, address: str, body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and read the whole answer."""
        connection, answer = self.open(method, address, body, headers)
        try:
            return Answer(
                status=answer.status, headers=dict(answer.getheaders()), body=answer.read()
            )
        finally:
            answer.close()
            connection.close()

    def open(
        self, method: str, address: str, body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send one request; the caller reads the answer as far as they like, and closes both."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=TIMEOUT)
        sent = {"Cookie": self.cookie} if self.cookie else {}
        connection.request(method, urlsplit(address).path, body, {**sent, **(headers or {})})
        return connection, connection.getresponse()
