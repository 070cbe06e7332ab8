resource "aws_kinesis_stream" "this" {
  name             = var.stream_name
  shard_count      = var.shard_count
  retention_period = var.retention_period_hours
  encryption_type  = var.kms_key_id == null ? "NONE" : "KMS"
  kms_key_id       = var.kms_key_id

  stream_mode_details {
    stream_mode = "PROVISIONED"
  }

  tags = var.tags
}

# The role that AWS IoT Core takes when a topic rule writes to the stream.
data "aws_iam_policy_document" "iot_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["iot.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "iot_writer" {
  name               = "${var.stream_name}-iot-writer"
  description        = "Lets AWS IoT Core topic rules put records into ${var.stream_name}"
  assume_role_policy = data.aws_iam_policy_document.iot_trust.json
  tags               = var.tags
}

data "aws_iam_policy_document" "write" {
  statement {
    actions   = ["kinesis:PutRecord", "kinesis:PutRecords"]
    resources = [aws_kinesis_stream.this.arn]
  }
}

resource "aws_iam_policy" "write" {
  name        = "${var.stream_name}-write"
  description = "Write records to ${var.stream_name}"
  policy      = data.aws_iam_policy_document.write.json
  tags        = var.tags
}

resource "aws_iam_role_policy_attachment" "iot_writer" {
  role       = aws_iam_role.iot_writer.name
  policy_arn = aws_iam_policy.write.arn
}
