# The role that consumers take to read the stream. Made only when someone is named who may take it.
locals {
  with_consumer = length(var.consumer_principal_arns) > 0
}

data "aws_iam_policy_document" "consumer_trust" {
  count = local.with_consumer ? 1 : 0

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.consumer_principal_arns
    }

    dynamic "condition" {
      for_each = var.consumer_external_id == null ? [] : [var.consumer_external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "consumer" {
  count = local.with_consumer ? 1 : 0

  name               = "${var.stream_name}-consumer"
  description        = "Reads records from ${var.stream_name}"
  assume_role_policy = data.aws_iam_policy_document.consumer_trust[0].json
  tags               = var.tags
}

data "aws_iam_policy_document" "read" {
  count = local.with_consumer ? 1 : 0

  statement {
    actions = [
      "kinesis:DescribeStream",
      "kinesis:DescribeStreamSummary",
      "kinesis:GetRecords",
      "kinesis:GetShardIterator",
      "kinesis:ListShards",
      "kinesis:ListStreamConsumers",
      "kinesis:RegisterStreamConsumer",
    ]
    resources = [aws_kinesis_stream.this.arn]
  }

  statement {
    actions   = ["kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer"]
    resources = [aws_kinesis_stream.this.arn, "${aws_kinesis_stream.this.arn}/consumer/*"]
  }

  # These two have no resource to be limited to.
  statement {
    actions   = ["kinesis:DescribeLimits", "kinesis:ListStreams"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "read" {
  count = local.with_consumer ? 1 : 0

  name        = "${var.stream_name}-read"
  description = "Read records from ${var.stream_name}"
  policy      = data.aws_iam_policy_document.read[0].json
  tags        = var.tags
}

resource "aws_iam_role_policy_attachment" "consumer" {
  count = local.with_consumer ? 1 : 0

  role       = aws_iam_role.consumer[0].name
  policy_arn = aws_iam_policy.read[0].arn
}
