"""Functions driven by the AWS CLI and the JavaScript SDK as they come; a runtime compiled from C++."""

import base64
import json
import platform
import subprocess
import uuid

import javascript
import pytest
from lambda_zips import lambda_role, zip_of
from penstock_process import ROOT

NODE = """
exports.handler = async (event) => {
  console.log("event", event.n);
  if (event.fail) throw new RangeError("asked to");
  return { said: process.env.GREETING, n: event.n };
};
"""


def test_the_javascript_sdk(server, tmp_path):
    javascript.install()
    zipped = tmp_path / "code.zip"
    zipped.write_bytes(zip_of({"index.js": NODE}))
    name = "js-" + uuid.uuid4().hex[:12]
    done = subprocess.run(["node", javascript.script("lambda.mjs"), server.endpoints["api"], name, lambda_role(server), str(zipped)],
                          env=server.environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "state": "Active", "first": {"said": "hello", "n": 1}, "status": 200, "version": "$LATEST", "logged": True,
        "second": {"said": "bye", "n": 2}, "dry": 204, "error": "Unhandled", "errorType": "RangeError",
        "gone": "ResourceNotFoundException"}


def test_the_command_line(server, tmp_path):
    zipped = tmp_path / "code.zip"
    zipped.write_bytes(zip_of({"app.py": "def handler(event, context):\n    return [event, context.function_version]\n"}))
    name = "cli-" + uuid.uuid4().hex[:12]
    server.aws("lambda", "create-function", "--function-name", name, "--runtime", "python3.11", "--handler", "app.handler",
               "--role", lambda_role(server), "--zip-file", f"fileb://{zipped}")
    server.aws("lambda", "wait", "function-active-v2", "--function-name", name)
    server.aws("lambda", "publish-version", "--function-name", name)
    out = tmp_path / "out.json"
    event = tmp_path / "event.json"
    event.write_text('{"k": 1}')
    told = server.aws("lambda", "invoke", "--function-name", name, "--qualifier", "1", "--log-type", "Tail",
                      "--payload", f"fileb://{event}", str(out))
    assert json.loads(out.read_text()) == [{"k": 1}, "1"]
    assert (told["StatusCode"], told["ExecutedVersion"]) == (200, "1")
    assert "END RequestId" in base64.b64decode(told["LogResult"]).decode()
    server.aws("lambda", "delete-function", "--function-name", name)


@pytest.mark.parametrize("runtime", ["provided.al2023", "provided.al2"])
def test_a_compiled_bootstrap(server, tmp_path, runtime):
    program = tmp_path / "bootstrap"
    subprocess.run(["clang++-19", "-O1", "-std=c++20", "-o", str(program), str(ROOT / "tests" / "lambda" / "bootstrap.cc")],
                   check=True, capture_output=True)
    functions = server.client("lambda")
    name = "cc-" + uuid.uuid4().hex[:12]
    functions.create_function(FunctionName=name, Runtime=runtime, Role=lambda_role(server), Handler="anything",
                              Architectures=["arm64" if platform.machine() == "aarch64" else "x86_64"],
                              Code={"ZipFile": zip_of({"bootstrap": program.read_bytes()}, executable=("bootstrap",))})
    for n in (1, 2, 3):
        answer = functions.invoke(FunctionName=name, Payload=json.dumps({"x": "y" * 100_000}), LogType="Tail")
        assert json.loads(answer["Payload"].read()) == {"n": n, "event": {"x": "y" * 100_000}}
        assert f"event {n} of anything\n" in base64.b64decode(answer["LogResult"]).decode()
    functions.delete_function(FunctionName=name)
