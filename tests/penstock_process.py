"""A Penstock server as a process of its own, for tests: start it, ask it, kill it, start it again.

The binary is $PENSTOCK_BIN, or build/release/penstock.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[1]
ACCOUNT = "000000000000"
REGION = "us-east-1"
ROOT_KEY = "AKIAPENSTOCKTEST0000"
ROOT_SECRET = "test-secret-test-secret-test-secret-0000"


def binary() -> str:
    return os.environ.get("PENSTOCK_BIN", str(ROOT / "build" / "release" / "penstock"))


@dataclass
class Credentials:
    key: str = ROOT_KEY
    secret: str = ROOT_SECRET
    token: str | None = None


class PenstockProcess:
    """One data directory and the server that runs on it now."""

    def __init__(self, directory: Path, *arguments: str):
        self.data = Path(directory) / "data"
        self.log_path = Path(directory) / "server.log"
        self.arguments = arguments
        self.api = "127.0.0.1:0"
        self.process: subprocess.Popen | None = None
        self.endpoints: dict[str, str] = {}

    def start(self, timeout_seconds: float = 30) -> "PenstockProcess":
        ready = self.data / "endpoints.json"
        ready.unlink(missing_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [binary(), "serve", "--data-dir", str(self.data), "--api", self.api, "--mqtt", "127.0.0.1:0",
                 "--mqtts", "127.0.0.1:0", "--account", ACCOUNT, "--region", REGION, *self.arguments],
                env={**os.environ, "PENSTOCK_ROOT_ACCESS_KEY_ID": ROOT_KEY, "PENSTOCK_ROOT_SECRET_ACCESS_KEY": ROOT_SECRET},
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + timeout_seconds
        while not ready.exists():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_tail()}")
            assert time.monotonic() < deadline, f"the server is not ready:\n{self.log_tail()}"
            time.sleep(0.002)
        self.endpoints = json.loads(ready.read_text())
        return self

    def log_tail(self) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-30:])

    def host_port(self, name: str) -> tuple[str, int]:
        """("127.0.0.1", 1883) of "api", "mqtt" or "mqtts"."""
        host, _, port = self.endpoints[name].rpartition("//")[2].rpartition(":")
        return host, int(port)

    def client(self, service: str, credentials: Credentials | None = None, **options):
        who = credentials or Credentials()
        config = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=60, **options)
        return boto3.client(service, endpoint_url=self.endpoints["api"], region_name=REGION, config=config,
                            aws_access_key_id=who.key, aws_secret_access_key=who.secret, aws_session_token=who.token)

    def environment(self, credentials: Credentials | None = None) -> dict[str, str]:
        """For command-line clients. Debian's AWS CLI does not read AWS_ENDPOINT_URL: give it --endpoint-url."""
        who = credentials or Credentials()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"AWS_ACCESS_KEY_ID": who.key, "AWS_SECRET_ACCESS_KEY": who.secret, "AWS_REGION": REGION,
                        "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": self.endpoints["api"], "AWS_PAGER": "",
                        "AWS_EC2_METADATA_DISABLED": "true"}
        if who.token:
            environment["AWS_SESSION_TOKEN"] = who.token
        return environment

    def aws(self, *arguments: str, credentials: Credentials | None = None, check: bool = True):
        """Runs the AWS CLI; gives its parsed answer, or with check=False the finished process."""
        done = subprocess.run([shutil.which("aws", path="/usr/bin:/usr/local/bin") or "aws", "--endpoint-url", self.endpoints["api"],
                               "--output", "json", *arguments],
                              env=self.environment(credentials), capture_output=True, text=True, timeout=120)
        if not check:
            return done
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def kill(self) -> None:
        """kill -9: nothing is flushed."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM must end it cleanly, with status 0."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"SIGTERM did not end the server:\n{self.log_tail()}") from None
        assert status == 0, f"the server ended with {status}:\n{self.log_tail()}"
