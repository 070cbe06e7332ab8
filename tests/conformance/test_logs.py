"""CloudWatch Logs, as the AWS CLI and boto3 use it."""

import http.client
import json
import shutil
import subprocess
import threading
import time

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer
from botocore.exceptions import ClientError
from iam_documents import allow, document
from penstock_process import ACCOUNT, REGION, Credentials


@pytest.fixture
def logs(server):
    return server.client("logs")


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def now_ms() -> int:
    return int(time.time() * 1000)


def ask(server, operation: str, **body) -> dict:
    host, port = server.host_port("api")
    request = AWSRequest("POST", f"http://{host}:{port}/", data=json.dumps(body).encode(), headers={
        "X-Amz-Target": f"Logs_20140328.{operation}", "Content-Type": "application/x-amz-json-1.1"})
    SigV4Auth(Signer(Credentials.key, Credentials.secret), "logs", REGION).add_auth(request)
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("POST", "/", request.data, dict(request.headers))
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text) if text else {}
    finally:
        connection.close()


def make(logs, group, *streams):
    logs.create_log_group(logGroupName=group)
    for stream in streams:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)


def put(logs, group, stream, *messages, at=None):
    at = at or now_ms()
    return logs.put_log_events(logGroupName=group, logStreamName=stream,
                               logEvents=[{"timestamp": at + i, "message": m} for i, m in enumerate(messages)])


