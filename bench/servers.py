"""The servers that the benchmarks start: Penstock and its peers, each a process of its own with a free port and a fresh
directory, and what the benchmarks ask of them."""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release"
PEERS = ROOT / "build" / "peers"
REGION = "us-east-1"
SHARDS = 4


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A started server: its URL, its credentials, and how long it took to answer the first request."""

    def __init__(self, name: str, directory: Path):
        self.name = name
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.key, self.secret = "BENCHKEY000000000000", "bench-secret-bench-secret-bench-secret-0"
        self.port = free_port()
        self.mqtt_port = free_port()
        self.process = None
        self.first_answer_ms = 0.0

    def command(self) -> tuple[list[str], dict[str, str]]:
        node = shutil.which("node") or "node"
        modules = PEERS / "node_modules"
        if self.name == "penstock":
            return (
                [str(BUILD / "penstock"), "serve", "--data-dir", str(self.directory / "data"),
                 "--api", f"127.0.0.1:{self.port}", "--mqtt", f"127.0.0.1:{self.mqtt_port}", "--mqtts", "127.0.0.1:0"],
                {"PENSTOCK_ROOT_ACCESS_KEY_ID": self.key, "PENSTOCK_ROOT_SECRET_ACCESS_KEY": self.secret},
            )
        if self.name.startswith("kinesalite"):
            command = [node, str(modules / "kinesalite" / "cli.js"), "--port", str(self.port), "--createStreamMs", "5",
                       "--shardLimit", "100"]
            if self.name == "kinesalite-leveldb":
                command += ["--path", str(self.directory / "leveldb")]
            return command, {}
        return (
            [node, str(modules / "kinesis-local" / "main.js")],
            {"KINESIS_MOCK_PLAIN_PORT": str(self.port), "KINESIS_MOCK_TLS_PORT": str(free_port()),
             "KINESIS_MOCK_CERT_PATH": str(modules / "kinesis-local" / "server.json"), "CREATE_STREAM_DURATION": "5ms",
             "REGISTER_STREAM_CONSUMER_DURATION": "5ms", "SHARD_LIMIT": "100", "LOG_LEVEL": "ERROR"},
        )

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self):
        return boto3.client(
            "kinesis", endpoint_url=self.url(), region_name=REGION, aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=60))

    def start(self) -> None:
        command, extra = self.command()
        client = self.client()
        with open(self.directory / "log", "wb") as log:
            began = time.monotonic()
            self.process = subprocess.Popen(command, env={**os.environ, **extra}, stdout=log, stderr=log,
                                            cwd=self.directory)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                client.list_streams()
                break
            except Exception:  # not there yet
                if self.process.poll() is not None or time.monotonic() - began > 30:
                    sys.exit(f"{self.name} did not start: see {self.directory / 'log'}")
                time.sleep(0.0005)
        self.first_answer_ms = (time.monotonic() - began) * 1000

    def resident_mib(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def environment(self) -> dict[str, str]:
        """For the load generators and clients."""
        return {**os.environ, "AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": REGION}

    def create(self, stream: str, shards: int = SHARDS) -> None:
        client = self.client()
        client.create_stream(StreamName=stream, ShardCount=shards)
        while client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
            time.sleep(0.01)

    def delete(self, stream: str) -> None:
        self.client().delete_stream(StreamName=stream, EnforceConsumerDeletion=True)

    def load(self, *arguments: str) -> dict:
        done = subprocess.run(
            [str(BUILD / "bench" / "http_load"), "--url", self.url(), *arguments],
            env=self.environment(), capture_output=True, text=True, timeout=180)
        if done.returncode != 0 or not done.stdout.strip():
            return {"failed": (done.stderr.strip().splitlines() or ["?"])[-1][:200]}
        result = json.loads(done.stdout)
        if result.get("errors"):
            result["failed"] = f"{result['errors']} errors: {done.stderr.strip()[:200]}"
        return result

    def halt(self) -> None:
        """Ends it; its directory stays, and start() goes on with it."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def stop(self) -> None:
        self.halt()
        shutil.rmtree(self.directory, ignore_errors=True)


def install_peers() -> None:
    PEERS.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "bench" / "peers" / "package.json", PEERS / "package.json")
    wanted = json.loads((PEERS / "package.json").read_text())["dependencies"]
    if not all((PEERS / "node_modules" / name).is_dir() for name in wanted):
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=PEERS, check=True)


def median_of(results: list[dict], figure: str) -> float:
    values = [result[figure] for result in results if figure in result and "failed" not in result]
    return statistics.median(values) if values else float("nan")


def scratch_directory() -> Path:
    """On the disk that is measured: below $PENSTOCK_BENCH_DIR, or below build/."""
    return Path(tempfile.mkdtemp(prefix="penstock-bench-", dir=os.environ.get("PENSTOCK_BENCH_DIR", ROOT / "build")))
