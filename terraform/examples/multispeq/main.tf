# MultispeQ instruments -> AWS IoT Core -> Kinesis -> a function that flags implausible values -> alerts. With penstock_endpoint set it is built in Penstock, without it in AWS.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region = var.region

  # Nothing but the addresses differs; there is no instance metadata to ask outside AWS.
  skip_metadata_api_check = var.penstock_endpoint == null ? null : "true"

  dynamic "endpoints" {
    for_each = var.penstock_endpoint == null ? [] : [var.penstock_endpoint]

    content {
      iam     = endpoints.value
      iot     = endpoints.value
      kinesis = endpoints.value
      lambda  = endpoints.value
      logs    = endpoints.value
      sts     = endpoints.value
    }
  }
}

module "kinesis" {
  source = "../../modules/kinesis"

  stream_name            = var.stream_name
  shard_count            = var.shard_count
  retention_period_hours = var.retention_period_hours

  consumer_principal_arns = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
  consumer_external_id    = "multispeq-analysis"

  tags = local.tags
}

module "iot_core" {
  source = "../../modules/iot-core"

  name            = "multispeq"
  stream_name     = module.kinesis.kinesis_stream_name
  writer_role_arn = module.kinesis.iot_writer_role_arn
  device_names    = var.device_names
  error_topic     = "errors/multispeq"
  error_role_arn  = aws_iam_role.errors.arn

  tags = local.tags
}

# The role that publishes the rule's errors.
resource "aws_iam_role" "errors" {
  name = "${var.stream_name}-errors"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "errors" {
  name = "publish"
  role = aws_iam_role.errors.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "iot:Publish"
      Resource = "arn:aws:iot:${var.region}:${data.aws_caller_identity.current.account_id}:topic/errors/multispeq"
    }]
  })
}

# Measurements that no leaf can have given.
resource "aws_kinesis_stream" "alerts" {
  name        = "${var.stream_name}-alerts"
  shard_count = 1
  tags        = local.tags
}

module "flag" {
  source = "../../modules/consumer"

  name       = "${var.stream_name}-flag"
  stream_arn = module.kinesis.kinesis_stream_arn
  filename   = "${path.module}/flag.zip" # made by ./package

  environment = { ALERT_STREAM = aws_kinesis_stream.alerts.name }
  policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "kinesis:PutRecords"
      Resource = aws_kinesis_stream.alerts.arn
    }]
  })

  batching_window_seconds = 1
  log_retention_days      = 7

  tags = local.tags
}

data "aws_caller_identity" "current" {}

locals {
  tags = { project = "multispeq" }
}
