#!/usr/bin/env python3
"""Event source mappings: records a second from a stream into a no-op function, and how long a record takes from its put to the
handler.

    bench/mappings.py [--records 200000] [--bytes 100] [--puts 300] [--quick]

Rates: a stream of 1 and of 4 shards is filled; then a mapping reads it from TRIM_HORIZON into a warm no-op function in Python and in
C++ (tests/lambda/bootstrap.cc), for each BatchSize and ParallelizationFactor. Counted from the server's own metrics, from the first
sample that shows records to the one that shows the last invocation over. Latencies: records are put one by one into a stream of one
shard that is mapped without a batching window; the handler prints its own clock when it has the event.
"""

import argparse
import base64
import http.client
import itertools
import json
import re
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from lambda_zips import lambda_role, zip_of  # noqa: E402
from penstock_process import ACCOUNT, REGION, ROOT_KEY, ROOT_SECRET, PenstockProcess  # noqa: E402
from servers import BUILD, scratch_directory  # noqa: E402

PYTHON = """
import time
def noop(event, context):
    return None
def clock(event, context):
    print("CLOCK", time.time_ns(), *[record["kinesis"]["data"] for record in event["Records"]])
"""
MAY_READ = {"Effect": "Allow", "Action": ["kinesis:*", "logs:*"], "Resource": "*"}
RUNTIMES = {"python3.11": "app.", "provided.al2023": ""}


class Consumer:
    """A function of each kind, and the mappings that feed it."""

    def __init__(self, server: PenstockProcess, folder: Path):
        self.server = server
        self.kinesis, self.functions, self.logs = (server.client(name) for name in ("kinesis", "lambda", "logs"))
        program = folder / "bootstrap"
        subprocess.run(["clang++-19", "-O2", "-std=c++20", "-o", str(program), str(ROOT / "tests/lambda/bootstrap.cc")], check=True)
        code = zip_of({"app.py": PYTHON, "bootstrap": program.read_bytes()}, executable=("bootstrap",))
        role = lambda_role(server, MAY_READ)
        for runtime, handler in itertools.product(RUNTIMES, ("noop", "clock")):
            self.functions.create_function(FunctionName=self.name(runtime, handler), Runtime=runtime, Role=role, Timeout=60,
                                           Handler=RUNTIMES[runtime] + handler, Code={"ZipFile": code}, MemorySize=512)
        where = urllib.parse.urlsplit(server.endpoints["api"])
        self.connection = http.client.HTTPConnection(where.hostname, where.port)

    @staticmethod
    def name(runtime: str, handler: str) -> str:
        return f"{runtime.replace('.', '-')}-{handler}"

    def map(self, stream: str, function: str, **options) -> str:
        made = self.functions.create_event_source_mapping(
            EventSourceArn=f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}", FunctionName=function, **options)["UUID"]
        self.until(lambda: self.functions.get_event_source_mapping(UUID=made)["State"] == "Enabled")
        return made

    def unmap(self, mapping: str) -> None:
        self.functions.delete_event_source_mapping(UUID=mapping)
        def is_gone() -> bool:
            return all(one["UUID"] != mapping for one in self.functions.list_event_source_mappings()["EventSourceMappings"])
        self.until(is_gone)

    @staticmethod
    def until(done) -> None:
        while not done():
            time.sleep(0.005)

    def metric(self, text: str, name: str, label: str) -> float:
        found = re.search(rf'^penstock_lambda_{name}\{{\w+="{re.escape(label)}"\}} (\S+)$', text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def metrics(self) -> str:
        self.connection.request("GET", "/metrics")
        return self.connection.getresponse().read().decode()

    def drain(self, stream: str, function: str, records: int, **options) -> tuple[float, float]:
        """Records a second, and records an invocation."""
        mapping = self.map(stream, function, StartingPosition="TRIM_HORIZON", **options)
        began, already = 0.0, 0.0
        while True:
            now, text = time.perf_counter(), self.metrics()
            done = self.metric(text, "mapping_invoked_records_total", mapping)
            if began == 0.0 and done > 0:
                began, already = now, done
            if done >= records and self.metric(text, "concurrent_executions", function) == 0:
                break
            time.sleep(0.005)
        if self.metric(text, "mapping_failed_invocations_total", mapping):
            sys.exit(f"invocations failed: {self.functions.get_event_source_mapping(UUID=mapping)['LastProcessingResult']}")
        batch = done / self.metric(text, "mapping_invocations_total", mapping)
        self.unmap(mapping)
        return (records - already) / max(now - began, 1e-9), batch

    def put(self, stream: str, data: bytes) -> tuple[int, int]:
        """When it was sent, and when it was acknowledged, in ns."""
        body = json.dumps({"StreamName": stream, "PartitionKey": "k", "Data": base64.b64encode(data).decode()}).encode()
        request = AWSRequest("POST", self.server.endpoints["api"] + "/", data=body, headers={
            "X-Amz-Target": "Kinesis_20131202.PutRecord", "Content-Type": "application/x-amz-json-1.1"})
        SigV4Auth(Credentials(ROOT_KEY, ROOT_SECRET), "kinesis", REGION).add_auth(request)
        sent = time.time_ns()
        self.connection.request("POST", "/", body, dict(request.headers))
        answer = self.connection.getresponse()
        if answer.status != 200:
            sys.exit(answer.read().decode())
        answer.read()
        return sent, time.time_ns()

    def printed(self, group: str) -> dict[bytes, int]:
        """When each record was handled, by its data."""
        out = {}
        for page in self.logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="CLOCK"):
            for event in page["events"]:
                at = event["message"].split()
                at = at[at.index("CLOCK") + 1:]
                out |= {base64.b64decode(data): int(at[0]) for data in at[1:]}
        return out

    def latencies(self, stream: str, function: str, puts: int) -> tuple[list[float], list[float]]:
        """Put sent -> handler, and put acknowledged -> handler, in ms, sorted."""
        mapping = self.map(stream, function, StartingPosition="LATEST")
        times = {}
        for i in range(-20, puts):  # the first ones start the environment
            data = b"%s %d" % (function.encode(), i)
            times[data] = self.put(stream, data)
            time.sleep(0.01 if i >= 0 else 0.05)
        self.until(lambda: times.keys() <= self.printed(f"/aws/lambda/{function}").keys())
        handled = self.printed(f"/aws/lambda/{function}")
        self.unmap(mapping)
        counted = [data for data in times if not data.split()[1].startswith(b"-")]
        return tuple(sorted((handled[data] - times[data][i]) / 1e6 for data in counted) for i in (0, 1))


