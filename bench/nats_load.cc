// Publishes to a JetStream stream as fast as its acknowledgements allow: several connections, each with a window of
// messages that are published and not acknowledged yet. The client protocol of NATS, spoken directly, so that the
// generator costs little beside the server. Prints one line of JSON.
//
//   nats_load --url http://127.0.0.1:4222 --stream bench --connections 4 --window 500 --bytes 1024 --seconds 4
// Makes the stream (file storage, one replica) and deletes it at the end.

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kinesis_request.h"

namespace {

using penstock::bench::connect_to;
using penstock::bench::send_all;
using penstock::bench::stop;
using Steady = std::chrono::steady_clock;

struct Settings {
  penstock::bench::Endpoint to;
  std::string stream = "bench";
  int connections = 4;
  std::size_t window = 500;
  std::size_t bytes = 1024;
  double seconds = 4;
  double warmup_seconds = 1;
};

struct Connection {
  int fd = -1;
  std::string in;
  std::size_t used = 0;
  std::size_t waiting = 0;  ///< published, not acknowledged
  std::string messages;     ///< a window of them, with this connection's subject for acknowledgements
};

/// Takes the next message for us out of what was received; nothing while there is none. Answers pings.
std::optional<std::string_view> next_message(Connection& c) {
  while (true) {
    const std::size_t end = c.in.find("\r\n", c.used);
    if (end == std::string::npos) return std::nullopt;
    const std::string_view line = std::string_view(c.in).substr(c.used, end - c.used);
    if (line.starts_with("MSG ")) {
      std::size_t size = 0;
      const std::size_t digits = line.rfind(' ') + 1;
      std::from_chars(line.data() + digits, line.data() + line.size(), size);
      if (c.in.size() < end + 2 + size + 2) return std::nullopt;
      c.used = end + 2 + size + 2;
      return std::string_view(c.in).substr(end + 2, size);
    }
    if (line.starts_with("-ERR")) stop(std::string(line));
    c.used = end + 2;
    if (line.starts_with("PING")) send_all(c.fd, "PONG\r\n");
  }
}

void receive(Connection& c, int flags) {
  static std::vector<char> buffer(256U << 10U);
  c.in.erase(0, std::exchange(c.used, 0));
  const ssize_t n = recv(c.fd, buffer.data(), buffer.size(), flags);
  if (n == 0) stop("the server closed a connection");
  if (n > 0) c.in.append(buffer.data(), static_cast<std::size_t>(n));
}

Connection open_connection(const Settings& settings) {
  Connection c;
  c.fd = connect_to(settings.to);
  send_all(c.fd,
           "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":false,\"lang\":\"c++\",\"version\":\"1\"}\r\n");
  return c;
}

std::string ask(Connection& c, std::string_view subject, std::string_view body) {
  send_all(c.fd, fmt::format("SUB asked 1\r\nUNSUB 1 1\r\nPUB {} asked {}\r\n{}\r\n", subject, body.size(), body));
  while (true) {
    if (const auto message = next_message(c)) return std::string(*message);
    receive(c, 0);
  }
}

class PublishLoad {
 public:
  explicit PublishLoad(const Settings& settings) : settings_(settings) {
    std::string payload(settings.bytes, 'x');
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>('!' + (i * 7 + i / 64) % 90);
    payload_ = std::move(payload);
  }

  void run() {
    Connection control = open_connection(settings_);
    const std::string made = ask(control, "$JS.API.STREAM.CREATE." + settings_.stream,
                                 fmt::format(R"({{"name":"{0}","subjects":["{0}.*"],"storage":"file","num_replicas":1,)"
                                             R"("retention":"limits","max_msgs":-1,"max_bytes":-1}})",
                                             settings_.stream));
    if (made.find("\"error\"") != std::string::npos) stop(made);
    publish();
    static_cast<void>(ask(control, "$JS.API.STREAM.DELETE." + settings_.stream, ""));
  }

  void print() const {
    fmt::print(R"({{"records_per_second":{:.0f},"mb_per_second":{:.1f},"errors":{}}})"
               "\n",
               static_cast<double>(acknowledged_) / elapsed_seconds_,
               static_cast<double>(acknowledged_ * settings_.bytes) / elapsed_seconds_ / 1e6, errors_);
  }

 private:
  void publish() {
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    std::vector<Connection> connections;
    for (int i = 0; i < settings_.connections; ++i) connections.push_back(open_connection(settings_));
    for (std::size_t i = 0; i < connections.size(); ++i) {
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].fd, &event);
      Connection& c = connections[i];
      send_all(c.fd, fmt::format("SUB ack.{} 2\r\n", i));
      const std::string message =
          fmt::format("PUB {}.a ack.{} {}\r\n{}\r\n", settings_.stream, i, payload_.size(), payload_);
      for (std::size_t m = 0; m < settings_.window; ++m) c.messages += message;
    }
    const auto seconds = [](double s) {
      return std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(s));
    };
    measured_from_ = Steady::now() + seconds(settings_.warmup_seconds);
    const auto end = measured_from_ + seconds(settings_.seconds);
    for (Connection& c : connections) fill(c);
    std::vector<epoll_event> events(connections.size());
    while (Steady::now() < end) {
      const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 100);
      for (int e = 0; e < ready; ++e) take_acks(connections[events[static_cast<std::size_t>(e)].data.u64]);
    }
    elapsed_seconds_ = std::chrono::duration<double>(Steady::now() - measured_from_).count();
  }

  void fill(Connection& c) {
    const std::size_t count = settings_.window - c.waiting;
    c.waiting = settings_.window;
    send_all(c.fd, std::string_view(c.messages).substr(0, count * (c.messages.size() / settings_.window)));
  }

  void take_acks(Connection& c) {
    receive(c, MSG_DONTWAIT);
    const bool measured = Steady::now() >= measured_from_;
    while (const auto message = next_message(c)) {
      --c.waiting;
      if (message->find("\"seq\"") == std::string_view::npos) {
        if (errors_++ == 0) fmt::print(stderr, "nats_load: first error: {}\n", *message);
      } else if (measured) {
        ++acknowledged_;
      }
    }
    fill(c);
  }

  const Settings& settings_;
  std::string payload_;
  Steady::time_point measured_from_;
  double elapsed_seconds_ = 1;
  std::size_t acknowledged_ = 0;
  std::size_t errors_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::string url;
  CLI::App app("JetStream load generator");
  app.add_option("--url", url, "http://ADDRESS:PORT, for the sake of the other generators' form")->required();
  app.add_option("--stream", settings.stream);
  app.add_option("--connections", settings.connections)->check(CLI::Range(1, 1000));
  app.add_option("--window", settings.window)->check(CLI::Range(1, 100'000));
  app.add_option("--bytes", settings.bytes)->check(CLI::Range(1, 1 << 20));
  app.add_option("--seconds", settings.seconds);
  app.add_option("--warmup-seconds", settings.warmup_seconds);
  CLI11_PARSE(app, argc, argv);
  settings.to = penstock::bench::parse_url(url);
  PublishLoad load(settings);
  load.run();
  load.print();
  return 0;
}
