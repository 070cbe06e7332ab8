#pragma once
/// The AWS managed policies that Penstock knows: those on the path from device to stream to consumer. Attaching any
/// other fails with NoSuchEntity, as an unknown ARN does at AWS, rather than granting what nobody has written down.
/// Source: AWS Managed Policy Reference Guide. Actions of services that Penstock does not have are kept, so that a
///         document reads as AWS's does.

#include <memory>
#include <string_view>
#include <vector>

#include "iam/entities.h"

namespace penstock::iam {

[[nodiscard]] std::shared_ptr<const ManagedPolicy> find_aws_managed(std::string_view arn);
[[nodiscard]] const std::vector<std::shared_ptr<const ManagedPolicy>>& all_aws_managed();

}  // namespace penstock::iam
