"""Backups while everything goes on: several writers, splits, streams that come and go, encryption, kills."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from penstock_process import PenstockProcess, binary
from test_backup import done, penstock, read_all, refused, restored
from test_rules import allow, make_role, make_rule, publish, stream_arn

STREAMS = ("plain", "secret")


class Writer(threading.Thread):
    """Puts numbered records and notes what was acknowledged, in order."""

    def __init__(self, server, stream: str, name: str):
        super().__init__()
        self.kinesis = server.client("kinesis")
        self.stream, self.key = stream, name
        self.acknowledged = 0
        self.ending = threading.Event()
        self.failure = None
        self.start()

    def run(self) -> None:
        try:
            while not self.ending.is_set():
                data = f"{self.key} {self.acknowledged:06d} ".encode() + b"." * 2000
                self.kinesis.put_record(StreamName=self.stream, PartitionKey=self.key, Data=data)
                self.acknowledged += 1
        except Exception as failure:  # noqa: BLE001: shown by the test
            self.failure = failure

    def stop(self) -> None:
        self.ending.set()
        self.join()
        assert self.failure is None, self.failure


class Changes(threading.Thread):
    """Streams that come and go, and one whose shards split."""

    def __init__(self, server):
        super().__init__()
        self.kinesis = server.client("kinesis")
        self.ending = threading.Event()
        self.failure = None
        self.start()

    def run(self) -> None:
        try:
            for turn in range(10_000):
                if self.ending.is_set():
                    return
                name = f"brief-{turn}"
                self.kinesis.create_stream(StreamName=name, ShardCount=1)
                self.kinesis.put_record(StreamName=name, PartitionKey="k", Data=b"brief")
                self.kinesis.delete_stream(StreamName=name)
                if turn % 10 == 0 and turn < 60:
                    shards = self.kinesis.list_shards(StreamName="plain")["Shards"]
                    shard = next(s for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"])
                    first, last = (int(shard["HashKeyRange"][k]) for k in ("StartingHashKey", "EndingHashKey"))
                    self.kinesis.split_shard(StreamName="plain", ShardToSplit=shard["ShardId"],
                                             NewStartingHashKey=str((first + last) // 2 + 1))
        except Exception as failure:  # noqa: BLE001
            self.failure = failure

    def stop(self) -> None:
        self.ending.set()
        self.join()
        assert self.failure is None, self.failure


def everything(kinesis, stream: str) -> dict[str, list[int]]:
    """The numbers that each writer's records have, parents before their children."""
    found: dict[str, list[int]] = {}
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        for data in read_all(kinesis, stream, shard["ShardId"]):
            name, number, _ = data.split(b" ", 2)
            found.setdefault(name.decode(), []).append(int(number))
    return found


