"""terraform/examples/multispeq with the real AWS provider: apply, empty plan, update, empty plan, import, destroy.

The provider comes from a mirror folder: $TF_PLUGIN_MIRROR, or one of the usual places. Without it (or without terraform)
these tests are skipped, loudly; with CI set they fail instead.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from penstock_process import ACCOUNT, REGION, ROOT, ROOT_KEY, ROOT_SECRET, PenstockProcess

USUAL_PLACES = ["/opt/tf-plugins", "/opt/terraform-plugins", "/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins",
                "~/.terraform.d/plugins", "~/.local/share/terraform/plugins", "/opt/terraform/plugins", "/opt"]


def mirror() -> str | None:
    for place in [os.environ.get("TF_PLUGIN_MIRROR", ""), *USUAL_PLACES]:
        if place and (Path(place).expanduser() / "registry.terraform.io" / "hashicorp" / "aws").is_dir():
            return str(Path(place).expanduser())
    return None


def unavailable(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(f"TERRAFORM TESTS NOT RUN: {why}")


class Terraform:
    """A copy of the example with its own state, run against one server."""

    def __init__(self, directory: Path, server: PenstockProcess):
        binary, plugins = shutil.which("terraform"), mirror()
        if binary is None:
            unavailable("no terraform on the PATH")
        if plugins is None:
            unavailable("no provider mirror: set TF_PLUGIN_MIRROR to a folder that holds registry.terraform.io")
        shutil.copytree(ROOT / "terraform", directory / "terraform",
                        ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        self.folder = directory / "terraform" / "examples" / "multispeq"
        settings = directory / "terraformrc"
        settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{plugins}"\n  }}\n}}\n')
        self.command = [binary, f"-chdir={self.folder}"]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))},
            "TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1",
            "AWS_ACCESS_KEY_ID": ROOT_KEY, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "TF_VAR_penstock_endpoint": server.endpoints["api"], "TF_VAR_region": REGION,
        }

    def run(self, *arguments: str, variables: dict | None = None, statuses: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess:
        given = [f"-var={name}={json.dumps(value) if not isinstance(value, str) else value}"
                 for name, value in (variables or {}).items()]
        done = subprocess.run([*self.command, arguments[0], "-no-color", *given, *arguments[1:]], env=self.environment,
                              capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        assert done.returncode in statuses, f"terraform {' '.join(arguments)}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def apply(self, variables: dict | None = None) -> None:
        self.run("apply", "-auto-approve", "-input=false", variables=variables)

    def assert_empty_plan(self, variables: dict | None = None) -> None:
        done = self.run("plan", "-detailed-exitcode", "-input=false", variables=variables, statuses=(0, 2))
        assert done.returncode == 0, f"the plan is not empty:\n{done.stdout}"

    def state(self) -> list[str]:
        return self._state_command("list").split()

    def forget(self, address: str) -> None:
        self._state_command("rm", address)

    def _state_command(self, *arguments: str) -> str:
        return subprocess.run([*self.command, "state", *arguments], env=self.environment, capture_output=True, text=True,
                              check=True).stdout

    def outputs(self) -> dict:
        done = self.run("output", "-json")
        return {name: output["value"] for name, output in json.loads(done.stdout).items()}


def test_the_multispeq_example_lives_its_whole_life(tmp_path):
    server = PenstockProcess(tmp_path).start()
    try:
        terraform = Terraform(tmp_path, server)
        terraform.run("init", "-input=false")
        terraform.run("validate")

        terraform.apply()
        terraform.assert_empty_plan()
        outputs = terraform.outputs()
        assert outputs["kinesis_stream_name"] == "multispeq-measurements"
        assert outputs["kinesis_stream_arn"] == f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/multispeq-measurements"

        larger = {"shard_count": 2, "retention_period_hours": 48}
        terraform.apply(larger)
        terraform.assert_empty_plan(larger)
        summary = server.client("kinesis").describe_stream_summary(StreamName="multispeq-measurements")["StreamDescriptionSummary"]
        assert (summary["OpenShardCount"], summary["RetentionPeriodHours"]) == (2, 48)

        smaller = {"shard_count": 1, "retention_period_hours": 24}
        terraform.apply(smaller)
        terraform.assert_empty_plan(smaller)

        import_again(terraform, smaller)
        terraform.assert_empty_plan(smaller)

        terraform.run("destroy", "-auto-approve", "-input=false")
        assert terraform.state() == []
        assert server.client("kinesis").list_streams()["StreamNames"] == []
        assert server.client("iam").list_roles()["Roles"] == []
        assert server.client("iot").list_topic_rules()["rules"] == []
        assert server.client("iot").list_certificates()["certificates"] == []
    finally:
        server.stop()


def import_again(terraform: Terraform, variables: dict) -> None:
    """Everything that the provider can import is forgotten and imported, by import blocks."""
    blocks = ""
    account = f"arn:aws:iam::{ACCOUNT}"
    stream = "multispeq-measurements"
    for address, identity in {
        "module.kinesis.aws_kinesis_stream.this": stream,
        "module.kinesis.aws_iam_role.iot_writer": f"{stream}-iot-writer",
        "module.kinesis.aws_iam_policy.write": f"{account}:policy/{stream}-write",
        "module.kinesis.aws_iam_role_policy_attachment.iot_writer": f"{stream}-iot-writer/{account}:policy/{stream}-write",
        "module.kinesis.aws_iam_role.consumer[0]": f"{stream}-consumer",
        "aws_iam_role_policy.errors": f"{stream}-errors:publish",
        "module.iot_core.aws_iot_policy.device": "multispeq_device",
        "module.iot_core.aws_iot_topic_rule.to_stream": "multispeq_to_stream",
        'module.iot_core.aws_iot_thing.device["multispeq-0001"]': "multispeq-0001",
    }.items():
        terraform.forget(address)
        blocks += f'import {{\n  to = {address}\n  id = "{identity}"\n}}\n'
    (terraform.folder / "imports.tf").write_text(blocks)
    done = terraform.run("apply", "-auto-approve", "-input=false", variables=variables)
    assert f"Resources: {blocks.count('import {')} imported, 0 added, 0 changed, 0 destroyed." in done.stdout


def test_a_plan_after_the_pipeline_is_gone_finds_everything_missing(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    server = PenstockProcess(tmp_path / "one").start()
    other = PenstockProcess(tmp_path / "two").start()
    try:
        terraform = Terraform(tmp_path, server)
        terraform.run("init", "-input=false")
        terraform.apply()
        managed = [address for address in terraform.state() if ".data." not in f".{address}"]
        terraform.environment["TF_VAR_penstock_endpoint"] = other.endpoints["api"]
        done = terraform.run("plan", "-input=false")
        assert f"Plan: {len(managed)} to add, 0 to change, 0 to destroy." in done.stdout
    finally:
        server.stop()
        other.stop()
