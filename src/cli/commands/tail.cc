#include "cli/commands/tail.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "cli/aggregated_record.h"
#include "cli/stream_follower.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "core/encoding/base64.h"

namespace penstock::cli {

namespace {

namespace json = boost::json;

/// AWS allows five reads a second and shard; this keeps to it.
constexpr int kPollMs = 200;

struct TailOptions {
  std::string data_dir;
  std::string stream;
  std::string from = "LATEST";
  std::uint64_t count = 0;
  bool as_json = false;
  bool raw = false;
};

std::string time_text(Timestamp at) {
  const std::int64_t ms = to_unix_ms(at);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
}

/// What one line is about: a record, or one of the user records that it holds.
struct Shown {
  const FollowedRecord& record;
  std::string_view partition_key;
  std::string_view explicit_hash_key;  ///< of a user record; may be empty
  std::string_view data;
  std::optional<std::size_t> sub_sequence_number;  ///< of a user record, as the KCL counts them
};

/// What is not UTF-8 goes as base64, under another name.
void add_text(json::object& out, const std::string& name, std::string_view text) {
  if (codec::is_utf8(text)) {
    out[name] = text;
  } else {
    out[name + "Base64"] = base64_encode(text);
  }
}

std::string as_json_line(const Shown& shown) {
  json::object out{{"time", time_text(shown.record.arrival)},
                   {"shardId", shown.record.shard_id},
                   {"sequenceNumber", shown.record.sequence_number}};
  if (shown.sub_sequence_number) out["subSequenceNumber"] = *shown.sub_sequence_number;
  add_text(out, "partitionKey", shown.partition_key);
  if (!shown.explicit_hash_key.empty()) add_text(out, "explicitHashKey", shown.explicit_hash_key);
  add_text(out, "data", shown.data);
  return codec::serialize(out);
}

/// For people: control characters would move their terminal.
std::string printable(std::string_view text) {
  if (!codec::is_utf8(text)) return "base64:" + base64_encode(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xc2 && next < 0xa0) {  // U+0080 to U+009F are control characters too
      out += fmt::format("\\u{:04x}", next);
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string as_line(const Shown& shown) {
  return fmt::format("{}  {}  {}  {}", time_text(shown.record.arrival), shown.record.shard_id,
                     printable(shown.partition_key), printable(shown.data));
}

/// Counts and prints; false when that was the last one wanted.
class Printer {
 public:
  explicit Printer(const TailOptions& options) : options_(options) {}

  bool print(const FollowedRecord& record) {
    const auto users = options_.raw ? std::nullopt : read_aggregated_record(record.data);
    if (!users) {
      return print(Shown{.record = record,
                         .partition_key = record.partition_key,
                         .explicit_hash_key = {},
                         .data = record.data,
                         .sub_sequence_number = std::nullopt});
    }
    for (std::size_t i = 0; i < users->size(); ++i) {
      const UserRecord& user = (*users)[i];
      if (!print(Shown{.record = record,
                       .partition_key = user.partition_key,
                       .explicit_hash_key = user.explicit_hash_key,
                       .data = user.data,
                       .sub_sequence_number = i})) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] bool is_done() const { return options_.count > 0 && printed_ >= options_.count; }

 private:
  bool print(const Shown& shown) {
    fmt::print("{}\n", options_.as_json ? as_json_line(shown) : as_line(shown));
    ++printed_;
    return !is_done();
  }

  const TailOptions& options_;
  std::uint64_t printed_ = 0;
};

Result<void> follow(const TailOptions& options) {
  const SystemClock clock;
  PENSTOCK_TRY(ApiAddress address, find_api(options.data_dir));
  PENSTOCK_TRY(const auto api, ApiClient::connect(std::move(address), clock));
  StreamFollower follower(*api, options.stream,
                          options.from == "LATEST" ? StreamFollower::From::latest : StreamFollower::From::trim_horizon);
  if (const auto opened = follower.open(); !opened.has_value()) {
    return fail(ErrorKind::unavailable, opened.error().text());
  }
  fmt::print(stderr, "following {} shards of {}; Ctrl-C ends\n", follower.shard_count(), options.stream);
  Printer printer(options);
  const auto on_record = [&printer](const FollowedRecord& record) { return printer.print(record); };
  while (!printer.is_done()) {
    const Called<bool> any = follower.poll(on_record);
    if (!any.has_value()) return fail(ErrorKind::unavailable, any.error().text());
    std::fflush(stdout);
    if (std::ferror(stdout) != 0) return {};  // the reader of our output has gone
    if (!*any && follower.shard_count() == 0) return {};
    if (!*any) ::poll(nullptr, 0, kPollMs);
  }
  return {};
}

}  // namespace

void add_tail(CLI::App& app, Exit& exit) {
  auto options = std::make_shared<TailOptions>();
  CLI::App* command =
      app.add_subcommand("tail", "Follows a stream and prints its records (of aggregated ones, the user records)");
  command->add_option("--data-dir", options->data_dir,
                      "The server's data directory (default: AWS_ENDPOINT_URL and its kin, else $PENSTOCK_DATA_DIR "
                      "or .penstock)");
  command->add_option("stream", options->stream, "The stream's name")->required();
  command->add_option("--from", options->from, "Where to begin (LATEST)")
      ->check(CLI::IsMember({"LATEST", "TRIM_HORIZON"}));
  command->add_option("--count", options->count, "Ends after so many records");
  command->add_flag("--json", options->as_json, "One JSON object a line");
  command->add_flag("--raw", options->raw,
                    "Shows a record that the Kinesis Producer Library aggregated as it is, not the user records in it");
  command->callback([options, &exit] {
    const auto done = follow(*options);
    if (!done.has_value()) exit.status = report_failure(done.error().message);
  });
}

}  // namespace penstock::cli
