"""Event source mappings with boto3 and the AWS CLI: streams read into real functions."""

import base64
import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from lambda_zips import lambda_role, zip_of
from penstock_process import ACCOUNT, REGION

# Prints what it got, one line for each batch; fails for records that say so, in the way they say.
HANDLER = """
import base64, json
def handler(event, context):
    records = [base64.b64decode(r['kinesis']['data']).decode() for r in event['Records']]
    failures = [{'itemIdentifier': r['kinesis']['sequenceNumber']} for r, d in zip(event['Records'], records) if 'partial' in d]
    print('BATCH ' + json.dumps({'records': records, 'event': event}))
    if any('bad' in d for d in records):
        raise RuntimeError('a bad record')
    state = event.get('state', {})
    state['n'] = state.get('n', 0) + len(records)
    return {'batchItemFailures': failures, 'state': state}
"""
READ = {"Effect": "Allow", "Action": ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream",
                                      "kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:ListStreams",
                                      "kinesis:SubscribeToShard"], "Resource": "*"}


def eventually(look, seconds=20):
    """Asks until the answer is true, and gives it."""
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


class Consumer:
    """A stream, a function and what the function printed."""

    def __init__(self, server, shards=1, role_statements=(READ,)):
        self.server = server
        self.kinesis, self.functions, self.logs = (server.client(name) for name in ("kinesis", "lambda", "logs"))
        self.name = "m-" + uuid.uuid4().hex[:12]
        self.kinesis.create_stream(StreamName=self.name, ShardCount=shards)
        self.stream_arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{self.name}"
        self.function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"
        self.role = lambda_role(server, *role_statements, name=self.name)
        self.functions.create_function(FunctionName=self.name, Runtime="python3.11", Role=self.role, Handler="app.handler",
                                       Timeout=30, Code={"ZipFile": zip_of({"app.py": HANDLER})})

    def map(self, **options):
        made = self.functions.create_event_source_mapping(
            **{"EventSourceArn": self.stream_arn, "FunctionName": self.name, "StartingPosition": "TRIM_HORIZON"} | options)
        self.wait_for(made["UUID"], "Enabled")
        return made["UUID"]

    def state(self, mapping):
        return self.functions.get_event_source_mapping(UUID=mapping)

    def wait_for(self, mapping, state):
        eventually(lambda: self.state(mapping)["State"] == state)

    def put(self, *data, key="k"):
        answer = self.kinesis.put_records(StreamName=self.name, Records=[{"Data": d.encode(), "PartitionKey": key} for d in data])
        assert answer["FailedRecordCount"] == 0

    def batches(self):
        try:
            pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.name}")
            lines = [event["message"] for page in pages for event in page["events"]]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [json.loads(line[len("BATCH "):]) for line in lines if line.startswith("BATCH ")]

    def got(self):
        return [data for batch in self.batches() for data in batch["records"]]

    def remove(self, mapping):
        self.functions.delete_event_source_mapping(UUID=mapping)

        def gone():
            try:
                self.state(mapping)
            except self.functions.exceptions.ResourceNotFoundException:
                return True

        eventually(gone)


def refused(call, **keywords):
    with pytest.raises(ClientError) as error:
        call(**keywords)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def test_records_reach_the_function_in_order_of_their_keys(server):
    consumer = Consumer(server, shards=2)
    mapping = consumer.map(BatchSize=7, ParallelizationFactor=3)
    for i in range(20):
        for key in "abc":
            consumer.put(f"{key}{i}", key=key)
    eventually(lambda: len(consumer.got()) >= 60)
    for key in "abc":
        assert [data for data in consumer.got() if data[0] == key] == [f"{key}{i}" for i in range(20)]
    assert all(len(batch["records"]) <= 7 for batch in consumer.batches())
    eventually(lambda: consumer.state(mapping)["LastProcessingResult"] == "OK")
    consumer.remove(mapping)


