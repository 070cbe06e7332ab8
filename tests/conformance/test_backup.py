"""Backups of a running server: nothing that was acknowledged is missing, and nothing half made counts."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from penstock_process import PenstockProcess, binary

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
    segments = sorted((target / "streams").glob("*/0*"))
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


def read_all(kinesis, stream: str, shard: str = SHARD_0, iterator: str | None = None) -> list[bytes]:
    at = iterator or kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    got = []
    while at:
        page = kinesis.get_records(ShardIterator=at)
        got += [record["Data"] for record in page["Records"]]
        at = page.get("NextShardIterator")
        if not page["Records"] and page["MillisBehindLatest"] == 0:
            break
    return got


def restored(backup, folder: Path, *arguments) -> PenstockProcess:
    """A server on what the backup became."""
    folder.mkdir()
    server = PenstockProcess(folder)
    done("restore", backup, server.data, *arguments)
    return server.start()


def test_what_was_put_after_the_backup_hides_nothing_that_is_put_after_the_restore(stream, tmp_path):
    """Consumers keep checkpoints and iterators of the time that was lost."""
    kinesis = stream.client("kinesis")
    kinesis.create_stream(StreamName="quiet", ShardCount=1)
    done("backup", tmp_path / "b", "--data-dir", stream.data)
    checkpoints = {}
    for name in ("s", "quiet"):
        for _ in range(20):
            number = kinesis.put_record(StreamName=name, PartitionKey="k", Data=b"lost")["SequenceNumber"]
        latest = kinesis.get_shard_iterator(StreamName=name, ShardId=SHARD_0, ShardIteratorType="LATEST")["ShardIterator"]
        checkpoints[name] = number, latest
    stream.stop()
    server = restored(tmp_path / "b", tmp_path / "restored")
    try:
        kinesis = server.client("kinesis")
        for name, (number, latest) in checkpoints.items():
            after = kinesis.get_shard_iterator(StreamName=name, ShardId=SHARD_0, ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                                               StartingSequenceNumber=number)["ShardIterator"]
            assert read_all(kinesis, name, iterator=after) == [], "nothing yet, and no error"
            new = kinesis.put_record(StreamName=name, PartitionKey="k", Data=b"new")["SequenceNumber"]
            assert int(new) > int(number)
            for start in (after, latest):
                assert read_all(kinesis, name, iterator=start) == [b"new"]
            assert read_all(kinesis, name)[-1] == b"new"
        assert len(read_all(kinesis, "s")) == 121
        server.stop()
        assert "it was restored from a backup" in done("check", "--data-dir", server.data)
        server.start()
        assert read_all(server.client("kinesis"), "quiet") == [b"new"]
    finally:
        server.stop()


def test_restored_by_links_beside_the_first_server(stream, tmp_path):
    done("backup", tmp_path / "b", "--data-dir", stream.data)
    server = restored(tmp_path / "b", tmp_path / "second", "--link")
    try:
        assert any(path.stat().st_nlink == 3 for path in server.data.glob("streams/*/0*"))
        server.client("kinesis").put_record(StreamName="s", PartitionKey="k", Data=b"second")
        stream.client("kinesis").put_record(StreamName="s", PartitionKey="k", Data=b"first")
        assert read_all(server.client("kinesis"), "s")[-1] == b"second"
        assert read_all(stream.client("kinesis"), "s")[-1] == b"first"
    finally:
        server.stop()
    stream.stop()
    for directory in (stream.data, server.data, tmp_path / "b"):
        done("check", "--data-dir", directory)


def damage(path: Path, at: int) -> None:
    contents = bytearray(path.read_bytes())
    contents[at] ^= 0x10
    path.write_bytes(contents)


def test_what_is_no_whole_backup_is_refused(stream, tmp_path):
    done("backup", tmp_path / "b", "--data-dir", stream.data)
    stream.stop()
    cases = {
        "unfinished": lambda copy: (copy / "backup.json").unlink(),
        "rotten-segment": lambda copy: damage(next(copy.glob("streams/*/0000000000000001.*")), 5000),
        "rotten-tail": lambda copy: damage(next(copy.glob("streams/*/0000000000000002.*")), 5000),
        "short-tail": lambda copy: os.truncate(next(copy.glob("streams/*/0000000000000002.*")), 4096),
        "missing-segment": lambda copy: next(copy.glob("streams/*/0000000000000001.*")).unlink(),
        "missing-log": lambda copy: shutil.rmtree(next(copy.glob("streams/*"))),
        "rotten-catalog": lambda copy: damage(copy / "catalog.sqlite3", 9000),
        "missing-key": lambda copy: (copy / "seal-key").unlink(),
        "newer": lambda copy: (copy / "backup.json").write_text(
            (copy / "backup.json").read_text().replace('"format":2', '"format":7', 1)),
    }
    says = {"unfinished": "is no backup, or an unfinished one", "newer": "made by a newer Penstock"}
    for name, spoil in cases.items():
        copy = tmp_path / name
        shutil.copytree(tmp_path / "b", copy)
        spoil(copy)
        assert says.get(name, "the backup is damaged") in refused("restore", copy, tmp_path / "out"), name
        assert not (tmp_path / "out").exists()
    # What is whole of a rotten one can be had, when that is asked for.
    copy = tmp_path / "rotten-segment"
    done("repair", "--data-dir", copy)
    done("restore", "--no-check", copy, tmp_path / "out")
    assert "119 frames" in done("check", "--data-dir", tmp_path / "out")
    assert "is not empty" in refused("restore", tmp_path / "b", tmp_path / "out")


def test_no_server_runs_on_a_backup_or_on_half_a_restore(stream, tmp_path):
    done("backup", tmp_path / "b", "--data-dir", stream.data)
    assert "is a backup" in refused("serve", "--data-dir", tmp_path / "b", "--api", "127.0.0.1:0")
    done("restore", tmp_path / "b", tmp_path / "d")
    (tmp_path / "d" / "restoring").write_text("an unfinished restore\n")
    assert "was not restored to its end" in refused("serve", "--data-dir", tmp_path / "d", "--api", "127.0.0.1:0")
