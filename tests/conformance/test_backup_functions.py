"""Backups of what Lambda and CloudWatch Logs keep: functions' and layers' zips, log events, asynchronous invocations
that wait, and what lies in buckets."""

import json
import shutil
import tempfile
import threading
import time
from pathlib import Path

import pytest
from iam_documents import allow
from lambda_zips import lambda_role, zip_of
from penstock_process import PenstockProcess
from test_backup import damage, done, penstock, refused, restored
from test_lambda_async import until, value

# Of the layer, and of the code: each says which one runs.
LAYER = {"python/words.py": "LAYER = 'one'\n"}
CODE = """import time, words
def handler(event, context):
    print('got', event)
    if event.get('hold'):
        time.sleep(60)
    if event.get('fail'):
        raise ValueError('told to')
    return ['%s', words.LAYER]
"""


def code(which) -> bytes:
    return zip_of({"app.py": CODE % which})


def make(server, name, role, layers, which, **more) -> None:
    server.client("lambda").create_function(**{
        "FunctionName": name, "Runtime": "python3.11", "Role": role, "Handler": "app.handler", "Timeout": 70,
        "Layers": layers, "Code": {"ZipFile": code(which)}} | more)


def answer(server, name, **event):
    got = server.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    return json.loads(got["Payload"].read())


def events_of(server, group: str, stream: str | None = None) -> list[str]:
    streams = {"logStreamNames": [stream]} if stream else {}
    pages = server.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, **streams)
    return [event["message"].rstrip("\n") for page in pages for event in page["events"]]


class Busy(threading.Thread):
    """Does something again and again until it is told to end; a failure is the test's."""

    def __init__(self, step):
        super().__init__()
        self.step, self.steps, self.failure = step, 0, None
        self.ending = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            while not self.ending.is_set():
                self.step(self.steps)
                self.steps += 1
        except Exception as failure:  # noqa: BLE001: shown by the test
            self.failure = failure

    def reach(self, steps: int) -> int:
        until(lambda: self.steps >= steps or self.failure)
        assert self.failure is None, self.failure
        return self.steps

    def stop(self) -> None:
        self.ending.set()
        self.join()
        assert self.failure is None, self.failure


@pytest.fixture
def other_disk():
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def narrow(tmp_path):
    """A server that runs one environment at a time: while it does, invocations wait."""
    (tmp_path / "penstock.json").write_text(json.dumps({"lambda": {"concurrency_max": 1}}))
    server = PenstockProcess(tmp_path, "--config", str(tmp_path / "penstock.json")).start()
    yield server
    server.stop()


def furnish(server) -> tuple[str, list[str]]:
    role = lambda_role(server, allow("s3:PutObject", "arn:aws:s3:::told/*"))
    functions = server.client("lambda")
    layer = functions.publish_layer_version(LayerName="words", Content={"ZipFile": zip_of(LAYER)})["LayerVersionArn"]
    make(server, "steady", role, [layer], "steady")
    functions.publish_version(FunctionName="steady")
    functions.update_function_code(FunctionName="steady", ZipFile=code("newer"))
    zips = server.data / "buckets" / "zips" / "deep" / "äöü"
    zips.mkdir(parents=True)
    (zips / "app.zip").write_bytes(code("bucket"))
    make(server, "from-bucket", role, [layer], "", Code={"S3Bucket": "zips", "S3Key": "deep/äöü/app.zip"})
    functions.put_function_event_invoke_config(FunctionName="from-bucket", MaximumRetryAttempts=0, DestinationConfig={
        "OnFailure": {"Destination": "arn:aws:s3:::told"}})
    functions.invoke(FunctionName="from-bucket", InvocationType="Event", Payload=b'{"fail": 1}')
    until(lambda: objects(server, "told"))
    until(lambda: value(server, "penstock_lambda_async_events_waiting") == 0)
    return role, [layer]


def objects(server, bucket: str) -> dict[str, bytes]:
    folder = server.data / "buckets" / bucket
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")}


