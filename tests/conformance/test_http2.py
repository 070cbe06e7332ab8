"""HTTP/2 on the API port by prior knowledge, with curl."""

import json
import subprocess

from penstock_process import ROOT_KEY, ROOT_SECRET

JSON_1_1 = "application/x-amz-json-1.1"


def curl(url: str, target: str, body: dict, *options: str, user: str = f"{ROOT_KEY}:{ROOT_SECRET}"):
    """A signed Kinesis request; gives the HTTP version, the status, the header names as sent, and the parsed body."""
    done = subprocess.run(
        ["curl", "-sS", "-i", "--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", user, "-H", f"Content-Type: {JSON_1_1}",
         "-H", f"X-Amz-Target: Kinesis_20131202.{target}", "--data-binary", "@-", "-w", "\n%{http_version} %{http_code}",
         *options, url], input=json.dumps(body), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    text, _, said = done.stdout.rpartition("\n")
    head, _, content = text.replace("\r\n", "\n").partition("\n\n")
    version, status = said.split()
    return version, int(status), [line.partition(":")[0] for line in head.splitlines()[1:]], json.loads(content) if content else None


def test_a_signed_request_over_http2(server):
    version, status, names, body = curl(server.endpoints["api"], "ListStreams", {}, "--http2-prior-knowledge")
    assert (version, status) == ("2", 200)
    assert "StreamNames" in body
    assert "x-amzn-requestid" in names and "date" in names
    assert all(name == name.lower() for name in names)


def test_refusals_look_the_same_over_http2(server):
    for options in ((), ("--http2-prior-knowledge",)):
        _, status, _, body = curl(server.endpoints["api"], "ListStreams", {}, *options, user=f"{ROOT_KEY}:wrong")
        assert (status, body["__type"]) == (400, "InvalidSignatureException")
        _, status, _, body = curl(server.endpoints["api"], "DescribeStreamSummary", {"StreamName": "no"}, *options)
        assert (status, body["__type"]) == (400, "ResourceNotFoundException")


def test_too_large_bodies_are_refused_over_http2(server):
    _, status, _, _ = curl(server.endpoints["api"], "PutRecords", {"a": "x" * (17 << 20)}, "--http2-prior-knowledge")
    assert status == 413
