"""kill -9 of the real binary under load: every acknowledged record is there, unchanged and in order.

Rounds: $PENSTOCK_KILL_ROUNDS (200). Each round writes through PutRecords and through MQTT with a rule, while the stream's
encryption is started (each time with another key), stopped and started again; it kills the server at a random moment, starts it again on the same data and reads what came since the last round. A kill keeps the page cache:
that power loss is survived is shown by the simulation (tests/sim), not here.
"""

import json
import os
import random
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError
from mqtt_publisher import MqttPublisher
from penstock_process import PenstockProcess

ROUNDS = int(os.environ.get("PENSTOCK_KILL_ROUNDS", "200"))
SEED = int(os.environ.get("PENSTOCK_KILL_SEED", str(random.randrange(1 << 30))))
STREAM = "crash"
WRITERS = 3
PER_PUT = 20


class Ledger:
    """What was acknowledged, by writer: the counters, in the order they were written."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged: dict[str, list[int]] = {}
        self.next: dict[str, int] = {}
        self.seen: dict[str, int] = {}

    def take(self, writer: str, count: int) -> list[int]:
        with self.lock:
            first = self.next.get(writer, 0)
            self.next[writer] = first + count
            return list(range(first, first + count))

    def acknowledge(self, writer: str, counters: list[int]) -> None:
        with self.lock:
            self.acknowledged.setdefault(writer, []).extend(counters)


def payload(writer: str, counter: int) -> bytes:
    """Says whose it is, and carries bytes that follow from that, so that a change shows."""
    return json.dumps({"writer": writer, "counter": counter, "fill": (f"{writer}:{counter}." * 9)}).encode()


def check_payload(data: bytes) -> tuple[str, int]:
    value = json.loads(data)
    assert data == payload(value["writer"], value["counter"]), f"a record was changed: {data!r}"
    return value["writer"], value["counter"]


def write_http(server: PenstockProcess, ledger: Ledger, writer: str, stop: threading.Event) -> None:
    client = server.client("kinesis")
    while not stop.is_set():
        counters = ledger.take(writer, PER_PUT)
        try:
            answer = client.put_records(StreamName=STREAM, Records=[
                {"Data": payload(writer, counter), "PartitionKey": writer} for counter in counters])
        except Exception:  # killed: not acknowledged
            return
        ledger.acknowledge(writer, [c for c, r in zip(counters, answer["Records"]) if "SequenceNumber" in r])


def write_mqtt(server: PenstockProcess, ledger: Ledger, writer: str, stop: threading.Event) -> None:
    try:
        publisher = MqttPublisher(*server.host_port("mqtt"), client_id=writer)
        while not stop.is_set():
            counters = ledger.take(writer, PER_PUT)
            publisher.publish_all(f"crash/{writer}", [payload(writer, counter) for counter in counters],
                                  lambda index, counters=counters: ledger.acknowledge(writer, [counters[index]]))
    except OSError:  # killed
        return


def turn_encryption(server: PenstockProcess, round_number: int, stop: threading.Event) -> None:
    client = server.client("kinesis")
    try:
        for turn in range(1_000_000):
            if stop.wait(0.02):
                return
            client.start_stream_encryption(StreamName=STREAM, EncryptionType="KMS", KeyId=f"alias/{round_number}-{turn}")
            if turn % 3 == 2:
                client.stop_stream_encryption(StreamName=STREAM, EncryptionType="KMS", KeyId="alias/any")
    except (BotoCoreError, ConnectionError):  # killed
        return


def make_pipeline(server: PenstockProcess) -> None:
    kinesis, iam, iot = (server.client(name) for name in ("kinesis", "iam", "iot"))
    kinesis.create_stream(StreamName=STREAM, ShardCount=2)
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "iot.amazonaws.com"}}]}
    role = iam.create_role(RoleName="writer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="writer", PolicyName="write", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": "*"}]}))
    iot.create_topic_rule(ruleName="crash", topicRulePayload={
        "sql": "SELECT * FROM 'crash/+'", "awsIotSqlVersion": "2016-03-23",
        "actions": [{"kinesis": {"roleArn": role, "streamName": STREAM, "partitionKey": "${topic(2)}"}}]})


def read_new(server: PenstockProcess, after: dict[str, str]) -> list[bytes]:
    """Everything behind the last sequence number of each shard; moves `after` on."""
    client = server.client("kinesis")
    out = []
    for shard in client.list_shards(StreamName=STREAM)["Shards"]:
        name = shard["ShardId"]
        kind = ({"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after[name]}
                if name in after else {"ShardIteratorType": "TRIM_HORIZON"})
        iterator = client.get_shard_iterator(StreamName=STREAM, ShardId=name, **kind)["ShardIterator"]
        while True:
            page = client.get_records(ShardIterator=iterator, Limit=10000)
            for record in page["Records"]:
                if name in after:
                    assert int(record["SequenceNumber"]) > int(after[name]), "sequence numbers went back"
                after[name] = record["SequenceNumber"]
                out.append(record["Data"])
            iterator = page["NextShardIterator"]
            if not page["Records"] and page["MillisBehindLatest"] == 0:
                break
    return out


def check_round(ledger: Ledger, records: list[bytes]) -> None:
    came: dict[str, list[int]] = {}
    for data in records:
        writer, counter = check_payload(data)
        came.setdefault(writer, []).append(counter)
    for writer, counters in came.items():
        assert counters == sorted(set(counters)), f"{writer}: out of order or twice"
        assert counters[0] >= ledger.seen.get(writer, 0), f"{writer}: a record came again"
    for writer, counters in ledger.acknowledged.items():
        missing = set(counters) - set(came.get(writer, []))
        assert not missing, f"{writer}: acknowledged and lost: {sorted(missing)[:10]} ..."
    for writer, count in ledger.next.items():
        ledger.seen[writer] = count
    ledger.acknowledged.clear()


def one_round(server: PenstockProcess, ledger: Ledger, round_number: int, chance: random.Random) -> int:
    stop = threading.Event()
    threads = [threading.Thread(target=write_http, args=(server, ledger, f"http{n}", stop)) for n in range(WRITERS)]
    threads += [threading.Thread(target=write_mqtt, args=(server, ledger, f"mqtt{n}", stop)) for n in range(WRITERS)]
    threads.append(threading.Thread(target=turn_encryption, args=(server, round_number, stop)))
    for thread in threads:
        thread.start()
    time.sleep(chance.uniform(0.05, 0.5))  # not a wait for anything: the moment of the kill
    server.kill()
    stop.set()
    for thread in threads:
        thread.join()
    return sum(len(counters) for counters in ledger.acknowledged.values())


@pytest.mark.skipif(ROUNDS == 0, reason="PENSTOCK_KILL_ROUNDS=0")
def test_no_acknowledged_record_is_lost_when_the_server_is_killed(tmp_path):
    print(f"seed {SEED}: PENSTOCK_KILL_SEED={SEED} PENSTOCK_KILL_ROUNDS={ROUNDS} python3 -m pytest tests/crash/test_kill.py")
    chance = random.Random(SEED)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"kinesis": {"limits": {"encryption_changes_per_day": "off"}}}))
    server = PenstockProcess(tmp_path, "--config", str(config)).start()
    make_pipeline(server)
    ledger, after, acknowledged = Ledger(), {}, 0
    for round_number in range(ROUNDS):
        acknowledged += one_round(server, ledger, round_number, chance)
        server.start()
        check_round(ledger, read_new(server, after))
    server.stop()
    print(f"{ROUNDS} kills, {acknowledged} acknowledged records, all there")
    assert acknowledged > ROUNDS, "the load was too small to show anything"
