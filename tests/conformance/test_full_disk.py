"""A full disk refuses writes with a clear error, loses nothing that was acknowledged, and takes writes again when it has room."""

import contextlib
import json
import os
import subprocess

import pytest
from botocore.exceptions import ClientError
from penstock_process import PenstockProcess

MIB = 1 << 20
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def mount(folder, mib: int, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join([f"size={mib}m", *options]), "penstock-test", str(folder)],
                          capture_output=True, text=True)


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    done = mount(folder, 32)
    if done.returncode != 0:
        pytest.skip(f"NOT TESTED: a full disk needs a small file system, and mounting one failed (root?): {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def server(disk):
    process = PenstockProcess(disk).start()
    process.log_path = disk.parent / "server.log"
    yield process
    with contextlib.suppress(AssertionError):
        process.stop()
    if process.process.poll() is None:
        process.kill()


def room(disk) -> int:
    about = os.statvfs(disk)
    return about.f_bavail * about.f_frsize


def make_stream(kinesis, name: str) -> None:
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def put(kinesis, stream: str, numbers: range, size: int) -> list[int]:
    """The numbers that were acknowledged. Each refused record must say clearly why."""
    answer = kinesis.put_records(StreamName=stream, Records=[
        {"PartitionKey": "k", "Data": str(n).encode().ljust(size, b".")} for n in numbers])
    for record in answer["Records"]:
        if "ErrorCode" in record:
            assert record["ErrorCode"] == "InternalFailure"
    return [n for n, record in zip(numbers, answer["Records"], strict=True) if "ErrorCode" not in record]


def refusal(call, **keywords) -> str | None:
    """The error's code and text; None when it was done."""
    try:
        call(**keywords)
        return None
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (500, 503)
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"


def fill(kinesis, stream: str) -> tuple[set[int], str]:
    """Puts until a record as small as one byte is refused; gives what was acknowledged, and the refusal."""
    kept: set[int] = set()
    at = 0
    for size, count in ((64 << 10, 8), (4 << 10, 4), (16, 1)):
        for _ in range(100_000):
            try:
                numbers = put(kinesis, stream, range(at, at + count), size)
            except ClientError as error:
                assert error.response["Error"]["Code"] == "InternalFailure"
                break
            kept |= set(numbers)
            at += count
            if len(numbers) < count:
                break
    return kept, refusal(kinesis.put_record, StreamName=stream, PartitionKey="k", Data=b"1")


def everything(kinesis, stream: str) -> list[int]:
    shard = kinesis.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    at = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    numbers = []
    while True:
        answer = kinesis.get_records(ShardIterator=at)
        numbers += [int(record["Data"].rstrip(b".")) for record in answer["Records"]]
        if not answer["Records"] and answer["MillisBehindLatest"] == 0:
            return numbers
        at = answer["NextShardIterator"]


def test_a_full_disk_refuses_writes_and_loses_nothing(server, disk):
    kinesis = server.client("kinesis")
    make_stream(kinesis, "ballast")
    assert len(put(kinesis, "ballast", range(100), 64 << 10)) == 100
    make_stream(kinesis, "full")
    make_stream(kinesis, "empty")
    kept, said = fill(kinesis, "full")
    assert kept and room(disk) < 9 * MIB
    assert "no space left" in said.lower()
    # Reads go on, and so does everything that writes nothing.
    assert set(everything(kinesis, "full")) == kept
    assert server.client("sts").get_caller_identity()["Account"]

    # Logs leave the catalog room: whoever filled the disk with records can still delete streams.
    iam = server.client("iam")
    iam.create_role(RoleName="before", AssumeRolePolicyDocument=TRUST)
    kinesis.delete_stream(StreamName="empty")

    # When somebody else takes that too, the catalog refuses, and keeps what it acknowledged.
    with open(disk / "rest", "wb", buffering=0) as rest, contextlib.suppress(OSError):
        while True:
            rest.write(b"x" * 4096)
    roles = ["before"]
    for n in range(2000):
        catalog_said = refusal(iam.create_role, RoleName=f"role-{n}", AssumeRolePolicyDocument=TRUST, Description="d" * 1000)
        if catalog_said:
            break
        roles.append(f"role-{n}")
    assert catalog_said and "ServiceUnavailable" in catalog_said
    assert refusal(kinesis.put_record, StreamName="full", PartitionKey="k", Data=b"1")
    (disk / "rest").unlink()

    # Room again: by a stream that goes, and by a larger disk. The same server writes on.
    kinesis.delete_stream(StreamName="ballast")
    kinesis.get_waiter("stream_not_exists").wait(StreamName="ballast", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    iam.create_role(RoleName="after", AssumeRolePolicyDocument=TRUST)
    assert put(kinesis, "full", range(10_000_000, 10_000_010), 100) == list(range(10_000_000, 10_000_010))
    kept |= set(range(10_000_000, 10_000_010))
    assert mount(disk, 64, "remount").returncode == 0
    assert len(put(kinesis, "full", range(20_000_000, 20_000_100), 64 << 10)) == 100
    kept |= set(range(20_000_000, 20_000_100))

    def whole():
        assert set(everything(kinesis, "full")) == kept
        listed = {role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]}
        assert listed == {*roles, "after"}

    whole()
    server.kill()
    server.start()
    kinesis, iam = server.client("kinesis"), server.client("iam")
    whole()


