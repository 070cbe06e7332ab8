#pragma once
/// Many SubscribeToShard consumers in one program, over HTTP/1.1 (a connection each) or HTTP/2 (many on a connection):
/// they note when which record reached them. A record's data begin with its number, eight decimal digits.
/// Threads: one.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kinesis_request.h"

namespace penstock::bench {

using Steady = std::chrono::steady_clock;

struct Arrival {
  std::uint32_t number;
  Steady::time_point at;
};

/// One consumer of one shard.
class Subscriber {
 public:
  Subscriber(std::string consumer_arn, std::size_t stream) : consumer_arn_(std::move(consumer_arn)), stream_(stream) {}

  [[nodiscard]] std::string body() const;
  [[nodiscard]] std::size_t stream() const { return stream_; }
  [[nodiscard]] bool is_subscribed() const { return subscribed_; }
  [[nodiscard]] const std::vector<Arrival>& arrivals() const { return arrivals_; }
  /// More of the event stream.
  void feed(std::string_view bytes);

 private:
  void take_event(std::string_view headers, std::string_view payload, Steady::time_point now);

  const std::string consumer_arn_;
  const std::size_t stream_;
  bool subscribed_ = false;
  std::string buffer_;  ///< the beginning of a message
  std::vector<Arrival> arrivals_;
};

/// A connection that carries subscribers.
class Feed {
 public:
  virtual ~Feed() = default;
  [[nodiscard]] virtual int fd() const = 0;
  /// Bytes have come.
  virtual void receive(std::string_view bytes) = 0;
};

/// Subscribes one over HTTP/1.1.
[[nodiscard]] std::unique_ptr<Feed> make_http1_feed(const Endpoint& to, Subscriber& subscriber);
/// Subscribes all of them over one HTTP/2 connection, by prior knowledge.
[[nodiscard]] std::unique_ptr<Feed> make_http2_feed(const Endpoint& to, std::vector<Subscriber*> subscribers);

}  // namespace penstock::bench
