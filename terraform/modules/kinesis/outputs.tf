output "kinesis_stream_arn" {
  description = "ARN of the stream."
  value       = aws_kinesis_stream.this.arn
}

output "kinesis_stream_name" {
  description = "Name of the stream."
  value       = aws_kinesis_stream.this.name
}

output "iot_writer_role_arn" {
  description = "ARN of the role that lets AWS IoT Core write to the stream; waits for its policy."
  value       = aws_iam_role.iot_writer.arn
  depends_on  = [aws_iam_role_policy_attachment.iot_writer]
}

output "consumer_role_arn" {
  description = "ARN of the consumer role, null when there is none."
  value       = one(aws_iam_role.consumer[*].arn)
}
