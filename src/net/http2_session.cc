#include "net/http2_session.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "net/http2_answer_head.h"
#include "net/http_text.h"

namespace penstock::net {

namespace {

constexpr std::size_t kContinuationsMax = 8;
constexpr std::size_t kDroppedBytesMax = 32U << 20U;
constexpr std::size_t kFirstBodyBytesMax = 256U << 10U;  ///< reserved for a body on the word of its content-length
constexpr std::int64_t kFrameSentEarns = 64;  ///< a client may answer each of our DATA frames with some of its own

}  // namespace

struct Http2Session::Stream {
  Stream(StreamId the_id, BodyBudget& budget) : id(the_id), charge(budget) {}

  enum class Phase : std::uint8_t { receiving, handed_out, answering };

  StreamId id;
  Phase phase = Phase::receiving;
  SteadyTime started = SteadyTime::max();   ///< of the body
  SteadyTime deadline = SteadyTime::max();  ///< of what it waits for of the client
  // The request. Once refused, what comes of it is dropped.
  HttpRequest request;
  BodyCharge charge;
  std::size_t head_bytes = 0;
  std::size_t body_bytes_told = 0;  ///< the body's size as its content-length says
  std::size_t dropped_bytes = 0;    ///< that came after the refusal
  bool head_too_large = false;
  bool refused = false;
  bool to_head = false;  ///< the method is HEAD
  // The answer: `text` is what is to be sent now, of the body or of a piece.
  std::string text;
  std::size_t text_sent = 0;
  SteadyTime text_since = SteadyTime::max();
  MemoryCharge memory;  ///< for `text`
  bool streamed = false;
  bool piece_asked = false;
  bool deferred = false;  ///< nghttp2 waits for the piece
  bool done = false;      ///< all of it is sent

  [[nodiscard]] std::size_t unsent() const { return text.size() - text_sent; }
};

/// nghttp2 calls these; `user` is the session.
struct Http2Session::Callbacks {
  static Http2Session& self(void* user) { return *static_cast<Http2Session*>(user); }
  static bool begins_request(const nghttp2_frame* frame) {
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  }
  static std::string_view text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).head_deadline_ = self(user).in(self(user).host_.limits.head_max);
    if (begins_request(frame)) self(user).begin_stream(frame->hd.stream_id);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    Stream* stream = self(user).find(frame->hd.stream_id);
    // What follows a body (trailers) is read past, as in HTTP/1.1.
    if (stream == nullptr || !begins_request(frame)) return 0;
    self(user).take_header(*stream, text(name, name_size), text(value, value_size));
    return 0;
  }

  /// A malformed field makes the whole request malformed (RFC 9113 section 8.1.1); nghttp2 would leave it out.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void* user) {
    self(user).note_broken_stream();
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Session& session = self(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    Stream* stream = session.find(frame->hd.stream_id);
    switch (frame->hd.type) {
      case NGHTTP2_SETTINGS: session.head_deadline_ = SteadyTime::max(); break;
      case NGHTTP2_RST_STREAM: session.note_broken_stream(); break;
      case NGHTTP2_GOAWAY: session.client_said_goaway_ = true; break;
      case NGHTTP2_HEADERS:
        session.head_deadline_ = SteadyTime::max();
        if (stream != nullptr && begins_request(frame)) session.end_head(*stream, ends);
        if (stream != nullptr && ends) session.end_request(*stream);
        break;
      case NGHTTP2_DATA:
        if (stream != nullptr && ends) session.end_request(*stream);
        break;
      default: break;
    }
    return 0;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    self(user).note_broken_stream();
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                     void* user) {
    self(user).useful_bytes_ += static_cast<std::int64_t>(size);
    if (Stream* stream = self(user).find(id)) self(user).take_body(*stream, text(data, size));
    return 0;
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    self(user).end_stream(id);
    return 0;
  }

  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool carries_answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries_answer) self(user).after_sent(frame->hd.stream_id, (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
    return 0;
  }

  static ssize_t read_answer(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t size, std::uint32_t* flags,
                             nghttp2_data_source* source, void* user) {
    return self(user).read_answer(*static_cast<Stream*>(source->ptr), out, size, flags);
  }

  static const nghttp2_session_callbacks* all() {
    static const nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      PENSTOCK_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0);
      nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
      nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, &on_invalid_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, &on_invalid_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_stream_close);
      nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &on_frame_sent);
      return callbacks;
    }();
    return made;
  }

  static const nghttp2_option* options() {
    static const nghttp2_option* const made = [] {
      nghttp2_option* option = nullptr;
      PENSTOCK_ASSERT(nghttp2_option_new(&option) == 0);
      nghttp2_option_set_no_closed_streams(option, 1);
      nghttp2_option_set_max_continuations(option, kContinuationsMax);
      nghttp2_option_set_stream_reset_rate_limit(option, kResetsMax, kResetsPerSecond);
      return option;
    }();
    return made;
  }
};

