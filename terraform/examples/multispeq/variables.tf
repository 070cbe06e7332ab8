variable "penstock_endpoint" {
  description = "URL of Penstock's API, for example http://127.0.0.1:4566; null builds in AWS."
  type        = string
  default     = null
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "stream_name" {
  description = "Name of the stream that takes the measurements."
  type        = string
  default     = "multispeq-measurements"
}

variable "shard_count" {
  description = "Number of shards of the stream."
  type        = number
  default     = 1
}

variable "retention_period_hours" {
  description = "Hours that measurements stay in the stream."
  type        = number
  default     = 24
}

variable "device_names" {
  description = "MultispeQ instruments to register."
  type        = set(string)
  default     = ["multispeq-0001"]
}
