#!/usr/bin/env python3
"""Measures what HTTP/2 and TLS cost beside HTTP/1.1 in plain text, on one Penstock server and one port.

    bench/protocols.py [--rounds 3] [--seconds 3]

The generator is h2load (Debian's nghttp2-client), which speaks all four the same way. One signed request is sent again and
again; every answer must be a 200. Every record is on disk before its answer.
"""

import argparse
import base64
import json
import random
import re
import shutil
import statistics
import subprocess
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from servers import REGION, Server, scratch_directory

PROTOCOLS = {"HTTP/1.1": ("http", ["--h1"]), "HTTP/2": ("http", []), "HTTP/1.1, TLS": ("https", ["--h1"]), "HTTP/2, TLS": ("https", [])}


def record(size: int, seed: int) -> dict:
    chance = random.Random(seed)
    return {"Data": base64.b64encode(chance.randbytes(size)).decode(), "PartitionKey": f"{chance.randrange(2**32):08x}"}


# What is sent, how many records are in it, and how many requests are under way at once.
SCENARIOS = {
    "PutRecords 500 x 1 KiB": ("PutRecords", {"Records": [record(1024, n) for n in range(500)]}, 500, 4),
    "PutRecord 100 B": ("PutRecord", record(100, 1), 1, 64),
}


def places(protocol: str, under_way: int) -> list[str]:
    """HTTP/1.1 has a connection for each request under way; HTTP/2 puts up to 16 on one."""
    connections = under_way if "1.1" in protocol or under_way < 16 else under_way // 16
    return ["-c", str(connections), "-m", str(under_way // connections)]


def load(server: Server, operation: str, members: dict, protocol: str, under_way: int, seconds: float) -> dict:
    scheme, options = PROTOCOLS[protocol]
    url = f"{scheme}://127.0.0.1:{server.port}/"
    body = server.directory / "body.json"
    body.write_text(json.dumps({"StreamName": "bench", **members}))
    request = AWSRequest("POST", url, data=body.read_bytes(), headers={
        "content-type": "application/x-amz-json-1.1", "x-amz-target": f"Kinesis_20131202.{operation}"})
    SigV4Auth(Credentials(server.key, server.secret), "kinesis", REGION).add_auth(request)
    headers = [word for name, value in request.headers.items() for word in ("-H", f"{name}: {value}")]
    log = server.directory / "times"
    log.unlink(missing_ok=True)
    done = subprocess.run(["h2load", *options, *places(protocol, under_way), "-D", str(seconds), "--warm-up-time", "1", "-d", str(body),
                           "--log-file", str(log), *headers, url], capture_output=True, text=True, timeout=seconds + 60)
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", done.stdout)
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    if rate is None or codes is None or any(int(code) for code in codes.groups()[1:]):
        return {"failed": (done.stdout + done.stderr)[-400:]}
    times = sorted(int(line.split("\t")[2]) / 1000 for line in log.read_text().splitlines())
    return {"requests_per_second": float(rate[1]), "p50_ms": times[len(times) // 2], "p99_ms": times[int(len(times) * 0.99)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    if shutil.which("h2load") is None:
        sys.exit("needs h2load: apt-get install nghttp2-client")
    directory = scratch_directory()
    server = Server("penstock", directory / "penstock")
    results: dict[tuple[str, str], list[dict]] = {}
    try:
        server.start()
        for number in range(options.rounds):
            for scenario, (operation, members, _, under_way) in SCENARIOS.items():
                for protocol in PROTOCOLS:
                    server.create("bench")
                    found = load(server, operation, members, protocol, under_way, options.seconds)
                    server.delete("bench")
                    results.setdefault((scenario, protocol), []).append(found)
                    print(f"  round {number + 1}: {scenario}: {protocol}: {json.dumps(found)}", file=sys.stderr)
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"\n## Records a second by protocol (p50 / p99 ms); in brackets the part of HTTP/1.1's; medians of {options.rounds} rounds\n")
    print("| scenario | " + " | ".join(PROTOCOLS) + " |\n|---" + "|---" * len(PROTOCOLS) + "|")
    for scenario, (_, _, records, under_way) in SCENARIOS.items():
        cells, first = [], None
        for protocol in PROTOCOLS:
            good = [found for found in results[scenario, protocol] if "failed" not in found]
            if not good:
                cells.append("failed")
                continue
            rate, p50, p99 = (statistics.median(found[name] for found in good) for name in ("requests_per_second", "p50_ms", "p99_ms"))
            first = first or rate
            cells.append(f"{rate * records:,.0f} ({p50:.2f} / {p99:.2f})" + ("" if protocol == "HTTP/1.1" else f" [{rate / first:.2f}]"))
        print(f"| {scenario}, {under_way} under way | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