def test_what_functions_and_logs_keep_is_in_every_backup(narrow, tmp_path, other_disk):
    role, layers = furnish(narrow)
    functions, logs = narrow.client("lambda"), narrow.client("logs")
    make(narrow, "changing", role, layers, 0)
    logs.create_log_group(logGroupName="/field")
    logs.create_log_stream(logGroupName="/field", logStreamName="s")
    said = objects(narrow, "told")
    now = int(time.time() * 1000)

    def put(n):
        logs.put_log_events(logGroupName="/field", logStreamName="s", logEvents=[
            {"timestamp": now + n, "message": f"{n} " + "." * 2000}] * 1)

    def change(n):
        functions.update_function_code(FunctionName="changing", ZipFile=code(n + 1))
        make(narrow, f"brief-{n}", role, layers, f"brief-{n}")
        functions.delete_function(FunctionName=f"brief-{n}")

    # It takes the one environment; what is sent now waits.
    holding = threading.Thread(target=lambda: pytest.raises(Exception, answer, narrow, "steady", hold=1))
    holding.start()
    until(lambda: "got {'hold': 1}" in sync_output(narrow))
    for n in range(5):
        functions.invoke(FunctionName="steady", InvocationType="Event", Payload=json.dumps({"n": n}))
    writers = Busy(put), Busy(change)
    backups = []
    try:
        for turn, folder in enumerate((tmp_path, other_disk)):
            before = [writer.reach((turn + 1) * 5) for writer in writers]
            report = json.loads(done("backup", folder / "b", "--data-dir", narrow.data, "--json"))
            assert report["lost_code"] == []
            assert report["log_groups"] >= 1 and report["zips"] >= 5 and report["bucket_files"] == 2
            backups.append((folder / "b", before))
    finally:
        for writer in writers:
            writer.stop()
    assert not any("got {'n'" in line for line in sync_output(narrow)), "they wait"
    narrow.kill()
    holding.join()
    assert not (narrow.data / "streams" / ".backup").exists() and not (narrow.data / "logs" / ".backup").exists()
    for turn, (backup, (put_before, changed_before)) in enumerate(backups):
        assert f"{report['zips']} zips" in done("check", "--data-dir", backup) or turn == 0
        server = restored(backup, tmp_path / f"restored-{turn}", *(["--link"] if turn == 0 else []))
        try:
            found = [int(message.split()[0]) for message in events_of(server, "/field", "s")]
            assert found == list(range(len(found))) and len(found) >= put_before, "in order, none missing, none twice"
            assert answer(server, "steady") == ["newer", "one"]
            assert answer(server, "steady:1") == ["steady", "one"]
            assert answer(server, "from-bucket") == ["bucket", "one"]
            assert int(answer(server, "changing")[0]) >= changed_before
            assert "code is lost" not in server.log_path.read_text()
            assert objects(server, "told") == said
            assert objects(server, "zips") == {"deep/äöü/app.zip": code("bucket")}
            waited = {f"got {{'n': {n}}}" for n in range(5)}
            until(lambda: waited <= set(events_of(server, "/aws/lambda/steady")))
            server.client("logs").put_log_events(logGroupName="/field", logStreamName="s", logEvents=[
                {"timestamp": int(time.time() * 1000) + 60_000, "message": "behind all"}])
            server.stop()
            server.start()
            assert events_of(server, "/field", "s")[-1] == "behind all"
        finally:
            server.stop()
        done("check", "--data-dir", server.data)


def sync_output(server) -> list[str]:
    logs = server.client("logs")
    try:
        return events_of(server, "/aws/lambda/steady")
    except logs.exceptions.ResourceNotFoundException:
        return []


def test_what_is_damaged_is_named(own_server, tmp_path):
    role = lambda_role(own_server)
    own_server.client("lambda").create_function(FunctionName="f", Runtime="python3.11", Role=role, Handler="app.handler",
                                                Code={"ZipFile": zip_of({"app.py": "def handler(e, c): return 1\n"})})
    logs = own_server.client("logs")
    logs.create_log_group(logGroupName="/field")
    logs.create_log_stream(logGroupName="/field", logStreamName="s")
    for n in range(8):
        logs.put_log_events(logGroupName="/field", logStreamName="s", logEvents=[
            {"timestamp": int(time.time() * 1000), "message": f"{n} {i} " + "." * 3000} for i in range(20)])
    (own_server.data / "buckets" / "b").mkdir(parents=True)
    (own_server.data / "buckets" / "b" / "key").write_text("contents")
    done("backup", tmp_path / "b", "--data-dir", own_server.data)
    zips = "functions/zips/*.zip"
    zip_path, = (tmp_path / "b").glob(zips)
    assert zip_path.stat().st_nlink == 2, "a zip never changes"
    assert (tmp_path / "b" / "buckets" / "b" / "key").stat().st_nlink == 1, "people may change it"
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "b").rglob("*"))
    # (The log's path: group, or one of its files.)
    cases = {
        "rotten-zip": (zips, lambda path: damage(path, 30), zip_path.name),
        "short-zip": (zips, lambda path: path.write_bytes(b""), zip_path.name),
        "missing-zip": (zips, Path.unlink, zip_path.name),
        "rotten-object": ("buckets/b/key", lambda path: damage(path, 3), "buckets/b/key"),
        "missing-object": ("buckets/b/key", Path.unlink, "buckets/b/key"),
        "rotten-events": ("logs/group-*/0000000000000001.*", lambda path: damage(path, 9000), "log group /field"),
        "missing-events": ("logs/group-*", shutil.rmtree, "logs/group-"),
        "missing-queue": ("logs/async-invocations", shutil.rmtree, "logs/async-invocations"),
    }
    for name, (pattern, spoil, says) in cases.items():
        copy = tmp_path / name
        shutil.copytree(tmp_path / "b", copy)
        path, = copy.glob(pattern)
        spoil(path)
        said = refused("restore", copy, tmp_path / "out")
        assert "the backup is damaged" in said and says in said, name
        assert not (tmp_path / "out").exists()
    assert f"{zip_path.name} is damaged" in penstock("check", "--data-dir", tmp_path / "rotten-zip").stdout
    # What is whole of rotten events can be had, when that is asked for.
    done("repair", "--data-dir", tmp_path / "rotten-events")
    server = restored(tmp_path / "rotten-events", tmp_path / "repaired", "--no-check")
    try:
        assert 0 < len(events_of(server, "/field", "s")) < 160
    finally:
        server.stop()
    # What was lost before is told.
    (own_server.data / "functions" / "zips" / zip_path.name).unlink()
    said = done("backup", tmp_path / "without", "--data-dir", own_server.data)
    assert "it was lost before: code of function f." in said
    # Bytes that no name can stand for in a manifest.
    bad = own_server.data / "buckets" / "b" / "n\udcffme"
    bad.write_text("")
    assert "is not UTF-8" in refused("backup", tmp_path / "c", "--data-dir", own_server.data)
    assert not (tmp_path / "c").exists()
