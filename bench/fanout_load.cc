// Many SubscribeToShard consumers, and a producer that puts records at a rate: when did which record reach whom?
//
//   fanout_load --url http://127.0.0.1:4566 --consumers FILE --protocol h2 --connections 50 --rate 50 --seconds 10
// FILE has a line "STREAM CONSUMER-ARN" a consumer; each stream has one shard. When everybody has subscribed, one line
// is printed, and the load begins when a line comes on standard input: time to look at the server's memory. Then one
// line of JSON. Latencies are from the put's answer (and from before the put) to the arrival of the event at a
// consumer. Credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <thread>

#include "core/encoding/base64.h"
#include "subscribers.h"

namespace {

using namespace penstock::bench;  // NOLINT: a program of its own

struct Settings {
  Endpoint to;
  std::string protocol = "h1";
  std::size_t connections = 50;  ///< HTTP/2: these carry all
  double rate = 50;              ///< puts a second, over the streams in turn
  double seconds = 10;
  std::size_t bytes = 1024;
};

struct Put {
  Steady::time_point sent;
  Steady::time_point acknowledged;
};

struct Load {
  std::vector<std::string> streams;
  std::vector<Subscriber> subscribers;
  std::vector<Put> puts;  ///< by number; written by the producer's thread, read when that has ended
};

Load read_consumers(const std::string& path) {
  Load load;
  std::ifstream in(path);
  std::string stream;
  std::string arn;
  while (in >> stream >> arn) {
    auto known = std::ranges::find(load.streams, stream);
    if (known == load.streams.end()) known = load.streams.insert(load.streams.end(), stream);
    load.subscribers.emplace_back(arn, static_cast<std::size_t>(known - load.streams.begin()));
  }
  if (load.subscribers.empty()) stop("no consumers in " + path);
  return load;
}

/// Puts record after record at the rate, without waiting for anybody to receive them.
void produce(const Settings& settings, Load& load) {
  const int fd = connect_to(settings.to);
  const auto begin = Steady::now();
  for (std::size_t number = 0; number < load.puts.size(); ++number) {
    std::string data = fmt::format("{:08}", number);
    data.resize(std::max(settings.bytes, data.size() + 1), 'x');
    const std::string request =
        make_request(settings.to, "PutRecord",
                     fmt::format(R"({{"StreamName":"{}","Data":"{}","PartitionKey":"k"}})",
                                 load.streams[number % load.streams.size()], penstock::base64_encode(data)));
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(
                                              static_cast<double>(number) / settings.rate)));
    Put& put = load.puts[number];
    put.sent = Steady::now();
    (void)ask(fd, request);
    put.acknowledged = Steady::now();
  }
  close(fd);
}

class Reception {
 public:
  Reception(const Settings& settings, Load& load) : poll_(epoll_create1(0)) {
    if (settings.protocol == "h1") {
      for (Subscriber& subscriber : load.subscribers) add(make_http1_feed(settings.to, subscriber));
      return;
    }
    std::vector<std::vector<Subscriber*>> shares(std::min(settings.connections, load.subscribers.size()));
    for (std::size_t i = 0; i < load.subscribers.size(); ++i) {
      shares[i % shares.size()].push_back(&load.subscribers[i]);
    }
    for (auto& share : shares) add(make_http2_feed(settings.to, std::move(share)));
  }

  /// Until `done`, which is asked after each turn; false when that takes longer than `limit`.
  bool run_until(const std::function<bool()>& done, std::chrono::seconds limit) {
    const auto end = Steady::now() + limit;
    std::vector<epoll_event> events(256);
    while (!done()) {
      if (Steady::now() > end) return false;
      const int ready = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 20);
      for (int e = 0; e < ready; ++e) receive(*feeds_[events[static_cast<std::size_t>(e)].data.u64]);
    }
    return true;
  }

 private:
  void add(std::unique_ptr<Feed> feed) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = feeds_.size()}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, feed->fd(), &event);
    feeds_.push_back(std::move(feed));
  }

  void receive(Feed& feed) {
    const ssize_t n = recv(feed.fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n == 0) stop("the server closed a subscriber's connection");
    if (n > 0) feed.receive({buffer_.data(), static_cast<std::size_t>(n)});
  }

  const int poll_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::vector<char> buffer_ = std::vector<char>(256U << 10U);
};

