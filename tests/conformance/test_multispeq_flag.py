"""terraform/examples/multispeq/flag: what no leaf can have given becomes an alert. Also what `penstock demo` shows of it."""

import base64
import json
import subprocess
import uuid

import pytest
from lambda_zips import lambda_role, zip_of
from penstock_process import ACCOUNT, REGION, ROOT, binary

APP = ROOT / "terraform" / "examples" / "multispeq" / "flag" / "app.py"
GOOD = {"Phi2": 0.61, "PhiNPQ": 0.2, "PhiNO": 0.19, "FvP_over_FmP": 0.75, "NPQt": 1.1, "qL": 0.5, "LEF": 80.2, "SPAD": 41.0,
        "leaf_temperature": 22.5}


@pytest.fixture(scope="module")
def flag(server):
    """A function and its alert stream."""
    name = "flag-" + uuid.uuid4().hex[:8]
    server.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    role = lambda_role(server, {"Effect": "Allow", "Action": "kinesis:PutRecords",
                                "Resource": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"})
    server.client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Timeout=30, MemorySize=256,
        Environment={"Variables": {"ALERT_STREAM": name}}, Code={"ZipFile": zip_of({"app.py": APP.read_bytes()})})
    return name


def record(payload: bytes | dict, number: int) -> dict:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return {"kinesis": {"data": base64.b64encode(data).decode(), "sequenceNumber": str(number)}, "eventID": f"shard:{number}"}


def hand_over(server, name: str, *payloads) -> dict:
    event = {"Records": [record(payload, number) for number, payload in enumerate(payloads)]}
    answer = server.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "FunctionError" not in answer, log
    return log


def alerts(server, name: str) -> list[dict]:
    kinesis = server.client("kinesis")
    iterator = kinesis.get_shard_iterator(StreamName=name, ShardId="shardId-000000000000",
                                          ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return [json.loads(r["Data"]) for r in kinesis.get_records(ShardIterator=iterator)["Records"]]


def test_what_is_implausible_becomes_an_alert_and_what_is_no_measurement_holds_up_nothing(server, flag):
    log = hand_over(
        server, flag, {"device_id": "a", "sample": [GOOD]}, {"device_id": "b", "sample": [GOOD | {"Phi2": 0.93}]}, b"not JSON",
        b"[]", {"device_id": "c", "topic": "t", "sample": [GOOD, GOOD | {"leaf_temperature": 85, "time": 7}]}, {"sample": [{}]})
    assert "6 measurements, 2 implausible" in log
    assert "not a measurement: shard:2" in log and "not a measurement: shard:3" in log
    told = alerts(server, flag)
    assert [alert["device"] for alert in told] == ["b", "c"]
    assert told[0]["faults"][0] == "Phi2 is 0.93, outside 0.0 to 0.85" and told[0]["sequence_number"] == "1"
    assert told[1]["faults"] == ["leaf_temperature is 85, outside -10.0 to 60.0"] and told[1]["time"] == 7


def test_the_demonstration_shows_the_function(own_server):
    done = subprocess.run([binary(), "demo", "--data-dir", str(own_server.data), "--seconds", "4", "--devices", "4",
                           "--rate", "10", "--function", str(APP)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Function multispeq-demo-flag reads the stream" in done.stdout, done.stdout
    assert "implausible: " in done.stdout and "FvP_over_FmP is" in done.stdout, done.stdout
    told = alerts(own_server, "multispeq-demo-alerts")
    assert told and all(any("FvP_over_FmP" in fault for fault in alert["faults"]) for alert in told)
