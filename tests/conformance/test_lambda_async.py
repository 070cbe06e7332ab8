"""Asynchronous invocations: taken durably, retried, and told to destinations; what they print is in the log."""

import json
import time
import urllib.request
import uuid
from pathlib import Path

import pytest
from iam_documents import allow, document
from lambda_zips import lambda_role, zip_of
from penstock_process import ACCOUNT, REGION, PenstockProcess

FAIL = "def handler(event, context):\n    print('attempt', event)\n    raise ValueError('never')\n"
FINE = "def handler(event, context):\n    print('got', event)\n    return {'fine': event}\n"
QUICK = {"lambda": {"async_first_retry_ms": 50, "async_second_retry_ms": 50}}


def until(condition, seconds=60):
    """What the condition gives, once it is something."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A server that retries at once."""
    folder = tmp_path_factory.mktemp("quick")
    (folder / "penstock.json").write_text(json.dumps(QUICK))
    process = PenstockProcess(folder, "--config", str(folder / "penstock.json")).start()
    yield process
    process.stop()


def role_of(server) -> str:
    arn = lambda_role(server)
    server.client("iam").put_role_policy(RoleName=arn.rsplit("/", 1)[1], PolicyName="destinations", PolicyDocument=document(
        allow("s3:PutObject", "arn:aws:s3:::told/*"), allow("lambda:InvokeFunction")))
    return arn


def make(server, code, **more) -> str:
    name = "a-" + uuid.uuid4().hex[:12]
    server.client("lambda").create_function(**{"FunctionName": name, "Runtime": "python3.11", "Role": role_of(server),
                                               "Handler": "app.handler", "Timeout": 10,
                                               "Code": {"ZipFile": zip_of({"app.py": code})}} | more)
    return name


def send(server, name, event) -> str:
    answer = server.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202
    return answer["ResponseMetadata"]["RequestId"]


def lines(server, name) -> list[str]:
    logs = server.client("logs")
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
        return [event["message"].rstrip("\n") for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def records(server, name) -> list[dict]:
    folder = Path(server.data) / "buckets" / "told" / "aws" / "lambda" / "async" / name
    return [json.loads(file.read_text()) for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith(".")]


def test_an_event_is_taken_and_run_and_its_output_logged(quick):
    name = make(quick, FINE)
    request_id = send(quick, name, {"n": 1})
    until(lambda: any(line.startswith(f"REPORT RequestId: {request_id}") for line in lines(quick, name)))
    assert "got {'n': 1}" in lines(quick, name)
    stream, = quick.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert "[$LATEST]" in stream["logStreamName"]


def test_a_failure_is_retried_and_told(quick):
    name = make(quick, FAIL)
    quick.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::told"}})
    request_id = send(quick, name, {"n": 2})
    record, = until(lambda: records(quick, name))
    assert record["version"] == "1.0" and record["requestPayload"] == {"n": 2}
    assert record["requestContext"] == {
        "requestId": request_id, "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:$LATEST",
        "condition": "RetriesExhausted", "approximateInvokeCount": 3}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "never"
    assert len([line for line in lines(quick, name) if line.startswith("attempt")]) == 3


def test_retries_may_be_turned_off_and_a_function_be_told(quick):
    witness = make(quick, FINE)
    name = make(quick, FAIL)
    quick.client("lambda").put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={
            "OnFailure": {"Destination": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{witness}"}})
    send(quick, name, {})
    told, = until(lambda: [line for line in lines(quick, witness) if "got " in line])
    assert "'approximateInvokeCount': 1" in told


def test_what_was_taken_is_run_after_kill(tmp_path):
    server = PenstockProcess(tmp_path).start()
    try:
        name = make(server, FAIL)
        server.client("lambda").put_function_event_invoke_config(
            FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::told"}})
        sent = {send(server, name, {"n": i}) for i in range(30)}
        server.kill()
        server.start()
        # Each is told once it is over, some perhaps twice.
        until(lambda: {record["requestContext"]["requestId"] for record in records(server, name)} == sent)
        until(lambda: value(server, "penstock_lambda_async_events_waiting") == 0)
    finally:
        server.stop()


def value(server, metric: str) -> int:
    page = urllib.request.urlopen(server.endpoints["api"] + "/metrics").read().decode()
    return next(int(line.split()[1]) for line in page.splitlines() if line.startswith(metric + " "))


def test_functions_are_counted(quick):
    name = make(quick, FINE)
    quick.client("lambda").invoke(FunctionName=name)
    page = urllib.request.urlopen(quick.endpoints["api"] + "/metrics").read().decode()
    assert f'penstock_lambda_invocations_total{{function="{name}"}} 1' in page
    assert f'penstock_lambda_duration_seconds_count{{function="{name}"}} 1' in page
    assert f'penstock_lambda_errors_total{{function="{name}"}} 0' in page
