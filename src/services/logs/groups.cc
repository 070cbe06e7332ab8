// CreateLogGroup, DeleteLogGroup, DescribeLogGroups, PutRetentionPolicy, DeleteRetentionPolicy; what handlers share.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/encoding/base64.h"
#include "services/house.h"
#include "services/logs/operations.h"

namespace penstock::services::logs_api {
namespace {

constexpr std::size_t kGroupsShownMax = 50;
// PutRetentionPolicy, retentionInDays.
constexpr std::array kRetentionDays = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                       365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

LogGroupOutput show(const CallContext& call, const penstock::logs::LogGroup& group, bool by_pattern) {
  const auto record = group.record();
  const std::string arn = group_arn(call, record.name);
  return {.name = record.name,
          .created = record.created_ms,
          .retention_days = record.retention_days,
          .metric_filters = 0,
          .arn = arn + ":*",
          .stored_bytes = by_pattern ? std::nullopt : std::optional(static_cast<std::int64_t>(group.stored_bytes())),
          .log_class = record.log_class,
          .group_arn = arn,
          .deletion_protection = by_pattern ? std::nullopt : std::optional(false)};
}

ApiResult<void> check_describe(const CallContext& call, const DescribeLogGroupsInput& input) {
  if (input.prefix && input.pattern) {
    return invalid_parameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  }
  if (input.accounts && std::ranges::any_of(*input.accounts, [&](const auto& id) { return id != call.account; })) {
    return invalid_parameter("accountIdentifiers names an account that is not linked: Penstock has only its own.");
  }
  return {};
}

}  // namespace

penstock::logs::LogStore& store(const CallContext& call) {
  PENSTOCK_ASSERT(call.house.logs != nullptr);
  return *call.house.logs;
}

std::string group_arn(const CallContext& call, std::string_view group) {
  return fmt::format("arn:aws:logs:{}:{}:log-group:{}", call.house.region, call.account, group);
}

std::string policy_arn(const CallContext& call, std::string_view group, std::string_view stream) {
  return fmt::format("{}:log-stream:{}", group_arn(call, group), stream);
}

ApiResult<std::string> group_in_arn(const CallContext& call, std::string_view arn) {
  const std::string prefix = group_arn(call, "");
  if (!arn.starts_with(prefix)) return invalid_parameter("Invalid resource ARN");
  arn.remove_prefix(prefix.size());
  if (arn.ends_with(":*")) arn.remove_suffix(2);
  if (arn.empty() || arn.contains(':')) return invalid_parameter("Invalid resource ARN");
  return std::string(arn);
}

ApiResult<std::string> named_group(const CallContext& call, const std::optional<std::string>& name,
                                   const std::optional<std::string>& identifier) {
  if (name && identifier) {
    return api_fail("ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.");
  }
  if (!name && !identifier) return invalid_parameter("Either logGroupName or logGroupIdentifier must be specified.");
  if (name) return *name;
  return identifier->starts_with("arn:") ? group_in_arn(call, *identifier) : *identifier;
}

ApiResult<std::shared_ptr<penstock::logs::LogGroup>> find_group(const CallContext& call, std::string_view name) {
  auto group = store(call).find_group(name);
  if (group == nullptr) return api_fail("ResourceNotFoundException", "The specified log group does not exist.");
  return group;
}

std::string make_token(std::string_view after) { return base64_encode(after); }

ApiResult<std::string> read_token(const std::optional<std::string>& token) {
  if (!token) return std::string();
  auto after = base64_decode(*token);
  if (!after || after->empty()) return invalid_parameter("The specified nextToken is invalid.");
  return *std::move(after);
}

Answer<Empty> create_log_group(CallContext& call, CreateLogGroupInput input) {
  if (input.kms_key_id) co_return invalid_parameter("kmsKeyId is not supported: log groups are not encrypted.");
  if (input.deletion_protection.value_or(false))
    co_return invalid_parameter("deletionProtectionEnabled is not supported.");
  const auto made = co_await store(call).create_group(std::move(input.group), input.log_class.value_or("STANDARD"),
                                                      std::move(input.tags).value_or(TagMap{}));
  if (!made) co_return to_api_error(made.error());
  co_return Empty{};
}

Answer<Empty> delete_log_group(CallContext& call, GroupInput input) {
  const auto removed = co_await store(call).remove_group(std::move(input.group));
  if (!removed) co_return to_api_error(removed.error());
  co_return Empty{};
}

Answer<DescribeLogGroupsOutput> describe_log_groups(CallContext& call, DescribeLogGroupsInput input) {
  PENSTOCK_CO_TRY_VOID(check_describe(call, input));
  std::vector<std::string> names;
  for (const std::string& identifier : input.identifiers.value_or(std::vector<std::string>{})) {
    PENSTOCK_CO_TRY(std::string name, named_group(call, std::nullopt, identifier));
    names.push_back(std::move(name));
  }
  PENSTOCK_CO_TRY(const std::string after, read_token(input.next_token));
  const auto limit = static_cast<std::size_t>(input.limit.value_or(kGroupsShownMax));
  const auto wanted = [&](std::string_view name) {
    if (input.prefix && !name.starts_with(*input.prefix)) return false;
    if (input.pattern && !name.contains(*input.pattern)) return false;
    return names.empty() || std::ranges::find(names, name) != names.end();
  };
  auto groups = store(call).list_groups(after, SIZE_MAX, wanted);
  if (input.log_class) {
    std::erase_if(groups, [&](const auto& group) { return group->record().log_class != *input.log_class; });
  }
  DescribeLogGroupsOutput output;
  for (const auto& group : groups) {
    if (output.groups.size() == limit) {
      output.next_token = make_token(output.groups.back().name);
      break;
    }
    output.groups.push_back(show(call, *group, input.pattern.has_value()));
  }
  co_return output;
}

Answer<Empty> put_retention_policy(CallContext& call, PutRetentionPolicyInput input) {
  if (std::ranges::find(kRetentionDays, input.days) == kRetentionDays.end()) {
    co_return invalid_parameter(
        fmt::format("1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy constraint: Member "
                    "must satisfy enum value set: [{}]",
                    input.days, fmt::join(kRetentionDays, ", ")));
  }
  const auto changed = co_await store(call).edit_group(
      std::move(input.group), [days = input.days](penstock::logs::GroupRecord& record) -> Result<void> {
        record.retention_days = days;
        return {};
      });
  if (!changed) co_return to_api_error(changed.error());
  co_return Empty{};
}

Answer<Empty> delete_retention_policy(CallContext& call, GroupInput input) {
  const auto changed =
      co_await store(call).edit_group(std::move(input.group), [](penstock::logs::GroupRecord& record) -> Result<void> {
        record.retention_days.reset();
        return {};
      });
  if (!changed) co_return to_api_error(changed.error());
  co_return Empty{};
}

}  // namespace penstock::services::logs_api