def fill(server: PenstockProcess, stream: str, records: int, size: int) -> int:
    """How many records are there at the end: the load generator stops by time."""
    environment = server.environment()
    there = 0
    while there < records:
        done = subprocess.run([str(BUILD / "bench" / "http_load"), "--url", server.endpoints["api"], "--scenario", "put_records",
                               "--stream", stream, "--records", "500", "--bytes", str(size), "--connections", "2", "--seconds", "0.5",
                               "--warmup-seconds", "0"], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
        connection = http.client.HTTPConnection(*server.host_port("api"))
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        found = re.search(rf'^penstock_\w*incoming_records_total\{{stream="{stream}"\}} (\S+)$', text, re.MULTILINE)
        there = int(float(found.group(1)))
    return there


def quantile(values: list[float], part: float) -> float:
    return round(values[min(len(values) - 1, int(len(values) * part))], 2)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--records", type=int, default=200_000, help="at least, in each stream")
    options.add_argument("--bytes", type=int, default=100)
    options.add_argument("--puts", type=int, default=300)
    options.add_argument("--quick", action="store_true", help="only BatchSize 100 and 10000 on one shard")
    given = options.parse_args()
    server = PenstockProcess(scratch_directory()).start()
    try:
        consumer = Consumer(server, server.data.parent)
        for runtime in RUNTIMES:
            stream = Consumer.name(runtime, "latency")
            consumer.kinesis.create_stream(StreamName=stream, ShardCount=1)
            sent, acknowledged = consumer.latencies(stream, Consumer.name(runtime, "clock"), given.puts)
            print(json.dumps({"runtime": runtime, "put_to_handler_ms": {"p50": quantile(sent, 0.5), "p99": quantile(sent, 0.99)},
                              "acknowledged_to_handler_ms": {"p50": quantile(acknowledged, 0.5), "p99": quantile(acknowledged, 0.99)}}),
                  flush=True)
        for shards in (1,) if given.quick else (1, 4):
            stream = f"rates-{shards}"
            consumer.kinesis.create_stream(StreamName=stream, ShardCount=shards)
            records = fill(server, stream, given.records, given.bytes)
            for runtime, batch, factor in itertools.product(RUNTIMES, (100, 10_000) if given.quick else (100, 1000, 10_000), (1, 10)):
                settings = {"BatchSize": batch, "ParallelizationFactor": factor, "MaximumBatchingWindowInSeconds": 0}
                for _ in range(2):  # the first starts the environments
                    rate, mean = consumer.drain(stream, Consumer.name(runtime, "noop"), records, **settings)
                print(json.dumps({"runtime": runtime, "shards": shards, "batch_size": batch, "factor": factor,
                                  "records_per_second": round(rate), "per_shard": round(rate / shards),
                                  "records_an_invocation": round(mean)}), flush=True)
    finally:
        server.stop()


main()
