"""/metrics, read as Prometheus reads it, while real clients use the server."""

import http.client
import json
import socket
import subprocess
import uuid

import pytest
from penstock_process import PenstockProcess
from prometheus_client.parser import text_string_to_metric_families

SHARDS = ["shardId-000000000000", "shardId-000000000001"]


def get(server, path="/metrics", method="GET", host=None, **headers):
    address, port = server.host_port("api")
    connection = http.client.HTTPConnection(address, port, timeout=30)
    try:
        if host is not None:
            headers["Host"] = host
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()
    finally:
        connection.close()


def scrape(server, **headers):
    """Families by name; the parser refuses what Prometheus would."""
    status, answered, text = get(server, **headers)
    assert status == 200, text
    assert answered["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {}
    for family in text_string_to_metric_families(text):
        assert family.name not in families, "the samples of a family follow each other"
        assert family.documentation and family.type != "unknown", family.name
        families[family.name] = family
        labels = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
        assert len(set(labels)) == len(labels), f"twice in {family.name}"
    return families


def value(families, name, **labels):
    """The sum of the samples of that name that have these labels."""
    samples = [sample for family in families.values() for sample in family.samples
               if sample.name == name and labels.items() <= sample.labels.items()]
    assert samples, (name, labels)
    return sum(sample.value for sample in samples)


def has(families, name, **labels) -> bool:
    return any(sample.name == name and labels.items() <= sample.labels.items()
               for family in families.values() for sample in family.samples)


@pytest.fixture
def stream(server):
    name = f"metrics-{uuid.uuid4().hex[:8]}"
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    yield name
    kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


def read(kinesis, stream, shard=SHARDS[0]):
    at = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return kinesis.get_records(ShardIterator=at)


def test_stream_level_metrics(server, stream):
    kinesis = server.client("kinesis")
    kinesis.put_record(StreamName=stream, PartitionKey="key", Data=b"12345", ExplicitHashKey="0")
    kinesis.put_records(StreamName=stream, Records=[{"PartitionKey": str(i), "Data": b"abc"} for i in range(10)])
    records = sum(len(read(kinesis, stream, shard)["Records"]) for shard in SHARDS)
    assert records == 11
    now = scrape(server)
    expected = {"incoming_records_total": 11, "incoming_bytes_total": 8 + 40, "put_record_bytes_total": 8,
                "put_records_bytes_total": 40, "put_records_sent_records_total": 10, "put_records_successful_records_total": 10,
                "put_records_failed_records_total": 0, "put_records_throttled_records_total": 0, "get_records_records_total": 11,
                "get_records_bytes_total": 48, "write_provisioned_throughput_exceeded_total": 0,
                "read_provisioned_throughput_exceeded_total": 0, "open_shards": 2, "put_record_latency_seconds_count": 1,
                "put_records_latency_seconds_count": 1, "get_records_latency_seconds_count": 2,
                "get_records_iterator_age_seconds_count": 2}
    assert {name: value(now, f"penstock_kinesis_{name}", stream=stream) for name in expected} == expected
    for operation, count in {"put_record": 1, "put_records": 1, "get_records": 2}.items():
        assert value(now, f"penstock_kinesis_{operation}_calls_total", stream=stream, result="success") == count
        assert value(now, f"penstock_kinesis_{operation}_calls_total", stream=stream, result="failure") == 0
    assert 0 <= value(now, "penstock_kinesis_get_records_iterator_age_max_seconds", stream=stream) < 60
    assert not has(now, "penstock_kinesis_shard_incoming_bytes_total", stream=stream), "enhanced monitoring is off"


def test_enhanced_monitoring_decides_which_shard_level_metrics_are_shown(server, stream):
    kinesis = server.client("kinesis")
    server.aws("kinesis", "enable-enhanced-monitoring", "--stream-name", stream, "--shard-level-metrics", "IncomingBytes")
    kinesis.put_record(StreamName=stream, PartitionKey="key", Data=b"12345", ExplicitHashKey="0")
    read(kinesis, stream)
    now = scrape(server)
    assert value(now, "penstock_kinesis_shard_incoming_bytes_total", stream=stream, shard=SHARDS[0]) == 8
    assert value(now, "penstock_kinesis_shard_incoming_bytes_total", stream=stream, shard=SHARDS[1]) == 0
    assert not has(now, "penstock_kinesis_shard_outgoing_bytes_total", stream=stream)

    kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    read(kinesis, stream)
    now = scrape(server)
    assert value(now, "penstock_kinesis_shard_incoming_bytes_total", stream=stream) == 8, "it went on counting"
    # a stream that shows one metric of its shards counts all of them
    assert value(now, "penstock_kinesis_shard_outgoing_bytes_total", stream=stream, shard=SHARDS[0]) == 16
    assert value(now, "penstock_kinesis_shard_outgoing_records_total", stream=stream, shard=SHARDS[0]) == 2
    assert has(now, "penstock_kinesis_shard_iterator_age_max_seconds", stream=stream, shard=SHARDS[0])

    off = server.aws("kinesis", "disable-enhanced-monitoring", "--stream-name", stream, "--shard-level-metrics", "ALL")
    assert off["DesiredShardLevelMetrics"] == [] and len(off["CurrentShardLevelMetrics"]) == 7
    assert not any("shard" in sample.labels for family in scrape(server).values() for sample in family.samples)


def test_what_limits_refuse(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"kinesis": {"limits": {"shard_write_records": 3, "shard_read_calls": 1}}}))
    server = PenstockProcess(tmp_path, "--config", str(config)).start()
    try:
        kinesis = server.client("kinesis")
        kinesis.create_stream(StreamName="tight", ShardCount=1)
        put = kinesis.put_records(StreamName="tight", Records=[{"PartitionKey": "k", "Data": b"x"}] * 20)
        refused = put["FailedRecordCount"]
        assert refused >= 15
        read(kinesis, "tight")
        with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException):
            for _ in range(50):
                at = kinesis.get_shard_iterator(StreamName="tight", ShardId=SHARDS[0], ShardIteratorType="LATEST")["ShardIterator"]
                for _ in range(50):
                    kinesis.get_records(ShardIterator=at)
        now = scrape(server)
        assert value(now, "penstock_kinesis_write_provisioned_throughput_exceeded_total", stream="tight") == refused
        assert value(now, "penstock_kinesis_put_records_throttled_records_total", stream="tight") == refused
        reads = value(now, "penstock_kinesis_get_records_calls_total", stream="tight", result="failure")
        assert value(now, "penstock_kinesis_read_provisioned_throughput_exceeded_total", stream="tight") == reads
    finally:
        server.stop()


