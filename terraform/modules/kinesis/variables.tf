variable "stream_name" {
  description = "Name of the Kinesis data stream."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.stream_name))
    error_message = "stream_name must have 1 to 128 characters of a-z, A-Z, 0-9, '_', '.', '-'."
  }
}

variable "shard_count" {
  description = "Number of shards: each takes 1 MiB/s or 1,000 records/s of writes."
  type        = number
  default     = 1

  validation {
    condition     = var.shard_count >= 1 && floor(var.shard_count) == var.shard_count
    error_message = "shard_count must be a whole number of at least 1."
  }
}

variable "retention_period_hours" {
  description = "How long records stay readable: 24 (a day) to 8760 (a year)."
  type        = number
  default     = 24

  validation {
    condition     = var.retention_period_hours >= 24 && var.retention_period_hours <= 8760
    error_message = "retention_period_hours must be from 24 to 8760."
  }
}

variable "kms_key_id" {
  description = "KMS key (id, ARN or alias such as alias/aws/kinesis) that encrypts the stream; null leaves it unencrypted."
  type        = string
  default     = null
}

variable "consumer_principal_arns" {
  description = "IAM principals that may assume the consumer role; empty makes no consumer role."
  type        = list(string)
  default     = []
}

variable "consumer_external_id" {
  description = "External id that consumers from elsewhere (Databricks, say) must present; null asks for none."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of every resource of this module."
  type        = map(string)
  default     = {}
}
