"""The AWS SDK for JavaScript against a server: its Kinesis client speaks HTTP/2 by prior knowledge to http endpoints,
and by ALPN to https ones."""

import json
import subprocess

import javascript
import pytest
from penstock_process import binary

@pytest.fixture(scope="session")
def js():
    """Runs a script of js/ with the pinned packages; gives what it printed, as JSON."""
    javascript.install()

    def run(script: str, *arguments: str, environment: dict[str, str]):
        done = subprocess.run(["node", javascript.script(script), *arguments], env=environment, capture_output=True, text=True,
                              timeout=180)
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("door", ["api", "api_tls"])
def test_kinesis_over_http2(server, js, door):
    environment = server.environment() | {"NODE_EXTRA_CA_CERTS": str(server.data / "tls" / "ca.pem")}
    told = js("kinesis.mjs", server.endpoints[door], f"from-javascript-{door.replace('_', '-')}", environment=environment)
    assert told == {"failed": 0, "protocol": "h2", "records": 280, "bytes": 200 * 1000 + 80 * 100_000, "intact": True,
                    "concurrent": 300, "missing": "ResourceNotFoundException"}


@pytest.mark.parametrize("door", ["api", "api_tls"])
def test_subscribe_to_shard_over_http2(server, js, door):
    environment = server.environment() | {"NODE_EXTRA_CA_CERTS": str(server.data / "tls" / "ca.pem")}
    told = js("subscribe.mjs", server.endpoints[door], f"pushed-to-javascript-{door.replace('_', '-')}", environment=environment)
    parent = "shardId-000000000000"
    assert told == {
        "failed": 0, "protocol": "h2", "twice": "ResourceInUseException", "pushed": list(range(200)), "continues": True,
        "behind": 0, "bytes": 200 * 10_000, "end_without_continuation": True,
        "children": [["shardId-000000000001", [parent]], ["shardId-000000000002", [parent]]],
        "after": list(range(150, 200)), "deregistered": "ResourceNotFoundException", "missing": "ResourceNotFoundException"}


@pytest.mark.parametrize("fan_out", ["false", "true"], ids=["polling", "fan-out"])
def test_lifion_kinesis_reads_what_it_put(server, js, fan_out):
    stream = f"lifion-{fan_out}"
    server.client("kinesis").create_stream(StreamName=stream, ShardCount=2)
    seen = js("lifion.mjs", server.endpoints["api"], stream, "20", fan_out, environment=server.environment())
    assert sorted(record["data"]["n"] for record in seen) == list(range(20))


def test_aggregated_records_pass_through_untouched(server, js):
    server.client("kinesis").create_stream(StreamName="aggregated", ShardCount=2)
    told = js("aggregation.mjs", server.endpoints["api"], "aggregated", "50", environment=server.environment())
    assert told["puts"] < 50
    sent = [{"partitionKey": f"sensor-{n % 7}", "data": f"measurement {n}"} for n in range(50)]
    assert told["received"] == sent
    tail = subprocess.run([binary(), "tail", "--data-dir", str(server.data), "aggregated", "--from", "TRIM_HORIZON", "--count", "50",
                           "--json"], capture_output=True, text=True, timeout=60, check=True)
    shown = [json.loads(line) for line in tail.stdout.splitlines()]
    assert sorted((one["partitionKey"], one["data"]) for one in shown) == sorted((one["partitionKey"], one["data"]) for one in sent)
