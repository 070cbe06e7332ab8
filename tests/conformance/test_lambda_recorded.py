"""What AWS was recorded to answer, where functions meet their callers: statuses, codes, messages and members to the letter."""

import base64
import json
import re
import time
import uuid
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from lambda_zips import lambda_role, zip_of
from penstock_process import ACCOUNT, REGION


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

    def create(files, runtime="python3.11", handler="app.handler", executable=(), name=None, **more):
        name = name or "r-" + uuid.uuid4().hex[:12]
        functions.create_function(**{"FunctionName": name, "Runtime": runtime, "Role": role, "Handler": handler, "Timeout": 10,
                                     "Code": {"ZipFile": zip_of(files if isinstance(files, dict) else {"app.py": files},
                                                                executable)}} | more)
        made.append(name)
        return name

    yield create
    for name in made:
        functions.delete_function(FunctionName=name)


def refused(call, **keywords):
    """The whole error document, and its status."""
    with pytest.raises(ClientError) as error:
        call(**keywords)
    response = error.value.response
    members = {name: value for name, value in response.items() if name not in ("Error", "ResponseMetadata")}
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"], members


def failure(functions, name, **more):
    answer = functions.invoke(FunctionName=name, **more)
    assert (answer["StatusCode"], answer["FunctionError"], answer["ExecutedVersion"]) == (200, "Unhandled", "$LATEST")
    return json.loads(answer["Payload"].read()), answer["ResponseMetadata"]["RequestId"]


ECHO = "def handler(event, context):\n    return event\n"


def test_what_is_not_run_names_no_version(functions, make):
    name = make(ECHO)
    for kind, status in (("Event", 202), ("DryRun", 204)):
        answer = functions.invoke(FunctionName=name, InvocationType=kind, Payload=b"{}")
        assert (answer["StatusCode"], answer["Payload"].read(), "ExecutedVersion" in answer) == (status, b"", False)


def test_a_function_that_there_is_not(functions, make):
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
    name = make(ECHO)
    for kind in ("RequestResponse", "Event", "DryRun"):
        for asked, missing in (({"FunctionName": "nobody"}, "nobody:$LATEST"),
                               ({"FunctionName": name, "Qualifier": "no-alias"}, f"{name}:no-alias")):
            message = f"Function not found: {arn}{missing}"
            assert refused(functions.invoke, InvocationType=kind, **asked) == (
                404, "ResourceNotFoundException", message, {"Type": "User", "Message": message})


