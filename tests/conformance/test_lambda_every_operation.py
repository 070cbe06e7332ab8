"""Every operation of Lambda and of CloudWatch Logs that Penstock has, with every stock client: boto3, the AWS CLI and the AWS SDK
for JavaScript.

One scenario for each service walks through the life of its resources; the services' tables of operations say what must have been
called at the end.
"""

import base64
import datetime
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
import time
import urllib.request
import uuid

import javascript
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from lambda_zips import HELLO_PYTHON, lambda_role, zip_of
from penstock_process import ACCOUNT, REGION, ROOT

ZIP = zip_of({"app.py": HELLO_PYTHON})
OTHER_ZIP = zip_of({"app.py": HELLO_PYTHON.replace("hello", "bye")})
ROLE = {"Effect": "Allow", "Action": ["kinesis:*", "logs:*", "lambda:InvokeFunction"], "Resource": "*"}


class Boto3:
    """The boto3 that is installed."""

    def __init__(self, server, service: str):
        self.server, self.service = server, service
        self.called: set[str] = set()
        self.client = server.client(service)

    def __call__(self, operation: str, **parameters):
        self.called.add(operation)
        return self.answer(operation, parameters)

    def answer(self, operation: str, parameters: dict):
        try:
            answer = getattr(self.client, xform_name(operation))(**parameters)
        except ClientError as error:
            raise LookupError(f"{error.response['Error']['Code']}: {error}") from None
        del answer["ResponseMetadata"]
        if "Payload" in answer:
            answer["Payload"] = answer["Payload"].read()
        return answer

    def data(self, value) -> bytes:
        return value

    def seconds(self, value) -> float:
        return value.timestamp()

    def close(self) -> None:
        pass


class AwsCli(Boto3):
    """Version 2 of the AWS CLI, a process for each call."""

    def __init__(self, server, service: str):
        super().__init__(server, service)
        self.process = None
        if importlib.util.find_spec("awscli"):
            self.process = subprocess.Popen([sys.executable, str(ROOT / "tests" / "aws_cli_calls.py")], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, text=True, env=server.environment())

    def answer(self, operation: str, parameters: dict):
        file = self.server.data.parent / "payload"
        if operation == "Invoke":  # takes no document of its input
            members = {name: base64.b64encode(value).decode() if name == "Payload" else value for name, value in parameters.items()}
            given = [part for name, value in members.items() for part in ("--" + xform_name(name, "-"), value)] + [str(file)]
        else:
            given = ["--no-paginate", "--cli-input-json", json.dumps(parameters, default=lambda data: base64.b64encode(data).decode())]
        status, out, errors = self.run([self.service, xform_name(operation, "-"), *given])
        if status != 0:
            raise LookupError(errors)
        answer = json.loads(out) if out.strip() else {}
        return answer | {"Payload": file.read_bytes()} if operation == "Invoke" else answer

    def run(self, arguments: list[str]):
        if not self.process:
            done = self.server.aws(*arguments, check=False)
            return done.returncode, done.stdout, done.stderr
        line = ["--endpoint-url", self.server.endpoints["api"], "--output", "json", *arguments]
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def seconds(self, value) -> float:
        return datetime.datetime.fromisoformat(value).timestamp()

    def close(self) -> None:
        if self.process:
            self.process.stdin.close()
            self.process.wait(20)


class JavaScript(Boto3):
    """The AWS SDK for JavaScript."""

    def __init__(self, server, service: str):
        super().__init__(server, service)
        self.sdk = javascript.Sdk(server)
        self.data, self.seconds, self.close = self.sdk.data, self.sdk.seconds, self.sdk.close

    def answer(self, operation: str, parameters: dict):
        told = self.sdk.call(self.service, operation, parameters)
        if "error" in told:
            raise LookupError(told["error"])
        return told["answer"]


CLIENTS = [Boto3, AwsCli, JavaScript]


def operations_of(service: str) -> set[str]:
    """Those of the service's table: what is not in it is answered with an error that names it."""
    return set(re.findall(r'operation<[^>]+>\(\s*"(\w+)"', (ROOT / "src" / "services" / service / "service.cc").read_text()))


def gone(call, operation: str, **parameters) -> None:
    with pytest.raises(LookupError, match="ResourceNotFoundException"):
        call.answer(operation, parameters)


def eventually(look, seconds=30):
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)
    return found


