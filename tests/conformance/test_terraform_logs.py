"""The provider's aws_cloudwatch_log_group and _stream: apply, empty plan, updates in place, import, destroy."""

import pytest
from penstock_process import PenstockProcess
from terraform_runner import Terraform

CONFIGURATION = """
variable "penstock_endpoint" { type = string }
variable "region" { type = string }
variable "retention" { default = 14 }
variable "tags" {
  type    = map(string)
  default = { crop = "tomato", owner = "lab" }
}
provider "aws" {
  region                      = var.region
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  endpoints {
    logs = var.penstock_endpoint
  }
}
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/flag"
  retention_in_days = var.retention
  tags              = var.tags
}
resource "aws_cloudwatch_log_group" "plain" {
  name = "plain"
}
resource "aws_cloudwatch_log_stream" "stream" {
  name           = "a stream"
  log_group_name = aws_cloudwatch_log_group.plain.name
}
"""


@pytest.fixture
def stack(tmp_path):
    server = PenstockProcess(tmp_path).start()
    folder = tmp_path / "stack"
    folder.mkdir()
    (folder / "main.tf").write_text(CONFIGURATION)
    terraform = Terraform(folder, server)
    terraform.run("init", "-input=false")
    yield server, terraform
    server.stop()


def test_log_groups(stack):
    server, terraform = stack
    logs = server.client("logs")
    terraform.apply()
    terraform.assert_empty_plan()
    changed = {"retention": 0, "tags": {"crop": "potato"}}
    terraform.apply(changed)
    terraform.assert_empty_plan(changed)
    group, = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/flag")["logGroups"]
    assert "retentionInDays" not in group
    assert logs.list_tags_log_group(logGroupName="/aws/lambda/flag")["tags"] == {"crop": "potato"}
    terraform.forget("aws_cloudwatch_log_group.function")
    terraform.run("import", "-input=false", "aws_cloudwatch_log_group.function", "/aws/lambda/flag", variables=changed)
    terraform.assert_empty_plan(changed)
    terraform.run("destroy", "-auto-approve", "-input=false", variables=changed)
    assert logs.describe_log_groups()["logGroups"] == []
