#include "cli/commands/demo_function.h"

#include <fmt/format.h>
#include <poll.h>

#include <charconv>

#include "cli/commands/demo_pipeline.h"
#include "cli/stored_zip.h"
#include "codec/json.h"
#include "core/encoding/base64.h"

namespace penstock::cli {

namespace {

namespace json = boost::json;

constexpr int kReadyTriesMax = 300;
constexpr int kReadyPollMs = 100;
constexpr std::size_t kLinesShown = 3;
constexpr std::size_t kLineCharactersShown = 110;
constexpr std::string_view kIamVersion = "2010-05-08";
constexpr std::string_view kTrustPolicy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

/// Being there already is fine.
template <class T>
Called<void> unless_there(Called<T> made, std::string_view there_code) {
  if (made.has_value() || made.error().code == there_code) return {};
  return std::unexpected(std::move(made).error());
}

std::string text_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

Called<std::string> stream_arn(ApiClient& api, std::string_view stream) {
  PENSTOCK_TRY(const json::object answer,
               api.call_json("kinesis", "Kinesis_20131202.DescribeStreamSummary", {{"StreamName", stream}}));
  return text_at(answer.at("StreamDescriptionSummary").as_object(), "StreamARN");
}

Called<void> make_role(ApiClient& api) {
  PENSTOCK_TRY_VOID(unless_there(api.call_query("iam", {{"Action", "CreateRole"},
                                                        {"Version", kIamVersion},
                                                        {"RoleName", kDemoFunctionRole},
                                                        {"AssumeRolePolicyDocument", kTrustPolicy}}),
                                 "EntityAlreadyExists"));
  PENSTOCK_TRY(const std::string measurements, stream_arn(api, kDemoStream));
  PENSTOCK_TRY(const std::string alerts, stream_arn(api, kDemoAlerts));
  const std::string policy = fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["kinesis:DescribeStream",)"
      R"("kinesis:DescribeStreamSummary","kinesis:GetRecords","kinesis:GetShardIterator","kinesis:ListShards"],)"
      R"("Resource":"{}"}},{{"Effect":"Allow","Action":"kinesis:PutRecords","Resource":"{}"}},{{"Effect":"Allow",)"
      R"("Action":["kinesis:ListStreams","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],)"
      R"("Resource":"*"}}]}})",
      measurements, alerts);
  const auto put = api.call_query("iam", {{"Action", "PutRolePolicy"},
                                          {"Version", kIamVersion},
                                          {"RoleName", kDemoFunctionRole},
                                          {"PolicyName", "flag"},
                                          {"PolicyDocument", policy}});
  if (!put.has_value()) return std::unexpected(put.error());
  return {};
}

/// arn:aws:kinesis:<region>:<account>:stream/<name>
std::string account_in(std::string_view arn) {
  for (int i = 0; i < 4; ++i) arn.remove_prefix(std::min(arn.find(':') + 1, arn.size()));
  return std::string(arn.substr(0, arn.find(':')));
}

Called<void> make_code(ApiClient& api, const std::string& source) {
  PENSTOCK_TRY(const std::string arn, stream_arn(api, kDemoStream));
  const std::string zip = base64_encode(stored_zip("app.py", source));
  const json::object function{{"FunctionName", kDemoFunction},
                              {"Runtime", "python3.11"},
                              {"Handler", "app.handler"},
                              {"Role", fmt::format("arn:aws:iam::{}:role/{}", account_in(arn), kDemoFunctionRole)},
                              {"Timeout", 30},
                              {"MemorySize", 256},
                              {"Environment", json::object{{"Variables", json::object{{"ALERT_STREAM", kDemoAlerts}}}}},
                              {"Code", json::object{{"ZipFile", zip}}}};
  auto made = api.call_rest("lambda", "POST", "/2015-03-31/functions", function);
  if (!made.has_value() && made.error().code == "ResourceConflictException") {
    made =
        api.call_rest("lambda", "PUT", fmt::format("/2015-03-31/functions/{}/code", kDemoFunction), {{"ZipFile", zip}});
  }
  if (!made.has_value()) return std::unexpected(made.error());
  return {};
}

/// Asks until the answer's member has that value.
Called<void> wait_for(ApiClient& api, const std::string& target, std::string_view member, std::string_view value) {
  std::string found;
  for (int i = 0; i < kReadyTriesMax; ++i) {
    PENSTOCK_TRY(const json::object answer, api.call_rest("lambda", "GET", target, {}));
    found = text_at(answer, member);
    if (found == value) return {};
    ::poll(nullptr, 0, kReadyPollMs);
  }
  return std::unexpected(CallError{.code = {}, .message = fmt::format("{} stays {}, not {}", target, found, value)});
}

Called<void> make_mapping(ApiClient& api) {
  PENSTOCK_TRY(const std::string arn, stream_arn(api, kDemoStream));
  constexpr std::string_view kMappings = "/2015-03-31/event-source-mappings";
  const auto made = api.call_rest("lambda", "POST", kMappings,
                                  {{"EventSourceArn", arn},
                                   {"FunctionName", kDemoFunction},
                                   {"StartingPosition", "LATEST"},
                                   {"BisectBatchOnFunctionError", true}});
  if (!made.has_value()) return unless_there(made, "ResourceConflictException");
  return wait_for(api, fmt::format("{}/{}", kMappings, text_at(*made, "UUID")), "State", "Enabled");
}

}  // namespace

Called<void> make_demo_function(ApiClient& api, const std::string& source) {
  PENSTOCK_TRY_VOID(unless_there(
      api.call_json("kinesis", "Kinesis_20131202.CreateStream", {{"StreamName", kDemoAlerts}, {"ShardCount", 1}}),
      "ResourceInUseException"));
  PENSTOCK_TRY_VOID(make_role(api));
  PENSTOCK_TRY_VOID(make_code(api, source));
  PENSTOCK_TRY_VOID(
      wait_for(api, fmt::format("/2015-03-31/functions/{}/configuration", kDemoFunction), "State", "Active"));
  return make_mapping(api);
}

Called<void> DemoFunctionWatch::poll() {
  return log_.poll([this](std::string_view line) { take(line); });
}

/// "17 measurements, 1 implausible"
void DemoFunctionWatch::take(std::string_view line) {
  while (line.ends_with('\n')) line.remove_suffix(1);
  constexpr std::string_view kBetween = " measurements, ";
  if (const std::size_t at = line.find(kBetween); at != std::string_view::npos) {
    std::uint64_t checked = 0;
    std::uint64_t implausible = 0;
    std::from_chars(line.data(), line.data() + at, checked);
    const std::string_view rest = line.substr(at + kBetween.size());
    std::from_chars(rest.data(), rest.data() + rest.size(), implausible);
    checked_ += checked;
    implausible_ += implausible;
    return;
  }
  const bool is_frame = line.starts_with("START ") || line.starts_with("END ") || line.starts_with("REPORT ") ||
                        line.starts_with("INIT_START ");
  if (is_frame || line.empty()) return;
  last_.emplace_back(line.substr(0, kLineCharactersShown));
  if (last_.size() > kLinesShown) last_.pop_front();
}

}  // namespace penstock::cli