def function_arn(resource: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{resource}"


def every_lambda_operation(call, server, name: str) -> None:
    role = lambda_role(server, ROLE, name=name)
    account(call)
    a_function(call, name, role)
    invocations(call, name)
    changes(call, name)
    versions(call, name)
    aliases(call, name)
    layers(call, name)
    permissions(call, name)
    tags(call, name)
    concurrency(call, name)
    event_invoke_configs(call, name)
    urls(call, name)
    mappings(call, server, name)
    call("DeleteFunction", FunctionName=name)
    gone(call, "GetFunction", FunctionName=name)


def account(call) -> None:
    settings = call("GetAccountSettings")
    assert settings["AccountLimit"]["ConcurrentExecutions"] >= settings["AccountLimit"]["UnreservedConcurrentExecutions"] > 0
    assert settings["AccountLimit"]["CodeSizeUnzipped"] == 262144000 and settings["AccountUsage"]["FunctionCount"] >= 0


def a_function(call, name: str, role: str) -> None:
    made = call("CreateFunction", FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Description="erste",
                Timeout=7, MemorySize=256, Code={"ZipFile": ZIP}, Environment={"Variables": {"SITE": "Müllheim"}},
                Tags={"crop": "tomato"}, Publish=False)
    assert (made["FunctionArn"], made["Version"], made["PackageType"]) == (function_arn(name), "$LATEST", "Zip")
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(ZIP).digest()).decode()
    eventually(lambda: call("GetFunctionConfiguration", FunctionName=name)["State"] == "Active")
    seen = call("GetFunction", FunctionName=name)
    assert (seen["Tags"], seen["Code"]["RepositoryType"]) == ({"crop": "tomato"}, "S3")
    with urllib.request.urlopen(seen["Code"]["Location"], timeout=30) as answer:
        assert answer.read() == ZIP
    known = seen["Configuration"]
    assert (known["Runtime"], known["Handler"], known["Timeout"], known["MemorySize"], known["Description"], known["CodeSize"]) == (
        "python3.11", "app.handler", 7, 256, "erste", len(ZIP))
    assert known["Environment"] == {"Variables": {"SITE": "Müllheim"}} and known["RevisionId"] == made["RevisionId"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", known["LastModified"])
    marker, listed = {}, []
    while marker is not None:
        page = call("ListFunctions", MaxItems=10, **marker)
        listed += [one["FunctionName"] for one in page["Functions"]]
        marker = {"Marker": page["NextMarker"]} if page.get("NextMarker") else None
    assert name in listed
    assert call("GetFunctionCodeSigningConfig", FunctionName=name).get("CodeSigningConfigArn", "") == ""


def invocations(call, name: str) -> None:
    answer = call("Invoke", FunctionName=name, Payload=b'{"n": 1}', LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"], "FunctionError" in answer) == (200, "$LATEST", False)
    assert json.loads(call.data(answer["Payload"])) == {"hello": {"n": 1}}
    assert "REPORT RequestId" in base64.b64decode(answer["LogResult"]).decode()
    assert call("Invoke", FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    assert call("Invoke", FunctionName=name, InvocationType="Event", Payload=b"{}")["StatusCode"] == 202


def changes(call, name: str) -> None:
    changed = call("UpdateFunctionCode", FunctionName=name, ZipFile=OTHER_ZIP)
    assert changed["CodeSha256"] == base64.b64encode(hashlib.sha256(OTHER_ZIP).digest()).decode()
    changed = call("UpdateFunctionConfiguration", FunctionName=name, Description="zweite", Timeout=9)
    assert (changed["Description"], changed["Timeout"], changed["MemorySize"]) == ("zweite", 9, 256)
    assert changed["LastUpdateStatus"] in ("InProgress", "Successful")
    assert json.loads(call.data(call("Invoke", FunctionName=name, Payload=b"2")["Payload"])) == {"bye": 2}


def versions(call, name: str) -> None:
    one = call("PublishVersion", FunctionName=name, Description="eins")
    assert (one["Version"], one["FunctionArn"], one["Description"]) == ("1", function_arn(name + ":1"), "eins")
    call("UpdateFunctionConfiguration", FunctionName=name, Timeout=10)
    assert call("PublishVersion", FunctionName=name)["Version"] == "2"
    listed = call("ListVersionsByFunction", FunctionName=name)["Versions"]
    assert [(version["Version"], version["Timeout"]) for version in listed] == [("$LATEST", 10), ("1", 9), ("2", 10)]
    assert call("Invoke", FunctionName=name, Qualifier="1", Payload=b"1")["ExecutedVersion"] == "1"


def aliases(call, name: str) -> None:
    made = call("CreateAlias", FunctionName=name, Name="live", FunctionVersion="1", Description="was läuft",
                RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
    assert (made["AliasArn"], made["FunctionVersion"]) == (function_arn(name + ":live"), "1")
    assert call("GetAlias", FunctionName=name, Name="live") == made
    moved = call("UpdateAlias", FunctionName=name, Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}})
    assert (moved["FunctionVersion"], moved["Description"], moved.get("RoutingConfig")) == ("2", "was läuft", None)
    assert [alias["Name"] for alias in call("ListAliases", FunctionName=name)["Aliases"]] == ["live"]
    call("DeleteAlias", FunctionName=name, Name="live")
    gone(call, "GetAlias", FunctionName=name, Name="live")


def layers(call, name: str) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{name}"
    content = zip_of({"python/extra.py": "N = 1\n"})
    made = call("PublishLayerVersion", LayerName=name, Description="more", Content={"ZipFile": content}, LicenseInfo="MIT",
                CompatibleRuntimes=["python3.11"])
    assert (made["LayerArn"], made["LayerVersionArn"], made["Version"]) == (arn, arn + ":1", 1)
    assert (made["Content"]["CodeSize"], made["LicenseInfo"], made["CompatibleRuntimes"]) == (len(content), "MIT", ["python3.11"])
    for same in (call("GetLayerVersion", LayerName=name, VersionNumber=1), call("GetLayerVersionByArn", Arn=arn + ":1")):
        assert (same["LayerVersionArn"], same["Description"], same["CreatedDate"]) == (arn + ":1", "more", made["CreatedDate"])
        assert same["Content"]["CodeSha256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert [one["Version"] for one in call("ListLayerVersions", LayerName=name)["LayerVersions"]] == [1]
    latest = {one["LayerName"]: one["LatestMatchingVersion"]["LayerVersionArn"] for one in call("ListLayers")["Layers"]}
    assert latest[name] == arn + ":1"
    added = call("AddLayerVersionPermission", LayerName=name, VersionNumber=1, StatementId="all", Principal="*",
                 Action="lambda:GetLayerVersion")
    assert json.loads(added["Statement"])["Resource"] == arn + ":1"
    policy = json.loads(call("GetLayerVersionPolicy", LayerName=name, VersionNumber=1)["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["all"]
    call("RemoveLayerVersionPermission", LayerName=name, VersionNumber=1, StatementId="all")
    gone(call, "GetLayerVersionPolicy", LayerName=name, VersionNumber=1)
    used = call("UpdateFunctionConfiguration", FunctionName=name, Layers=[arn + ":1"])
    assert used["Layers"] == [{"Arn": arn + ":1", "CodeSize": len(content)}]
    call("DeleteLayerVersion", LayerName=name, VersionNumber=1)
    gone(call, "GetLayerVersion", LayerName=name, VersionNumber=1)


def permissions(call, name: str) -> None:
    added = call("AddPermission", FunctionName=name, StatementId="iot", Action="lambda:InvokeFunction", Principal="iot.amazonaws.com",
                 SourceAccount=ACCOUNT, SourceArn=f"arn:aws:iot:{REGION}:{ACCOUNT}:rule/r")
    assert json.loads(added["Statement"])["Principal"] == {"Service": "iot.amazonaws.com"}
    got = call("GetPolicy", FunctionName=name)
    assert [statement["Sid"] for statement in json.loads(got["Policy"])["Statement"]] == ["iot"] and got["RevisionId"]
    call("RemovePermission", FunctionName=name, StatementId="iot")
    gone(call, "GetPolicy", FunctionName=name)


def tags(call, name: str) -> None:
    call("TagResource", Resource=function_arn(name), Tags={"field": "north"})
    call("UntagResource", Resource=function_arn(name), TagKeys=["crop"])
    assert call("ListTags", Resource=function_arn(name))["Tags"] == {"field": "north"}


def concurrency(call, name: str) -> None:
    assert call("PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=3)["ReservedConcurrentExecutions"] == 3
    assert call("GetFunctionConcurrency", FunctionName=name)["ReservedConcurrentExecutions"] == 3
    put = call("PutProvisionedConcurrencyConfig", FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1)
    assert (put["RequestedProvisionedConcurrentExecutions"], put["Status"] in ("IN_PROGRESS", "READY")) == (1, True)
    eventually(lambda: call("GetProvisionedConcurrencyConfig", FunctionName=name, Qualifier="1")["Status"] == "READY")
    listed, = call("ListProvisionedConcurrencyConfigs", FunctionName=name)["ProvisionedConcurrencyConfigs"]
    assert (listed["FunctionArn"], listed["AllocatedProvisionedConcurrentExecutions"]) == (function_arn(name + ":1"), 1)
    call("DeleteProvisionedConcurrencyConfig", FunctionName=name, Qualifier="1")
    call("DeleteFunctionConcurrency", FunctionName=name)
    assert call("GetFunctionConcurrency", FunctionName=name).get("ReservedConcurrentExecutions") is None


def event_invoke_configs(call, name: str) -> None:
    failures = {"OnFailure": {"Destination": function_arn(name + ":1")}}
    put = call("PutFunctionEventInvokeConfig", FunctionName=name, MaximumRetryAttempts=0, DestinationConfig=failures)
    assert (put["FunctionArn"], put["MaximumRetryAttempts"]) == (function_arn(name + ":$LATEST"), 0)
    assert put["DestinationConfig"]["OnFailure"] == failures["OnFailure"]
    assert abs(call.seconds(put["LastModified"]) - time.time()) < 60
    changed = call("UpdateFunctionEventInvokeConfig", FunctionName=name, MaximumEventAgeInSeconds=90)
    assert (changed["MaximumRetryAttempts"], changed["MaximumEventAgeInSeconds"]) == (0, 90)
    assert call("GetFunctionEventInvokeConfig", FunctionName=name) == changed
    assert call("ListFunctionEventInvokeConfigs", FunctionName=name)["FunctionEventInvokeConfigs"] == [changed]
    call("DeleteFunctionEventInvokeConfig", FunctionName=name)
    gone(call, "GetFunctionEventInvokeConfig", FunctionName=name)


def urls(call, name: str) -> None:
    made = call("CreateFunctionUrlConfig", FunctionName=name, AuthType="AWS_IAM", Cors={"AllowOrigins": ["https://example.org"]})
    assert made["FunctionUrl"].startswith("http") and made["AuthType"] == "AWS_IAM"
    assert made["Cors"]["AllowOrigins"] == ["https://example.org"]
    assert call("UpdateFunctionUrlConfig", FunctionName=name, AuthType="NONE")["AuthType"] == "NONE"
    got = call("GetFunctionUrlConfig", FunctionName=name)
    assert (got["FunctionUrl"], got["AuthType"], got["FunctionArn"]) == (made["FunctionUrl"], "NONE", function_arn(name))
    assert [one["FunctionUrl"] for one in call("ListFunctionUrlConfigs", FunctionName=name)["FunctionUrlConfigs"]] == [got["FunctionUrl"]]
    call("DeleteFunctionUrlConfig", FunctionName=name)
    gone(call, "GetFunctionUrlConfig", FunctionName=name)


def mappings(call, server, name: str) -> None:
    server.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    stream = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"
    call("UpdateFunctionConfiguration", FunctionName=name, Layers=[])
    filters = {"Filters": [{"Pattern": json.dumps({"data": {"leaf": [{"exists": True}]}})}]}
    made = call("CreateEventSourceMapping", EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", BatchSize=10,
                ParallelizationFactor=2, MaximumRetryAttempts=2, BisectBatchOnFunctionError=True, MaximumRecordAgeInSeconds=600,
                FunctionResponseTypes=["ReportBatchItemFailures"], FilterCriteria=filters)
    assert (made["EventSourceArn"], made["FunctionArn"], made["BatchSize"]) == (stream, function_arn(name), 10)
    assert made["State"] in ("Creating", "Enabling", "Enabled") and made["FilterCriteria"] == filters
    uuid_of = {"UUID": made["UUID"]}
    got = eventually(lambda: (seen := call("GetEventSourceMapping", **uuid_of))["State"] == "Enabled" and seen)
    assert (got["ParallelizationFactor"], got["MaximumRetryAttempts"], got["BisectBatchOnFunctionError"]) == (2, 2, True)
    assert (got["StartingPosition"], got["FunctionResponseTypes"]) == ("TRIM_HORIZON", ["ReportBatchItemFailures"])
    assert abs(call.seconds(got["LastModified"]) - time.time()) < 60
    server.client("kinesis").put_record(StreamName=name, PartitionKey="k", Data=b'{"leaf": 1}')
    eventually(lambda: call("GetEventSourceMapping", **uuid_of)["LastProcessingResult"] == "OK")
    assert [one["UUID"] for one in call("ListEventSourceMappings", FunctionName=name)["EventSourceMappings"]] == [made["UUID"]]
    changed = call("UpdateEventSourceMapping", **uuid_of, BatchSize=20, Enabled=False)
    assert (changed["BatchSize"], changed["State"] in ("Updating", "Disabling", "Disabled")) == (20, True)
    eventually(lambda: call("GetEventSourceMapping", **uuid_of)["State"] == "Disabled")
    assert call("DeleteEventSourceMapping", **uuid_of)["State"] == "Deleting"

    def is_gone():
        try:
            return call("GetEventSourceMapping", **uuid_of)["State"] != "Deleting"
        except LookupError as error:
            return "ResourceNotFoundException" in str(error)
    eventually(is_gone)


def every_logs_operation(call, name: str) -> None:
    group = {"logGroupName": "/every/" + name}
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/every/{name}"
    call("CreateLogGroup", **group, tags={"crop": "tomato"})
    call("PutRetentionPolicy", **group, retentionInDays=14)
    seen, = call("DescribeLogGroups", logGroupNamePrefix="/every/" + name)["logGroups"]
    assert (seen["arn"], seen["retentionInDays"], seen["logGroupName"]) == (arn + ":*", 14, "/every/" + name)
    assert abs(seen["creationTime"] / 1000 - time.time()) < 60
    call("DeleteRetentionPolicy", **group)
    assert call("DescribeLogGroups", logGroupNamePrefix="/every/" + name)["logGroups"][0].get("retentionInDays") is None
    log_tags(call, group, arn)
    log_events(call, group, arn)
    call("DeleteLogGroup", **group)
    assert call("DescribeLogGroups", logGroupNamePrefix="/every/" + name)["logGroups"] == []


def log_tags(call, group: dict, arn: str) -> None:
    call("TagLogGroup", **group, tags={"field": "north"})
    call("TagResource", resourceArn=arn, tags={"row": "7"})
    assert call("ListTagsForResource", resourceArn=arn)["tags"] == {"crop": "tomato", "field": "north", "row": "7"}
    call("UntagLogGroup", **group, tags=["field"])
    call("UntagResource", resourceArn=arn, tagKeys=["row"])
    assert call("ListTagsLogGroup", **group)["tags"] == {"crop": "tomato"}


def log_events(call, group: dict, arn: str) -> None:
    stream = group | {"logStreamName": "2026/[$LATEST]a"}
    call("CreateLogStream", **stream)
    now = int(time.time() * 1000)
    put = call("PutLogEvents", **stream, logEvents=[{"timestamp": now, "message": "Zeile eins"}, {"timestamp": now + 1, "message": "zwei"}])
    assert put.get("rejectedLogEventsInfo") is None
    described, = call("DescribeLogStreams", **group)["logStreams"]
    assert (described["logStreamName"], described["firstEventTimestamp"], described["lastEventTimestamp"]) == (
        "2026/[$LATEST]a", now, now + 1)
    assert described["arn"] == arn + ":log-stream:2026/[$LATEST]a"
    got = call("GetLogEvents", **stream, startFromHead=True)
    assert [(event["timestamp"], event["message"]) for event in got["events"]] == [(now, "Zeile eins"), (now + 1, "zwei")]
    assert call("GetLogEvents", **stream, nextToken=got["nextForwardToken"])["events"] == []
    found = call("FilterLogEvents", **group, filterPattern="zwei", startTime=now - 1000)["events"]
    assert [(event["message"], event["logStreamName"], bool(event["eventId"])) for event in found] == [
        ("zwei", "2026/[$LATEST]a", True)]
    call("DeleteLogStream", **stream)
    assert call("DescribeLogStreams", **group)["logStreams"] == []


@pytest.mark.parametrize("client", CLIENTS)
def test_every_operation_of_lambda(server, client):
    call = client(server, "lambda")
    try:
        every_lambda_operation(call, server, f"every-{uuid.uuid4().hex[:8]}")
    finally:
        call.close()
    assert call.called == operations_of("lambda")


@pytest.mark.parametrize("client", CLIENTS)
def test_every_operation_of_cloudwatch_logs(server, client):
    call = client(server, "logs")
    try:
        every_logs_operation(call, uuid.uuid4().hex[:8])
    finally:
        call.close()
    assert call.called == operations_of("logs")
