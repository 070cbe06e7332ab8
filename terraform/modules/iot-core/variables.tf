variable "name" {
  description = "Prefix of the names of the policy, the rule and the things."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_]{1,64}$", var.name))
    error_message = "name must have 1 to 64 characters of a-z, A-Z, 0-9, '_' (a rule's name allows no others)."
  }
}

variable "topic_filter" {
  description = "The MQTT topic filter whose messages go to the stream."
  type        = string
  default     = "experiment/data_ingest/v1/+/+/+/+"
}

variable "publish_topic_prefix" {
  description = "Devices may publish below this topic prefix (no wildcards)."
  type        = string
  default     = "experiment/data_ingest/v1"
}

variable "device_names" {
  description = "Things to register; each gets a certificate of its own."
  type        = set(string)
  default     = []
}

variable "stream_name" {
  description = "Name of the Kinesis data stream that the rule writes to."
  type        = string
}

variable "writer_role_arn" {
  description = "ARN of the IAM role that the rule takes to write to the stream."
  type        = string
}

variable "error_topic" {
  description = "MQTT topic that gets a message when the rule's action fails; null for none. Needs error_role_arn."
  type        = string
  default     = null
}

variable "error_role_arn" {
  description = "ARN of the IAM role that may publish to error_topic."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the policy and the rule."
  type        = map(string)
  default     = {}
}
