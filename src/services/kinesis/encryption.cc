// StartStreamEncryption, StopStreamEncryption.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/house.h"
#include "services/kinesis/errors.h"
#include "services/kinesis/operations.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {
namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "1234abcd-12ab-34cd-56ef-1234567890ab", or "mrk-" and 32 hexadecimal digits (a multi-Region key).
bool is_key_uuid(std::string_view text) {
  constexpr std::string_view kMultiRegion = "mrk-";
  if (text.starts_with(kMultiRegion)) {
    return text.size() == kMultiRegion.size() + 32 && std::ranges::all_of(text.substr(kMultiRegion.size()), is_hex);
  }
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(text, kForm, [](char c, char form) { return form == 'x' ? is_hex(c) : c == form; });
}

/// AWS KMS API Reference, CreateAlias: "alias/" and alphanumeric characters, forward slashes, underscores, dashes.
bool is_alias(std::string_view text) {
  constexpr std::string_view kPrefix = "alias/";
  constexpr std::size_t kCharsMax = 256;
  if (!text.starts_with(kPrefix) || text.size() == kPrefix.size() || text.size() > kCharsMax) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '/' || c == '_' || c == '-';
  });
}

// Penstock has no KMS: a KeyId that could be one is a name, under which data keys are made; which master key wraps them
// is the operator's business (docs/security.md). The messages are KMS's own for keys that it does not find.
ApiResult<void> check_key_id(const CallContext& call, std::string_view key_id) {
  if (is_key_uuid(key_id) || is_alias(key_id)) return {};
  const auto not_found = [](std::string message) { return api_fail(kKmsNotFound, std::move(message)); };
  if (!key_id.starts_with("arn:")) return not_found(fmt::format("Invalid keyId '{}'", key_id));

  std::array<std::string_view, 6> parts;  // arn:aws:kms:us-east-1:123456789012:key/...
  std::string_view rest = key_id;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = i + 1 == parts.size() ? rest.size() : std::min(rest.find(':'), rest.size());
    parts[i] = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto& [arn, partition, service, region, account, resource] = parts;
  constexpr std::string_view kKey = "key/";
  const bool names_key =
      is_alias(resource) || (resource.starts_with(kKey) && is_key_uuid(resource.substr(kKey.size())));
  const bool is_account = account.size() == 12 && std::ranges::all_of(account, is_digit);
  if (!partition.starts_with("aws") || service != "kms" || !is_account || !names_key) {
    return not_found(fmt::format("Invalid arn {}", key_id));
  }
  if (region != call.region) return not_found(fmt::format("Invalid arn {}", region));
  return {};
}

/// "The only valid value is KMS", although the type knows NONE.
ApiResult<void> check_type(std::string_view encryption_type) {
  if (encryption_type == "KMS") return {};
  return api_fail(kInvalidArgument,
                  fmt::format("EncryptionType {} is not valid here: it must be KMS.", encryption_type));
}

}  // namespace

Answer<Empty> start_stream_encryption(CallContext& call, StartStreamEncryptionInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  PENSTOCK_CO_TRY_VOID(check_type(input.encryption_type));
  PENSTOCK_CO_TRY_VOID(check_key_id(call, input.key_id));
  const auto done = co_await call.house.streams.start_encryption(std::move(name), std::move(input.key_id));
  if (!done) co_return to_api_error(done.error(), Plane::control);
  co_return Empty{};
}

// Which key is named plays no part: a key has several names, and the provider sends the one that it knew last.
Answer<Empty> stop_stream_encryption(CallContext& call, StopStreamEncryptionInput input) {
  PENSTOCK_CO_TRY(std::string name, resolve(call, input));
  PENSTOCK_CO_TRY_VOID(check_type(input.encryption_type));
  const auto done = co_await call.house.streams.stop_encryption(std::move(name));
  if (!done) co_return to_api_error(done.error(), Plane::control);
  co_return Empty{};
}

}  // namespace penstock::services::kinesis
