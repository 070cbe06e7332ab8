output "endpoint" {
  description = "Address that devices connect to by MQTT over TLS."
  value       = data.aws_iot_endpoint.data.endpoint_address
}

output "rule_arn" {
  description = "ARN of the topic rule."
  value       = aws_iot_topic_rule.to_stream.arn
}

output "policy_name" {
  description = "Name of the IoT policy of the devices."
  value       = aws_iot_policy.device.name
}

output "device_certificates" {
  description = "PEM certificate of each device."
  value       = { for name, certificate in aws_iot_certificate.device : name => certificate.certificate_pem }
  sensitive   = true
}

output "device_private_keys" {
  description = "PEM private key of each device. It exists here and on the device only."
  value       = { for name, certificate in aws_iot_certificate.device : name => certificate.private_key }
  sensitive   = true
}