bool Http2Session::Allowance::take(std::int64_t amount, SteadyTime now) {
  const auto elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - since).count();
  if (const std::int64_t earned = elapsed_ms * per_second / 1000; earned > 0) {
    left = std::min(max, left + earned);
    since = now;
  }
  left -= amount;
  return left >= 0;
}

void Http2Session::SessionFree::operator()(nghttp2_session* session) const { nghttp2_session_del(session); }

Http2Session::Http2Session(ConnectionHost host, Peer peer, Events& events)
    : host_(host),
      peer_(std::move(peer)),
      events_(events),
      idle_frames_{kIdleFrameBytesMax, kIdleFrameBytesMax, kIdleFrameBytesPerSecond, host.clock.steady()},
      resets_{kResetsMax, kResetsMax, kResetsPerSecond, host.clock.steady()},
      head_deadline_(in(host.limits.head_max)),
      idle_deadline_(in(host.limits.idle_max)) {
  nghttp2_session* session = nullptr;
  PENSTOCK_ASSERT(nghttp2_session_server_new2(&session, Callbacks::all(), this, Callbacks::options()) == 0);
  session_.reset(session);
  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kStreamsMax},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                             static_cast<std::uint32_t>(host_.limits.head_bytes_max)},
  };
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
}

Http2Session::~Http2Session() = default;

