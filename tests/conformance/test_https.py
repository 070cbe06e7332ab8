"""TLS on the API port: stock clients that trust the data directory's authority."""

import socket
import subprocess

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError

from penstock_process import REGION, ROOT_KEY, ROOT_SECRET

SIGNED = ["--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", f"{ROOT_KEY}:{ROOT_SECRET}", "-H",
          "Content-Type: application/x-amz-json-1.1", "-H", "X-Amz-Target: Kinesis_20131202.ListStreams", "--data-binary", "{}"]


def kinesis(server, verify):
    return boto3.client("kinesis", endpoint_url=server.endpoints["api_tls"], region_name=REGION, verify=verify,
                        aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_SECRET, config=Config(retries={"max_attempts": 0}))


def test_http_and_https_are_one_port(server):
    assert server.host_port("api") == server.host_port("api_tls")
    assert server.endpoints["api_tls"].startswith("https://")


@pytest.mark.parametrize("option, version", [("--http2", "2"), ("--http1.1", "1.1")])
def test_alpn_chooses_the_protocol(server, option, version):
    done = subprocess.run(["curl", "-sS", "--cacert", server.data / "tls" / "ca.pem", option, "-o", "/dev/null", "-w",
                           "%{http_version} %{http_code}", *SIGNED, server.endpoints["api_tls"]],
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"{version} 200"), done.stderr


def test_a_hundred_streams_on_one_connection(server):
    done = subprocess.run(["curl", "-sS", "--cacert", server.data / "tls" / "ca.pem", "--http2", "-Z", "--parallel-max", "100", "-o",
                           "/dev/null", "-w", "%{http_version} %{http_code} %{num_connects}\n", *SIGNED,
                           server.endpoints["api_tls"] + "/?n=[1-200]"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-1000:]
    answers = [line.split() for line in done.stdout.splitlines()]
    assert [answer[:2] for answer in answers] == [["2", "200"]] * 200


def test_boto3_over_https(server):
    client = kinesis(server, str(server.data / "tls" / "ca.pem"))
    client.create_stream(StreamName="over-tls", ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName="over-tls", WaiterConfig={"Delay": 1})
    data = bytes(range(256)) * 400
    put = client.put_records(StreamName="over-tls", Records=[{"PartitionKey": str(i), "Data": data} for i in range(5)])
    assert put["FailedRecordCount"] == 0
    iterator = client.get_shard_iterator(StreamName="over-tls", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
    records = client.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert [(record["PartitionKey"], record["Data"]) for record in records] == [(str(i), data) for i in range(5)]
    client.delete_stream(StreamName="over-tls")


def test_who_does_not_trust_the_authority_is_not_served(server):
    with pytest.raises(SSLError):
        kinesis(server, True).list_streams()


def test_old_tls_is_refused(server):
    host, port = server.host_port("api_tls")
    with socket.create_connection((host, port), timeout=20) as raw:
        raw.sendall(bytes.fromhex("160301002d01000029") + b"\x03\x01" + bytes(32) + bytes.fromhex("000002002f0100"))  # a TLS 1.0 hello
        answer = raw.recv(100)
    assert answer[:1] == b"\x15"  # an alert
