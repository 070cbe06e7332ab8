"""Backups of a running server: nothing that was acknowledged is missing, and nothing half made counts."""

import json
import subprocess

import pytest
from penstock_process import binary

SHARD_0 = "shardId-000000000000"


def penstock(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=120)


def done(*arguments) -> str:
    finished = penstock(*arguments)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def refused(*arguments) -> str:
    finished = penstock(*arguments)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    return finished.stderr


@pytest.fixture
def stream(own_server):
    kinesis = own_server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for i in range(120):
        kinesis.put_record(StreamName="s", PartitionKey="k", Data=b"%05d" % i + b"." * 3000)
    return own_server


def test_a_backup_of_a_running_server_is_whole(stream, tmp_path):
    target = tmp_path / "backups" / "one"
    report = json.loads(done("backup", target, "--data-dir", stream.data, "--json"))
    assert report["target"] == str(target) and report["streams"] == 1
    assert report["bytes_copied"] < report["bytes"], "sealed segments are linked"
    assert ": 2 segments, 120 frames" in done("check", "--data-dir", target)
    segments = sorted((target / "streams").glob("*/*.seg"))
    assert segments[0].stat().st_nlink == 2 and segments[-1].stat().st_nlink == 1
    assert all(path.stat().st_mode & 0o077 == 0 for path in target.rglob("*"))
    stream.stop()
    done("backup", tmp_path / "two", "--data-dir", stream.data)
    assert ": 2 segments, 120 frames" in done("check", "--data-dir", tmp_path / "two")


def test_targets_that_cannot_be_are_refused(stream, tmp_path):
    assert "lies in the data directory" in refused("backup", stream.data / "backup", "--data-dir", stream.data)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "somebodys").write_text("")
    assert "is not empty" in refused("backup", tmp_path / "full", "--data-dir", stream.data)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["somebodys"]
    refused("backup", "/proc/backup", "--data-dir", stream.data)
    assert "there is no" in refused("backup", tmp_path / "b", "--data-dir", tmp_path / "nothing")