def test_series_go_with_their_stream(server):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="short-lived", ShardCount=1)
    assert has(scrape(server), "penstock_kinesis_open_shards", stream="short-lived")
    kinesis.delete_stream(StreamName="short-lived")
    assert not any(sample.labels.get("stream") == "short-lived"
                   for family in scrape(server).values() for sample in family.samples)


def test_the_process_and_its_requests(server, stream):
    before = scrape(server)
    kinesis = server.client("kinesis")
    kinesis.put_record(StreamName=stream, PartitionKey="key", Data=b"12345")
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.describe_stream(StreamName="no-such-stream")
    assert get(server, "/nothing")[0] == 404
    now = scrape(server)

    def grew(name, **labels):
        return value(now, name, **labels) - (value(before, name, **labels) if has(before, name, **labels) else 0)

    assert grew("penstock_http_requests_total", service="kinesis", operation="PutRecord", status="200") == 1
    assert grew("penstock_http_requests_total", service="kinesis", operation="DescribeStream", status="400") == 1
    assert grew("penstock_http_requests_total", service="none", operation="none", status="404") == 1
    assert grew("penstock_http_request_duration_seconds_count", service="kinesis", operation="PutRecord") == 1
    assert grew("penstock_log_commits_total") >= 1
    assert grew("penstock_log_sync_seconds_count") >= 1
    for gauge in ("penstock_http_connections", "process_resident_memory_bytes", "process_open_fds", "penstock_kinesis_streams",
                  "process_start_time_seconds"):
        assert value(now, gauge) > 0, gauge
    for count in ("penstock_mqtt_connections", "penstock_rules_enabled", "penstock_rule_actions_total", "penstock_mqtt_denied_total"):
        assert has(now, count), count
    assert value(now, "penstock_metrics_truncated") == 0


