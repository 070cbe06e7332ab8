#pragma once
/// Who wants which topics: a trie of topic levels. What matches is said in packet/topic.h.
/// Threads: any; one mutex, held for a walk of at most nine levels.
/// Bounds:  the sessions' own (Limits::subscriptions_max each).

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/mutex.h"

namespace penstock::mqtt::broker {

class Session;
using SessionPtr = std::shared_ptr<Session>;

struct Subscriber {
  SessionPtr session;
  std::uint8_t qos = 0;
};

class Subscriptions {
 public:
  /// A session has one subscription for a filter; adding it again changes its QoS (MQTT-3.8.4-3).
  void add(std::string_view filter, const SessionPtr& session, std::uint8_t qos) EXCLUDES(mutex_);
  void remove(std::string_view filter, const Session* session) EXCLUDES(mutex_);

  /// Everyone who gets a message of this topic, once each, with the highest QoS of the subscriptions that match
  /// (MQTT-3.3.5-1). Replaces `out`.
  void match(std::string_view topic, std::vector<Subscriber>& out) const EXCLUDES(mutex_);

  [[nodiscard]] std::size_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Node {
    std::unordered_map<std::string, std::unique_ptr<Node>, TextHash, std::equal_to<>> children;
    std::unique_ptr<Node> any;           ///< below "+"
    std::vector<Subscriber> here;        ///< filters that end here
    std::vector<Subscriber> everything;  ///< filters that end here with "#"
    [[nodiscard]] bool empty() const { return children.empty() && !any && here.empty() && everything.empty(); }
  };

  static void collect(const Node& node, std::string_view rest, bool wildcards, std::vector<Subscriber>& out);
  // These work below a node that the caller reached under the mutex.
  /// True when the node became empty and can go.
  bool remove_below(Node& node, std::string_view rest, const Session* session);
  bool erase_from(std::vector<Subscriber>& list, const Session* session);

  mutable Mutex mutex_;
  Node root_ GUARDED_BY(mutex_);
  std::atomic<std::size_t> count_ = 0;  ///< lets a broker without subscribers skip the walk
};

}  // namespace penstock::mqtt::broker