void Http2Session::feed(std::string_view bytes) {
  if (failed_) return;
  useful_bytes_ = 0;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) {
    end_connection(taken == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
    failed_ = true;
    return;
  }
  const std::int64_t idle_bytes = static_cast<std::int64_t>(bytes.size()) - useful_bytes_;
  if (idle_bytes > 0 && !idle_frames_.take(idle_bytes, host_.clock.steady())) end_connection(NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Session::collect(std::string& out, std::size_t bytes_max) {
  while (out.size() < bytes_max) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    if (size < 0) failed_ = dead_ = true;
    if (size <= 0) return;
    out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
}

bool Http2Session::alive() const {
  if (dead_) return false;
  if (client_said_goaway_ && !said_goaway_ && !failed_) return true;
  return nghttp2_session_want_write(session_.get()) != 0 ||
         (!failed_ && nghttp2_session_want_read(session_.get()) != 0);
}

std::size_t Http2Session::frames_waiting() const { return nghttp2_session_get_outbound_queue_size(session_.get()); }

Http2Session::Stream* Http2Session::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Http2Session::begin_stream(StreamId id) {
  streams_.emplace(id, std::make_unique<Stream>(id, host_.bodies));
  idle_deadline_ = SteadyTime::max();
}

void Http2Session::take_header(Stream& stream, std::string_view name, std::string_view value) {
  stream.head_bytes += name.size() + value.size();
  if (stream.head_bytes > host_.limits.head_bytes_max || stream.request.headers.all().size() >= kHeadersMax) {
    stream.head_too_large = true;
    return;
  }
  useful_bytes_ += static_cast<std::int64_t>(name.size() + value.size());
  stream.request.headers.add(std::string(name), std::string(value));
}

std::optional<HttpRefusal> Http2Session::judge_head(Stream& stream) const {
  HttpRequest& request = stream.request;
  const HttpLimits& limits = host_.limits;
  if (stream.head_too_large) {
    return HttpRefusal{431,
                       fmt::format("the headers exceed {} bytes or {} fields", limits.head_bytes_max, kHeadersMax)};
  }
  const std::string* method = request.headers.find(":method");
  const std::string* path = request.headers.find(":path");
  if (method == nullptr || path == nullptr || !is_token(*method))
    return HttpRefusal{400, "there is no :method or :path"};
  request.method = *method;
  stream.to_head = request.method == "HEAD";
  auto target = read_target(request.method, *path);
  if (!target.has_value()) return std::move(target).error();
  request.target = std::move(*target);
  const auto expects_continue = read_expectation(request.headers);
  if (!expects_continue.has_value()) return expects_continue.error();
  if (const std::string* length = request.headers.find("content-length")) {
    std::uint64_t size = 0;  // nghttp2 holds the body against it
    std::from_chars(length->data(), length->data() + length->size(), size);
    const std::size_t size_max = limits.body_bytes_max_of(request.target);
    if (size > size_max) {
      return HttpRefusal{413, fmt::format("the body has {} bytes; at most {} are taken", size, size_max)};
    }
    stream.body_bytes_told = size;
    request.body.reserve(std::min<std::size_t>(size, kFirstBodyBytesMax));
  }
  return std::nullopt;
}

void Http2Session::end_head(Stream& stream, bool no_body) {
  stream.request.remote_address = peer_.address;
  stream.request.secure = peer_.secure;
  if (auto why = judge_head(stream)) return refuse(stream, std::move(*why));
  if (!stream.charge.add(stream.head_bytes)) return refuse(stream, {503, "too many request bodies at the same time"});
  if (no_body) return;
  stream.started = host_.clock.steady();
  stream.deadline = stream.started + host_.limits.body_stall_max;
  if (stream.request.headers.find("expect") != nullptr) {
    std::array status{header_of(":status", "100")};
    nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id, nullptr, status.data(), status.size(),
                           nullptr);
  }
}

void Http2Session::take_body(Stream& stream, std::string_view bytes) {
  if (stream.refused) {
    stream.dropped_bytes += bytes.size();
    if (stream.done && stream.dropped_bytes > kDroppedBytesMax) reset(stream.id, NGHTTP2_NO_ERROR);
    return;
  }
  std::string& body = stream.request.body;
  const std::size_t size_max = host_.limits.body_bytes_max_of(stream.request.target);
  if (body.size() + bytes.size() > size_max) {
    return refuse(stream, {413, fmt::format("the body has more than {} bytes", size_max)});
  }
  if (!stream.charge.add(bytes.size())) return refuse(stream, {503, "too many request bodies at the same time"});
  if (body.size() + bytes.size() > body.capacity()) {
    // The more of it has come, the more is believed of what it will be.
    body.reserve(std::max(body.size() + bytes.size(), std::min(stream.body_bytes_told, body.capacity() * 4)));
  }
  body.append(bytes);
  stream.deadline = stream.started + host_.limits.body_stall_max +
                    std::chrono::milliseconds(body.size() * 1000 / host_.limits.body_bytes_per_second_min);
}

void Http2Session::end_request(Stream& stream) {
  if (stream.refused || stream.phase != Stream::Phase::receiving) return;
  stream.phase = Stream::Phase::handed_out;
  stream.deadline = SteadyTime::max();
  events_.on_request(stream.id, std::move(stream.request), std::move(stream.charge));
}

void Http2Session::refuse(Stream& stream, HttpRefusal why) {
  stream.refused = true;
  std::string().swap(stream.request.body);
  stream.charge.release();
  stream.phase = Stream::Phase::handed_out;
  const HttpRequest* head = stream.request.method.empty() ? nullptr : &stream.request;
  (void)answer(stream.id, host_.refusal(why.status, why.message, head));
}

std::unique_ptr<BodyStream> Http2Session::answer(StreamId id, HttpResponse response) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->phase != Stream::Phase::handed_out) return nullptr;
  stream->phase = Stream::Phase::answering;
  stream->deadline = in(host_.limits.write_stall_max);
  stream->text_since = host_.clock.steady();
  const bool has_body = !stream->to_head && may_have_body(response.status);
  stream->streamed = has_body && response.stream != nullptr;
  const AnswerHead head(response, host_.clock.now());
  if (has_body) stream->text = std::move(response.body);
  if (has_body) stream->memory = std::move(response.memory);
  unsent_bytes_ += stream->text.size();
  nghttp2_data_provider provider{.source = {.ptr = stream}, .read_callback = &Callbacks::read_answer};
  const bool has_data = stream->streamed || !stream->text.empty();
  if (nghttp2_submit_response(session_.get(), id, head.fields().data(), head.fields().size(),
                              has_data ? &provider : nullptr) != 0) {
    reset(id, NGHTTP2_INTERNAL_ERROR);
  }
  return stream->streamed ? std::move(response.stream) : nullptr;
}

