"""Flags measurements that no leaf can have given, and puts them into the alert stream.

Quantum yields are shares of absorbed light: Phi2 + PhiNPQ + PhiNO is 1, and photosystem II of a healthy leaf gives at
most about 0.85. What lies outside is a clip that is open, a leaf that is dry, or a detector that saturates.
"""

import base64
import json
import os

import boto3

# (member of a sample, least, most)
PLAUSIBLE = [
    ("Phi2", 0.0, 0.85),
    ("PhiNPQ", -0.05, 1.0),
    ("PhiNO", 0.0, 1.0),
    ("FvP_over_FmP", 0.0, 0.86),
    ("NPQt", 0.0, 15.0),
    ("qL", 0.0, 1.0),
    ("LEF", 0.0, 600.0),
    ("SPAD", 0.0, 90.0),
    ("leaf_temperature", -10.0, 60.0),
]

ALERT_STREAM = os.environ["ALERT_STREAM"]
kinesis = boto3.client("kinesis", endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None)


def faults(sample: dict) -> list[str]:
    found = []
    for name, least, most in PLAUSIBLE:
        value = sample.get(name)
        if isinstance(value, (int, float)) and not least <= value <= most:
            found.append(f"{name} is {value}, outside {least} to {most}")
    yields = [sample.get(name) for name in ("Phi2", "PhiNPQ", "PhiNO")]
    if all(isinstance(value, (int, float)) for value in yields) and abs(sum(yields) - 1) > 0.05:
        found.append(f"Phi2 + PhiNPQ + PhiNO is {sum(yields):.2f}, not 1")
    return found


def alerts_of(record: dict) -> list[dict]:
    measurement = json.loads(base64.b64decode(record["kinesis"]["data"]))
    alerts = []
    for sample in measurement.get("sample", []):
        if found := faults(sample):
            alerts.append({"device": measurement.get("device_id") or measurement.get("client_id"),
                           "topic": measurement.get("topic"), "time": sample.get("time"), "faults": found,
                           "sequence_number": record["kinesis"]["sequenceNumber"]})
    return alerts


def handler(event, context):
    alerts = []
    for record in event["Records"]:
        try:
            alerts += alerts_of(record)
        except (ValueError, TypeError, AttributeError):
            # It would never become readable: it is reported, and does not hold up the shard.
            print(f"not a measurement: {record['eventID']}")
    for alert in alerts:
        print(f"implausible: {alert['device']}: {'; '.join(alert['faults'])}")
    for start in range(0, len(alerts), 500):
        put(alerts[start:start + 500])
    print(f"{len(event['Records'])} measurements, {len(alerts)} implausible")


def put(alerts: list[dict]) -> None:
    answer = kinesis.put_records(StreamName=ALERT_STREAM, Records=[
        {"Data": json.dumps(alert).encode(), "PartitionKey": str(alert["device"])} for alert in alerts])
    if answer["FailedRecordCount"]:
        raise RuntimeError(f"{answer['FailedRecordCount']} alerts were not taken")  # the batch is tried again