def test_the_event_is_that_of_aws(server):
    consumer = Consumer(server)
    consumer.map()
    put = consumer.kinesis.put_record(StreamName=consumer.name, Data=b"Hello, this is a test.", PartitionKey="1")
    [batch] = eventually(consumer.batches)
    [record] = batch["event"]["Records"]
    assert abs(record["kinesis"].pop("approximateArrivalTimestamp") - time.time()) < 60
    assert record == {
        "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "1", "sequenceNumber": put["SequenceNumber"],
                    "data": base64.b64encode(b"Hello, this is a test.").decode()},
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": f"shardId-000000000000:{put['SequenceNumber']}",
        "eventName": "aws:kinesis:record", "invokeIdentityArn": consumer.role, "awsRegion": REGION,
        "eventSourceARN": consumer.stream_arn}


def test_every_option_is_kept_and_changed_in_place(server):
    consumer = Consumer(server)
    made = consumer.functions.create_event_source_mapping(
        EventSourceArn=consumer.stream_arn, FunctionName=consumer.function_arn, StartingPosition="AT_TIMESTAMP",
        StartingPositionTimestamp=1_700_000_000, BatchSize=500, MaximumBatchingWindowInSeconds=2, ParallelizationFactor=4,
        MaximumRetryAttempts=5, MaximumRecordAgeInSeconds=120, BisectBatchOnFunctionError=True, TumblingWindowInSeconds=30,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        FilterCriteria={"Filters": [{"Pattern": '{"data":{"t":[{"numeric":[">",20]}]}}'}]})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert made["State"] == "Creating"
    mapping = made["UUID"]
    consumer.wait_for(mapping, "Enabled")
    seen = consumer.state(mapping)
    expected = {
        "StartingPosition": "AT_TIMESTAMP", "BatchSize": 500, "MaximumBatchingWindowInSeconds": 2, "ParallelizationFactor": 4,
        "MaximumRetryAttempts": 5, "MaximumRecordAgeInSeconds": 120, "BisectBatchOnFunctionError": True,
        "TumblingWindowInSeconds": 30, "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "EventSourceArn": consumer.stream_arn, "FunctionArn": consumer.function_arn,
        "FilterCriteria": {"Filters": [{"Pattern": '{"data":{"t":[{"numeric":[">",20]}]}}'}]},
        "StateTransitionReason": "User action", "LastProcessingResult": "No records processed"}
    assert {name: seen[name] for name in expected} == expected
    assert seen["StartingPositionTimestamp"].timestamp() == 1_700_000_000

    changed = consumer.functions.update_event_source_mapping(UUID=mapping, BatchSize=10, FilterCriteria={}, Enabled=False)
    assert (changed["ResponseMetadata"]["HTTPStatusCode"], changed["BatchSize"]) == (202, 10)
    consumer.wait_for(mapping, "Disabled")
    seen = consumer.state(mapping)
    assert "FilterCriteria" not in seen
    assert (seen["BatchSize"], seen["ParallelizationFactor"]) == (10, 4)

    listed = consumer.functions.list_event_source_mappings(FunctionName=consumer.name)["EventSourceMappings"]
    assert [one["UUID"] for one in listed] == [mapping]
    listed = consumer.functions.list_event_source_mappings(EventSourceArn=consumer.stream_arn)["EventSourceMappings"]
    assert [one["UUID"] for one in listed] == [mapping]
    consumer.remove(mapping)
    assert consumer.functions.list_event_source_mappings(FunctionName=consumer.name)["EventSourceMappings"] == []


