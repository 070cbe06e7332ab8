#include "subscribers.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "core/encoding/base64.h"

namespace penstock::bench {
namespace {

constexpr std::size_t kPreludeBytes = 12;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::string_view kData = "\"Data\":\"";
constexpr std::size_t kNumberBase64 = 12;  // eight digits and a ninth byte

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8U | static_cast<std::uint8_t>(c);
  return value;
}

class Http1Feed final : public Feed {
 public:
  Http1Feed(const Endpoint& to, Subscriber& subscriber) : subscriber_(subscriber), fd_(connect_to(to)) {
    send_all(fd_, make_request(to, "SubscribeToShard", subscriber.body()));
  }
  [[nodiscard]] int fd() const override { return fd_; }

  void receive(std::string_view bytes) override {
    in_ += bytes;
    std::string_view rest = in_;
    if (!in_body_) {
      const std::size_t end = rest.find("\r\n\r\n");
      if (end == std::string_view::npos) return;
      if (rest.substr(9, 3) != "200") stop(in_.substr(0, 600));
      rest.remove_prefix(end + 4);
      in_body_ = true;
    }
    while (take_chunk(rest)) {
    }
    in_.erase(0, in_.size() - rest.size());
  }

 private:
  bool take_chunk(std::string_view& rest) {
    const std::size_t line = rest.find("\r\n");
    if (line == std::string_view::npos) return false;
    const std::size_t size = std::strtoul(std::string(rest.substr(0, line)).c_str(), nullptr, 16);
    if (size == 0) stop("a subscription ended");
    if (rest.size() < line + 2 + size + 2) return false;
    subscriber_.feed(rest.substr(line + 2, size));
    rest.remove_prefix(line + 2 + size + 2);
    return true;
  }

  Subscriber& subscriber_;
  const int fd_;
  std::string in_;
  bool in_body_ = false;
};

class Http2Feed final : public Feed {
 public:
  Http2Feed(const Endpoint& to, const std::vector<Subscriber*>& subscribers) : fd_(connect_to(to)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_close);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
    for (Subscriber* subscriber : subscribers) subscribe(to, *subscriber);
    flush();
  }
  ~Http2Feed() override { nghttp2_session_del(session_); }
  Http2Feed(const Http2Feed&) = delete;
  Http2Feed& operator=(const Http2Feed&) = delete;

  [[nodiscard]] int fd() const override { return fd_; }
  void receive(std::string_view bytes) override {
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (nghttp2_session_mem_recv(session_, data, bytes.size()) < 0) stop("HTTP/2: the server broke the protocol");
    flush();
  }

 private:
  struct Upload {
    std::string body;
    std::size_t sent = 0;
  };

  void subscribe(const Endpoint& to, Subscriber& subscriber) {
    auto upload = std::make_unique<Upload>(subscriber.body());
    auto headers = signed_headers(to, "SubscribeToShard", upload->body);
    headers.front().first = ":authority";  // what "host" is called here
    headers.insert(headers.begin(), {{":method", "POST"}, {":scheme", "http"}, {":path", "/"}});
    std::vector<nghttp2_nv> values;
    values.reserve(headers.size());
    for (auto& [name, value] : headers) {
      values.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                        name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_data_provider provider{.source = {.ptr = upload.get()}, .read_callback = &read_upload};
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, values.data(), values.size(), &provider, nullptr);
    if (id < 0) stop("HTTP/2: no stream");
    uploads_.push_back(std::move(upload));
    subscribers_[id] = &subscriber;
  }

  void flush() {
    const std::uint8_t* data = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session_, &data)) > 0) {
      send_all(fd_, {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
    }
  }

  static Http2Feed& self(void* user) { return *static_cast<Http2Feed*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void*) {
    const std::string_view field(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (field == ":status" && text != "200") stop("SubscribeToShard was answered " + text);
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                     void* user) {
    self(user).subscribers_.at(id)->feed({reinterpret_cast<const char*>(data), size});
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t, std::uint32_t code, void*) {
    stop(fmt::format("a subscription ended, HTTP/2 code {}", code));
  }
  static ssize_t read_upload(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t size, std::uint32_t* flags,
                             nghttp2_data_source* source, void*) {
    auto& upload = *static_cast<Upload*>(source->ptr);
    const std::size_t taken = std::min(size, upload.body.size() - upload.sent);
    std::memcpy(out, upload.body.data() + upload.sent, taken);
    upload.sent += taken;
    if (upload.sent == upload.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(taken);
  }

  const int fd_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<Upload>> uploads_;
  std::map<std::int32_t, Subscriber*> subscribers_;
};

}  // namespace

std::string Subscriber::body() const {
  return fmt::format(
      R"({{"ConsumerARN":"{}","ShardId":"shardId-000000000000","StartingPosition":{{"Type":"LATEST"}}}})",
      consumer_arn_);
}

// Each message: total length, headers' length, a checksum; headers; payload; a checksum.
void Subscriber::feed(std::string_view bytes) {
  const auto now = Steady::now();
  buffer_ += bytes;
  std::string_view rest = buffer_;
  while (rest.size() >= kPreludeBytes) {
    const std::size_t total = big_endian(rest);
    const std::size_t headers = big_endian(rest.substr(4));
    if (total < kPreludeBytes + headers + kChecksumBytes) stop("an event is malformed");
    if (rest.size() < total) break;
    take_event(rest.substr(kPreludeBytes, headers),
               rest.substr(kPreludeBytes + headers, total - kPreludeBytes - headers - kChecksumBytes), now);
    rest.remove_prefix(total);
  }
  buffer_.erase(0, buffer_.size() - rest.size());
}

void Subscriber::take_event(std::string_view headers, std::string_view payload, Steady::time_point now) {
  if (headers.contains("exception")) stop("a subscription failed: " + std::string(payload));
  if (headers.contains("initial-response")) subscribed_ = true;
  for (std::size_t at = payload.find(kData); at != std::string_view::npos; at = payload.find(kData, at)) {
    at += kData.size();
    const auto data = base64_decode(payload.substr(at, kNumberBase64));
    if (!data) stop("a record's data is not what was put");
    arrivals_.push_back(
        {.number = static_cast<std::uint32_t>(std::strtoul(data->substr(0, 8).c_str(), nullptr, 10)), .at = now});
  }
}

std::unique_ptr<Feed> make_http1_feed(const Endpoint& to, Subscriber& subscriber) {
  return std::make_unique<Http1Feed>(to, subscriber);
}

std::unique_ptr<Feed> make_http2_feed(const Endpoint& to, std::vector<Subscriber*> subscribers) {
  return std::make_unique<Http2Feed>(to, subscribers);
}

}  // namespace penstock::bench
