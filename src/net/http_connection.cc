#include "net/http_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "net/http_chunks.h"
#include "net/http_date.h"
#include "net/http_text.h"
#include "net/readable_head.h"

namespace penstock::net {

namespace {

constexpr std::size_t kReadBytes = 16U << 10U;
constexpr std::size_t kDrainBytesMax = 32U << 20U;
constexpr std::chrono::milliseconds kDrainWhenStoppingMax{200};
constexpr int kRequestsPerTurn = 32;  ///< of one connection, before the others of the loop get theirs
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Makes room for `size` characters without writing to them; the caller fills them before anyone reads them.
void resize_unfilled(std::string& text, std::size_t size) {
  text.resize_and_overwrite(size, [](char*, std::size_t wanted) { return wanted; });
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  const std::size_t from = out.size();
  out.append(value);
  if (!is_field_value(value)) {
    // A value with line ends would let its author write headers of their own.
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(from), out.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }, ' ');
  }
  out.append("\r\n");
}

/// Buffers for input that no connection of this thread (a loop has one) uses now: a busy connection takes one with
/// every request, and an idle one holds none.
class SpareBuffers {
 public:
  std::string take() {
    if (spare_.empty()) return {};
    std::string buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }
  void give(std::string&& buffer) {
    if (buffer.capacity() < kReadBytes || buffer.capacity() > 8 * kReadBytes || spare_.size() >= kSpareMax) return;
    buffer.clear();
    spare_.push_back(std::move(buffer));
  }

 private:
  static constexpr std::size_t kSpareMax = 64;
  std::vector<std::string> spare_;
};

SpareBuffers& spare_buffers() {
  thread_local SpareBuffers buffers;
  return buffers;
}

/// How the end of the body is told.
enum class BodyEnd : std::uint8_t { by_length, by_last_chunk, by_closing };

std::string render_head(const HttpResponse& response, Timestamp now, BodyEnd body_end, bool close) {
  std::string out;
  out.reserve(512);
  out += fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  for (const auto& [name, value] : response.headers.all()) append_header(out, name, value);
  append_header(out, "Date", http_date(now));
  if (body_end == BodyEnd::by_last_chunk) {
    append_header(out, "Transfer-Encoding", "chunked");
  } else if (body_end == BodyEnd::by_length && may_have_body(response.status)) {
    append_header(out, "Content-Length", fmt::format_int(response.body.size()).c_str());
  }
  append_header(out, "Connection", close ? "close" : "keep-alive");
  out.append("\r\n");
  return out;
}

}  // namespace

HttpConnection::HttpConnection(ConnectionHost host, std::unique_ptr<ByteStream> stream, Peer peer, std::string input)
    : host_(host), stream_(std::move(stream)), peer_(std::move(peer)), input_(std::move(input)) {}

Task<void> HttpConnection::run() {
  for (int served = 1; !host_.stopping; ++served) {
    auto head = co_await read_head();
    if (!head.has_value()) {
      const std::optional<HttpRequest> part = head.error().has_value() ? readable_head(input_) : std::nullopt;
      if (head.error().has_value()) co_await refuse(std::move(*head.error()), part.has_value() ? &*part : nullptr);
      break;
    }
    const auto body = co_await read_body(*head);
    if (!body.has_value()) {
      if (body.error().has_value()) co_await refuse(*body.error(), &head->request);
      break;
    }
    deadline_ = SteadyTime::max();
    head->request.remote_address = peer_.address;
    head->request.secure = peer_.secure;
    const bool bodiless = head->request.method == "HEAD";
    HttpResponse response = co_await host_.handler(std::move(head->request));
    charge_.release();
    count_memory(host_, response);
    if (bodiless) head->request.method = "HEAD";
    const bool until_closed = response.stream != nullptr && !head->takes_chunks;
    const bool close = host_.stopping || !head->keep_alive || until_closed;
    if (!co_await answer(*head, std::move(response), close)) break;
    if (close) {
      co_await drain();
      break;
    }
    if (served % kRequestsPerTurn == 0) co_await Yield{};
  }
  charge_.release();
}

void HttpConnection::finish() {
  if (streaming_ != nullptr) streaming_->cancel();
  if (idle_) cancel();
}

