"""Functions are run: Invoke through boto3, with every runtime; what they may reach, and what they may not."""

import base64
import json
import time
import uuid
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from lambda_zips import lambda_role, zip_of
from penstock_process import ACCOUNT, REGION

ECHO = "def handler(event, context):\n    print('hello', context.aws_request_id)\n    return {'got': event}\n"


@pytest.fixture(scope="module")
def role(server):
    return lambda_role(server)


@pytest.fixture(scope="module")
def functions(server):
    return server.client("lambda")


@pytest.fixture
def make(functions, role):
    """Makes functions that are gone after the test."""
    made = []

    def create(files, runtime="python3.11", handler="app.handler", executable=(), **more):
        name = "i-" + uuid.uuid4().hex[:12]
        if isinstance(files, str):
            files = {"app.py": files}
        functions.create_function(**{"FunctionName": name, "Runtime": runtime, "Role": role, "Handler": handler, "Timeout": 10,
                                     "Code": {"ZipFile": zip_of(files, executable)}} | more)
        made.append(name)
        return name

    yield create
    for name in made:
        functions.delete_function(FunctionName=name)


def refused(call, **keywords):
    with pytest.raises(ClientError) as error:
        call(**keywords)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def run(functions, name, payload=None, **more):
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(payload), **more)
    return json.loads(answer["Payload"].read()), answer


def test_an_invocation_is_answered(functions, make):
    name = make(ECHO)
    result, answer = run(functions, name, {"a": "\u00e4"}, LogType="Tail")
    assert result == {"got": {"a": "\u00e4"}}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    log = base64.b64decode(answer["LogResult"]).decode()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert f"START RequestId: {request_id} Version: $LATEST\nhello {request_id}\nEND RequestId: {request_id}\n" in log
    assert f"REPORT RequestId: {request_id}\tDuration: " in log