void Http2Session::give_piece(StreamId id, std::optional<std::string> piece) {
  Stream* stream = find(id);
  if (stream == nullptr || !stream->piece_asked) return;
  stream->piece_asked = false;
  stream->deadline = in(host_.limits.write_stall_max);
  stream->streamed = piece.has_value();
  stream->text = std::move(piece).value_or(std::string());
  stream->text_sent = 0;
  stream->text_since = host_.clock.steady();
  unsent_bytes_ += stream->text.size();
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(session_.get(), id);
}

long Http2Session::read_answer(Stream& stream, std::uint8_t* out, std::size_t size, std::uint32_t* flags) {
  if (stream.unsent() == 0 && stream.streamed) {
    stream.piece_asked = true;
    stream.deadline = SteadyTime::max();  // that there is nothing to send is not the client's fault
    events_.on_piece_wanted(stream.id);
    if (stream.piece_asked) {
      stream.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
  }
  const std::size_t taken = std::min(size, stream.unsent());
  std::memcpy(out, stream.text.data() + stream.text_sent, taken);
  stream.text_sent += taken;
  unsent_bytes_ -= taken;
  stream.deadline = answer_deadline(host_, stream.text_since, stream.text_sent);
  if (stream.unsent() == 0) {
    std::string().swap(stream.text);
    stream.text_sent = 0;
    stream.memory = {};
    if (!stream.streamed) *flags |= NGHTTP2_DATA_FLAG_EOF;
  }
  idle_frames_.left =
      std::min(idle_frames_.max, idle_frames_.left + static_cast<std::int64_t>(taken) + kFrameSentEarns);
  return static_cast<long>(taken);
}

void Http2Session::after_sent(StreamId id, bool end_of_stream) {
  Stream* stream = find(id);
  if (stream == nullptr || !end_of_stream) return;
  stream->done = true;
  stream->deadline = SteadyTime::max();
  // A client that is still sending its request may go on for a while, and we drop it: RFC 9113 section 8.1 allows to
  // reset the stream with NO_ERROR now, but clients (curl 7.88) then lose the answer.
  if (nghttp2_session_get_stream_remote_close(session_.get(), id) == 0) {
    stream->deadline = in(host_.limits.body_stall_max);
  }
}

void Http2Session::end_stream(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const std::unique_ptr<Stream> stream = std::move(found->second);
  streams_.erase(found);
  unsent_bytes_ -= stream->unsent();
  if (streams_.empty()) idle_deadline_ = in(host_.limits.idle_max);
  const bool handed_out = stream->phase != Stream::Phase::receiving && !stream->refused;
  if (handed_out && !stream->done) events_.on_gone(id);
}

void Http2Session::note_broken_stream() {
  if (!resets_.take(1, host_.clock.steady())) end_connection(NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Session::reset(StreamId id, std::uint32_t code) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, code);
}

void Http2Session::end_connection(std::uint32_t code) {
  said_goaway_ = true;
  nghttp2_session_terminate_session(session_.get(), code);
}

void Http2Session::shut_down() {
  said_goaway_ = true;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Http2Session::check_deadlines(SteadyTime now) {
  if (now >= head_deadline_) {
    head_deadline_ = SteadyTime::max();
    return end_connection(NGHTTP2_PROTOCOL_ERROR);
  }
  if (now >= idle_deadline_) {
    idle_deadline_ = SteadyTime::max();
    return shut_down();
  }
  for (const auto& [id, stream] : streams_) {
    if (now < stream->deadline) continue;
    stream->deadline = SteadyTime::max();
    reset(id, stream->done ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
  }
}

}  // namespace penstock::net
