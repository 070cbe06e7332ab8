#include "server/control_message.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "codec/json.h"

namespace penstock::server {
namespace {

namespace json = boost::json;

constexpr int kDepthMax = 4;
constexpr std::size_t kPathBytesMax = 4096;

constexpr std::array kKinds = {ErrorKind::invalid,         ErrorKind::missing, ErrorKind::conflict,
                               ErrorKind::throttled,       ErrorKind::denied,  ErrorKind::unavailable,
                               ErrorKind::outcome_unknown, ErrorKind::corrupt};

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("the control socket said something that cannot be understood: {}", what));
}

Result<json::object> parse_line(std::string_view line) {
  if (line.size() > kControlLineBytesMax) return bad("the line is too long");
  auto value = codec::parse_json(line, kDepthMax);
  if (!value.has_value() || !value->is_object()) return bad("no JSON object");
  return std::move(value->as_object());
}

std::uint64_t number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value != nullptr && value->is_int64() && value->as_int64() >= 0) {
    return static_cast<std::uint64_t>(value->as_int64());
  }
  return value != nullptr && value->is_uint64() ? value->as_uint64() : 0;
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

json::array render_texts(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.push_back(json::string(text));
  return out;
}

std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
  std::vector<std::string> out;
  const json::value* texts = object.if_contains(key);
  if (texts == nullptr || !texts->is_array()) return out;
  for (const json::value& text : texts->as_array()) {
    if (text.is_string()) out.emplace_back(text.as_string());
  }
  return out;
}

json::object report_object(const BackupReport& report) {
  return {{"target", report.target},
          {"streams", report.streams},
          {"log_groups", report.log_groups},
          {"zips", report.zips},
          {"bucket_files", report.bucket_files},
          {"bytes", report.bytes},
          {"bytes_copied", report.bytes_copied},
          {"master_keys_elsewhere", render_texts(report.master_keys_elsewhere)},
          {"lost_code", render_texts(report.lost_code)}};
}

BackupReport parse_report(const json::object& object) {
  return {.target = text_of(object, "target"),
          .streams = number_of(object, "streams"),
          .log_groups = number_of(object, "log_groups"),
          .zips = number_of(object, "zips"),
          .bucket_files = number_of(object, "bucket_files"),
          .bytes = number_of(object, "bytes"),
          .bytes_copied = number_of(object, "bytes_copied"),
          .master_keys_elsewhere = texts_of(object, "master_keys_elsewhere"),
          .lost_code = texts_of(object, "lost_code")};
}

Error parse_error(const json::object& object) {
  const std::string kind = text_of(object, "kind");
  for (const ErrorKind known : kKinds) {
    if (to_string(known) == kind) return {known, text_of(object, "message")};
  }
  return {ErrorKind::unavailable, text_of(object, "message")};
}

struct RenderReply {
  json::object operator()(const BackupProgress& progress) const {
    return {{"progress", {{"bytes_copied", progress.bytes_copied}, {"bytes_to_copy", progress.bytes_to_copy}}}};
  }
  json::object operator()(const BackupReport& report) const { return {{"done", report_object(report)}}; }
  json::object operator()(const Error& error) const {
    return {{"error", {{"kind", to_string(error.kind)}, {"message", error.message}}}};
  }
};

}  // namespace

std::string render_request(const ControlRequest& request) {
  return codec::serialize(json::object{{"command", "backup"}, {"target", request.target}});
}

Result<ControlRequest> parse_request(std::string_view line) {
  PENSTOCK_TRY(const json::object object, parse_line(line));
  const std::string command = text_of(object, "command");
  if (command != "backup") return bad("there is no such command");
  if (object.size() != 2 || !object.contains("target")) return bad("backup takes a target and nothing else");
  ControlRequest request{.target = text_of(object, "target")};
  if (!request.target.starts_with('/') || request.target.size() > kPathBytesMax ||
      request.target.find('\0') != std::string::npos) {
    return bad("the target is no absolute path");
  }
  return request;
}

std::string render_reply(const ControlReply& reply) { return codec::serialize(std::visit(RenderReply{}, reply)); }

Result<ControlReply> parse_reply(std::string_view line) {
  PENSTOCK_TRY(const json::object object, parse_line(line));
  const auto part = [&](std::string_view key) -> const json::object* {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_object() ? &value->as_object() : nullptr;
  };
  if (const auto* progress = part("progress")) {
    return BackupProgress{.bytes_copied = number_of(*progress, "bytes_copied"),
                          .bytes_to_copy = number_of(*progress, "bytes_to_copy")};
  }
  if (const auto* done = part("done")) return parse_report(*done);
  if (const auto* error = part("error")) return parse_error(*error);
  return bad("neither progress nor an end");
}

std::string render_report(const BackupReport& report) { return codec::serialize(report_object(report)); }

}  // namespace penstock::server
