variable "name" {
  description = "Name of the function; its log group is /aws/lambda/<name>."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.name))
    error_message = "name must have 1 to 64 characters of a-z, A-Z, 0-9, '_', '-'."
  }
}

variable "stream_arn" {
  description = "ARN of the stream that the function consumes."
  type        = string
}

variable "filename" {
  description = "Path of the function's zip."
  type        = string
}

variable "handler" {
  description = "What of the zip is called."
  type        = string
  default     = "app.handler"
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string
  default     = "python3.11"
}

variable "timeout_seconds" {
  description = "How long one batch may take."
  type        = number
  default     = 30
}

variable "memory_mb" {
  description = "Memory of an execution environment."
  type        = number
  default     = 128
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
  default     = {}
}

variable "policy_json" {
  description = "What the function may do beside reading the stream and writing its log; null: nothing."
  type        = string
  default     = null
}

variable "starting_position" {
  description = "TRIM_HORIZON (everything that is there) or LATEST (what comes from now on)."
  type        = string
  default     = "TRIM_HORIZON"

  validation {
    condition     = contains(["TRIM_HORIZON", "LATEST"], var.starting_position)
    error_message = "starting_position must be TRIM_HORIZON or LATEST."
  }
}

variable "batch_size" {
  description = "Records handed over at once, at most."
  type        = number
  default     = 100
}

variable "batching_window_seconds" {
  description = "How long records may wait for a batch to fill."
  type        = number
  default     = 0
}

variable "parallelization_factor" {
  description = "Batches of one shard under way at once; records of one partition key stay in order."
  type        = number
  default     = 1
}

variable "retry_attempts" {
  description = "How often a batch that failed is tried again; -1: until its records expire."
  type        = number
  default     = -1
}

variable "bisect_batch_on_error" {
  description = "Whether a batch that failed is cut in two before it is tried again."
  type        = bool
  default     = true
}

variable "report_batch_item_failures" {
  description = "Whether the function's answer says which record failed (batchItemFailures)."
  type        = bool
  default     = false
}

variable "on_failure_arn" {
  description = "Queue, topic or bucket that is told about batches that were given up; null: nobody."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long the function's log is kept."
  type        = number
  default     = 14
}

variable "tags" {
  description = "Tags of every resource of this module."
  type        = map(string)
  default     = {}
}