def test_the_defaults_are_those_of_aws_and_the_command_line_works(server):
    consumer = Consumer(server)
    made = server.aws("lambda", "create-event-source-mapping", "--event-source-arn", consumer.stream_arn, "--function-name",
                      consumer.name, "--starting-position", "LATEST")
    expected = {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 0, "ParallelizationFactor": 1, "MaximumRetryAttempts": -1,
                "MaximumRecordAgeInSeconds": -1, "BisectBatchOnFunctionError": False, "TumblingWindowInSeconds": 0,
                "FunctionResponseTypes": [], "StartingPosition": "LATEST", "DestinationConfig": {"OnFailure": {}}}
    assert {name: made[name] for name in expected} == expected
    consumer.wait_for(made["UUID"], "Enabled")
    server.aws("lambda", "update-event-source-mapping", "--uuid", made["UUID"], "--no-enabled")
    consumer.wait_for(made["UUID"], "Disabled")
    assert server.aws("lambda", "delete-event-source-mapping", "--uuid", made["UUID"])["State"] == "Deleting"


def test_what_is_refused(server):
    consumer = Consumer(server)
    create = consumer.functions.create_event_source_mapping
    good = {"EventSourceArn": consumer.stream_arn, "FunctionName": consumer.name, "StartingPosition": "LATEST"}
    invalid = "InvalidParameterValueException"
    assert refused(create, **good | {"FunctionName": "nobody"}) == (invalid, 400, "Function does not exist")
    nowhere = consumer.stream_arn + "-not"
    assert refused(create, **good | {"EventSourceArn": nowhere}) == (invalid, 400, f"Stream not found: {nowhere}")
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    assert refused(create, **good | {"EventSourceArn": queue}) == (invalid, 400, "Unrecognized event source.")
    without_start = {name: value for name, value in good.items() if name != "StartingPosition"}
    assert refused(create, **without_start) == (
        invalid, 400, "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member "
        "must not be null.")
    for option in ({"FilterCriteria": {"Filters": [{"Pattern": '{"data":["text"]}'}]}},
                   {"FilterCriteria": {"Filters": [{"Pattern": '{"data":{"a":[{"near":1}]}}'}]}},
                   {"StartingPosition": "AT_TIMESTAMP"}, {"StartingPositionTimestamp": 1},
                   {"MaximumRecordAgeInSeconds": 30}):
        assert refused(create, **good | option)[:2] == (invalid, 400), option
    for option in ({"BatchSize": 10_001}, {"ParallelizationFactor": 11}, {"MaximumRetryAttempts": 10_001},
                   {"TumblingWindowInSeconds": 901}, {"StartingPosition": "MIDDLE"}):
        assert refused(create, **good | option)[1] == 400, option
    mapping = create(**good)["UUID"]
    code, status, message = refused(create, **good)
    assert (code, status) == ("ResourceConflictException", 409)
    assert mapping in message
    unknown = str(uuid.uuid4())
    gone = ("ResourceNotFoundException", 404, "The resource you requested does not exist.")
    assert refused(consumer.functions.get_event_source_mapping, UUID=unknown) == gone
    assert refused(consumer.functions.delete_event_source_mapping, UUID=unknown) == gone
    assert refused(consumer.functions.update_event_source_mapping, UUID=unknown, BatchSize=1) == gone


def test_failures_are_isolated_and_nothing_else_is_lost(server):
    consumer = Consumer(server)
    records = [f"r{i}" for i in range(16)]
    records[5] = "bad"
    records[11] = "partial"
    consumer.put(*records)
    mapping = consumer.map(BatchSize=16, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True,
                           FunctionResponseTypes=["ReportBatchItemFailures"])
    good = [data for data in records if data[0] == "r"]
    eventually(lambda: any("r15" in batch["records"] and "bad" not in batch["records"] and "partial" not in batch["records"]
                           for batch in consumer.batches()))
    succeeded = []
    for batch in consumer.batches():
        if "bad" in batch["records"]:
            continue
        for data in batch["records"]:
            if data == "partial":
                break
            succeeded.append(data)
    assert list(dict.fromkeys(succeeded)) == good
    consumer.remove(mapping)