@pytest.fixture
def other_disk():
    """A folder on another file system than the data directories."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


def furnish(server) -> None:
    """Something of every kind that a catalog holds."""
    kinesis = server.client("kinesis")
    for name in STREAMS:
        kinesis.create_stream(StreamName=name, ShardCount=2)
    kinesis.start_stream_encryption(StreamName="secret", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    arn = kinesis.describe_stream_summary(StreamName="plain")["StreamDescriptionSummary"]["StreamARN"]
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")
    server.client("iam").create_user(UserName="ann")
    server.certificate = server.client("iot").create_keys_and_certificate(setAsActive=True)["certificateId"]
    server.client("iot").create_thing(thingName="probe")
    kinesis.create_stream(StreamName="ruled", ShardCount=1)
    name, role = make_role(server, {"kinesis:PutRecord": stream_arn("ruled")})
    server.rule = make_rule(server, "SELECT * FROM 'field/#'", [{"kinesis": {
        "roleArn": role, "streamName": "ruled", "partitionKey": "k"}}])


def check_furniture(server, first) -> None:
    kinesis = server.client("kinesis")
    arn = kinesis.describe_stream_summary(StreamName="plain")["StreamDescriptionSummary"]["StreamARN"]
    assert [c["ConsumerName"] for c in kinesis.list_stream_consumers(StreamARN=arn)["Consumers"]] == ["reader"]
    assert [u["UserName"] for u in server.client("iam").list_users()["Users"]] == ["ann"]
    iot = server.client("iot")
    assert iot.describe_certificate(certificateId=first.certificate)["certificateDescription"]["status"] == "ACTIVE"
    assert [t["thingName"] for t in iot.list_things()["things"]] == ["probe"]
    publish(server, "field/1", b'{"t":1}')
    assert read_all(kinesis, "ruled") == [b'{"t":1}']


def test_every_backup_under_load_holds_what_was_acknowledged_before_it(own_server, tmp_path, other_disk):
    furnish(own_server)
    writers = [Writer(own_server, stream, f"{stream}-{i}") for stream in STREAMS for i in range(2)]
    changes = Changes(own_server)
    backups = []
    try:
        for turn in range(4):
            enough = {writer.key: writer.acknowledged + 100 for writer in writers}
            while any(writer.acknowledged < enough[writer.key] for writer in writers):
                assert all(writer.failure is None for writer in writers), [writer.failure for writer in writers]
                time.sleep(0.01)
            before = {writer.key: writer.acknowledged for writer in writers}
            target = (other_disk if turn % 2 else tmp_path) / f"backup-{turn}"
            done("backup", target, "--data-dir", own_server.data)
            backups.append((target, before))
    finally:
        changes.stop()
        for writer in writers:
            writer.stop()
    assert not (own_server.data / "streams" / ".backup").exists()
    for target, before in backups:
        done("check", "--data-dir", target)
        server = restored(target, tmp_path / f"restored-{target.name}")
        try:
            found = {}
            for stream in STREAMS:
                found |= everything(server.client("kinesis"), stream)
            for key, count in before.items():
                assert found[key] == list(range(len(found[key]))), "in order, none missing, none twice"
                assert len(found[key]) >= count
            check_furniture(server, own_server)
        finally:
            server.stop()


def test_a_server_that_is_killed_leaves_no_half_backup(own_server, tmp_path, other_disk):
    kinesis = own_server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    records = [{"Data": bytes([i]) * 100_000, "PartitionKey": "k"} for i in range(40)]
    for delay_ms in (0, 1, 5, 20, 80):
        kinesis = own_server.client("kinesis")
        kinesis.put_records(StreamName="s", Records=records[:8])
        target = other_disk / f"at-{delay_ms}"
        asked = subprocess.Popen([binary(), "backup", str(target), "--data-dir", str(own_server.data)],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not target.exists() and asked.poll() is None:
            time.sleep(0.0005)
        time.sleep(delay_ms / 1000)
        own_server.kill()
        asked.wait()
        if (target / "backup.json").exists():
            done("restore", target, tmp_path / f"out-{delay_ms}")
        else:
            assert asked.returncode == 1
            assert "is no backup, or an unfinished one" in refused("restore", target, tmp_path / "out")
        own_server.start()
        assert not (own_server.data / "streams" / ".backup").exists()
    done("backup", other_disk / "after", "--data-dir", own_server.data)


def test_a_client_that_goes_away_ends_its_backup(own_server, tmp_path, other_disk):
    kinesis = own_server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for _ in range(12):
        kinesis.put_records(StreamName="s", Records=[{"Data": b"x" * 800_000, "PartitionKey": "k"}])
    target = other_disk / "b"
    asked = subprocess.Popen([binary(), "backup", str(target), "--data-dir", str(own_server.data)], stdout=subprocess.DEVNULL)
    while not target.exists() and asked.poll() is None:
        time.sleep(0.0005)
    asked.send_signal(signal.SIGKILL)
    asked.wait()
    deadline = time.monotonic() + 30
    while target.exists() and not (target / "backup.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    done("backup", other_disk / "second", "--data-dir", own_server.data)


def test_a_master_key_that_lies_elsewhere_is_named(tmp_path):
    key = tmp_path / "keys"
    key.write_text("field-7 " + os.urandom(32).hex() + "\n")
    config = tmp_path / "penstock.json"
    config.write_text(json.dumps({"kinesis": {"master_key_file": str(key)}}))
    server = PenstockProcess(tmp_path, "--config", str(config)).start()
    try:
        kinesis = server.client("kinesis")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
        kinesis.put_record(StreamName="s", PartitionKey="k", Data=b"secret")
        assert "the master key field-7" in done("backup", tmp_path / "b", "--data-dir", server.data)
    finally:
        server.stop()
    assert "field-7" in done("restore", tmp_path / "b", tmp_path / "again")


def test_a_long_path_and_a_strange_request(tmp_path):
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    server = PenstockProcess(deep).start()
    try:
        server.client("kinesis").create_stream(StreamName="s", ShardCount=1)
        done("backup", tmp_path / "b", "--data-dir", server.data)
        assert (server.data / "control").stat().st_mode & 0o777 == 0o600
        if os.geteuid() == 0:
            other = subprocess.run([binary(), "backup", "/tmp/x", "--data-dir", str(server.data)], capture_output=True,
                                   text=True, user=65534, timeout=30)
            assert other.returncode == 1
    finally:
        server.stop()
    assert not (server.data / "control").exists()
    assert penstock("check", "--data-dir", tmp_path / "b").returncode == 0