void HttpConnection::cancel() {
  if (streaming_ != nullptr) streaming_->cancel();
  stream_->cancel();
}

void HttpConnection::check_deadline(SteadyTime now) {
  if (now >= deadline_) cancel();
}

Task<HttpConnection::OrEnding<void>> HttpConnection::wait_for_request() {
  idle_ = true;
  allow(host_.limits.idle_max);
  spare_buffers().give(std::exchange(input_, {}));  // thousands of idle connections hold no buffers
  const Result<void> ready = co_await stream_->wait_readable();
  idle_ = false;
  if (!ready.has_value() || host_.stopping) co_return std::unexpected(Ending{});
  co_return OrEnding<void>{};
}

Task<HttpConnection::OrEnding<void>> HttpConnection::read_more_input(std::size_t bytes_max) {
  const std::size_t had = input_.size();
  if (had == 0 && input_.capacity() < bytes_max) input_ = spare_buffers().take();
  resize_unfilled(input_, had + bytes_max);
  const Result<std::size_t> got = co_await stream_->read_some(std::span(input_).subspan(had));
  input_.resize(had + got.value_or(0));
  if (got.value_or(0) == 0) co_return std::unexpected(Ending{});
  co_return OrEnding<void>{};
}

Task<HttpConnection::OrEnding<RequestHead>> HttpConnection::read_head() {
  input_.erase(0, std::exchange(input_used_, 0));
  if (input_.empty()) PENSTOCK_CO_TRY_VOID(co_await wait_for_request());
  allow(host_.limits.head_max);
  std::size_t scanned = 0;
  bool looked_at_first_byte = false;
  while (true) {
    // RFC 9112 section 2.2: empty lines before a request line are ignored.
    if (input_.starts_with("\r\n")) {
      input_.erase(
          0, input_.find_first_not_of("\r\n") == std::string::npos ? input_.size() : input_.find_first_not_of("\r\n"));
      scanned = 0;
    }
    if (const auto size = find_head_end(input_, scanned); size.has_value() && *size <= host_.limits.head_bytes_max) {
      auto head = parse_request_head(std::string_view(input_).substr(0, *size));
      if (!head.has_value()) co_return std::unexpected(Ending(std::move(head).error()));
      input_used_ = *size;
      co_return std::move(*head);
    } else if (size.has_value() || input_.size() >= host_.limits.head_bytes_max) {
      co_return std::unexpected(
          Ending({431, fmt::format("the request line and headers exceed {} bytes", host_.limits.head_bytes_max)}));
    }
    if (!looked_at_first_byte && !input_.empty()) {
      looked_at_first_byte = true;
      if (input_.front() == '\x16') co_return std::unexpected(Ending({400, "this port does not speak TLS"}));
    }
    PENSTOCK_CO_TRY_VOID(co_await read_more_input(kReadBytes));
  }
}

void HttpConnection::allow_body(SteadyTime start, std::size_t received) {
  const auto earned = std::chrono::milliseconds(received * 1000 / host_.limits.body_bytes_per_second_min);
  deadline_ = start + host_.limits.body_stall_max + earned;
}

Task<HttpConnection::OrEnding<void>> HttpConnection::read_body(RequestHead& head) {
  const std::uint64_t size = head.content_length.value_or(0);
  const std::size_t size_max = host_.limits.body_bytes_max_of(head.request.target);
  if (size > size_max) {
    co_return std::unexpected(
        Ending({413, fmt::format("the body has {} bytes; at most {} are taken", size, size_max)}));
  }
  if (size == 0 && !head.chunked) co_return OrEnding<void>{};
  if (!charge_.add(size)) co_return std::unexpected(Ending({503, "too many request bodies at the same time"}));
  if (head.expects_continue && input_.size() == input_used_) {
    allow(host_.limits.write_stall_max);
    if (!co_await write_all(kContinue, {})) co_return std::unexpected(Ending{});
  }
  if (head.chunked) co_return co_await read_chunked_body(head.request);
  co_return co_await read_sized_body(head.request, size);
}

