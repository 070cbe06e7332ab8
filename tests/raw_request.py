"""Requests as bytes, for tests that write to the socket themselves."""

import hashlib
import hmac
from datetime import datetime, timezone
from urllib.parse import quote

from penstock_process import REGION, ROOT_KEY, ROOT_SECRET


def mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed(server, body: bytes, headers: dict[str, str], *, service="kinesis", region=REGION, key=ROOT_KEY, secret=ROOT_SECRET,
           at: datetime | None = None, method="POST", path="/", unsigned_headers: dict[str, str] | None = None) -> bytes:
    """A whole request as bytes, signed as the IAM User Guide's "Create a signed AWS API request" says."""
    host, port = server.host_port("api")
    stamp = (at or datetime.now(timezone.utc)).strftime("%Y%m%dT%H%M%SZ")
    headers = {name.lower(): value for name, value in headers.items()} | {"host": f"{host}:{port}", "x-amz-date": stamp}
    names = ";".join(sorted(headers))
    canonical = "\n".join([method, quote(path), "", *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names,
                           hashlib.sha256(body).hexdigest()])
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    derived = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        derived = mac(derived, part)
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, "
                                f"Signature={mac(derived, to_sign).hex()}")
    headers |= {"content-length": str(len(body))} | (unsigned_headers or {})
    return f"{method} {path} HTTP/1.1\r\n".encode() + b"".join(f"{n}: {v}\r\n".encode() for n, v in headers.items()) + b"\r\n" + body


def target(operation: str) -> dict[str, str]:
    return {"X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": "application/x-amz-json-1.1"}
