"""terraform/examples/multispeq with the real AWS provider: apply, empty plan, update, empty plan, import, destroy."""

import shutil
import subprocess
from pathlib import Path

from penstock_process import ACCOUNT, REGION, ROOT, PenstockProcess
from terraform_runner import Terraform


def copy_of_the_example(directory: Path) -> Path:
    shutil.copytree(ROOT / "terraform", directory / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    example = directory / "terraform" / "examples" / "multispeq"
    subprocess.run([example / "package"], check=True)
    return example


def test_the_multispeq_example_lives_its_whole_life(tmp_path):
    server = PenstockProcess(tmp_path).start()
    try:
        terraform = Terraform(copy_of_the_example(tmp_path), server)
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
        assert server.client("lambda").list_functions()["Functions"] == []
        assert server.client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
        assert server.client("logs").describe_log_groups()["logGroups"] == []
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
        "aws_kinesis_stream.alerts": f"{stream}-alerts",
        "module.flag.aws_cloudwatch_log_group.this": f"/aws/lambda/{stream}-flag",
        "module.flag.aws_iam_role.this": f"{stream}-flag-function",
        "module.flag.aws_iam_role_policy.read": f"{stream}-flag-function:read",
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
        terraform = Terraform(copy_of_the_example(tmp_path), server)
        terraform.run("init", "-input=false")
        terraform.apply()
        managed = [address for address in terraform.state() if ".data." not in f".{address}"]
        terraform.environment["TF_VAR_penstock_endpoint"] = other.endpoints["api"]
        done = terraform.run("plan", "-input=false")
        assert f"Plan: {len(managed)} to add, 0 to change, 0 to destroy." in done.stdout
    finally:
        server.stop()
        other.stop()
