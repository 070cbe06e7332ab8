"""The server itself: start, end, its files, its command line, and what it refuses."""

import http.client
import json
import os
import resource
import signal
import socket
import stat
import subprocess

import botocore.exceptions
import pytest
from penstock_process import ACCOUNT, REGION, ROOT_KEY, ROOT_SECRET, Credentials, PenstockProcess, binary


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PENSTOCK_ROOT", "PENSTOCK_DATA"))}
    return subprocess.run([binary(), *arguments], env=environment | variables, capture_output=True, text=True, timeout=30)


def ask(server: PenstockProcess, method: str, path: str, body: bytes = b"", headers: dict | None = None):
    connection = http.client.HTTPConnection(*server.host_port("api"), timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_endpoints_json_names_every_listener_and_goes_away(own_server):
    assert set(own_server.endpoints) == {"api", "api_tls", "mqtt", "mqtts"}
    for name, scheme in (("api", "http"), ("api_tls", "https"), ("mqtt", "mqtt"), ("mqtts", "mqtts")):
        assert own_server.endpoints[name].startswith(f"{scheme}://127.0.0.1:")
        socket.create_connection(own_server.host_port(name), 5).close()
    own_server.stop()
    assert not (own_server.data / "endpoints.json").exists()


def test_sigint_ends_it_cleanly_too(own_server):
    own_server.process.send_signal(signal.SIGINT)
    assert own_server.process.wait(30) == 0


def test_it_takes_as_many_connections_as_the_hard_limit_of_open_files_lets_it(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    server = PenstockProcess(tmp_path)
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    connections = [http.client.HTTPConnection(*server.host_port("api"), timeout=20) for _ in range(200)]
    for connection in connections:
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b'{"status":"ok"}'  # and the connection stays open
    for connection in connections:
        connection.close()
    server.stop()


def test_the_data_directory_is_its_owners_alone(own_server):
    assert stat.S_IMODE(own_server.data.stat().st_mode) == 0o700
    for name in ("root-key.json", "seal-key", "tls/ca.key"):
        assert stat.S_IMODE((own_server.data / name).stat().st_mode) == 0o600


def test_two_servers_cannot_share_a_data_directory(own_server):
    second = run("serve", "--data-dir", str(own_server.data), "--api", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--mqtts",
                 "127.0.0.1:0")
    assert second.returncode == 1
    assert "another server runs on the data directory" in second.stderr


@pytest.mark.parametrize(("arguments", "says"), [
    (["--account", "111111111111"], f"belongs to account {ACCOUNT}, not 111111111111"),
    (["--region", "eu-west-1"], f"belongs to region {REGION}, not eu-west-1"),
    (["--account", "12"], "is not twelve digits"),
    (["--api", "nonsense"], "is not HOST:PORT"),
])
def test_wrong_settings_are_refused_by_name(own_server, arguments, says):
    own_server.stop()
    done = run("serve", "--data-dir", str(own_server.data), *arguments)
    assert done.returncode == 1
    assert says in done.stderr


def test_another_root_key_is_refused(own_server):
    own_server.stop()
    done = run("serve", "--data-dir", str(own_server.data), PENSTOCK_ROOT_ACCESS_KEY_ID="ANOTHERKEY0000000000",
               PENSTOCK_ROOT_SECRET_ACCESS_KEY="another-secret")
    assert done.returncode == 1
    assert "has another root access key" in done.stderr
    assert "another-secret" not in done.stderr + done.stdout


def test_unknown_settings_are_refused_by_name(tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"api": {"lissten": "127.0.0.1:0"}}')
    done = run("serve", "--data-dir", str(tmp_path / "data"), "--config", str(config))
    assert done.returncode == 1
    assert "'api.lissten'" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_random_root_key_is_made_and_env_prints_it(tmp_path):
    data = tmp_path / "data"
    process = subprocess.Popen([binary(), "serve", "--data-dir", str(data), "--api", "127.0.0.1:0", "--mqtt", "127.0.0.1:0",
                                "--mqtts", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert "Penstock is ready" in process.stdout.readline()
        exports = dict(line.removeprefix("export ").split("=", 1)
                       for line in run("env", "--data-dir", str(data)).stdout.splitlines() if line.startswith("export "))
        values = {name: value.strip("'") for name, value in exports.items()}
        assert set(values) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION",
                               "AWS_ENDPOINT_URL"}
        client = PenstockProcess(tmp_path)
        client.endpoints = {"api": values["AWS_ENDPOINT_URL"]}
        who = Credentials(values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"])
        assert client.client("sts", who).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    finally:
        process.terminate()
        assert process.wait(30) == 0
    absent = run("env", "--data-dir", str(data))
    assert absent.returncode == 1
    assert "no server runs" in absent.stderr


def test_keys_survive_a_restart(own_server):
    own_server.stop()
    own_server.start()
    assert own_server.client("sts").get_caller_identity()["Account"] == ACCOUNT


def test_health_and_paths_that_are_nobodys(server):
    status, headers, body = ask(server, "GET", "/health")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    status, headers, body = ask(server, "GET", "/favicon.ico")
    assert status == 404
    assert "/favicon.ico" in json.loads(body)["message"]
    assert headers["x-amzn-RequestId"]


@pytest.mark.parametrize("who, code", [
    (Credentials(secret="x" * 40), "SignatureDoesNotMatch"),
    (Credentials(key="AKIANOBODY0000000000"), "InvalidClientTokenId"),
])
def test_sts_refuses_wrong_credentials(server, who, code):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        server.client("sts", who).get_caller_identity()
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert refused.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("who, code", [
    (Credentials(secret="x" * 40), "InvalidSignatureException"),
    (Credentials(key="AKIANOBODY0000000000"), "UnrecognizedClientException"),
])
def test_kinesis_refuses_wrong_credentials(server, who, code):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        server.client("kinesis", who).list_streams()
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_unsigned_requests_are_refused(server):
    status, headers, body = ask(server, "POST", "/", b"{}", {"X-Amz-Target": "Kinesis_20131202.ListStreams",
                                                            "Content-Type": "application/x-amz-json-1.1"})
    assert status == 400
    assert json.loads(body)["__type"] == "MissingAuthenticationTokenException"
    assert headers["x-amzn-RequestId"]


def test_operations_that_are_not_built_are_named(server):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        server.client("iot").list_jobs()
    assert refused.value.response["Error"]["Code"] == "NotImplementedException"
    assert "ListJobs" in refused.value.response["Error"]["Message"]
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        server.client("iam").list_saml_providers()
    assert "ListSAMLProviders" in refused.value.response["Error"]["Message"]


def test_too_large_bodies_are_refused(server):
    status, _, body = ask(server, "POST", "/", b"x" * (17 << 20), {"X-Amz-Target": "Kinesis_20131202.PutRecords"})
    assert status == 413
    assert json.loads(body)["__type"] == "RequestEntityTooLargeException"


def test_bad_http_hurts_nobody_else(server):
    good = http.client.HTTPConnection(*server.host_port("api"), timeout=20)
    good.request("GET", "/health")
    assert good.getresponse().read()
    with socket.create_connection(server.host_port("api"), 10) as bad:
        bad.sendall(b"\x00\xff nonsense\r\n\r\n")
        assert bad.recv(1000).startswith(b"HTTP/1.1 400 ")
    good.request("GET", "/health")
    assert good.getresponse().status == 200
    good.close()


def test_put_and_tail(server):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="cli", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="cli", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    data_dir = ["--data-dir", str(server.data)]
    put = run("put", *data_dir, "cli", "--partition-key", "k1", "hello")
    assert put.returncode == 0, put.stderr
    assert "shardId-" in put.stdout
    done = subprocess.run([binary(), "put", *data_dir, "cli", "-"], input=b"from\nstdin", capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    tail = run("tail", *data_dir, "cli", "--from", "TRIM_HORIZON", "--count", "2", "--json")
    assert tail.returncode == 0, tail.stderr
    records = [json.loads(line) for line in tail.stdout.splitlines()]
    assert {record["data"] for record in records} == {"hello", "from\nstdin"}
    assert any(record["partitionKey"] == "k1" for record in records)
    missing = run("tail", *data_dir, "nowhere", "--count", "1")
    assert missing.returncode == 1
    assert "ResourceNotFoundException" in missing.stderr


def test_tail_follows_what_comes(server):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="tail", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="tail", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    follower = subprocess.Popen([binary(), "tail", "--data-dir", str(server.data), "tail", "--count", "1"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "following" in follower.stderr.readline()
    kinesis.put_record(StreamName="tail", PartitionKey="k", Data=b"at last")
    out, _ = follower.communicate(timeout=30)
    assert follower.returncode == 0
    assert "at last" in out


def test_version(server):
    assert run("version").stdout.startswith("penstock 0.")
    assert run().returncode != 0


@pytest.mark.skipif("release" not in binary(), reason="sanitizers need memory of their own: only the release build is held to it")
def test_idle_memory_stays_below_its_bound(own_server):
    own_server.client("sts").get_caller_identity()
    status = (line.split() for line in open(f"/proc/{own_server.process.pid}/status"))
    kib = next(int(words[1]) for words in status if words[0] == "VmRSS:")
    assert kib < 30 * 1024


def test_demo_carries_measurements_from_devices_to_a_reader(server):
    done = run("demo", "--data-dir", str(server.data), "--seconds", "2", "--devices", "3", "--rate", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Three things to try next" in done.stdout
    assert "multispeq-0003" in done.stdout
