#include "cli/commands/simulate_fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <utility>

#include "cli/commands/simulate_multispeq.h"

namespace penstock::cli {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kFirstRetry{200};
constexpr std::chrono::milliseconds kLastRetry{5000};

/// {"device":"multispeq-0001","pad":"xxx"} of exactly `size` bytes, or of the shortest that fits.
std::string padded_payload(const std::string& client_id, std::size_t size) {
  std::string out = fmt::format(R"({{"device":"{}","pad":"")", client_id);
  out.pop_back();
  const std::size_t fixed = out.size() + 2;
  if (size > fixed) out.append(size - fixed, 'x');
  return out + "\"}";
}

}  // namespace

struct Fleet::Board {
  FleetOptions options;
  const Clock& clock;
  std::atomic<std::uint64_t> connected = 0;
  std::atomic<std::uint64_t> sent = 0;
  std::atomic<std::uint64_t> acknowledged = 0;
  std::atomic<std::uint64_t> sent_again = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint64_t> connection_failures = 0;
  telemetry::Histogram latency;
  mutable Mutex mutex;
  CondVar changed;
  std::uint64_t finished GUARDED_BY(mutex) = 0;
  std::string last_failure GUARDED_BY(mutex);

  Board(FleetOptions o, const Clock& c) : options(std::move(o)), clock(c) {}

  void note_failure(const Error& error) {
    ++connection_failures;
    const MutexLock lock(mutex);
    last_failure = error.message;
  }
  void note_finished() {
    {
      const MutexLock lock(mutex);
      ++finished;
    }
    changed.notify_all();
  }
};

/// On its loop, all of it.
class Fleet::Device : public std::enable_shared_from_this<Device> {
 public:
  Device(net::EventLoop& loop, std::shared_ptr<Board> board, std::uint64_t number)
      : loop_(loop),
        board_(std::move(board)),
        plant_(board_->options.experiment_id, board_->options.seed, number),
        client_id_(board_->options.client_id.empty() ? plant_.client_id() : board_->options.client_id),
        pace_(loop.context()),
        retry_(loop.context()) {
    if (board_->options.payload_bytes > 0) fixed_ = padded_payload(client_id_, board_->options.payload_bytes);
  }

  [[nodiscard]] net::EventLoop& loop() { return loop_; }

  /// On a thread before the loop knows the device. Errors: invalid.
  Result<void> make_client() {
    const auto& options = board_->options;
    mqtt::ClientOptions wanted;
    wanted.server = options.server;
    wanted.client_id = client_id_;
    wanted.in_flight_max = options.in_flight;
    wanted.tls = options.tls;
    PENSTOCK_TRY(client_, mqtt::Client::make(loop_, std::move(wanted)));
    return {};
  }

  void connect() {
    if (stopping_ || !client_) return;
    client_->on_closed([self = shared_from_this()] { self->lost(); });
    client_->connect([self = shared_from_this()](const Result<void>& result) {
      if (result.has_value()) return self->connected();
      self->board_->note_failure(result.error());
      self->connect_later();
    });
  }

  /// The acknowledgements under way may still come.
  void stop() {
    stopping_ = true;
    pace_.cancel();
    retry_.cancel();
  }
  void leave() {
    stop();
    if (client_) client_->disconnect();
    client_.reset();
  }
  [[nodiscard]] bool quiet() const { return in_flight_ == 0; }

 private:
  void connected() {
    connected_ = true;
    ++board_->connected;
    retry_delay_ = kFirstRetry;
    for (; !again_.empty() && connected_; again_.pop_front()) {
      ++board_->sent_again;
      publish(std::move(again_.front()));
    }
    if (board_->options.rate > 0) {
      if (!pacing_) first_tick();
    } else {
      fill();
    }
  }

  void lost() {
    if (!std::exchange(connected_, false)) return;
    --board_->connected;
    if (!stopping_) connect_later();
  }

