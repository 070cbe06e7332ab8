"""What AWS was recorded to answer, where functions meet their callers: statuses, codes, messages and members to the letter."""

import base64
import json
import uuid

import pytest
from lambda_zips import lambda_role, zip_of
from penstock_process import ACCOUNT, REGION
from raw_request import send


@pytest.fixture(scope="module")
def role(server):
    return lambda_role(server)


@pytest.fixture(scope="module")
def functions(server):
    return server.client("lambda")
