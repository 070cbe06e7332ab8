output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "role_arn" {
  description = "ARN of the role that the function runs under."
  value       = aws_iam_role.this.arn
}

output "log_group_name" {
  description = "Where the function's output goes."
  value       = aws_cloudwatch_log_group.this.name
}

output "mapping_id" {
  description = "UUID of the event source mapping."
  value       = aws_lambda_event_source_mapping.this.uuid
}
