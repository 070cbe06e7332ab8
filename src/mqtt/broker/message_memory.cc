#include "mqtt/broker/message_memory.h"

#include <utility>

namespace penstock::mqtt::broker {

namespace {

class Held {
 public:
  Held(MessagePtr message, std::shared_ptr<session::MessageMemory> memory)
      : message_(std::move(message)),
        memory_(std::move(memory)),
        bytes_(sizeof(Message) + message_->topic.size() + message_->payload.size()) {
    memory_->outbound += bytes_;
  }
  ~Held() { memory_->outbound -= bytes_; }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  [[nodiscard]] const Message* message() const { return message_.get(); }

 private:
  const MessagePtr message_;
  const std::shared_ptr<session::MessageMemory> memory_;
  const std::size_t bytes_;
};

}  // namespace

MessagePtr counted(MessagePtr message, std::shared_ptr<session::MessageMemory> memory) {
  const auto held = std::make_shared<const Held>(std::move(message), std::move(memory));
  return {held, held->message()};
}

}  // namespace penstock::mqtt::broker
