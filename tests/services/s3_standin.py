"""A stand-in for an object store: what mdlc.state.remote_files uses of S3's protocol, in memory.

It checks that a request is signed, answers as S3 does where something is not there, and can be told
to stop taking objects after a number of them.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Bucket(BaseHTTPRequestHandler):
    """One request of path style: /bucket/key."""

    objects: dict[str, bytes]
    limit: list[int]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        if "list-type" in query:
            self._list(unquote(parts.path).strip("/"), query.get("prefix", ""))
            return
        content = self.objects.get(unquote(parts.path).lstrip("/"))
        if content is None:
            self._refuse(404, "NoSuchKey")
        else:
            self._send(200, content, {"ETag": etag(content)})

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256"):
            self._refuse(403, "AccessDenied")
        elif len(self.objects) >= self.limit[0]:
            self._refuse(403, "QuotaExceeded")
        else:
            self.objects[unquote(urlsplit(self.path).path).lstrip("/")] = content
            self._send(200, b"", {"ETag": etag(content)})

    def _list(self, bucket: str, prefix: str) -> None:
        rows = "".join(
            f"<Contents><Key>{escape(name.removeprefix(f'{bucket}/'))}</Key>"
            f"<Size>{len(content)}</Size><ETag>{etag(content)}</ETag></Contents>"
            for name, content in sorted(self.objects.items())
            if name.startswith(f"{bucket}/{prefix}")
        )
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        self._send(200, text.encode(), {"Content-Type": "application/xml"})

    def _refuse(self, status: int, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
        self._send(status, text.encode(), {"Content-Type": "application/xml"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


@contextmanager
def object_store() -> Iterator[Any]:
    """Yield a running store with `url`, `objects` ("bucket/key" -> bytes) and `limit`."""
    fields: dict[str, Any] = {"objects": {}, "limit": [10**9]}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Bucket,), fields))
    server.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    server.objects, server.limit = fields["objects"], fields["limit"]  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
