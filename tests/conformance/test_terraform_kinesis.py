"""The provider's Kinesis resources and data sources: apply, empty plan, each update in place, import, destroy."""

from pathlib import Path

import pytest
from penstock_process import ACCOUNT, REGION, ROOT, PenstockProcess
from terraform_runner import Terraform

KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
STREAM_ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream"

PROVIDER = """
variable "penstock_endpoint" { type = string }
variable "region" { type = string }
provider "aws" {
  region                      = var.region
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  endpoints {
    kinesis = var.penstock_endpoint
    iam     = var.penstock_endpoint
    sts     = var.penstock_endpoint
  }
}
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
"""

STREAMS = """
variable "shard_count" { default = 2 }
variable "retention" { default = 48 }
variable "owner" { default = "greenhouse" }
variable "mode" { default = "ON_DEMAND" }
variable "metrics" {
  type    = list(string)
  default = ["IncomingBytes", "OutgoingBytes"]
}
variable "key" {
  type    = string
  default = null
}
variable "elastic_key" { default = "alias/aws/kinesis" }

resource "aws_kinesis_stream" "full" {
  name                      = "full"
  shard_count               = var.shard_count
  retention_period          = var.retention
  enforce_consumer_deletion = true
  tags                      = { owner = var.owner, crop = "tomato" }
  shard_level_metrics       = var.metrics
  encryption_type           = var.key == null ? "NONE" : "KMS"
  kms_key_id                = var.key
  stream_mode_details { stream_mode = "PROVISIONED" }
}

resource "aws_kinesis_stream" "elastic" {
  name        = "elastic"
  shard_count = var.mode == "PROVISIONED" ? 3 : null
  encryption_type = "KMS"
  kms_key_id      = var.elastic_key
  stream_mode_details { stream_mode = var.mode }
}

module "ours" {
  source      = "MODULE"
  stream_name = "ours"
  kms_key_id  = var.key
}
""".replace("MODULE", str(ROOT / "terraform" / "modules" / "kinesis"))

CONSUMERS = """
variable "principal_action" { default = "kinesis:DescribeStreamSummary" }
data "aws_caller_identity" "me" {}

resource "aws_kinesis_stream" "shared" {
  name                      = "shared"
  shard_count               = 1
  enforce_consumer_deletion = true
}
resource "aws_kinesis_stream_consumer" "reader" {
  name       = "reader"
  stream_arn = aws_kinesis_stream.shared.arn
}
resource "aws_kinesis_resource_policy" "stream" {
  resource_arn = aws_kinesis_stream.shared.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ReadersOfTheOtherTeam"
      Effect    = "Allow"
      Principal = { AWS = data.aws_caller_identity.me.account_id }
      Action    = ["kinesis:GetRecords", "kinesis:GetShardIterator", var.principal_action]
      Resource  = aws_kinesis_stream.shared.arn
    }]
  })
}
resource "aws_kinesis_resource_policy" "reader" {
  resource_arn = aws_kinesis_stream_consumer.reader.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = data.aws_caller_identity.me.account_id }
      Action    = "kinesis:SubscribeToShard"
      Resource  = aws_kinesis_stream_consumer.reader.arn
    }]
  })
}
data "aws_kinesis_stream" "shared" {
  name       = aws_kinesis_stream.shared.name
  depends_on = [aws_kinesis_stream_consumer.reader]
}
data "aws_kinesis_stream_consumer" "reader" {
  name       = aws_kinesis_stream_consumer.reader.name
  stream_arn = aws_kinesis_stream.shared.arn
}
output "stream" { value = data.aws_kinesis_stream.shared }
output "consumer" { value = data.aws_kinesis_stream_consumer.reader }
"""


@pytest.fixture
def terraform(tmp_path):
    """Gives terraform(configuration): initialised, against a server of its own, which it holds as `.server`."""
    (tmp_path / "penstock").mkdir()
    server = PenstockProcess(tmp_path / "penstock").start()

    def start(configuration: str) -> Terraform:
        folder = Path(tmp_path) / "configuration"
        folder.mkdir()
        (folder / "main.tf").write_text(PROVIDER + configuration)
        made = Terraform(folder, server)
        made.server = server
        made.run("init", "-input=false")
        return made

    yield start
    server.stop()


