"""Data directories that earlier versions wrote still open, and every record is what it was (docs/formats/README.md)."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from penstock_process import PenstockProcess, binary

SAMPLES = Path(__file__).resolve().parents[1] / "formats"
sys.path.insert(0, str(SAMPLES))

from make_sample import read_catalog, read_everything, read_functions  # noqa: E402


def unpack(sample: Path, folder: Path, name: str = "data") -> PenstockProcess:
    with tarfile.open(sample / f"{name}.tar.xz") as archive:
        archive.extractall(folder)
    return PenstockProcess(folder)


def check(server: PenstockProcess, folder: Path | None = None) -> str:
    done = subprocess.run([binary(), "check", "--data-dir", str(folder or server.data)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("sample", sorted(path.parent for path in SAMPLES.glob("*/expected.json")), ids=lambda path: path.name)
def test_a_stored_sample_opens_and_holds_what_it_held(sample, tmp_path):
    expected = json.loads((sample / "expected.json").read_text())
    server = unpack(sample, tmp_path)
    assert all(words in check(server) for words in ("an earlier repair gave up", "it was restored from a backup"))
    for _ in range(2):  # as it was stored, and as this version left it
        server.start()
        try:
            kinesis = server.client("kinesis")
            found = {"made_by": expected["made_by"], "records": read_everything(kinesis), **read_catalog(server)}
            assert found == expected
        finally:
            server.stop()
    server.start()
    try:
        kinesis = server.client("kinesis")
        for stream in expected["records"]:
            kinesis.put_record(StreamName=stream, PartitionKey="new", Data=b"new")
            old = sum(len(records) for records in expected["records"][stream].values())
            assert sum(len(records) for records in read_everything(kinesis)[stream].values()) == old + 1
    finally:
        server.stop()
    check(server)


@pytest.mark.parametrize("sample", sorted(path.parent for path in SAMPLES.glob("*/expected-backup.json")), ids=lambda path: path.name)
def test_a_stored_backup_is_restored_to_what_it_held(sample, tmp_path):
    expected = json.loads((sample / "expected-backup.json").read_text())
    server = unpack(sample, tmp_path, "backup")
    first_format = json.loads((tmp_path / "backup" / "backup.json").read_text())["format"] == 1
    if first_format:  # it held neither code nor events nor buckets
        expected |= {"zips": [], "events": [], "objects": []}
    check(server, tmp_path / "backup")
    done = subprocess.run([binary(), "restore", str(tmp_path / "backup"), str(server.data)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    check(server)
    for _ in range(2):
        server.start()
        try:
            found = {"made_by": expected["made_by"], "records": read_everything(server.client("kinesis")),
                     **read_catalog(server), **read_functions(server)}
            assert found == expected
            lost = "a function's code is lost" in server.log_path.read_text()
            assert lost == first_format
        finally:
            server.stop()


def test_there_is_a_sample():
    assert list(SAMPLES.glob("*/expected-backup.json"))
    assert list(SAMPLES.glob("*/expected.json"))
