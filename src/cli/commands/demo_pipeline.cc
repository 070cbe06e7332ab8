#include "cli/commands/demo_pipeline.h"

#include <fmt/format.h>
#include <poll.h>

#include "codec/json.h"

namespace penstock::cli {

namespace {

namespace json = boost::json;

constexpr int kShards = 2;
constexpr int kActiveTriesMax = 300;
constexpr int kActivePollMs = 100;
constexpr std::string_view kIamVersion = "2010-05-08";
constexpr std::string_view kTrustPolicy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"iot.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

/// Being there already is fine.
template <class T>
Called<void> unless_there(Called<T> made, std::string_view there_code) {
  if (made.has_value() || made.error().code == there_code) return {};
  return std::unexpected(std::move(made).error());
}

std::string text_at(const json::object& object, std::string_view outer, std::string_view inner) {
  const json::value* found = object.if_contains(outer);
  if (found == nullptr || !found->is_object()) return {};
  const json::value* value = found->as_object().if_contains(inner);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

/// The stream's ARN, once it is ACTIVE.
Called<std::string> make_stream(ApiClient& api) {
  PENSTOCK_TRY_VOID(unless_there(
      api.call_json("kinesis", "Kinesis_20131202.CreateStream", {{"StreamName", kDemoStream}, {"ShardCount", kShards}}),
      "ResourceInUseException"));
  for (int i = 0; i < kActiveTriesMax; ++i) {
    PENSTOCK_TRY(const json::object summary,
                 api.call_json("kinesis", "Kinesis_20131202.DescribeStreamSummary", {{"StreamName", kDemoStream}}));
    if (text_at(summary, "StreamDescriptionSummary", "StreamStatus") == "ACTIVE") {
      return text_at(summary, "StreamDescriptionSummary", "StreamARN");
    }
    ::poll(nullptr, 0, kActivePollMs);
  }
  return std::unexpected(CallError{.code = {}, .message = fmt::format("{} does not become ACTIVE", kDemoStream)});
}

Called<void> make_role(ApiClient& api, const std::string& stream_arn) {
  PENSTOCK_TRY_VOID(unless_there(api.call_query("iam", {{"Action", "CreateRole"},
                                                        {"Version", kIamVersion},
                                                        {"RoleName", kDemoRole},
                                                        {"AssumeRolePolicyDocument", kTrustPolicy}}),
                                 "EntityAlreadyExists"));
  const std::string policy = fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"kinesis:PutRecord","Resource":"{}"}}]}})",
      stream_arn);
  const auto put = api.call_query("iam", {{"Action", "PutRolePolicy"},
                                          {"Version", kIamVersion},
                                          {"RoleName", kDemoRole},
                                          {"PolicyName", "put"},
                                          {"PolicyDocument", policy}});
  if (!put.has_value()) return std::unexpected(put.error());
  return {};
}

Called<void> make_rule(ApiClient& api, const std::string& account) {
  const json::object kinesis{{"roleArn", fmt::format("arn:aws:iam::{}:role/{}", account, kDemoRole)},
                             {"streamName", kDemoStream},
                             {"partitionKey", "${clientid()}"}};
  const json::object rule{
      {"sql", "SELECT topic() AS topic, clientid() AS client_id, * FROM 'experiment/data_ingest/v1/+/+/+/+'"},
      {"awsIotSqlVersion", "2016-03-23"},
      {"description", "penstock demo: measurements into the stream"},
      {"actions", json::array{json::object{{"kinesis", kinesis}}}}};
  const std::string target = fmt::format("/rules/{}", kDemoRule);
  auto made = api.call_rest("iot", "POST", target, rule);
  if (!made.has_value() && made.error().code == "ResourceAlreadyExistsException") {
    made = api.call_rest("iot", "PATCH", target, rule);
  }
  if (!made.has_value()) return std::unexpected(made.error());
  return {};
}

}  // namespace

Called<void> make_demo_pipeline(ApiClient& api) {
  PENSTOCK_TRY(const std::string stream_arn, make_stream(api));
  // arn:aws:kinesis:<region>:<account>:stream/<name>
  std::string_view rest = stream_arn;
  for (int i = 0; i < 4; ++i) rest.remove_prefix(std::min(rest.find(':') + 1, rest.size()));
  PENSTOCK_TRY_VOID(make_role(api, stream_arn));
  return make_rule(api, std::string(rest.substr(0, rest.find(':'))));
}

}  // namespace penstock::cli