def test_groups(server, logs):
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/t/groups"
    # The newer members, which boto3 here does not know, go by hand.
    ask(server, "CreateLogGroup", logGroupName="/t/groups", tags={"a": "1"}, logGroupClass="INFREQUENT_ACCESS")
    assert refused(logs.create_log_group, logGroupName="/t/groups") == (
        "ResourceAlreadyExistsException", "The specified log group already exists")
    group, = ask(server, "DescribeLogGroups", logGroupNamePrefix="/t/groups")["logGroups"]
    assert group["arn"] == arn + ":*" and group["logGroupArn"] == arn
    assert group["metricFilterCount"] == 0 and group["storedBytes"] == 0 and "retentionInDays" not in group
    assert group["logGroupClass"] == "INFREQUENT_ACCESS"
    logs.put_retention_policy(logGroupName="/t/groups", retentionInDays=14)
    assert ask(server, "DescribeLogGroups", logGroupNamePattern="groups")["logGroups"][0]["retentionInDays"] == 14
    assert refused(logs.put_retention_policy, logGroupName="/t/groups", retentionInDays=2)[0] == "InvalidParameterException"
    logs.delete_retention_policy(logGroupName="/t/groups")
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix="/t/groups")["logGroups"][0]
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    logs.tag_log_group(logGroupName="/t/groups", tags={"c": "3"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1", "b": "2", "c": "3"}
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    logs.untag_log_group(logGroupName="/t/groups", tags=["b"])
    assert logs.list_tags_log_group(logGroupName="/t/groups")["tags"] == {"c": "3"}
    logs.delete_log_group(logGroupName="/t/groups")
    assert refused(logs.delete_log_group, logGroupName="/t/groups") == (
        "ResourceNotFoundException", "The specified log group does not exist.")


def test_recorded_answers(server, logs):
    """Recorded from AWS, 2026-02."""
    make(logs, "/t/recorded", "s")
    name = {"logGroupName": "/t/recorded"}
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/t/recorded"
    group, = ask(server, "DescribeLogGroups", logGroupNamePrefix="/t/recorded")["logGroups"]
    assert {key: group[key] for key in group if key != "creationTime"} == {
        "arn": arn + ":*", "deletionProtectionEnabled": False, "logGroupArn": arn, "logGroupClass": "STANDARD",
        "logGroupName": "/t/recorded", "metricFilterCount": 0, "storedBytes": 0}
    by_pattern, = ask(server, "DescribeLogGroups", logGroupNamePattern="recorded")["logGroups"]
    assert set(group) - set(by_pattern) == {"deletionProtectionEnabled", "storedBytes"}
    stream, = ask(server, "DescribeLogStreams", **name)["logStreams"]
    assert set(stream) == {"arn", "creationTime", "logStreamName", "storedBytes"}
    for ago in (30, -1, 0):
        answer = put(logs, "/t/recorded", "s", "m", at=now_ms() - ago * 86_400_000)
        assert len(answer["nextSequenceToken"]) == 56 and ("rejectedLogEventsInfo" in answer) == (ago != 0)
    too_long = "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
    limit = "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"
    for call, arguments, code, message in (
            (logs.create_log_group, {"logGroupName": "a" * 513}, "InvalidParameterException", too_long),
            (logs.create_log_stream, {**name, "logStreamName": "a" * 513}, "InvalidParameterException", too_long),
            (logs.describe_log_groups, {"logGroupNamePattern": "a", "logGroupNamePrefix": "a"}, "InvalidParameterException",
             "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."),
            (logs.get_log_events, {**name, "logStreamName": "s", "limit": 10001}, "InvalidParameterException", limit),
            (logs.filter_log_events, {**name, "limit": 10001}, "InvalidParameterException", limit),
            (logs.get_log_events, {**name, "logStreamName": "s", "nextToken": "invalid-token"}, "InvalidParameterException",
             "The specified nextToken is invalid."),
            (logs.filter_log_events, {**name, "nextToken": "invalid-token"}, "InvalidParameterException",
             "The specified nextToken is invalid."),
            (logs.put_log_events, {**name, "logStreamName": "x", "logEvents": [{"timestamp": 1, "message": "m"}]},
             "ResourceNotFoundException", "The specified log stream does not exist.")):
        assert refused(call, **arguments) == (code, message)
    with pytest.raises(AssertionError, match="ValidationException.*LogGroup name and LogGroup ARN are mutually exclusive parameters"):
        ask(server, "DescribeLogStreams", **name, logGroupIdentifier="/t/recorded")


def test_groups_come_in_pages(logs):
    for i in range(5):
        logs.create_log_group(logGroupName=f"/t/pages/{i}")
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix="/t/pages/", PaginationConfig={"PageSize": 2})
    assert [g["logGroupName"] for page in pages for g in page["logGroups"]] == [f"/t/pages/{i}" for i in range(5)]


def test_streams(logs):
    make(logs, "/t/streams", "b", "a", "2026/11/23/[$LATEST]0a")
    assert refused(logs.create_log_stream, logGroupName="/t/streams", logStreamName="a") == (
        "ResourceAlreadyExistsException", "The specified log stream already exists")
    put(logs, "/t/streams", "a", "later")
    put(logs, "/t/streams", "b", "x", at=now_ms() - 60_000)
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName="/t/streams", PaginationConfig={"PageSize": 1})
    assert [s["logStreamName"] for page in pages for s in page["logStreams"]] == ["2026/11/23/[$LATEST]0a", "a", "b"]
    newest, = logs.describe_log_streams(logGroupName="/t/streams", orderBy="LastEventTime", descending=True, limit=2)["logStreams"][:1]
    assert newest["logStreamName"] in ("a", "2026/11/23/[$LATEST]0a")
    a, = logs.describe_log_streams(logGroupName="/t/streams", logStreamNamePrefix="a")["logStreams"]
    assert a["firstEventTimestamp"] == a["lastEventTimestamp"] and a["lastIngestionTime"] >= a["creationTime"]
    assert a["arn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/t/streams:log-stream:a"
    assert refused(logs.describe_log_streams, logGroupName="/t/streams", orderBy="LastEventTime",
                   logStreamNamePrefix="a")[0] == "InvalidParameterException"
    logs.delete_log_stream(logGroupName="/t/streams", logStreamName="a")
    assert refused(logs.get_log_events, logGroupName="/t/streams", logStreamName="a") == (
        "ResourceNotFoundException", "The specified log stream does not exist.")


def test_get_log_events_pages_both_ways(logs):
    make(logs, "/t/get", "s")
    start = now_ms() - 10_000
    put(logs, "/t/get", "s", *[f"m{i}" for i in range(10)], at=start)
    name = {"logGroupName": "/t/get", "logStreamName": "s"}
    page = logs.get_log_events(**name, startFromHead=True, limit=4)
    seen = [e["message"] for e in page["events"]]
    while True:
        following = logs.get_log_events(**name, nextToken=page["nextForwardToken"], startFromHead=True, limit=4)
        if following["nextForwardToken"] == page["nextForwardToken"]:
            break
        seen += [e["message"] for e in following["events"]]
        page = following
    assert seen == [f"m{i}" for i in range(10)]
    newest = logs.get_log_events(**name, limit=3)
    assert [e["message"] for e in newest["events"]] == ["m7", "m8", "m9"]
    before = logs.get_log_events(**name, limit=3, nextToken=newest["nextBackwardToken"])
    assert [e["message"] for e in before["events"]] == ["m4", "m5", "m6"]
    window = logs.get_log_events(**name, startTime=start + 2, endTime=start + 4, startFromHead=True)
    assert [e["message"] for e in window["events"]] == ["m2", "m3"]
    put(logs, "/t/get", "s", "new")
    assert [e["message"] for e in logs.get_log_events(**name, nextToken=newest["nextForwardToken"])["events"]] == ["new"]
    assert refused(logs.get_log_events, **name, nextToken="x")[0] == "InvalidParameterException"
    empty = logs.get_log_events(**name, startTime=1, endTime=2)
    assert empty["events"] == [] and empty["nextForwardToken"].startswith("f/")


def test_filter_log_events(server, logs):
    make(logs, "/t/filter", "a", "b")
    start = now_ms() - 10_000
    put(logs, "/t/filter", "a", "ERROR one", '{"level":"warn","n":7}', at=start)
    put(logs, "/t/filter", "b", "fine", "ERROR two", at=start + 1)

    def found(**arguments):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/t/filter", **arguments)
        return [e["message"] for page in pages for e in page["events"]]

    assert found() == ["ERROR one", '{"level":"warn","n":7}', "fine", "ERROR two"]
    assert found(filterPattern="ERROR", PaginationConfig={"PageSize": 1}) == ["ERROR one", "ERROR two"]
    assert found(filterPattern='{ $.level = "warn" && $.n > 5 }') == ['{"level":"warn","n":7}']
    assert found(logStreamNames=["b"]) == ["fine", "ERROR two"]
    assert found(logStreamNamePrefix="a", endTime=start) == ["ERROR one"]
    assert found(startTime=start + 2) == ["ERROR two"]
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/t/filter"
    events = ask(server, "FilterLogEvents", logGroupIdentifier=arn)["events"]
    assert len({e["eventId"] for e in events}) == 4 and all(len(e["eventId"]) == 56 for e in events)
    assert [e["logStreamName"] for e in events] == ["a", "a", "b", "b"]
    assert refused(logs.filter_log_events, logGroupName="/t/filter", filterPattern="a:b") == (
        "InvalidParameterException", "Invalid character(s) in term 'a:b'")
    assert refused(logs.filter_log_events, logGroupName="/t/filter", logStreamNames=["a"], logStreamNamePrefix="a")[0] == (
        "InvalidParameterException")


def test_batches_are_checked_as_aws_does(logs):
    make(logs, "/t/batch", "s")
    logs.put_retention_policy(logGroupName="/t/batch", retentionInDays=1)
    name = {"logGroupName": "/t/batch", "logStreamName": "s"}
    now = now_ms()

    def event(ago_ms, message="m"):
        return {"timestamp": now - ago_ms, "message": message}

    hour, day = 3_600_000, 86_400_000
    rejected = logs.put_log_events(**name, logEvents=[event(15 * day)])["rejectedLogEventsInfo"]
    assert rejected == {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 1}
    rejected = logs.put_log_events(**name, logEvents=[event(5000), event(-3 * hour)])["rejectedLogEventsInfo"]
    assert rejected == {"tooNewLogEventStartIndex": 1}
    assert "rejectedLogEventsInfo" not in logs.put_log_events(**name, logEvents=[event(0, "kept")], sequenceToken="ignored")
    assert "chronological" in refused(logs.put_log_events, **name, logEvents=[event(0), event(10)])[1]
    assert "24 hours" in refused(logs.put_log_events, **name, logEvents=[event(2 * day), event(0)])[1]
    assert "Upload too large" in refused(logs.put_log_events, **name, logEvents=[event(0, "x" * 600_000)] * 2)[1]
    assert "too large" in refused(logs.put_log_events, **name, logEvents=[event(0, "x" * 1_048_576)])[1]
    assert [e["message"] for e in logs.get_log_events(**name)["events"]] == ["m", "kept"]


def test_what_was_acknowledged_survives_kill(own_server):
    logs = own_server.client("logs")
    make(logs, "g", "s")
    for i in range(20):
        put(logs, "g", "s", f"m{i}", at=now_ms() - 1000 + i)
    own_server.kill()
    own_server.start()
    logs = own_server.client("logs")
    assert [e["message"] for e in logs.filter_log_events(logGroupName="g")["events"]] == [f"m{i}" for i in range(20)]
    assert logs.describe_log_streams(logGroupName="g")["logStreams"][0]["lastEventTimestamp"]


def test_policies_are_enforced(server, logs):
    make(logs, "/t/allowed", "s")
    make(logs, "/t/denied", "s")
    iam = server.client("iam")
    iam.create_user(UserName="log-reader")
    iam.put_user_policy(UserName="log-reader", PolicyName="p", PolicyDocument=document(
        allow(["logs:FilterLogEvents", "logs:GetLogEvents"], f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/t/allowed:*")))
    key = iam.create_access_key(UserName="log-reader")["AccessKey"]
    reader = server.client("logs", Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    assert reader.filter_log_events(logGroupName="/t/allowed")["events"] == []
    assert reader.get_log_events(logGroupName="/t/allowed", logStreamName="s")["events"] == []
    assert refused(reader.filter_log_events, logGroupName="/t/denied")[0] == "AccessDeniedException"
    assert refused(reader.put_log_events, logGroupName="/t/allowed", logStreamName="s",
                   logEvents=[{"timestamp": now_ms(), "message": "m"}])[0] == "AccessDeniedException"


def test_what_is_not_built_says_so(logs):
    code, message = refused(logs.put_metric_filter, logGroupName="g", filterName="f", filterPattern="", metricTransformations=[
        {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}])
    assert "PutMetricFilter" in message
    assert "kmsKeyId" in refused(logs.create_log_group, logGroupName="/t/kms", kmsKeyId="alias/x")[1]


def test_aws_logs_tail_follow(server, logs):
    make(logs, "/t/tail", "s")
    put(logs, "/t/tail", "s", "before")
    program = shutil.which("aws", path="/usr/bin:/usr/local/bin") or "aws"
    tail = subprocess.Popen([program, "--endpoint-url", server.endpoints["api"], "logs", "tail", "/t/tail", "--follow",
                             "--format", "short"], env={**server.environment(), "PYTHONUNBUFFERED": "1"},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: list[str] = []
    seen = threading.Condition()

    def collect():
        for line in tail.stdout:
            with seen:
                lines.append(line)
                seen.notify_all()

    threading.Thread(target=collect, daemon=True).start()

    def wait_for(text):
        with seen:
            assert seen.wait_for(lambda: any(text in line for line in lines), timeout=60), lines

    try:
        wait_for("before")
        put(logs, "/t/tail", "s", "meanwhile")
        wait_for("meanwhile")
    finally:
        tail.kill()
        tail.wait()


def test_the_cli_drives_every_operation(server):
    def aws(*arguments):
        return server.aws("logs", *arguments)

    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/t/cli"
    aws("create-log-group", "--log-group-name", "/t/cli", "--tags", "a=1")
    aws("create-log-stream", "--log-group-name", "/t/cli", "--log-stream-name", "s")
    aws("put-log-events", "--log-group-name", "/t/cli", "--log-stream-name", "s", "--log-events",
        json.dumps([{"timestamp": now_ms(), "message": "hello"}]))
    assert aws("get-log-events", "--log-group-name", "/t/cli", "--log-stream-name", "s")["events"][0]["message"] == "hello"
    assert aws("filter-log-events", "--log-group-name", "/t/cli")["events"][0]["message"] == "hello"
    aws("put-retention-policy", "--log-group-name", "/t/cli", "--retention-in-days", "3")
    assert aws("list-tags-for-resource", "--resource-arn", arn)["tags"] == {"a": "1"}
    aws("delete-log-stream", "--log-group-name", "/t/cli", "--log-stream-name", "s")
    aws("delete-log-group", "--log-group-name", "/t/cli")