def test_payloads_that_are_no_json(functions, make):
    name = make(ECHO)
    value = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    for payload, problem, column in (
            (b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt", "Invalid UTF-8 start byte 0x87", 3),
            (b"\x99\xeb,j\x07\xa1zYh", f"Unexpected character ((CTRL-CHAR, code 153)): expected a valid value {value}", 1),
            (b"abc", f"Unrecognized token 'abc': was expecting {value}", 4),
            (b"{not json", "Unexpected character ('n' (code 110)): was expecting double-quote to start field name", 2),
            (b'{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 6),
            (b'{"a":1 "b"}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries", 8),
            (b"[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 4),
            (b"[" * 600, "Document nesting depth exceeds the maximum allowed (512)", 513)):
        message = (f"Could not parse request body into json: Could not parse payload into json: {problem}\n at [Source: REDACTED "
                   f"(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {column}]")
        assert refused(functions.invoke, FunctionName=name, Payload=payload) == (
            400, "InvalidRequestContentException", message, {"Type": "User", "message": message})


def test_errors_of_python_functions(functions, make):
    name = make("def handler(event, context):\n    return [1 / 0, 2]\n")
    document, request_id = failure(functions, name)
    assert document == {"errorMessage": "division by zero", "errorType": "ZeroDivisionError", "requestId": request_id,
                        "stackTrace": ['  File "/var/task/app.py", line 2, in handler\n    return [1 / 0, 2]\n']}

    document, _ = failure(functions, make('raise Exception("Runtime startup fails")\n'))
    trace = document.pop("stackTrace")
    assert document == {"errorMessage": "Runtime startup fails", "errorType": "Exception", "requestId": ""}
    assert re.fullmatch(r'  File "/\S+/importlib/__init__.py", line \d+, in import_module\n    return .*\n', trace[0])
    assert re.fullmatch(r'  File "<frozen importlib._bootstrap>", line \d+, in _gcd_import\n', trace[1])
    assert trace[-1] == '  File "/var/task/app.py", line 1, in <module>\n    raise Exception("Runtime startup fails")\n'

    document, _ = failure(functions, make(ECHO, handler="sys.exit"))
    assert document == {"errorMessage": "Cannot use built-in module sys as a handler module",
                        "errorType": "Runtime.BuiltInModuleConflict", "requestId": "", "stackTrace": []}

    document, _ = failure(functions, make("import no_such_module\n"))
    assert document == {"errorMessage": "Unable to import module 'app': No module named 'no_such_module'",
                        "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}


def test_functions_that_exit(functions, make):
    handler = "def handler(event, context):\n    sys.exit(0)\n"
    wrapped = {"Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/idontexist.sh"}}}
    for code, more, reason in (
            ("import sys\nsys.exit(0)\n", {}, "Runtime exited without providing a reason"),
            ("import sys\n" + handler, {}, "Runtime exited without providing a reason"),
            ("import sys\nsys.exit(7)\n", {}, "Runtime exited with error: exit status 7"),
            (ECHO, wrapped, "Runtime exited with error: exit status 127")):
        document, request_id = failure(functions, make(code, **more))
        assert document == {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: {reason}"}, code
    document, request_id = failure(functions, make("import time\ndef handler(e, c):\n    time.sleep(9)\n", Timeout=1))
    assert document == {"errorType": "Sandbox.Timedout",
                        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds"}


def test_a_wrapper_starts_the_runtime(functions, make):
    wrapper = '#!/bin/sh\nexport WRAPPED="$1"\nexec "$@"\n'
    name = make({"app.py": "import os\ndef handler(e, c):\n    return os.environ['WRAPPED']\n", "wrap": wrapper}, executable=("wrap",),
                Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrap"}})
    assert "python" in json.load(functions.invoke(FunctionName=name)["Payload"])


def test_the_log_of_an_invocation(functions, make):
    code = ("import logging\ndef handler(event, context):\n    print('printed')\n    logging.getLogger().setLevel('INFO')\n"
            "    logging.info('logged')\n    raise KeyError('k')\n")
    answer = functions.invoke(FunctionName=make(code), LogType="Tail")
    request_id = answer["ResponseMetadata"]["RequestId"]
    log = base64.b64decode(answer["LogResult"]).decode()
    assert re.fullmatch(
        f"START RequestId: {request_id} Version: \\$LATEST\nprinted\n"
        f"\\[INFO\\]\t\\d{{4}}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{{3}}Z\t{request_id}\tlogged\n"
        "\\[ERROR\\] KeyError: 'k'\nTraceback \\(most recent call last\\):\n\u00a0\u00a0File \"/var/task/app.py\", line 6, in handler\n"
        f"\u00a0\u00a0\u00a0\u00a0raise KeyError\\('k'\\)END RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\tMemory Size: 128 MB\t"
        "Max Memory Used: \\d+ MB\tInit Duration: [\\d.]+ ms\t\n", log), log


PYTHON_SEES = {
    "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR", "LAMBDA_RUNTIME_DIR": "/var/runtime", "LAMBDA_TASK_ROOT": "/var/task",
    "LANG": "en_US.UTF-8", "PWD": "/var/task", "PYTHONPATH": "/var/runtime", "SHLVL": "0", "TEST_KEY": "TEST_VAL", "TZ": ":UTC",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin", "_HANDLER": "app.handler"}


def test_what_a_function_sees(functions, make):
    variables = {"Environment": {"Variables": {"TEST_KEY": "TEST_VAL"}}}
    code = "import os\ndef handler(event, context):\n    return dict(os.environ), {'invoked_function_arn': context.invoked_function_arn}\n"
    name = make(code, **variables)
    seen, context = json.load(functions.invoke(FunctionName=name, Qualifier="$LATEST")["Payload"])
    assert {key: value for key, value in seen.items() if key in PYTHON_SEES} == PYTHON_SEES
    # What AWS does not have: where Penstock's API is. What Penstock does not have: an X-Ray daemon.
    assert set(seen) - set(PYTHON_SEES) - {"LC_CTYPE"} == {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME", "_X_AMZN_TRACE_ID", "AWS_ENDPOINT_URL"}
    assert context["invoked_function_arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:$LATEST"

    node = make({"app.js": "exports.handler = async (event, context) => ({ env: process.env, context });"}, runtime="nodejs20.x",
                **variables)
    custom = {"custom": {"foo": "bar"}, "client": {"snap": ["crackle", "pop"]}, "env": {"fizz": "buzz"}}
    got = json.load(functions.invoke(FunctionName=node, ClientContext=base64.b64encode(json.dumps(custom).encode()).decode())["Payload"])
    assert got["env"]["NODE_PATH"].startswith("/opt/nodejs/node20/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:"
                                              "/var/runtime:/var/task")
    assert set(got["context"]) == {
        "callbackWaitsForEmptyEventLoop", "functionVersion", "functionName", "memoryLimitInMB", "logGroupName", "logStreamName",
        "clientContext", "invokedFunctionArn", "awsRequestId"}
    assert got["context"]["clientContext"] == custom

    shown = "#!/bin/sh\nenv -0 >/tmp/env\n"
    bootstrap = shown + ("api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation\n"
                         "exec /usr/bin/python3 - $api <<'END'\n"
                         "import json, sys, urllib.request as r\nn = r.urlopen(sys.argv[1] + '/next')\n"
                         "body = json.dumps(dict(p.split('=', 1) for p in open('/tmp/env').read().split('\\0') if p)).encode()\n"
                         "r.urlopen(sys.argv[1] + '/' + n.headers['Lambda-Runtime-Aws-Request-Id'] + '/response', body)\n"
                         "r.urlopen(sys.argv[1] + '/next')\nEND\n")
    custom = make({"bootstrap": bootstrap}, runtime="provided.al2023", executable=("bootstrap",))
    seen = json.load(functions.invoke(FunctionName=custom)["Payload"])
    assert (seen["PATH"], seen["LD_LIBRARY_PATH"]) == (
        "/usr/local/bin:/usr/bin/:/bin:/opt/bin", "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib")
    assert not {"AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_FORMAT", "HOME", "PENSTOCK_LAYERS_ROOT"} & set(seen)


def test_what_a_function_is(functions, make):
    code = ("import getpass, grp, os, platform, pwd, stat\ndef handler(event, context):\n"
            "    named = [(pwd.getpwuid(os.stat(f).st_uid).pw_name, grp.getgrgid(os.stat(f).st_gid).gr_name) for f in ('/var/task', '/opt')]\n"
            "    modes = {f: stat.filemode(os.stat(f).st_mode) for f in ('/opt', '/tmp')}\n"
            "    return getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name, platform.system(), os.getcwd(), modes, len(named)\n")
    assert json.load(functions.invoke(FunctionName=make(code))["Payload"]) == [
        "sbx_user1051", "sbx_user1051", "Linux", "/var/task",
        {"/opt": "drwxr-xr-x", "/tmp": "drwxrwxrwt"}, 2]


def test_the_session_of_a_function_with_a_short_name(functions, make):
    code = ("import boto3, os\ndef handler(event, context):\n"
            "    return boto3.client('sts', endpoint_url=os.environ['AWS_ENDPOINT_URL']).get_caller_identity()['Arn']\n")
    for name, session in (("u", "u@lambda_function"), ("zz", "zz")):
        make(code, name=name)
        assert json.load(functions.invoke(FunctionName=name)["Payload"]).endswith("/" + session)


# ---- Event source mappings


@pytest.fixture(scope="module")
def stream(server):
    kinesis = server.client("kinesis")
    name = "r-" + uuid.uuid4().hex[:12]
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    yield kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.delete_stream(StreamName=name)


def test_what_a_mapping_cannot_be(server, functions, make, stream):
    name = make(ECHO, Role=lambda_role(server, {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}))
    create = functions.create_event_source_mapping
    good = {"EventSourceArn": stream, "FunctionName": name, "StartingPosition": "LATEST"}
    invalid = "InvalidParameterValueException"
    for change, code, message in (
            ({"StartingPosition": "0"}, "ValidationException",
             "1 validation error detected: Value '0' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum "
             "value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"),
            ({"StartingPositionTimestamp": 1}, invalid, "Timestamp only valid with StartingPosition AT_TIMESTAMP"),
            ({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": -1_700_000_000}, invalid,
             "Received Exception while reading from provided stream. class java.lang.Long can not be converted to a Timestamp"),
            ({"EventSourceArn": stream + "-not"}, invalid, f"Stream not found: {stream}-not"),
            ({"EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "FunctionName": "nobody"}, invalid, "Function does not exist"),
            *(({"FilterCriteria": {"Filters": [{"Pattern": pattern}]}}, invalid, "Invalid filter pattern definition.")
              for pattern in ("{", "null", '"simple string"', '{"eventSource": "aws:kinesis"}', '{"eventSource": []}'))):
        members = {} if code == "ValidationException" else {"Type": "User", "message": message}
        assert refused(create, **good | change) == (400, code, message, members), change
    assert refused(create, FunctionName="nobody")[:3] == (400, invalid, "Unrecognized event source.")

    made = create(**good, DestinationConfig={})
    assert made.pop("ResponseMetadata")["HTTPStatusCode"] == 202
    mapping = made.pop("UUID")
    assert made.pop("LastModified")
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{mapping}"
    assert made.pop("EventSourceMappingArn", arn) == arn  # older SDKs do not know it
    assert made == {
        "BatchSize": 100, "BisectBatchOnFunctionError": False, "DestinationConfig": {"OnFailure": {}}, "EventSourceArn": stream,
        "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}", "FunctionResponseTypes": [],
        "LastProcessingResult": "No records processed", "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1, "MaximumRetryAttempts": -1, "ParallelizationFactor": 1, "StartingPosition": "LATEST",
        "State": "Creating", "StateTransitionReason": "User action", "TumblingWindowInSeconds": 0}
    message = (f'The event source arn (" {stream} ") and function (" {name} ") provided mapping already exists. Please update or '
               f"delete the existing mapping with UUID {mapping}")
    conflict = (409, "ResourceConflictException", message, {"Type": "User", "message": message})
    assert refused(create, **good) == conflict
    functions.publish_version(FunctionName=name)
    second = create(**good | {"FunctionName": f"{name}:1"})["UUID"]
    assert refused(functions.update_event_source_mapping, UUID=second, FunctionName=name) == conflict
    for one in (mapping, second):
        assert functions.delete_event_source_mapping(UUID=one)["State"] == "Deleting"


def test_records_of_asynchronous_invocations(server, functions, make):
    """Field by field; the destination is a bucket, so the record is a file."""
    arn = lambda_role(server, {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::recorded/*"})
    name = make("def handler(event, context):\n    if event:\n        raise Exception('intentional failure')\n    return {'event': event}\n",
                Role=arn)
    bucket = {"Destination": "arn:aws:s3:::recorded"}
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0,
                                               DestinationConfig={"OnFailure": bucket, "OnSuccess": bucket})
    folder = Path(server.data) / "buckets" / "recorded" / "aws" / "lambda" / "async" / name

    def record_of(event):
        payload = {"Payload": json.dumps(event)} if event is not None else {}
        asked = functions.invoke(FunctionName=name, InvocationType="Event", **payload)["ResponseMetadata"]["RequestId"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for file in folder.rglob("*"):
                if file.is_file() and not file.name.startswith("."):
                    record = json.loads(file.read_text())
                    if record["requestContext"]["requestId"] == asked:
                        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
                        return record
            time.sleep(0.02)
        raise AssertionError("no record")

    def expected(condition, count, **more):
        return {"version": "1.0", "requestContext": {
            "requestId": record["requestContext"]["requestId"], "condition": condition, "approximateInvokeCount": count,
            "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:$LATEST"}} | more

    record = record_of({})
    assert record == expected("Success", 1, requestPayload={}, responsePayload={"event": {}},
                              responseContext={"statusCode": 200, "executedVersion": "$LATEST"})
    record = record_of({"raise_error": 1})
    assert record == expected(
        "RetriesExhausted", 1, requestPayload={"raise_error": 1},
        responseContext={"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        responsePayload={"errorMessage": "intentional failure", "errorType": "Exception",
                         "requestId": record["requestContext"]["requestId"], "stackTrace": [
                             '  File "/var/task/app.py", line 3, in handler\n    raise Exception(\'intentional failure\')\n']})
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    record = record_of(None)
    assert record == expected("ZeroReservedConcurrency", 0, requestPayload={})
    assert refused(functions.invoke, FunctionName=name) == (429, "TooManyRequestsException", "Rate Exceeded.", {
        "Type": "User", "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "message": "Rate Exceeded."})


def test_what_is_provisioned_is_kept_for_its_version(functions, make):
    name = make(ECHO)
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert functions.invoke(FunctionName=name)["StatusCode"] == 200
    put = functions.put_provisioned_concurrency_config(FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1)
    assert (put["Status"], put["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 1)
    throttled = (429, "TooManyRequestsException", "Rate Exceeded.", {
        "Type": "User", "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "message": "Rate Exceeded."})
    assert refused(functions.invoke, FunctionName=name) == throttled
    answer = functions.invoke(FunctionName=name, Qualifier=version, Payload=b'{"hello": "world"}')
    assert (answer["ExecutedVersion"], json.load(answer["Payload"])) == (version, {"hello": "world"})
    assert refused(functions.invoke, FunctionName=name) == throttled