def test_what_is_given_up_lies_in_the_bucket(server):
    consumer = Consumer(server, role_statements=(READ, {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}))
    bucket = server.data / "buckets" / consumer.name
    bucket.mkdir(parents=True)
    mapping = consumer.map(MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{consumer.name}"}})
    consumer.put("bad")
    [found] = eventually(lambda: [path for path in bucket.rglob("*") if path.is_file()])
    assert str(found.relative_to(bucket)).startswith(f"aws/lambda/{mapping}/shardId-000000000000/")
    record = json.loads(found.read_text())
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["functionArn"] == consumer.function_arn
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert (record["KinesisBatchInfo"]["batchSize"], record["KinesisBatchInfo"]["streamArn"]) == (1, consumer.stream_arn)
    assert json.loads(record["payload"])["Records"][0]["kinesis"]["data"] == base64.b64encode(b"bad").decode()
    consumer.put("good")
    eventually(lambda: "good" in consumer.got())
    consumer.remove(mapping)


def test_a_window_counts_its_records(server):
    consumer = Consumer(server)
    mapping = consumer.map(TumblingWindowInSeconds=1)
    consumer.put("a", "b", "c")
    final = eventually(lambda: [b["event"] for b in consumer.batches() if b["event"]["isFinalInvokeForWindow"]])
    assert sum(event["state"]["n"] for event in final) == 3
    assert final[0]["Records"] == []
    assert final[0]["shardId"] == "shardId-000000000000"
    assert final[0]["isWindowTerminatedEarly"] is False
    consumer.remove(mapping)


def test_a_role_that_may_not_read(server):
    consumer = Consumer(server, role_statements=())
    create = consumer.functions.create_event_source_mapping
    options = {"EventSourceArn": consumer.stream_arn, "FunctionName": consumer.name, "StartingPosition": "TRIM_HORIZON"}
    assert refused(create, **options) == (
        "InvalidParameterValueException", 400,
        f"Cannot access stream {consumer.stream_arn}. Please ensure the role can perform the GetRecords, GetShardIterator, "
        "DescribeStream, ListShards, and ListStreams Actions on your stream in IAM.")
    iam = server.client("iam")
    policy = {"RoleName": consumer.name, "PolicyName": "read"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [READ]})
    iam.put_role_policy(**policy, PolicyDocument=document)
    mapping = consumer.map()
    consumer.put("before")
    eventually(lambda: consumer.got() == ["before"])
    iam.delete_role_policy(**policy)
    consumer.put("while it may not")
    problem = eventually(lambda: [r for r in [consumer.state(mapping)["LastProcessingResult"]] if r.startswith("PROBLEM")])[0]
    assert "is not authorized to perform: kinesis:GetRecords on resource: " + consumer.stream_arn in problem
    assert consumer.got() == ["before"]
    iam.put_role_policy(**policy, PolicyDocument=document)
    eventually(lambda: consumer.got() == ["before", "while it may not"])
    consumer.remove(mapping)


def test_a_fan_out_consumer(server):
    consumer = Consumer(server)
    registered = consumer.kinesis.register_stream_consumer(StreamARN=consumer.stream_arn, ConsumerName="c")["Consumer"]
    mapping = consumer.map(EventSourceArn=registered["ConsumerARN"])
    consumer.put("pushed")
    [batch] = eventually(consumer.batches)
    assert batch["records"] == ["pushed"]
    assert batch["event"]["Records"][0]["eventSourceARN"] == registered["ConsumerARN"]
    consumer.remove(mapping)


def test_a_restart_goes_on_where_it_was(own_server):
    consumer = Consumer(own_server)
    mapping = consumer.map(StartingPosition="LATEST")
    consumer.put("a")
    eventually(lambda: consumer.got() == ["a"])
    own_server.stop()
    own_server.start()
    consumer.kinesis, consumer.functions, consumer.logs = (own_server.client(n) for n in ("kinesis", "lambda", "logs"))
    consumer.kinesis.split_shard(StreamName=consumer.name, ShardToSplit="shardId-000000000000",
                                 NewStartingHashKey=str(1 << 127))
    consumer.put("b")
    eventually(lambda: consumer.got() == ["a", "b"])
    assert consumer.state(mapping)["State"] == "Enabled"
