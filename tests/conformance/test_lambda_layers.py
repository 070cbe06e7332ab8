"""Layers through boto3: published, listed, given to functions, shared, deleted."""

import base64
import hashlib
import json
import uuid

import pytest
from botocore.exceptions import ClientError
from lambda_zips import HELLO_PYTHON, lambda_role, zip_of
from penstock_process import ACCOUNT, REGION

LAYER = zip_of({"python/shared.py": "LIMIT = 1\n"})


@pytest.fixture
def functions(server):
    return server.client("lambda")


@pytest.fixture
def name():
    return "l-" + uuid.uuid4().hex[:12]


def layer_arn(resource):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{resource}"


def refused(call, **keywords):
    with pytest.raises(ClientError) as error:
        call(**keywords)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def test_a_layers_versions(functions, name):
    one = functions.publish_layer_version(LayerName=name, Content={"ZipFile": LAYER}, Description="first", LicenseInfo="MIT",
                                          CompatibleRuntimes=["python3.8", "python3.9"])
    assert (one["LayerArn"], one["LayerVersionArn"], one["Version"]) == (layer_arn(name), layer_arn(f"{name}:1"), 1)
    assert one["Content"]["CodeSha256"] == base64.b64encode(hashlib.sha256(LAYER).digest()).decode()
    two = functions.publish_layer_version(LayerName=layer_arn(name), Content={"ZipFile": zip_of({"a": "b"})})
    assert two["Version"] == 2
    seen = functions.get_layer_version(LayerName=name, VersionNumber=1)
    assert (seen["Description"], seen["LicenseInfo"], seen["CompatibleRuntimes"]) == ("first", "MIT", ["python3.8", "python3.9"])
    assert functions.get_layer_version_by_arn(Arn=layer_arn(f"{name}:2"))["Version"] == 2
    assert [version["Version"] for version in functions.list_layer_versions(LayerName=name)["LayerVersions"]] == [2, 1]
    assert [version["Version"] for version in
            functions.list_layer_versions(LayerName=name, CompatibleRuntime="python3.9")["LayerVersions"]] == [1]
    layer = next(layer for layer in functions.list_layers()["Layers"] if layer["LayerName"] == name)
    assert layer["LatestMatchingVersion"]["Version"] == 2
    functions.delete_layer_version(LayerName=name, VersionNumber=2)
    functions.delete_layer_version(LayerName=name, VersionNumber=2)
    assert refused(functions.get_layer_version, LayerName=name, VersionNumber=2)[:2] == ("ResourceNotFoundException", 404)
    assert functions.publish_layer_version(LayerName=name, Content={"ZipFile": LAYER})["Version"] == 3


def test_a_function_takes_layers(server, functions, name):
    role = lambda_role(server)
    layer = functions.publish_layer_version(LayerName=name, Content={"ZipFile": LAYER})["LayerVersionArn"]
    make = {"FunctionName": name, "Runtime": "python3.9", "Role": role, "Handler": "app.handler",
            "Code": {"ZipFile": zip_of({"app.py": HELLO_PYTHON})}}
    assert "does not exist" in refused(functions.create_function, **make, Layers=[layer_arn("nobody:1")])[2]
    made = functions.create_function(**make, Layers=[layer])
    assert made["Layers"] == [{"Arn": layer, "CodeSize": len(LAYER)}]
    other = functions.publish_layer_version(LayerName=name, Content={"ZipFile": LAYER})["LayerVersionArn"]
    assert "Two different versions" in refused(functions.update_function_configuration, FunctionName=name, Layers=[layer, other])[2]
    functions.delete_layer_version(LayerName=name, VersionNumber=1)
    kept = functions.update_function_configuration(FunctionName=name, Timeout=9)  # a function keeps what it has
    assert kept["Layers"] == [{"Arn": layer, "CodeSize": len(LAYER)}]
    assert "Layers" not in functions.update_function_configuration(FunctionName=name, Layers=[])


def test_code_and_layers_have_a_bound_together(server, functions, name):
    role = lambda_role(server)
    big = zip_of({"zeros": bytes(200_000_000)})
    layer = functions.publish_layer_version(LayerName=name, Content={"ZipFile": big})["LayerVersionArn"]
    code, _, message = refused(functions.create_function, FunctionName=name, Runtime="python3.9", Role=role, Handler="app.handler",
                               Code={"ZipFile": zip_of({"zeros": bytes(100_000_000)})}, Layers=[layer])
    assert (code, "262144000" in message) == ("InvalidParameterValueException", True)
    functions.delete_layer_version(LayerName=name, VersionNumber=1)


def test_who_may_use_a_layer(functions, name):
    functions.publish_layer_version(LayerName=name, Content={"ZipFile": LAYER})
    which = {"LayerName": name, "VersionNumber": 1}
    assert refused(functions.get_layer_version_policy, **which)[:2] == ("ResourceNotFoundException", 404)
    added = functions.add_layer_version_permission(**which, StatementId="all", Action="lambda:GetLayerVersion", Principal="*")
    assert json.loads(added["Statement"])["Resource"] == layer_arn(f"{name}:1")
    functions.add_layer_version_permission(**which, StatementId="one", Action="lambda:GetLayerVersion", Principal="111122223333")
    policy = json.loads(functions.get_layer_version_policy(**which)["Policy"])
    assert [statement["Principal"] for statement in policy["Statement"]] == ["*", {"AWS": "arn:aws:iam::111122223333:root"}]
    assert refused(functions.add_layer_version_permission, **which, StatementId="all", Action="lambda:GetLayerVersion",
                   Principal="*")[:2] == ("ResourceConflictException", 409)
    for statement in ("all", "one"):
        functions.remove_layer_version_permission(**which, StatementId=statement)
    assert refused(functions.get_layer_version_policy, **which)[0] == "ResourceNotFoundException"
