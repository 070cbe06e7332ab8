"""The provider's aws_lambda_event_source_mapping: apply, empty plan, updates in place, import, destroy."""

import pytest
from lambda_zips import HELLO_PYTHON, zip_of
from penstock_process import PenstockProcess
from terraform_runner import Terraform

CONFIGURATION = """
variable "penstock_endpoint" { type = string }
variable "region" { type = string }
variable "batch_size" { default = 50 }
variable "enabled" { default = true }
variable "pattern" { default = "{\\"data\\":{\\"t\\":[{\\"numeric\\":[\\">\\",20]}]}}" }
variable "tags" {
  type    = map(string)
  default = { owner = "lab" }
}
provider "aws" {
  region                      = var.region
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  endpoints {
    kinesis = var.penstock_endpoint
    iam     = var.penstock_endpoint
    lambda  = var.penstock_endpoint
  }
}
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
resource "aws_kinesis_stream" "readings" {
  name        = "readings"
  shard_count = 1
}
resource "aws_kinesis_stream_consumer" "pushed" {
  name       = "pushed"
  stream_arn = aws_kinesis_stream.readings.arn
}
resource "aws_iam_role" "consumer" {
  name               = "consumer"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",
    Principal = { Service = "lambda.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "read" {
  name   = "read"
  role   = aws_iam_role.consumer.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kinesis:*", Resource = "*" }] })
}
resource "aws_lambda_function" "consumer" {
  function_name = "consumer"
  role          = aws_iam_role.consumer.arn
  runtime       = "python3.11"
  handler       = "app.handler"
  filename      = "${path.module}/app.zip"
}
resource "aws_lambda_event_source_mapping" "plain" {
  event_source_arn  = aws_kinesis_stream.readings.arn
  function_name     = aws_lambda_function.consumer.arn
  starting_position = "LATEST"
  depends_on        = [aws_iam_role_policy.read]
}
resource "aws_lambda_event_source_mapping" "every" {
  event_source_arn                   = aws_kinesis_stream_consumer.pushed.arn
  function_name                      = aws_lambda_function.consumer.function_name
  starting_position                  = "AT_TIMESTAMP"
  starting_position_timestamp        = "2023-11-14T22:13:20Z"
  enabled                            = var.enabled
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = 1
  parallelization_factor             = 2
  maximum_retry_attempts             = 3
  maximum_record_age_in_seconds      = 600
  bisect_batch_on_function_error     = true
  tumbling_window_in_seconds         = 30
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = var.tags
  filter_criteria {
    filter {
      pattern = var.pattern
    }
  }
  metrics_config {
    metrics = ["EventCount"]
  }
  depends_on = [aws_iam_role_policy.read]
}
"""


@pytest.fixture
def stack(tmp_path):
    server = PenstockProcess(tmp_path).start()
    folder = tmp_path / "stack"
    folder.mkdir()
    (folder / "main.tf").write_text(CONFIGURATION)
    (folder / "app.zip").write_bytes(zip_of({"app.py": HELLO_PYTHON}))
    terraform = Terraform(folder, server)
    terraform.run("init", "-input=false")
    yield server, terraform
    server.stop()


def test_event_source_mappings(stack):
    server, terraform = stack
    functions = server.client("lambda")

    def mapping(source):
        return next(m for m in functions.list_event_source_mappings()["EventSourceMappings"] if source in m["EventSourceArn"])

    terraform.apply()
    terraform.assert_empty_plan()
    before = mapping("/consumer/")
    assert (before["State"], before["BatchSize"]) == ("Enabled", 50)
    changed = {"batch_size": 20, "enabled": False, "pattern": '{"data":{"t":[{"exists":true}]}}', "tags": {"owner": "field"}}
    terraform.apply(changed)
    terraform.assert_empty_plan(changed)
    after = mapping("/consumer/")
    assert (after["UUID"], after["State"], after["BatchSize"]) == (before["UUID"], "Disabled", 20)
    for address, source in (("every", "/consumer/"), ("plain", "stream/readings")):
        terraform.forget(f"aws_lambda_event_source_mapping.{address}")
        found = next(m for m in functions.list_event_source_mappings()["EventSourceMappings"]
                     if (source in m["EventSourceArn"]) and ("/consumer/" in m["EventSourceArn"]) == (address == "every"))
        terraform.run("import", "-input=false", f"aws_lambda_event_source_mapping.{address}", found["UUID"], variables=changed)
    terraform.assert_empty_plan(changed)
    terraform.run("destroy", "-auto-approve", "-input=false", variables=changed)
    assert functions.list_event_source_mappings()["EventSourceMappings"] == []
