#include "net/http2_connection.h"

#include <utility>

namespace penstock::net {

namespace {

constexpr std::size_t kReadBytes = 64U << 10U;
constexpr std::size_t kWriteBytes = 64U << 10U;
constexpr int kReadsPerTurn = 8;    ///< of one connection, before the others of the loop get theirs
constexpr int kWritesPerTurn = 16;  ///< the same
constexpr std::chrono::milliseconds kGoodbyeMax{2000};
constexpr std::chrono::milliseconds kGoodbyeWhenStoppingMax{200};
constexpr std::size_t kGoodbyeBytesMax = 32U << 20U;

}  // namespace

Http2Connection::Http2Connection(ConnectionHost host, std::unique_ptr<ByteStream> stream, Peer peer, std::string input)
    : host_(host), stream_(std::move(stream)), input_(std::move(input)), session_(host, std::move(peer), *this) {}

Task<void> Http2Connection::run() {
  executor_ = &co_await current_executor();
  session_.feed(input_);
  go_on();
  co_await serve();
  ended_ = true;
  if (session_.alive()) cancel();  // the client left before all was said
  ready_.clear();
  drop_streamed();
  co_await wait_for_quiet();
  if (!broken_) co_await say_goodbye();
}

/// Until the client leaves, or all is said.
Task<void> Http2Connection::serve() {
  for (int reads = 1; session_.alive() && !broken_; ++reads) {
    if (session_.frames_waiting() > kFramesWaitingMax && writing_) {
      // A client that asks and does not listen.
      const Completion<bool> written = writer_done_.emplace();
      co_await written;
      continue;
    }
    if (!co_await read_and_feed()) co_return;
    if (reads % kReadsPerTurn == 0) co_await Yield{};
  }
}

Task<bool> Http2Connection::read_and_feed() {
  if (session_.idle()) {
    std::string().swap(input_);  // thousands of idle connections hold no buffers
    if (!(co_await stream_->wait_readable()).has_value()) co_return false;
  }
  input_.resize_and_overwrite(kReadBytes, [](char*, std::size_t wanted) { return wanted; });
  const Result<std::size_t> got = co_await stream_->read_some(input_);
  if (got.value_or(0) == 0 || broken_) co_return false;
  session_.feed(std::string_view(input_).substr(0, *got));
  go_on();
  co_return true;
}

/// A socket closed with unread bytes resets the connection, and GOAWAY may be lost with it: read for a while what the
/// client still sends.
Task<void> Http2Connection::say_goodbye() {
  goodbye_deadline_ = host_.clock.steady() + (host_.stopping ? kGoodbyeWhenStoppingMax : kGoodbyeMax);
  write_deadline_ = goodbye_deadline_;
  co_await stream_->close_write();
  std::string scratch;
  scratch.resize_and_overwrite(kReadBytes, [](char*, std::size_t wanted) { return wanted; });
  for (std::size_t drained = 0; drained < kGoodbyeBytesMax;) {
    const Result<std::size_t> got = co_await stream_->read_some(scratch);
    if (got.value_or(0) == 0) co_return;
    drained += *got;
  }
}

void Http2Connection::finish() {
  if (goodbye_deadline_ != SteadyTime::max()) return cancel();
  if (ended_) return;
  for (const auto& [id, answer] : streamed_) answer->pieces->cancel();
  session_.shut_down();
  go_on();
}

void Http2Connection::cancel() {
  broken_ = true;
  for (const auto& [id, answer] : streamed_) answer->pieces->cancel();
  stream_->cancel();
}

void Http2Connection::check_deadline(SteadyTime now) {
  if (now >= write_deadline_ || now >= goodbye_deadline_) return cancel();
  if (ended_) return;
  session_.check_deadlines(now);
  go_on();
}

void Http2Connection::on_request(StreamId stream, HttpRequest request, BodyCharge charge) {
  ready_.emplace(stream, Ready{.request = std::move(request), .charge = std::move(charge)});
}

void Http2Connection::on_piece_wanted(StreamId stream) {
  const auto found = streamed_.find(stream);
  if (found != streamed_.end()) beside(pull(found->second));
}

void Http2Connection::on_gone(StreamId stream) {
  ready_.erase(stream);
  const auto found = streamed_.find(stream);
  if (found == streamed_.end()) return;
  const std::shared_ptr<Streamed> answer = std::move(found->second);
  streamed_.erase(found);
  answer->gone = true;
  answer->pieces->cancel();
}

void Http2Connection::drop_streamed() {
  for (const auto& [id, answer] : std::exchange(streamed_, {})) {
    answer->gone = true;
    answer->pieces->cancel();
  }
}

Task<void> Http2Connection::handle(StreamId stream, Ready ready) {
  HttpResponse response = co_await host_.handler(std::move(ready.request));
  ready.charge.release();
  count_memory(host_, response);
  --handling_;
  if (ended_) co_return;
  if (auto pieces = session_.answer(stream, std::move(response))) {
    if (host_.stopping) pieces->cancel();
    streamed_.emplace(stream, std::make_shared<Streamed>(stream, std::move(pieces)));
  }
  go_on_later();
}

Task<void> Http2Connection::pull(std::shared_ptr<Streamed> answer) {
  std::optional<std::string> piece = co_await answer->pieces->next();
  if (answer->gone) co_return;
  if (!piece.has_value()) streamed_.erase(answer->id);
  session_.give_piece(answer->id, std::move(piece));
  go_on_later();
}

void Http2Connection::go_on() {
  start_ready();
  wake_writer();
}

void Http2Connection::go_on_later() {
  if (std::exchange(going_on_later_, true)) return;
  beside(Http2Connection::after_the_queued());
}

Task<void> Http2Connection::after_the_queued() {
  co_await Yield{};
  going_on_later_ = false;
  if (!ended_) go_on();
}

void Http2Connection::start_ready() {
  while (!ended_ && !ready_.empty() && handling_ < kHandlersMax && session_.unsent_bytes() < kUnsentBytesMax) {
    auto next = ready_.extract(ready_.begin());
    ++handling_;
    beside(handle(next.key(), std::move(next.mapped())));
  }
}

void Http2Connection::wake_writer() {
  if (writing_ || broken_) return;
  session_.collect(output_, kWriteBytes);
  if (!output_.empty()) {
    writing_ = true;
    beside(write_out());
  } else if (!session_.alive()) {
    stream_->interrupt_read();
  }
}

Task<void> Http2Connection::write_out() {
  for (int writes = 1; !output_.empty(); ++writes) {
    if (!co_await write_all(output_)) {
      cancel();
      break;
    }
    output_.clear();
    start_ready();  // answers have left: there may be room for more
    session_.collect(output_, kWriteBytes);
    if (writes % kWritesPerTurn == 0) co_await Yield{};
  }
  writing_ = false;
  if (session_.idle()) std::string().swap(output_);
  if (auto waiting = std::exchange(writer_done_, std::nullopt)) waiting->set(true);
  if (!session_.alive()) stream_->interrupt_read();
}

Task<bool> Http2Connection::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    write_deadline_ = host_.clock.steady() + host_.limits.write_stall_max;
    const Result<std::size_t> sent = co_await stream_->write_some(std::span(&bytes, 1));
    if (!sent.has_value()) co_return false;
    bytes.remove_prefix(*sent);
  }
  write_deadline_ = SteadyTime::max();
  co_return true;
}

void Http2Connection::beside(Task<void> work) {
  ++beside_;
  spawn_here(*executor_, std::move(work), [this] {
    if (--beside_ > 0) return;
    if (auto waiting = std::exchange(quiet_, std::nullopt)) waiting->set(true);
  });
}

Task<void> Http2Connection::wait_for_quiet() {
  while (beside_ > 0) {
    const Completion<bool> quiet = quiet_.emplace();
    co_await quiet;
  }
}

}  // namespace penstock::net