  void connect_later() {
    retry_.expires_after(retry_delay_);
    retry_delay_ = std::min(retry_delay_ * 2, kLastRetry);
    retry_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || self->stopping_ || !self->make_client().has_value()) return;
      self->connect();
    });
  }

  /// Devices do not all measure in the same instant.
  void first_tick() {
    pacing_ = true;
    const auto period = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / board_->options.rate));
    const auto spread = std::hash<std::string>{}(client_id_) % 1000;
    next_ = std::chrono::steady_clock::now() + period * static_cast<std::int64_t>(spread) / 1000;
    arm(period);
  }
  void arm(std::chrono::nanoseconds period) {
    pace_.expires_at(next_);
    pace_.async_wait([self = shared_from_this(), period](const boost::system::error_code& error) {
      if (error || self->stopping_) return;
      self->next_ += period;
      if (self->connected_ && self->wants_more() && self->in_flight_ < self->board_->options.in_flight)
        self->send_next();
      if (self->wants_more()) self->arm(period);
    });
  }

  [[nodiscard]] bool wants_more() const {
    return !stopping_ && (board_->options.count == 0 || begun_ < board_->options.count);
  }

  void fill() {
    while (connected_ && wants_more() && in_flight_ < board_->options.in_flight) send_next();
  }

  void send_next() {
    ++begun_;
    board_->sent.fetch_add(1, std::memory_order_relaxed);
    if (!fixed_.empty()) return publish_fixed();
    const std::uint64_t every = board_->options.open_clip_every;
    const bool is_open = every > 0 && begun_ % every == 0;
    publish(plant_.measure(board_->clock.now(), is_open ? Multispeq::Clip::open : Multispeq::Clip::closed));
  }

  void publish(std::string payload) {
    ++in_flight_;
    const SteadyTime began = board_->clock.steady();
    const std::string_view view = payload;
    board_->bytes.fetch_add(view.size(), std::memory_order_relaxed);
    auto kept = std::make_shared<std::string>(std::move(payload));
    client_->publish(plant_.topic(), *kept, board_->options.qos,
                     [self = shared_from_this(), kept, began](const Result<void>& result) {
                       if (!result.has_value()) self->again_.push_back(std::move(*kept));
                       self->settled(result.has_value(), began);
                     });
  }

  /// The same bytes each time and nothing to keep: the load generator should not measure itself.
  void publish_fixed() {
    ++in_flight_;
    board_->bytes.fetch_add(fixed_.size(), std::memory_order_relaxed);
    client_->publish(plant_.topic(), fixed_, board_->options.qos,
                     [this, began = board_->clock.steady()](const Result<void>& result) {
                       if (!result.has_value()) again_.push_back(fixed_);
                       settled(result.has_value(), began);
                     });
  }

  void settled(bool good, SteadyTime began) {
    --in_flight_;
    if (!good) return;
    board_->latency.record(board_->clock.steady() - began);
    board_->acknowledged.fetch_add(1, std::memory_order_relaxed);
    ++done_;
    if (done_ == board_->options.count) return board_->note_finished();
    if (board_->options.rate <= 0) fill();
  }

  net::EventLoop& loop_;
  std::shared_ptr<Board> board_;
  Multispeq plant_;
  const std::string client_id_;
  std::string fixed_;
  std::shared_ptr<mqtt::Client> client_;
  asio::steady_timer pace_;
  asio::steady_timer retry_;
  std::chrono::steady_clock::time_point next_;
  std::chrono::milliseconds retry_delay_ = kFirstRetry;
  std::deque<std::string> again_;  // bounded by in_flight
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
  std::size_t in_flight_ = 0;
  bool connected_ = false;
  bool pacing_ = false;
  bool stopping_ = false;
};

Result<std::unique_ptr<Fleet>> Fleet::start(net::EventLoops& loops, const Clock& clock, FleetOptions options) {
  auto board = std::make_shared<Board>(std::move(options), clock);
  std::unique_ptr<Fleet> fleet(new Fleet(loops, board));
  for (std::uint64_t i = 0; i < board->options.devices; ++i) {
    auto device = std::make_shared<Device>(loops.at(i % loops.size()), board, board->options.first_device + i);
    PENSTOCK_TRY_VOID(device->make_client());
    fleet->devices_.push_back(std::move(device));
  }
  for (const auto& device : fleet->devices_) device->loop().post([device] { device->connect(); });
  return fleet;
}

Fleet::~Fleet() { stop(std::chrono::milliseconds(0)); }

FleetSnapshot Fleet::snapshot() const {
  FleetSnapshot out;
  out.connected = board_->connected;
  out.sent = board_->sent;
  out.acknowledged = board_->acknowledged;
  out.sent_again = board_->sent_again;
  out.bytes = board_->bytes;
  out.connection_failures = board_->connection_failures;
  out.latency = board_->latency.snapshot();
  const MutexLock lock(board_->mutex);
  out.finished = board_->finished;
  out.last_failure = board_->last_failure;
  return out;
}

bool Fleet::wait_finished(std::chrono::milliseconds timeout) {
  const SteadyTime deadline = board_->clock.steady() + timeout;
  const MutexLock lock(board_->mutex);
  while (board_->finished < devices_.size()) {
    const auto left = deadline - board_->clock.steady();
    if (left.count() <= 0) return false;
    board_->changed.wait_for(board_->mutex, left);
  }
  return true;
}

void Fleet::stop(std::chrono::milliseconds grace) {
  if (std::exchange(stopped_, true)) return;
  for (const auto& device : devices_) device->loop().post([device] { device->stop(); });
  const SteadyTime deadline = board_->clock.steady() + grace;
  bool quiet = false;
  while (!quiet && board_->clock.steady() < deadline) {
    std::atomic<bool> all = true;
    for (const auto& device : devices_) {
      net::EventLoops::run_on(device->loop(), [&] {
        if (!device->quiet()) all = false;
      });
    }
    quiet = all;
    const MutexLock lock(board_->mutex);
    if (!quiet) board_->changed.wait_for(board_->mutex, std::chrono::milliseconds(5));
  }
  for (const auto& device : devices_) net::EventLoops::run_on(device->loop(), [&] { device->leave(); });
  for (std::size_t i = 0; i < loops_.size(); ++i) net::EventLoops::run_on(loops_.at(i), [] {});
}

}  // namespace penstock::cli
