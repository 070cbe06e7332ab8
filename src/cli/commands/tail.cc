#include "cli/commands/tail.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>

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
};

std::string time_text(Timestamp at) {
  const std::int64_t ms = to_unix_ms(at);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
}

/// One object a line; what is not UTF-8 goes as base64.
std::string as_json_line(const FollowedRecord& record) {
  json::object out{{"time", time_text(record.arrival)},
                   {"shardId", record.shard_id},
                   {"sequenceNumber", record.sequence_number},
                   {"partitionKey", record.partition_key}};
  if (codec::is_utf8(record.data)) {
    out["data"] = record.data;
  } else {
    out["dataBase64"] = base64_encode(record.data);
  }
  return codec::serialize(out);
}

/// A line for people: control characters would move their terminal.
std::string as_line(const FollowedRecord& record) {
  std::string data;
  if (codec::is_utf8(record.data)) {
    for (const char c : record.data) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        data += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
      } else {
        data.push_back(c);
      }
    }
  } else {
    data = "base64:" + base64_encode(record.data);
  }
  return fmt::format("{}  {}  {}  {}", time_text(record.arrival), record.shard_id, record.partition_key, data);
}

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
  std::uint64_t seen = 0;
  const auto on_record = [&](const FollowedRecord& record) {
    fmt::print("{}\n", options.as_json ? as_json_line(record) : as_line(record));
    return ++seen != options.count;
  };
  while (options.count == 0 || seen < options.count) {
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
  CLI::App* command = app.add_subcommand("tail", "Follows a stream and prints its records");
  command->add_option("--data-dir", options->data_dir,
                      "The server's data directory (default: AWS_ENDPOINT_URL and its kin, else $PENSTOCK_DATA_DIR "
                      "or .penstock)");
  command->add_option("stream", options->stream, "The stream's name")->required();
  command->add_option("--from", options->from, "Where to begin (LATEST)")
      ->check(CLI::IsMember({"LATEST", "TRIM_HORIZON"}));
  command->add_option("--count", options->count, "Ends after so many records");
  command->add_flag("--json", options->as_json, "One JSON object a line");
  command->callback([options, &exit] {
    const auto done = follow(*options);
    if (!done.has_value()) exit.status = report_failure(done.error().message);
  });
}

}  // namespace penstock::cli
