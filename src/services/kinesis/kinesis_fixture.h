#pragma once
/// The Kinesis service over memory engines, called as the gateway calls it, without HTTP. For tests only.

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "catalog/memory/memory_catalog.h"
#include "codec/codec.h"
#include "codec/json.h"
#include "core/manual_timers.h"
#include "framelog/memory/memory_log.h"
#include "services/house.h"
#include "services/kinesis/service.h"
#include "stream/streams.h"

namespace penstock::services::kinesis {

class KinesisFixture : public ::testing::Test {
 protected:
  KinesisFixture() { reopen(); }

  void reopen() {
    streams_.reset();
    auto opened = stream::Streams::open(settings_, *catalog_, *logs_, clock_, random_);
    if (!opened) fatal(opened.error().message, __FILE__, __LINE__);
    streams_ = std::move(*opened);
    house_.emplace(House{.clock = clock_,
                         .random = random_,
                         .timers = timers_,
                         .catalog = *catalog_,
                         // Kinesis uses neither; nothing looks into these.
                         .iam = reinterpret_cast<iam::IdentityStore&>(no_room_),
                         .streams = *streams_,
                         .iot = reinterpret_cast<iot::IotCore&>(no_room_),
                         .account = settings_.account,
                         .region = settings_.region});
  }

  static const Operation& find(std::string_view name) {
    for (const Operation& operation : service().operations) {
      if (operation.name == name) return operation;
    }
    fatal("no such operation", __FILE__, __LINE__);
  }

  /// The answer's JSON text, empty for operations without output.
  ApiResult<std::string> call_text(std::string_view name, std::string_view body) {
    const Operation& operation = find(name);
    Erased input = operation.make_input();
    const bool fast = operation.fast_decode != nullptr && operation.fast_decode(body, input.get());
    if (!fast) {
      input = operation.make_input();
      if (const auto decoded = codec::decode_json(body, operation.input_shape(), input.get()); !decoded) {
        return api_fail(decoded.error().is_validation ? "ValidationException" : "SerializationException",
                        decoded.error().message);
      }
    }
    if (!fast || !operation.fast_is_valid) {
      std::string wrong = codec::validate(operation.input_shape(), input.get());
      if (!wrong.empty()) return api_fail("ValidationException", wrong);
    }
    CallContext call{.house = *house_,
                     .principal = {},
                     .request_id = "1",
                     .source_ip = "127.0.0.1",
                     .region = settings_.region,
                     .account = settings_.account};
    Touched touched = operation.touched(call, input.get());
    if (touched.failure) return std::unexpected(*std::move(touched.failure));
    touched_ = std::move(touched.resources);
    auto output = run_sync(operation.invoke(call, std::move(input)));
    events_ = std::move(call.events);
    if (!output) return std::unexpected(std::move(output).error());
    if (&operation.output_shape() == &codec::shape_of<codec::Empty>()) return std::string();
    return operation.fast_encode != nullptr ? operation.fast_encode(output->get())
                                            : codec::encode_json(operation.output_shape(), output->get());
  }

  /// The answer of a call that must succeed.
  boost::json::value ok(std::string_view name, std::string_view body) {
    const auto text = call_text(name, body);
    EXPECT_TRUE(text.has_value()) << name << " " << body << ": "
                                  << (text ? "" : text.error().code + ": " + text.error().message);
    if (!text || text->empty()) return boost::json::object{};
    return codec::parse_json(*text).value();
  }

  /// "Code: message" of a call that must fail.
  std::string error(std::string_view name, std::string_view body) {
    const auto text = call_text(name, body);
    EXPECT_FALSE(text.has_value()) << name << " " << body;
    return text ? std::string() : text.error().code + ": " + text.error().message;
  }

  static std::string str(const boost::json::value& value) { return std::string(value.as_string()); }

  std::string iterator(std::string_view stream, std::string_view shard = "shardId-000000000000",
                       std::string_view type = "TRIM_HORIZON", std::string_view more = "") {
    return str(ok("GetShardIterator", fmt::format(R"({{"StreamName":"{}","ShardId":"{}","ShardIteratorType":"{}"{}}})",
                                                  stream, shard, type, more))
                   .at("ShardIterator"));
  }

  stream::Settings settings_{.account = "123456789012", .region = "eu-central-1"};
  ManualClock clock_;
  SeededRandom random_{5};
  ManualTimers timers_{clock_};
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  std::unique_ptr<framelog::FrameLogStore> logs_ = framelog::make_memory_store(clock_);
  std::unique_ptr<stream::Streams> streams_;
  std::optional<House> house_;
  std::vector<std::string> touched_;
  std::unique_ptr<EventSource> events_;  ///< of the last call

 private:
  alignas(16) std::byte no_room_[64]{};
};

}  // namespace penstock::services::kinesis