def test_kinds_of_invocation(functions, make):
    name = make(ECHO)
    assert functions.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    assert run(functions, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")[0] == {"got": None}
    assert run(functions, f"{name}:$LATEST")[0] == {"got": None}
    answer = functions.invoke(FunctionName=name)
    assert json.loads(answer["Payload"].read()) == {"got": {}}


def test_what_is_wrong_with_an_invocation(functions, make):
    name = make(ECHO)
    code, status, message = refused(functions.invoke, FunctionName="nobody")
    assert (code, status) == ("ResourceNotFoundException", 404)
    assert message == f"Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:nobody:$LATEST"
    assert refused(functions.invoke, FunctionName=name, Qualifier="7")[0] == "ResourceNotFoundException"
    assert refused(functions.invoke, FunctionName=name, Payload=b"{not json")[:2] == ("InvalidRequestContentException", 400)
    large = json.dumps("x" * (6 << 20)).encode()
    assert refused(functions.invoke, FunctionName=name, Payload=large) == (
        "RequestEntityTooLargeException", 413, "Request must be smaller than 6291456 bytes for the InvokeFunction operation")
    assert refused(functions.invoke, FunctionName=name, Payload=large[: (1 << 20)] + b'"',
                   InvocationType="Event") == (
        "RequestEntityTooLargeException", 413,
        "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)")


def test_errors_of_the_function_are_answers(functions, make):
    name = make("def handler(event, context):\n    raise ValueError('no ' + event)\n")
    result, answer = run(functions, name, "way")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (result["errorType"], result["errorMessage"]) == ("ValueError", "no way")
    assert result["stackTrace"] == ["  File \"/var/task/app.py\", line 2, in handler\n    raise ValueError('no ' + event)\n"]


def test_node_with_modules_and_client_context(functions, make):
    code = ("import fs from 'node:fs';\nexport const handler = async (event, context) => "
            "({ sum: event.a + event.b, custom: context.clientContext.custom, files: fs.readdirSync('/var/task') });\n")
    name = make({"lib/app.mjs": code}, runtime="nodejs20.x", handler="lib/app.handler")
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    assert run(functions, name, {"a": 1, "b": 2}, ClientContext=context)[0] == {
        "sum": 3, "custom": {"k": "v"}, "files": ["lib"]}
    assert refused(functions.invoke, FunctionName=name, ClientContext="!")[0] == "InvalidRequestContentException"


def test_large_events_and_answers(functions, make):
    name = make("def handler(event, context):\n    return event['x'] * event['n']\n")
    text = "y" * (5 << 20)
    assert run(functions, name, {"x": text, "n": 1})[0] == text
    result, answer = run(functions, name, {"x": text, "n": 2})
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == "Function.ResponseSizeTooLarge"
    assert run(functions, name, {"x": "z", "n": 3})[0] == "zzz"


def test_the_role_counts_inside(server, functions, make):
    """The function calls Penstock with its role's credentials: what the role may not do is denied."""
    code = """
import boto3, os
def handler(event, context):
    kinesis = boto3.client("kinesis", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    identity = boto3.client("sts", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).get_caller_identity()["Arn"]
    try:
        kinesis.put_record(StreamName=event, Data=b"x", PartitionKey="p")
        return identity, "put"
    except kinesis.exceptions.ClientError as error:
        return identity, error.response["Error"]["Code"]
"""
    stream = "s-" + uuid.uuid4().hex[:12]
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream)
    statement = {"Effect": "Allow", "Action": "kinesis:PutRecord",
                 "Resource": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"}
    allowed = lambda_role(server, statement)
    name = make(code, Timeout=30)
    assert run(functions, name, stream)[0][1] == "AccessDeniedException"
    other = make(code, Timeout=30, Role=allowed)
    identity, outcome = run(functions, other, stream)[0]
    assert outcome == "put"
    assert identity == f"arn:aws:sts::{ACCOUNT}:assumed-role/{allowed.rsplit('/', 1)[1]}/{other}"


def test_who_may_invoke(server, functions, make):
    name = make(ECHO)
    iam = server.client("iam")
    user = "u-" + uuid.uuid4().hex[:8]
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    from penstock_process import Credentials
    caller = server.client("lambda", Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    assert refused(caller.invoke, FunctionName=name)[:2] == ("AccessDeniedException", 403)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"}]}))
    assert run(caller, name, 1)[0] == {"got": 1}


def test_the_log_has_every_invocation(server, functions, make):
    name = make("def handler(event, context):\n    print('line of', event)\n")
    logs = server.client("logs")
    for i in range(3):
        run(functions, name, i)
    seen = []
    deadline = time.monotonic() + 20
    while len(seen) < 12 and time.monotonic() < deadline:
        try:
            seen = [e["message"] for e in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
        except logs.exceptions.ResourceNotFoundException:
            pass
    assert [m for m in seen if m.startswith("line of")] == ["line of 0\n", "line of 1\n", "line of 2\n"]
    assert [m.split(" ")[0] for m in seen] == ["START", "line", "END", "REPORT"] * 3
    streams = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert len(streams) == 1, "one environment, one stream"
    assert "/[$LATEST]" in streams[0]["logStreamName"]


def test_output_is_logged_only_as_the_role_may(server, functions, make):
    logs = server.client("logs")
    code = "def handler(event, context):\n    print('line of', event)\n"
    write = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    silent = make(code, Role=lambda_role(server, logs=False))
    no_group = make(code, Role=lambda_role(server, write, logs=False))
    with_group = make(code, Role=lambda_role(server, write, logs=False))
    logs.create_log_group(logGroupName=f"/aws/lambda/{with_group}")
    for name in (silent, no_group, with_group):
        answer = functions.invoke(FunctionName=name, Payload=b"1", LogType="Tail")
        assert "line of 1" in base64.b64decode(answer["LogResult"]).decode(), "it runs, and its tail is told"
    deadline = time.monotonic() + 20
    while not logs.filter_log_events(logGroupName=f"/aws/lambda/{with_group}", filterPattern="line")["events"]:
        assert time.monotonic() < deadline
    for name in (silent, no_group):  # ran before
        assert logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"] == []


def processes_below(root: int) -> set[int]:
    """Of the machine, as /proc has them: those that came from `root`."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            except OSError:
                pass
    found, grown = {root}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        grown = bool(more)
        found |= more
    return found - {root}


def is_alive(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_environments_end_with_the_server(own_server, end):
    functions = own_server.client("lambda")
    functions.create_function(FunctionName="lives-on", Runtime="python3.11", Role=lambda_role(own_server), Handler="app.handler",
                              Code={"ZipFile": zip_of({"app.py": ECHO})})
    assert run(functions, "lives-on", 1)[0] == {"got": 1}
    below = processes_below(own_server.process.pid)
    assert len(below) >= 2
    getattr(own_server, end)()
    deadline = time.monotonic() + 10
    while any(map(is_alive, below)) and time.monotonic() < deadline:
        pass
    assert not any(map(is_alive, below))
    own_server.start()
    assert run(own_server.client("lambda"), "lives-on", 2)[0] == {"got": 2}


def test_throttled_invocations_say_why(functions, make):
    name = make(ECHO)
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(functions.exceptions.TooManyRequestsException) as refused:
        functions.invoke(FunctionName=name)
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert (answer["Reason"], answer["Type"]) == ("ReservedFunctionConcurrentInvocationLimitExceeded", "User")
    with pytest.raises(functions.exceptions.ResourceNotFoundException) as missing:
        functions.invoke(FunctionName=name + "-not")
    assert missing.value.response["Type"] == "User"
