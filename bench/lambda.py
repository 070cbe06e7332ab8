#!/usr/bin/env python3
"""Functions: what a cold start takes, and what an invocation of a warm function costs beside the function itself.

    bench/lambda.py [--seconds 3]

No-op functions in Python, Node.js and C++ (tests/lambda/bootstrap.cc). Requests are signed once and sent again over kept
connections, so that the client costs little. Run it on a quiet machine, with build/release/penstock.
"""

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from lambda_zips import lambda_role, zip_of  # noqa: E402
from penstock_process import REGION, ROOT_KEY, ROOT_SECRET, PenstockProcess  # noqa: E402

COLD_STARTS = 15


def bootstrap(folder: Path) -> bytes:
    program = folder / "bootstrap"
    subprocess.run(["clang++-19", "-O2", "-std=c++20", "-o", str(program), str(ROOT / "tests/lambda/bootstrap.cc")], check=True)
    return program.read_bytes()


class Caller:
    """One kept connection, one signed request."""

    def __init__(self, server: PenstockProcess, name: str):
        path = f"/2015-03-31/functions/{name}/invocations"
        request = AWSRequest("POST", server.endpoints["api"] + path, data=b"{}")
        SigV4Auth(Credentials(ROOT_KEY, ROOT_SECRET), "lambda", REGION).add_auth(request)
        self.path, self.headers = path, dict(request.headers)
        where = urllib.parse.urlsplit(server.endpoints["api"])
        self.connection = http.client.HTTPConnection(where.hostname, where.port)

    def call(self) -> float:
        began = time.perf_counter()
        self.connection.request("POST", self.path, b"{}", self.headers)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200 or answer.headers.get("X-Amz-Function-Error"):
            sys.exit(f"invocation failed: {answer.status}")
        return time.perf_counter() - began


def cold_starts(server, functions, name) -> list[float]:
    caller = Caller(server, name)
    out = []
    for i in range(COLD_STARTS):
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"COLD": str(i)}})
        out.append(caller.call())
    return out


def warm(server, name, seconds: float, connections: int) -> tuple[list[float], float]:
    """Latencies, and invocations a second."""
    latencies: list[list[float]] = [[] for _ in range(connections)]

    def run(mine: list[float]):
        caller = Caller(server, name)
        caller.call()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            mine.append(caller.call())

    threads = [threading.Thread(target=run, args=(mine,)) for mine in latencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = sorted(x for mine in latencies for x in mine)
    return every, len(every) / seconds


def ms(values: list[float], quantile: float) -> str:
    return f"{sorted(values)[min(len(values) - 1, int(len(values) * quantile))] * 1000:.2f} ms"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=3)
    seconds = options.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        server = PenstockProcess(Path(folder)).start()
        try:
            functions = server.client("lambda")
            role = lambda_role(server)
            codes = {"python3.11": ("app.handler", zip_of({"app.py": "def handler(event, context):\n    return None\n"})),
                     "nodejs20.x": ("index.handler", zip_of({"index.js": "exports.handler = async () => null;\n"})),
                     "provided.al2023": ("noop", zip_of({"bootstrap": bootstrap(Path(folder))}, executable=("bootstrap",)))}
            for runtime, (handler, code) in codes.items():
                name = runtime.replace(".", "-")
                functions.create_function(FunctionName=name, Runtime=runtime, Role=role, Handler=handler, Timeout=30,
                                          Code={"ZipFile": code})
                cold = cold_starts(server, functions, name)
                alone, rate_alone = warm(server, name, seconds, 1)
                beside, rate_beside = warm(server, name, seconds, 4)
                print(json.dumps({"runtime": runtime, "cold_p50": f"{statistics.median(cold) * 1000:.0f} ms",
                                  "cold_max": f"{max(cold) * 1000:.0f} ms", "warm_p50": ms(alone, 0.5), "warm_p99": ms(alone, 0.99),
                                  "rate_1": round(rate_alone), "rate_4": round(rate_beside)}))
        finally:
            server.stop()


main()
