#pragma once
/// An HTTP/2 client for tests over a RawClient: nghttp2 speaks, the test decides what and when.

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/raw_client_test.h"

namespace penstock::net {

class Http2Client {
 public:
  struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;
    bool closed = false;
    std::uint32_t code = 0;  ///< of the stream's end
  };
  struct Options {
    std::uint32_t window_bytes = 1U << 20U;  ///< of each stream
    bool takes_body = true;                  ///< false: the windows never grow again
  };

  explicit Http2Client(std::uint16_t port) : Http2Client(port, Options{}) {}
  Http2Client(std::uint16_t port, Options options) : raw_(port), options_(options) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    if (!options.takes_body) nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session_client_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.window_bytes};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
  }
  ~Http2Client() { nghttp2_session_del(session_); }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  using Fields = std::vector<std::pair<std::string, std::string>>;

  /// Gives the stream. `body` nullopt: none.
  std::int32_t ask(const std::string& method, const std::string& path, std::optional<std::string> body = std::nullopt,
                   const Fields& more = {}) {
    Fields all{{":method", method}, {":scheme", "http"}, {":authority", "test"}, {":path", path}};
    all.insert(all.end(), more.begin(), more.end());
    return ask_with(all, std::move(body));
  }
  std::int32_t ask_with(const Fields& fields, std::optional<std::string> body) {
    std::vector<nghttp2_nv> values;
    for (const auto& [name, value] : fields) {
      values.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    auto upload = std::make_unique<Upload>();
    if (body.has_value()) upload->left = std::move(*body);
    nghttp2_data_provider provider{.source = {.ptr = upload.get()}, .read_callback = &read_upload};
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, values.data(), values.size(),
                                                   body.has_value() ? &provider : nullptr, nullptr);
    uploads_[id] = std::move(upload);
    return id;
  }

  /// Until `done`; false when the server closed before.
  bool run_until(const std::function<bool()>& done) {
    while (!done()) {
      flush();
      if (done()) break;
      const std::string got = raw_.read_some();
      if (got.empty()) return done();
      const auto taken =
          nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(got.data()), got.size());
      EXPECT_EQ(taken, static_cast<ssize_t>(got.size()));
    }
    flush();
    return true;
  }
  const Answer& wait(std::int32_t id) {
    EXPECT_TRUE(run_until([&] { return answers_[id].closed; })) << "stream " << id;
    return answers_[id];
  }
  /// Everything until the server closes.
  void wait_for_close() {
    EXPECT_FALSE(run_until([] { return false; }));
  }
  void flush() {
    while (true) {
      const std::uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size <= 0) return;
      raw_.send({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
    }
  }

  Answer& answer(std::int32_t id) { return answers_[id]; }
  nghttp2_session* session() { return session_; }
  RawClient& raw() { return raw_; }
  /// Of the server's GOAWAY.
  std::optional<std::uint32_t> goaway;
  bool settled = false;  ///< the server's SETTINGS have come

 private:
  struct Upload {
    std::string left;
    std::size_t sent = 0;
  };

  static std::uint8_t* bytes(const std::string& text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  }
  static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    Answer& answer = self(user).answers_[frame->hd.stream_id];
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status") answer.status = std::stoi(text);
    answer.headers[key] = text;
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                     void* user) {
    self(user).answers_[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    self(user).answers_[id].closed = true;
    self(user).answers_[id].code = code;
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) self(user).goaway = frame->goaway.error_code;
    if (frame->hd.type == NGHTTP2_SETTINGS) self(user).settled = true;
    return 0;
  }
  static ssize_t read_upload(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t size, std::uint32_t* flags,
                             nghttp2_data_source* source, void*) {
    auto& upload = *static_cast<Upload*>(source->ptr);
    const std::size_t taken = std::min(size, upload.left.size() - upload.sent);
    std::memcpy(out, upload.left.data() + upload.sent, taken);
    upload.sent += taken;
    if (upload.sent == upload.left.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(taken);
  }

  RawClient raw_;
  Options options_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::unique_ptr<Upload>> uploads_;
  std::map<std::int32_t, Answer> answers_;
};

}  // namespace penstock::net
