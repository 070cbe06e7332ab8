"""kill -9 of the real binary while an event source mapping hands records to a function: every acknowledged record reaches
the function at least once, and the first time in the order of its key, over kills, restarts and reshardings.

Rounds: $PENSTOCK_MAPPING_KILL_ROUNDS (30). The function runs without a sandbox, so that it can write what it got into a file
that outlives the kill.
"""

import json
import os
import random
import sys
import threading
import time
from pathlib import Path

import pytest
from penstock_process import ACCOUNT, REGION, PenstockProcess

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lambda_zips import lambda_role, zip_of  # noqa: E402

ROUNDS = int(os.environ.get("PENSTOCK_MAPPING_KILL_ROUNDS", "30"))
SEED = int(os.environ.get("PENSTOCK_KILL_SEED", str(random.randrange(1 << 30))))
STREAM = "crash"
KEYS = [f"key{n}" for n in range(6)]
PER_PUT = 25

HANDLER = """
import base64, os
def handler(event, context):
    lines = ''.join(base64.b64decode(r['kinesis']['data']).decode() + chr(10) for r in event['Records'])
    with open(os.environ['OUT'], 'a') as out:
        out.write(lines)
"""


def write(server: PenstockProcess, key: str, counters: dict, acknowledged: dict, stop: threading.Event) -> None:
    client = server.client("kinesis")
    while not stop.is_set():
        numbers = list(range(counters[key], counters[key] + PER_PUT))
        counters[key] += PER_PUT
        try:
            answer = client.put_records(StreamName=STREAM, Records=[
                {"Data": f"{key}:{number}".encode(), "PartitionKey": key} for number in numbers])
        except Exception:  # killed: not acknowledged
            return
        acknowledged[key] += [n for n, r in zip(numbers, answer["Records"]) if "SequenceNumber" in r]


def handled(out: Path) -> dict[str, list[int]]:
    """The first time that each record was handed over, in order, by key."""
    seen: dict[str, dict[int, None]] = {key: {} for key in KEYS}
    for line in out.read_text().splitlines() if out.exists() else []:
        key, _, number = line.partition(":")
        if key in seen and number:
            seen[key].setdefault(int(number))
    return {key: list(numbers) for key, numbers in seen.items()}


def reshard(server: PenstockProcess, chance: random.Random) -> None:
    client = server.client("kinesis")
    open_now = client.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]["OpenShardCount"]
    target = chance.choice({1: (2,), 2: (1, 3), 3: (2,)}[open_now])  # at most double, at least half
    client.update_shard_count(StreamName=STREAM, TargetShardCount=target, ScalingType="UNIFORM_SCALING")


@pytest.mark.skipif(ROUNDS == 0, reason="PENSTOCK_MAPPING_KILL_ROUNDS=0")
def test_every_acknowledged_record_reaches_the_function(tmp_path):
    print(f"seed {SEED}: PENSTOCK_KILL_SEED={SEED} PENSTOCK_MAPPING_KILL_ROUNDS={ROUNDS} "
          "python3 -m pytest tests/crash/test_kill_mappings.py")
    chance = random.Random(SEED)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"lambda": {"sandbox": "off"}, "kinesis": {"limits": {"scalings_per_day": "off"}}}))
    server = PenstockProcess(tmp_path, "--config", str(config)).start()
    out = tmp_path / "handled"
    server.client("kinesis").create_stream(StreamName=STREAM, ShardCount=2)
    role = lambda_role(server, {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"})
    server.client("lambda").create_function(FunctionName="crash", Runtime="python3.11", Role=role, Handler="app.handler",
                                            Code={"ZipFile": zip_of({"app.py": HANDLER})},
                                            Environment={"Variables": {"OUT": str(out)}})
    server.client("lambda").create_event_source_mapping(
        EventSourceArn=f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}", FunctionName="crash", BatchSize=40,
        StartingPosition="TRIM_HORIZON", ParallelizationFactor=2)
    counters = dict.fromkeys(KEYS, 0)
    acknowledged: dict[str, list[int]] = {key: [] for key in KEYS}
    for round_number in range(ROUNDS):
        stop = threading.Event()
        threads = [threading.Thread(target=write, args=(server, key, counters, acknowledged, stop)) for key in KEYS]
        for thread in threads:
            thread.start()
        if round_number % 4 == 3:
            reshard(server, chance)
        time.sleep(chance.uniform(0.1, 0.8))  # not a wait for anything: the moment of the kill
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        server.start()
    wanted = {key: set(numbers) for key, numbers in acknowledged.items()}
    deadline = time.monotonic() + 120
    while any(wanted[key] - set(numbers) for key, numbers in handled(out).items()):
        missing = {key: len(wanted[key] - set(numbers)) for key, numbers in handled(out).items()}
        assert time.monotonic() < deadline, f"acknowledged, and not handed over: {missing}\n{server.log_tail()}"
        time.sleep(0.05)
    for key, numbers in handled(out).items():
        assert numbers == sorted(numbers), f"{key}: handed over out of order"
    total = sum(map(len, acknowledged.values()))
    lines = len(out.read_text().splitlines())
    server.stop()
    print(f"{ROUNDS} kills, {total} acknowledged records, all handed over in order; {lines} in all")
    assert total > ROUNDS * PER_PUT, "the load was too small to show anything"