double milliseconds(Steady::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// What everybody received, against what was put.
class Judgement {
 public:
  explicit Judgement(const Load& load) : load_(load), last_(load.puts.size()) {
    for (const Subscriber& subscriber : load.subscribers) judge(subscriber);
    for (std::size_t n = 0; n < load.puts.size(); ++n) {
      if (last_[n] > Steady::time_point{}) all_.push_back(milliseconds(last_[n] - load.puts[n].acknowledged));
    }
    for (auto* values : {&after_ack_, &after_sent_, &all_}) std::ranges::sort(*values);
  }

  void print(double put_p50, double put_p99) const {
    fmt::print(
        R"({{"subscribers":{},"streams":{},"puts":{},"events":{},"missing":{},"out_of_order":{},"put_p50_ms":{:.3f},)"
        R"("put_p99_ms":{:.3f},"ack_to_event_p50_ms":{:.3f},"ack_to_event_p99_ms":{:.3f},"ack_to_event_max_ms":{:.3f},)"
        R"("sent_to_event_p50_ms":{:.3f},"sent_to_event_p99_ms":{:.3f},"ack_to_last_p50_ms":{:.3f},)"
        R"("ack_to_last_p99_ms":{:.3f}}})"
        "\n",
        load_.subscribers.size(), load_.streams.size(), load_.puts.size(), after_ack_.size(), missing_, out_of_order_,
        put_p50, put_p99, quantile(after_ack_, 0.5), quantile(after_ack_, 0.99), quantile(after_ack_, 1),
        quantile(after_sent_, 0.5), quantile(after_sent_, 0.99), quantile(all_, 0.5), quantile(all_, 0.99));
  }

 private:
  /// Records of stream s have the numbers s, s + streams, s + 2 streams...
  void judge(const Subscriber& subscriber) {
    std::size_t expected = subscriber.stream();
    for (const Arrival& arrival : subscriber.arrivals()) {
      if (arrival.number != expected) ++out_of_order_;
      expected = arrival.number + load_.streams.size();
      if (arrival.number >= load_.puts.size()) stop("a record that was not put");
      const Put& put = load_.puts[arrival.number];
      after_ack_.push_back(milliseconds(arrival.at - put.acknowledged));
      after_sent_.push_back(milliseconds(arrival.at - put.sent));
      last_[arrival.number] = std::max(last_[arrival.number], arrival.at);
    }
    for (; expected < load_.puts.size(); expected += load_.streams.size()) ++missing_;
  }

  const Load& load_;
  std::vector<double> after_ack_;
  std::vector<double> after_sent_;
  std::vector<Steady::time_point> last_;
  std::vector<double> all_;  ///< until the last consumer had it
  std::size_t missing_ = 0;
  std::size_t out_of_order_ = 0;
};

void run(const Settings& settings, Load& load) {
  Reception reception(settings, load);
  const auto subscribed = [&load] { return std::ranges::all_of(load.subscribers, &Subscriber::is_subscribed); };
  if (!reception.run_until(subscribed, std::chrono::seconds(60))) stop("not everybody could subscribe");
  fmt::print("{{\"subscribed\":{}}}\n", load.subscribers.size());
  std::fflush(stdout);
  std::atomic<bool> begin = false;
  std::thread waiting([&begin] {
    std::string line;
    std::getline(std::cin, line);
    begin = true;
  });
  (void)reception.run_until([&begin] { return begin.load(); }, std::chrono::hours(1));
  waiting.join();

  load.puts.resize(static_cast<std::size_t>(settings.rate * settings.seconds));
  std::atomic<bool> put_all = false;
  std::thread producer([&] {
    produce(settings, load);
    put_all = true;
  });
  (void)reception.run_until([&put_all] { return put_all.load(); }, std::chrono::hours(1));
  producer.join();
  std::size_t expected = 0;
  for (const Subscriber& subscriber : load.subscribers) {
    for (std::size_t n = subscriber.stream(); n < load.puts.size(); n += load.streams.size()) ++expected;
  }
  const auto received_all = [&load, expected] {
    std::size_t received = 0;
    for (const Subscriber& subscriber : load.subscribers) received += subscriber.arrivals().size();
    return received >= expected;
  };
  (void)reception.run_until(received_all, std::chrono::seconds(10));
  std::vector<double> put_ms;
  for (const Put& put : load.puts) put_ms.push_back(milliseconds(put.acknowledged - put.sent));
  std::ranges::sort(put_ms);
  Judgement(load).print(quantile(put_ms, 0.5), quantile(put_ms, 0.99));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::string url;
  std::string consumers;
  CLI::App app("Enhanced fan-out load generator");
  app.add_option("--url", url)->required();
  app.add_option("--consumers", consumers)->required();
  app.add_option("--protocol", settings.protocol)->check(CLI::IsMember({"h1", "h2"}));
  app.add_option("--connections", settings.connections);
  app.add_option("--rate", settings.rate);
  app.add_option("--seconds", settings.seconds);
  app.add_option("--bytes", settings.bytes);
  CLI11_PARSE(app, argc, argv);
  settings.to = parse_url(url);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Load load = read_consumers(consumers);
  run(settings, load);
  return 0;
}
