"""Fixtures for every conformance test.

    def test_something(server):                 # one server for the whole run, with the root key
        kinesis = server.client("kinesis")      # a boto3 client
        server.aws("kinesis", "list-streams")   # the AWS CLI, parsed answer
        server.endpoints["mqtt"]

    def test_restart(own_server):               # a server of this test's own: may be stopped, killed, started again
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from penstock_process import PenstockProcess  # noqa: E402


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    process = PenstockProcess(tmp_path_factory.mktemp("penstock")).start()
    yield process
    process.stop()


@pytest.fixture
def own_server(tmp_path):
    process = PenstockProcess(tmp_path).start()
    yield process
    process.stop()
