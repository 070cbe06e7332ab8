#include "cli/commands/put.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "cli/api_client.h"
#include "codec/json.h"
#include "core/encoding/base64.h"
#include "core/random.h"

namespace penstock::cli {

namespace {

namespace json = boost::json;

constexpr std::size_t kDataBytesMax = 10U << 20U;  // Kinesis API Reference, PutRecord

struct PutOptions {
  std::string data_dir;
  std::string stream;
  std::string partition_key;
  std::string data = "-";
};

/// Everything on standard input, as it is.
Result<std::string> read_input() {
  std::string data;
  char block[65536];
  std::size_t got = 0;
  while ((got = std::fread(block, 1, sizeof block, stdin)) > 0) {
    data.append(block, got);
    if (data.size() > kDataBytesMax) return fail(ErrorKind::invalid, "a record holds at most 10 MiB");
  }
  return data;
}

Result<std::string> put(const PutOptions& options) {
  std::string data = options.data;
  if (data == "-") {
    PENSTOCK_TRY(data, read_input());
  }
  const SystemClock clock;
  PENSTOCK_TRY(ApiAddress address, find_api(options.data_dir));
  PENSTOCK_TRY(const auto api, ApiClient::connect(std::move(address), clock));
  SystemRandom random;
  json::object input;
  input["StreamName"] = options.stream;
  input["PartitionKey"] = options.partition_key.empty() ? random.uuid() : options.partition_key;
  input["Data"] = base64_encode(data);
  const auto output = api->call_json("kinesis", "Kinesis_20131202.PutRecord", input);
  if (!output.has_value()) return fail(ErrorKind::unavailable, output.error().text());
  return codec::serialize(*output);
}

}  // namespace

void add_put(CLI::App& app, Exit& exit) {
  auto options = std::make_shared<PutOptions>();
  CLI::App* command = app.add_subcommand("put", "Puts one record into a stream");
  command->add_option("--data-dir", options->data_dir,
                      "The server's data directory (default: AWS_ENDPOINT_URL and its kin, else $PENSTOCK_DATA_DIR "
                      "or .penstock)");
  command->add_option("--partition-key", options->partition_key, "Picks the shard (default: a random one)");
  command->add_option("stream", options->stream, "The stream's name")->required();
  command->add_option("data", options->data, "The record; '-' or nothing reads standard input");
  command->callback([options, &exit] {
    const auto answer = put(*options);
    if (!answer.has_value()) {
      exit.status = report_failure(answer.error().message);
      return;
    }
    fmt::print("{}\n", *answer);
  });
}

}  // namespace penstock::cli
