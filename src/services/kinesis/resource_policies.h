#pragma once
/// Resource policies of streams and consumers: where they lie, and what they may say.
/// Guarantee: a policy belongs to the very stream it was put on. Its document is kept under the stream's uid, so that a
///            stream made anew under the same name has none; documents of a deleted stream go with it.
/// Source:    Kinesis API Reference, PutResourcePolicy; Kinesis Data Streams Developer Guide, "Controlling access to
///            Amazon Kinesis Data Streams resources using IAM", "Sharing your data stream with another account".
/// Threads:   any.

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/task.h"

namespace penstock::catalog {
class Catalog;
}
namespace penstock::stream {
class Streams;
}

namespace penstock::services::kinesis {

/// AWS's bound for one resource policy.
inline constexpr std::size_t kResourcePolicyBytesMax = 20'480;

/// A stream or a registered consumer of one, as an ARN names it.
struct ResourceName {
  std::string stream;
  std::string consumer{};  ///< "name:1700000000" (its creation in seconds); empty for the stream itself
};
/// nullopt: not an ARN of a stream or consumer of this account and region.
[[nodiscard]] std::optional<ResourceName> parse_resource_arn(const stream::Streams& streams, std::string_view arn);

/// The policy on a resource; "" when there is none, or no such stream.
[[nodiscard]] std::string resource_policy(const stream::Streams& streams, const catalog::Catalog& catalog,
                                          const ResourceName& resource);

/// Errors: invalid, with a message for the caller: not a resource policy (principal, action, resource), or not for
/// `arn`.
[[nodiscard]] Result<void> check_resource_policy(std::string_view text, std::string_view arn);

/// Both complete when it is durable. Errors: missing (no such stream), and those of Catalog::commit.
Task<Result<void>> put_resource_policy_document(const stream::Streams& streams, catalog::Catalog& catalog,
                                                ResourceName resource, std::string text);
Task<Result<void>> remove_resource_policy_document(const stream::Streams& streams, catalog::Catalog& catalog,
                                                   ResourceName resource);

/// After the stream of that uid is gone.
Task<Result<void>> remove_resource_policies_of(catalog::Catalog& catalog, std::string uid);

}  // namespace penstock::services::kinesis
