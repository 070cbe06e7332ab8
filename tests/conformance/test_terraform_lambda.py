"""The provider's Lambda resources: apply, empty plan, each update in place, import, destroy. (Mappings have their own test.)"""

import pytest
from lambda_zips import HELLO_PYTHON, zip_of
from penstock_process import ACCOUNT, REGION, PenstockProcess
from terraform_runner import Terraform

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:flagger"

CONFIGURATION = """
variable "penstock_endpoint" { type = string }
variable "region" { type = string }
provider "aws" {
  region                      = var.region
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  endpoints {
    iam    = var.penstock_endpoint
    lambda = var.penstock_endpoint
    sts    = var.penstock_endpoint
  }
}
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}

variable "zip" { default = "one.zip" }
variable "timeout" { default = 10 }
variable "memory" { default = 256 }
variable "owner" { default = "greenhouse" }
variable "log_level" { default = "INFO" }
variable "reserved" { default = 5 }
variable "threshold" { default = "1" }
variable "weights" {
  type    = map(number)
  default = {}
}
variable "retries" { default = 1 }
variable "runtime" { default = "python3.11" }

resource "aws_iam_role" "flagger" {
  name = "flagger"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_lambda_layer_version" "shared" {
  layer_name               = "shared"
  filename                 = "layer.zip"
  source_code_hash         = filebase64sha256("layer.zip")
  description              = "what several functions use"
  license_info             = "MIT"
  compatible_runtimes      = ["python3.11", "python3.12"]
  compatible_architectures = ["x86_64"]
}

resource "aws_lambda_layer_version_permission" "shared" {
  layer_name     = aws_lambda_layer_version.shared.layer_name
  version_number = aws_lambda_layer_version.shared.version
  statement_id   = "partner"
  action         = "lambda:GetLayerVersion"
  principal      = "111122223333"
}

resource "aws_lambda_function" "flagger" {
  function_name                  = "flagger"
  description                    = "flags what cannot be"
  role                           = aws_iam_role.flagger.arn
  runtime                        = var.runtime
  handler                        = "app.handler"
  filename                       = var.zip
  source_code_hash               = filebase64sha256(var.zip)
  architectures                  = ["x86_64"]
  memory_size                    = var.memory
  timeout                        = var.timeout
  publish                        = true
  reserved_concurrent_executions = var.reserved
  layers                         = [aws_lambda_layer_version.shared.arn]
  environment { variables = { THRESHOLD = var.threshold } }
  ephemeral_storage { size = 1024 }
  tracing_config { mode = "PassThrough" }
  logging_config {
    log_format            = "JSON"
    log_group             = "/custom/flagger"
    application_log_level = var.log_level
    system_log_level      = "WARN"
  }
  tags = { owner = var.owner, crop = "tomato" }
}

resource "aws_lambda_function" "plain" {
  function_name = "plain"
  role          = aws_iam_role.flagger.arn
  runtime       = "python3.11"
  handler       = "app.handler"
  filename      = "one.zip"
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "what runs"
  function_name    = aws_lambda_function.flagger.function_name
  function_version = "1"
  dynamic "routing_config" {
    for_each = length(var.weights) > 0 ? [1] : []
    content { additional_version_weights = var.weights }
  }
}

resource "aws_lambda_permission" "events" {
  statement_id   = "events"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.flagger.function_name
  principal      = "events.amazonaws.com"
  source_arn     = "arn:aws:events:${var.region}:000000000000:rule/nightly"
  source_account = "000000000000"
}

resource "aws_lambda_permission" "alias" {
  statement_id  = "partner"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.flagger.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "arn:aws:iam::111122223333:root"
}

resource "aws_lambda_function_event_invoke_config" "flagger" {
  function_name                = aws_lambda_function.flagger.function_name
  maximum_retry_attempts       = var.retries
  maximum_event_age_in_seconds = 600
}

data "aws_lambda_function" "seen" {
  function_name = aws_lambda_function.flagger.function_name
  depends_on    = [aws_lambda_alias.live]
}
output "seen_arn" { value = data.aws_lambda_function.seen.arn }
output "version" { value = aws_lambda_function.flagger.version }
"""

#: Each changes, where they stand, things that the provider sends in different calls. Few steps: the provider waits in each.
UPDATES = [
    {"memory": "512", "timeout": "20", "owner": "lab", "log_level": "ERROR", "threshold": "2", "reserved": "-1", "retries": "0"},
    {"zip": "two.zip", "weights": {"2": 0.5}},
]

IMPORTS = {
    "aws_lambda_function.plain": "plain",
    "aws_lambda_alias.live": "flagger/live",
    "aws_lambda_permission.events": "flagger/events",
    "aws_lambda_permission.alias": "flagger:live/partner",
    "aws_lambda_function_event_invoke_config.flagger": "flagger",
}


@pytest.fixture
def terraform(own_server: PenstockProcess, tmp_path):
    folder = tmp_path / "terraform"
    folder.mkdir()
    (folder / "main.tf").write_text(CONFIGURATION)
    (folder / "one.zip").write_bytes(zip_of({"app.py": HELLO_PYTHON}))
    (folder / "two.zip").write_bytes(zip_of({"app.py": HELLO_PYTHON + "# two\n"}))
    (folder / "layer.zip").write_bytes(zip_of({"python/shared.py": "LIMIT = 1\n"}))
    run = Terraform(folder, own_server)
    run.run("init")
    return run


def test_lambda_resources(terraform, own_server):
    terraform.apply()
    terraform.assert_empty_plan()
    assert terraform.outputs()["seen_arn"] in (FUNCTION, f"{FUNCTION}:1")

    variables: dict = {}
    for update in UPDATES:
        variables |= update
        terraform.apply(variables)
        terraform.assert_empty_plan(variables)
    functions = own_server.client("lambda")
    seen = functions.get_function(FunctionName="flagger")
    assert (seen["Configuration"]["MemorySize"], seen["Configuration"]["Timeout"]) == (512, 20)
    assert seen["Configuration"]["Environment"] == {"Variables": {"THRESHOLD": "2"}}
    assert seen["Tags"] == {"owner": "lab", "crop": "tomato"}
    assert "Concurrency" not in seen
    assert functions.get_alias(FunctionName="flagger", Name="live")["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.5}}

    for address, identifier in IMPORTS.items():
        terraform.forget(address)
        terraform.run("import", "-input=false", address, identifier, variables=variables)
    # What only the configuration knows (the zip's path, `publish`) is set again; nothing is made anew.
    assert "0 to destroy" in terraform.run("plan", "-input=false", variables=variables).stdout

    terraform.run("destroy", "-auto-approve", "-input=false", variables=variables)
    assert functions.list_functions()["Functions"] == []
