data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  iot = "arn:${data.aws_partition.current.partition}:iot:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
}

# A device connects under its thing's name and publishes below the prefix, under its own name only.
data "aws_iam_policy_document" "device" {
  statement {
    actions   = ["iot:Connect"]
    resources = ["${local.iot}:client/$${iot:Connection.Thing.ThingName}"]
  }

  statement {
    actions   = ["iot:Publish"]
    resources = ["${local.iot}:topic/${var.publish_topic_prefix}/*/$${iot:Connection.Thing.ThingName}"]
  }

  statement {
    actions   = ["iot:Subscribe"]
    resources = ["${local.iot}:topicfilter/devices/$${iot:Connection.Thing.ThingName}/*"]
  }

  statement {
    actions   = ["iot:Receive"]
    resources = ["${local.iot}:topic/devices/$${iot:Connection.Thing.ThingName}/*"]
  }
}

resource "aws_iot_policy" "device" {
  name   = "${var.name}_device"
  policy = data.aws_iam_policy_document.device.json
  tags   = var.tags
}

resource "aws_iot_topic_rule" "to_stream" {
  name        = "${var.name}_to_stream"
  description = "Messages of ${var.topic_filter} into ${var.stream_name}"
  enabled     = true
  sql         = "SELECT topic() AS topic, clientid() AS client_id, * FROM '${var.topic_filter}'"
  sql_version = "2016-03-23"

  kinesis {
    stream_name   = var.stream_name
    partition_key = "$${newuuid()}"
    role_arn      = var.writer_role_arn
  }

  dynamic "error_action" {
    for_each = var.error_topic == null ? [] : [var.error_topic]

    content {
      republish {
        topic    = error_action.value
        qos      = 1
        role_arn = var.error_role_arn
      }
    }
  }

  tags = var.tags
}

resource "aws_iot_thing" "device" {
  for_each = var.device_names
  name     = each.key
}

resource "aws_iot_certificate" "device" {
  for_each = var.device_names
  active   = true
}

resource "aws_iot_policy_attachment" "device" {
  for_each = var.device_names
  policy   = aws_iot_policy.device.name
  target   = aws_iot_certificate.device[each.key].arn
}

resource "aws_iot_thing_principal_attachment" "device" {
  for_each  = var.device_names
  thing     = aws_iot_thing.device[each.key].name
  principal = aws_iot_certificate.device[each.key].arn
}

data "aws_iot_endpoint" "data" {
  endpoint_type = "iot:Data-ATS"
}
