#include "mqtt/broker/subscriptions.h"

#include <algorithm>

#include "mqtt/packet/topic.h"

namespace penstock::mqtt::broker {

using packet::Level;
using packet::take_level;

void Subscriptions::add(std::string_view filter, const SessionPtr& session, std::uint8_t qos) {
  const MutexLock lock(mutex_);
  Node* node = &root_;
  std::vector<Subscriber>* list = nullptr;
  while (list == nullptr) {
    const Level level = take_level(filter);
    if (level.name == "#") {
      list = &node->everything;
      break;
    }
    auto& next = level.name == "+" ? node->any : node->children[std::string(level.name)];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
    if (level.last) list = &node->here;
  }
  const auto at = std::find_if(list->begin(), list->end(), [&](const Subscriber& s) { return s.session == session; });
  if (at != list->end()) {
    at->qos = qos;
    return;
  }
  list->push_back({session, qos});
  count_.fetch_add(1, std::memory_order_relaxed);
}

void Subscriptions::remove(std::string_view filter, const Session* session) {
  const MutexLock lock(mutex_);
  remove_below(root_, filter, session);
}

bool Subscriptions::erase_from(std::vector<Subscriber>& list, const Session* session) {
  const auto at =
      std::find_if(list.begin(), list.end(), [&](const Subscriber& s) { return s.session.get() == session; });
  if (at == list.end()) return false;
  list.erase(at);
  count_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

bool Subscriptions::remove_below(Node& node, std::string_view rest, const Session* session) {
  const Level level = take_level(rest);
  if (level.name == "#") {
    erase_from(node.everything, session);
    return node.empty();
  }
  const auto descend = [&](Node& child) {
    if (!level.last) return remove_below(child, rest, session);
    erase_from(child.here, session);
    return child.empty();
  };
  if (level.name == "+") {
    if (node.any && descend(*node.any)) node.any.reset();
  } else if (const auto at = node.children.find(level.name); at != node.children.end()) {
    if (descend(*at->second)) node.children.erase(at);
  }
  return node.empty();
}

void Subscriptions::collect(const Node& node, std::string_view rest, bool wildcards, std::vector<Subscriber>& out) {
  if (wildcards) out.insert(out.end(), node.everything.begin(), node.everything.end());
  const Level level = take_level(rest);
  const auto descend = [&](const Node& child) {
    if (level.last) {
      out.insert(out.end(), child.here.begin(), child.here.end());
    } else {
      collect(child, rest, true, out);
    }
  };
  if (wildcards && node.any) descend(*node.any);
  if (const auto at = node.children.find(level.name); at != node.children.end()) descend(*at->second);
}

void Subscriptions::match(std::string_view topic, std::vector<Subscriber>& out) const {
  out.clear();
  if (count() == 0) return;
  {
    const MutexLock lock(mutex_);
    collect(root_, topic, !packet::is_reserved(topic), out);
  }
  if (out.size() < 2) return;
  // Highest QoS first within a session, so that unique() keeps it.
  std::sort(out.begin(), out.end(), [](const Subscriber& a, const Subscriber& b) {
    return a.session != b.session ? a.session < b.session : a.qos > b.qos;
  });
  out.erase(std::unique(out.begin(), out.end(),
                        [](const Subscriber& a, const Subscriber& b) { return a.session == b.session; }),
            out.end());
}

}  // namespace penstock::mqtt::broker