def import_all(terraform: Terraform, identities: dict[str, str], variables: dict | None = None) -> None:
    blocks = ""
    for address, identity in identities.items():
        terraform.forget(address)
        blocks += f'import {{\n  to = {address}\n  id = "{identity}"\n}}\n'
    (terraform.folder / "imports.tf").write_text(blocks)
    done = terraform.run("apply", "-auto-approve", "-input=false", variables=variables)
    assert f"Resources: {len(identities)} imported, 0 added" in done.stdout
    (terraform.folder / "imports.tf").unlink()


def summary(terraform: Terraform, name: str) -> dict:
    return terraform.server.client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def encryption(terraform: Terraform, name: str) -> tuple:
    shown = summary(terraform, name)
    return shown["EncryptionType"], shown.get("KeyId")


def test_streams_and_every_update_in_place(terraform):
    run = terraform(STREAMS)
    run.apply()
    run.assert_empty_plan()
    assert summary(run, "elastic")["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
    assert (encryption(run, "full"), encryption(run, "elastic")) == (("NONE", None), ("KMS", "alias/aws/kinesis"))

    # one update in place of each argument, both ways where there are two
    changed = {"shard_count": 4, "retention": 72, "owner": "field", "mode": "PROVISIONED",
               "metrics": ["OutgoingBytes", "IteratorAgeMilliseconds", "IncomingRecords"],
               "key": "alias/team", "elastic_key": KEY_ARN}
    plan = run.run("plan", "-input=false", variables=changed)
    # the three streams, and the module's policy that names one of them
    assert "Plan: 0 to add, 4 to change, 0 to destroy." in plan.stdout
    run.apply(changed)
    run.assert_empty_plan(changed)
    now = summary(run, "full")
    assert (now["OpenShardCount"], now["RetentionPeriodHours"]) == (4, 72)
    assert now["EnhancedMonitoring"] == [
        {"ShardLevelMetrics": ["IncomingRecords", "OutgoingBytes", "IteratorAgeMilliseconds"]}]
    assert summary(run, "elastic")["StreamModeDetails"]["StreamMode"] == "PROVISIONED"
    assert summary(run, "elastic")["OpenShardCount"] == 3

    assert (encryption(run, "full"), encryption(run, "elastic")) == (("KMS", "alias/team"), ("KMS", KEY_ARN))
    assert encryption(run, "ours") == ("KMS", "alias/team")

    back = {**changed, "shard_count": 2, "retention": 24, "metrics": []}
    del back["key"]
    run.apply(back)
    run.assert_empty_plan(back)
    assert encryption(run, "full") == encryption(run, "ours") == ("NONE", None)

    import_all(run, {"aws_kinesis_stream.full": "full", "aws_kinesis_stream.elastic": "elastic"}, back)
    run.assert_empty_plan(back)
    run.run("destroy", "-auto-approve", "-input=false")
    assert run.server.client("kinesis").list_streams()["StreamNames"] == []


def test_consumers_resource_policies_and_data_sources(terraform):
    run = terraform(CONSUMERS)
    run.apply()
    run.assert_empty_plan()
    outputs = run.outputs()
    assert outputs["stream"]["arn"] == f"{STREAM_ARN}/shared"
    assert outputs["stream"]["open_shards"] == ["shardId-000000000000"]
    assert outputs["consumer"]["arn"].startswith(f"{STREAM_ARN}/shared/consumer/reader:")
    assert outputs["consumer"]["status"] == "ACTIVE"

    changed = {"principal_action": "kinesis:ListShards"}
    run.apply(changed)
    run.assert_empty_plan(changed)

    import_all(run, {"aws_kinesis_stream_consumer.reader": outputs["consumer"]["arn"],
                     "aws_kinesis_resource_policy.stream": f"{STREAM_ARN}/shared",
                     "aws_kinesis_resource_policy.reader": outputs["consumer"]["arn"]}, changed)
    run.assert_empty_plan(changed)
    run.run("destroy", "-auto-approve", "-input=false")
    assert run.server.client("kinesis").list_streams()["StreamNames"] == []
