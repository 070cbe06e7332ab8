output "kinesis_stream_arn" {
  value = module.kinesis.kinesis_stream_arn
}

output "kinesis_stream_name" {
  value = module.kinesis.kinesis_stream_name
}

output "consumer_role_arn" {
  value = module.kinesis.consumer_role_arn
}

output "alert_stream_name" {
  value = aws_kinesis_stream.alerts.name
}

output "flag_log_group" {
  value = module.flag.log_group_name
}

output "iot_endpoint" {
  value = module.iot_core.endpoint
}

output "device_certificates" {
  value     = module.iot_core.device_certificates
  sensitive = true
}

output "device_private_keys" {
  value     = module.iot_core.device_private_keys
  sensitive = true
}
