"""Clients that ask for much and take nothing: what is kept for them has a bound, others go on, and everything heals."""

import contextlib
import json
import re
import socket
import threading
import time
import urllib.request

import pytest
from botocore.exceptions import ClientError
from penstock_process import PenstockProcess
from raw_request import signed, target

MIB = 1 << 20
BOUND = 64 * MIB


@pytest.fixture
def server(tmp_path):
    config = tmp_path / "penstock.json"
    config.write_text(json.dumps({"memory.answers_bytes_max": BOUND, "memory.events_bytes_max": 4 * MIB}))
    process = PenstockProcess(tmp_path, "--config", str(config)).start()
    yield process
    process.stop()


def gauge(server, name: str) -> int:
    page = urllib.request.urlopen(f"{server.endpoints['api']}/metrics", timeout=10).read().decode()
    return int(float(re.search(rf"^{name} (\S+)$", page, re.MULTILINE)[1]))


def wait_until(what, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def make_stream(kinesis, name: str, mib: int) -> str:
    """With so many records of about 1 MiB; an iterator at the first."""
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    for n in range(mib):
        kinesis.put_record(StreamName=name, PartitionKey=str(n), Data=bytes([n]) * (MIB - 100))
    return kinesis.get_shard_iterator(StreamName=name, ShardId="shardId-000000000000",
                                      ShardIteratorType="TRIM_HORIZON")["ShardIterator"]


class Deaf:
    """Sends a request and never reads."""

    def __init__(self, server, operation: str, body: dict):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(server.host_port("api"))
        self.socket.sendall(signed(server, json.dumps(body).encode(), target(operation)))

    def close(self) -> None:
        self.socket.close()


def test_answers_that_nobody_takes_are_bounded(server):
    kinesis = server.client("kinesis")
    iterator = make_stream(kinesis, "large", 24)
    most = 0
    with contextlib.ExitStack() as deaf:
        for _ in range(40):
            deaf.callback(Deaf(server, "GetRecords", {"ShardIterator": iterator}).close)
        # 40 pages of 10 MiB are asked for; there is room for a few.
        wait_until(lambda: gauge(server, "penstock_answers_waiting") > 0)
        refused = 0
        for n in range(20):
            kinesis.put_record(StreamName="large", PartitionKey="small", Data=b"writes go on")
            kinesis.list_streams()
            most = max(most, gauge(server, "penstock_answers_memory_bytes"))
            if n % 5 == 0:
                try:
                    kinesis.get_records(ShardIterator=iterator)
                except ClientError as error:
                    assert error.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
                    assert "memory" in error.response["Error"]["Message"]
                    refused += 1
        assert refused > 0
    assert most <= BOUND + MIB
    wait_until(lambda: gauge(server, "penstock_answers_memory_bytes") == 0)
    assert len(kinesis.get_records(ShardIterator=iterator)["Records"]) >= 10


def test_many_readers_at_once_all_get_everything(server):
    """Each has to wait for its turn, and none is starved."""
    iterator = make_stream(server.client("kinesis"), "shared", 12)
    got: list[int] = []

    def read() -> None:
        kinesis = server.client("kinesis")
        at, seen = iterator, 0
        while seen < 12:
            try:
                answer = kinesis.get_records(ShardIterator=at)
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
                continue
            seen += len(answer["Records"])
            at = answer["NextShardIterator"]
        got.append(seen)

    readers = [threading.Thread(target=read) for _ in range(12)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(120)
    assert got == [12] * 12
    assert gauge(server, "penstock_answers_memory_bytes") == 0


def test_events_that_nobody_takes_are_bounded(server):
    kinesis = server.client("kinesis")
    make_stream(kinesis, "pushed", 8)
    stream_arn = kinesis.describe_stream_summary(StreamName="pushed")["StreamDescriptionSummary"]["StreamARN"]
    arns = [kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName=f"deaf-{n}")["Consumer"]["ConsumerARN"]
            for n in range(10)]
    for arn in arns:
        wait_until(lambda arn=arn: kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE")
    start = {"ShardId": "shardId-000000000000", "StartingPosition": {"Type": "TRIM_HORIZON"}}
    with contextlib.ExitStack() as deaf:
        for arn in arns[1:]:
            deaf.callback(Deaf(server, "SubscribeToShard", {"ConsumerARN": arn, **start}).close)
        wait_until(lambda: gauge(server, "penstock_events_memory_bytes") > MIB)
        most = max(gauge(server, "penstock_events_memory_bytes") for _ in range(20))
    assert most <= 5 * MIB
    # The deaf are gone: one that listens gets every record.
    seen = 0
    for event in kinesis.subscribe_to_shard(ConsumerARN=arns[0], **start)["EventStream"]:
        seen += len(event["SubscribeToShardEvent"]["Records"])
        if seen == 8:
            break
    assert seen == 8
