#include "mqtt/broker/retained.h"

#include <boost/json.hpp>
#include <utility>

#include "codec/json.h"
#include "core/encoding/base64.h"
#include "core/encoding/hex.h"
#include "mqtt/packet/frame.h"

namespace penstock::mqtt::broker {
namespace {

namespace json = boost::json;

constexpr std::string_view kPrefix = "mqtt/retained/";
constexpr std::int64_t kFormat = 1;

std::string key_of(std::string_view topic) { return std::string(kPrefix) + hex_encode(topic); }

std::string to_document(const Message& message) {
  return codec::serialize(json::object{{"format", kFormat},
                                       {"topic", message.topic},
                                       {"payload", base64_encode(message.payload)},
                                       {"qos", message.qos},
                                       {"client_id", message.client_id},
                                       {"received_ms", to_unix_ms(message.received)}});
}

Result<MessagePtr> from_document(std::string_view bytes) {
  const auto bad = [] { return fail(ErrorKind::corrupt, "a retained message's document is not what was written"); };
  const auto value = codec::parse_json(bytes);
  const json::object* object = value.has_value() ? value->if_object() : nullptr;
  if (object == nullptr) return bad();
  const auto text = [&](std::string_view name) -> std::optional<std::string> {
    const auto* field = object->if_contains(name);
    if (field == nullptr || !field->is_string()) return std::nullopt;
    return std::string(field->as_string());
  };
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto* field = object->if_contains(name);
    if (field == nullptr || !field->is_int64()) return std::nullopt;
    return field->as_int64();
  };
  const auto topic = text("topic");
  const auto payload = base64_decode(text("payload").value_or("*"));
  const auto qos = number("qos");
  const auto received = number("received_ms");
  if (number("format") != kFormat || !topic || !payload || !qos || !received) return bad();
  auto message = std::make_shared<Message>();
  message->topic = *topic;
  message->payload = *payload;
  message->qos = static_cast<std::uint8_t>(*qos != 0);
  message->retain = true;
  message->client_id = text("client_id").value_or(std::string{});
  message->received = from_unix_ms(*received);
  return message;
}

std::size_t cost(const MessagePtr& message) { return message ? message->topic.size() + message->payload.size() : 0; }

}  // namespace

Result<void> Retained::load() {
  if (catalog_ == nullptr) return {};
  for (const auto& document : catalog_->list(kPrefix)) {
    PENSTOCK_TRY(auto message, from_document(*document.bytes));
    const MutexLock lock(mutex_);
    bytes_ += cost(message);
    ++count_;
    entries_[message->topic].message = std::move(message);
  }
  return {};
}

/// Puts the message in its place. True: the caller writes; false: `next` is set when the writer is done with it.
Result<bool> Retained::take(const MessagePtr& message, Completion<Result<void>>& next) {
  const MutexLock lock(mutex_);
  const bool remove = message->payload.empty();
  const auto at = entries_.find(message->topic);
  const MessagePtr old = at == entries_.end() ? nullptr : at->second.message;
  if (!remove) {
    const bool fits = (old || count_ < limits_.messages_max) && bytes_ - cost(old) + cost(message) <= limits_.bytes_max;
    if (!fits) return fail(ErrorKind::throttled, "too many retained messages");
  }
  Entry& entry = at == entries_.end() ? entries_[message->topic] : at->second;
  bytes_ = bytes_ - cost(old) + (remove ? 0 : cost(message));
  count_ = count_ - (old ? 1 : 0) + (remove ? 0 : 1);
  entry.message = remove ? nullptr : message;
  if (!entry.writing) {
    entry.writing = true;
    return true;
  }
  entry.waiting.push_back(next);
  return false;
}

Task<Result<void>> Retained::store(MessagePtr message) {
  Completion<Result<void>> next;
  PENSTOCK_CO_TRY(const bool mine, take(message, next));
  if (!mine) co_return co_await next;
  co_return co_await write(message->topic);
}

Task<Result<void>> Retained::write(std::string topic) {
  std::vector<Completion<Result<void>>> served;
  std::optional<Result<void>> first;
  while (true) {
    MessagePtr latest;
    {
      const MutexLock lock(mutex_);
      latest = entries_.find(topic)->second.message;
    }
    Result<void> written;
    if (catalog_ != nullptr) {
      std::vector<catalog::Change> changes;
      changes.push_back({key_of(topic), std::nullopt, std::nullopt});
      if (latest) changes.back().bytes = to_document(*latest);
      const auto version = co_await catalog_->commit(std::move(changes));
      if (!version.has_value()) written = std::unexpected(version.error());
    }
    if (!first) first = written;
    for (const auto& waiter : served) waiter.set(written);
    const MutexLock lock(mutex_);
    const auto at = entries_.find(topic);
    served = std::exchange(at->second.waiting, {});
    if (!served.empty()) continue;
    at->second.writing = false;
    if (!at->second.message) entries_.erase(at);
    co_return *first;
  }
}

MessagePtr Retained::find(std::string_view topic) const {
  const MutexLock lock(mutex_);
  const auto at = entries_.find(topic);
  return at == entries_.end() ? nullptr : at->second.message;
}

std::vector<MessagePtr> Retained::list(std::string_view after, std::size_t limit) const {
  const MutexLock lock(mutex_);
  std::vector<MessagePtr> out;
  for (auto at = entries_.upper_bound(after); at != entries_.end() && out.size() < limit; ++at) {
    if (at->second.message) out.push_back(at->second.message);
  }
  return out;
}

}  // namespace penstock::mqtt::broker