def test_only_this_machine_reads_by_default(server):
    assert get(server, host="localhost")[0] == 200
    for refused in ({"host": "evil.example"}, {"X_Forwarded_For": "10.0.0.7"}, {"Forwarded": "for=10.0.0.7"}):
        status, _, text = get(server, **refused)
        assert status == 403 and "penstock_kinesis" not in text, refused
    assert get(server, method="POST")[0] == 405
    status, headers, text = get(server, method="HEAD")
    assert (status, text) == (200, "") and headers["Content-Type"].startswith("text/plain")


def own_address() -> str | None:
    """An address of this machine that is not loopback; no packet is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


def test_from_elsewhere_only_with_the_token(tmp_path):
    address = own_address()
    if address is None or address.startswith("127."):
        pytest.skip("NO ADDRESS HERE BUT LOOPBACK")
    token = uuid.uuid4().hex
    (tmp_path / "token").write_text(token + "\n")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"metrics": {"token_file": str(tmp_path / "token")}}))
    server = PenstockProcess(tmp_path, "--config", str(config))
    server.api = f"{address}:0"
    server.start()
    try:
        status, headers, text = get(server)
        assert status == 401 and headers["WWW-Authenticate"].startswith("Bearer") and "penstock_" not in text
        assert get(server, host="localhost")[0] == 401
        assert get(server, Authorization="Bearer " + token[:-1])[0] == 401
        assert "penstock_build_info" in scrape(server, Authorization="Bearer " + token)
    finally:
        server.stop()


def test_off_and_token_only(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"metrics": {"access": "off"}}))
    server = PenstockProcess(tmp_path, "--config", str(config)).start()
    try:
        assert get(server)[0] == 404
    finally:
        server.stop()
    config.write_text(json.dumps({"metrics": {"access": "token"}}))
    with pytest.raises(AssertionError, match="metrics.token_file is not set"):
        PenstockProcess(tmp_path, "--config", str(config)).start()


def test_over_http2(server):
    done = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-w", "%{stderr}%{http_code} %{http_version}",
                           server.endpoints["api"] + "/metrics"], capture_output=True, timeout=60)
    assert done.stderr.decode().split() == ["200", "2"]
    assert {"penstock_build_info", "penstock_metrics_truncated"} <= {
        family.name for family in text_string_to_metric_families(done.stdout.decode())}


def test_thousands_of_shards_are_bounded_by_a_setting(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"metrics": {"series_max": 5000}}))
    server = PenstockProcess(tmp_path, "--config", str(config)).start()
    try:
        kinesis = server.client("kinesis")
        kinesis.create_stream(StreamName="wide", ShardCount=2000)
        assert value(scrape(server), "penstock_metrics_truncated") == 0
        kinesis.enable_enhanced_monitoring(StreamName="wide", ShardLevelMetrics=["ALL"])
        now = scrape(server)
        assert value(now, "penstock_metrics_truncated") == 1
        assert has(now, "penstock_kinesis_incoming_bytes_total", stream="wide")
        samples = sum(len(family.samples) for family in now.values())
        assert 5000 <= samples <= 5000 + 512 + 1, "cut within a family"
    finally:
        server.stop()
