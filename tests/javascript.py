"""The scripts of conformance/js and the npm packages that they need, pinned."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from penstock_process import ROOT

SCRIPTS = Path(__file__).resolve().parent / "conformance" / "js"
INSTALLED = ROOT / "build" / "js-tests"


def not_possible(why: str):
    """Without Node.js or the registry these tests cannot run: said loudly, and under CI a failure."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(f"JAVASCRIPT IS NOT TESTED: {why}")


def install() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        not_possible("there is no node or no npm on the PATH")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(INSTALLED / "installing", "w") as mine:  # tests run in several processes
        fcntl.flock(mine, fcntl.LOCK_EX)
        install_packages()


def install_packages() -> None:
    lock = (SCRIPTS / "package-lock.json").read_bytes()
    stamp = INSTALLED / "installed-lock.json"
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SCRIPTS / name, INSTALLED / name)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=INSTALLED, capture_output=True,
                          text=True, timeout=300)
    if done.returncode != 0:
        unreachable = any(code in done.stderr for code in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET"))
        if unreachable:
            not_possible(f"the npm registry is not reachable: {done.stderr[-300:]}")
        pytest.fail(f"npm ci: {done.stderr[-2000:]}")
    stamp.write_bytes(lock)


def script(name: str) -> str:
    """Where to run a script of conformance/js: Node.js looks for packages beside it."""
    where = INSTALLED / name
    if not where.exists() or where.read_bytes() != (SCRIPTS / name).read_bytes():
        mine = where.with_suffix(f".{os.getpid()}")
        shutil.copy(SCRIPTS / name, mine)
        mine.rename(where)  # whole, whoever runs it already
    return str(where)


class Sdk:
    """The AWS SDK for JavaScript in a process of its own, told what to call (call.mjs)."""

    def __init__(self, server, door: str = "api"):
        install()
        self.process = subprocess.Popen(
            ["node", script("call.mjs"), server.endpoints[door]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=server.environment() | {"NODE_EXTRA_CA_CERTS": str(server.data / "tls" / "ca.pem")})

    def call(self, service: str, operation: str, parameters: dict) -> dict:
        """{"answer": ..., "protocol": ...} or {"error": ...}; bytes are {"$bytes": base64}, moments {"$time": seconds}."""
        line = {"service": service, "operation": operation, "parameters": self.inward(parameters)}
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def inward(self, value):
        if isinstance(value, bytes):
            return {"$bytes": base64.b64encode(value).decode()}
        if isinstance(value, dict) and "$time" not in value:
            return {key: self.inward(member) for key, member in value.items()}
        return [self.inward(member) for member in value] if isinstance(value, list) else value

    def data(self, value) -> bytes:
        return base64.b64decode(value["$bytes"])

    def seconds(self, value) -> float:
        return value["$time"]

    def moment(self, seconds: float):
        return {"$time": seconds}

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(20)