Task<HttpConnection::OrEnding<void>> HttpConnection::read_sized_body(HttpRequest& request, std::size_t size) {
  const SteadyTime start = host_.clock.steady();
  std::string& body = request.body;
  std::size_t have = std::min(size, input_.size() - input_used_);
  body.reserve(size);
  body.assign(input_, input_used_, have);
  input_used_ += have;
  resize_unfilled(body, size);
  while (have < size) {
    allow_body(start, have);
    const Result<std::size_t> got = co_await stream_->read_some(std::span(body).subspan(have));
    if (got.value_or(0) == 0) co_return std::unexpected(Ending{});
    have += *got;
  }
  co_return OrEnding<void>{};
}

Task<HttpConnection::OrEnding<void>> HttpConnection::read_chunked_body(HttpRequest& request) {
  const SteadyTime start = host_.clock.steady();
  const std::size_t size_max = host_.limits.body_bytes_max_of(request.target);
  ChunkReader reader(size_max);
  std::size_t received = 0;
  while (true) {
    std::string_view in = std::string_view(input_).substr(input_used_);
    const std::size_t had = request.body.size();
    const ChunkReader::Status status = reader.feed(in, request.body);
    received += input_.size() - input_used_ - in.size();
    input_used_ = input_.size() - in.size();
    if (!charge_.add(request.body.size() - had)) {
      co_return std::unexpected(Ending({503, "too many request bodies at the same time"}));
    }
    switch (status) {
      case ChunkReader::Status::done: co_return OrEnding<void>{};
      case ChunkReader::Status::malformed: co_return std::unexpected(Ending({400, "the chunked body is malformed"}));
      case ChunkReader::Status::too_large:
        co_return std::unexpected(Ending({413, fmt::format("the body has more than {} bytes", size_max)}));
      case ChunkReader::Status::more: break;
    }
    input_.clear();
    input_used_ = 0;
    allow_body(start, received);
    PENSTOCK_CO_TRY_VOID(co_await read_more_input(4 * kReadBytes));
  }
}

Task<bool> HttpConnection::write_all(std::string_view head, std::string_view body, std::string_view tail) {
  std::array<std::string_view, 3> parts{head, body, tail};
  const std::size_t size = head.size() + body.size() + tail.size();
  const SteadyTime start = host_.clock.steady();
  std::size_t left = size;
  while (left > 0) {
    deadline_ = answer_deadline(host_, start, size - left);
    const Result<std::size_t> sent = co_await stream_->write_some(parts);
    if (!sent.has_value()) co_return false;
    left -= *sent;
    std::size_t gone = *sent;
    for (std::string_view& part : parts) {
      const std::size_t of_part = std::min(gone, part.size());
      part.remove_prefix(of_part);
      gone -= of_part;
    }
  }
  co_return true;
}

Task<bool> HttpConnection::answer(const RequestHead& head, HttpResponse response, bool close) {
  const bool bodiless = head.request.method == "HEAD" || !may_have_body(response.status);
  BodyEnd body_end = BodyEnd::by_length;
  if (response.stream != nullptr && may_have_body(response.status)) {
    body_end = head.takes_chunks ? BodyEnd::by_last_chunk : BodyEnd::by_closing;
  }
  std::string text = render_head(response, host_.clock.now(), body_end, close);
  if (response.stream != nullptr && !bodiless) {
    co_return co_await answer_streamed(std::move(text), std::move(response), head.takes_chunks);
  }
  co_return co_await write_all(text, bodiless ? std::string_view{} : std::string_view(response.body));
}

Task<void> HttpConnection::refuse(HttpRefusal why, const HttpRequest* head) {
  const HttpResponse response = host_.refusal(why.status, why.message, head);
  const std::string text = render_head(response, host_.clock.now(), BodyEnd::by_length, true);
  if (co_await write_all(text, response.body)) co_await drain();
}

/// A socket closed with unread bytes resets the connection, and the answer may be lost with it: read for a while what
/// the client still sends.
Task<void> HttpConnection::drain() {
  co_await stream_->close_write();
  idle_ = true;
  allow(host_.stopping ? kDrainWhenStoppingMax : host_.limits.head_max);
  std::string scratch;
  resize_unfilled(scratch, 4 * kReadBytes);
  for (std::size_t drained = 0; drained < kDrainBytesMax;) {
    const Result<std::size_t> got = co_await stream_->read_some(scratch);
    if (got.value_or(0) == 0) co_return;
    drained += *got;
  }
}

}  // namespace penstock::net
