// Sends one kind of Kinesis request over many keep-alive connections as fast as the server answers, and prints one line
// of JSON: requests, records and MB a second, latencies, errors. Requests are signed once and sent again and again, so
// that the generator costs little beside the server. Used by bench/run.py for Penstock and its peers alike.
//
//   http_load --url http://127.0.0.1:4566 --scenario put_records --stream s --connections 4 --records 500
//             --bytes 1024 --seconds 5
// Scenarios: put_record, put_records, get_records (drains a shard from TRIM_HORIZON on one connection).
// Credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/encoding/base64.h"
#include "core/random.h"
#include "fmt/format.h"
#include "sigv4/sigv4.h"

namespace {

using Steady = std::chrono::steady_clock;

struct Settings {
  std::string host;
  int port = 0;
  std::string scenario = "put_records";
  std::string stream = "bench";
  int connections = 1;
  int records = 500;
  int bytes = 1024;
  double seconds = 5;
  double warmup_seconds = 1;
};

[[noreturn]] void stop(const std::string& why) {
  fmt::print(stderr, "http_load: {}\n", why);
  std::exit(1);
}

std::string environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

/// The whole request as bytes, signed now.
std::string make_request(const Settings& settings, std::string_view operation, const std::string& body) {
  const penstock::SystemClock clock;
  const std::vector<std::pair<std::string, std::string>> base = {
      {"host", fmt::format("{}:{}", settings.host, settings.port)},
      {"content-type", "application/x-amz-json-1.1"},
      {"x-amz-target", fmt::format("Kinesis_20131202.{}", operation)},
  };
  const penstock::sigv4::Credentials who{.access_key_id = environment("AWS_ACCESS_KEY_ID", "bench"),
                                         .secret_access_key = environment("AWS_SECRET_ACCESS_KEY", "bench"),
                                         .session_token = std::nullopt};
  auto headers = base;
  for (auto& header : penstock::sigv4::sign({.method = "POST", .target = "/", .headers = base, .body = body}, who,
                                            environment("AWS_REGION", "us-east-1"), "kinesis", clock.now())) {
    headers.push_back(std::move(header));
  }
  std::string out = "POST / HTTP/1.1\r\n";
  for (const auto& [name, value] : headers) out += fmt::format("{}: {}\r\n", name, value);
  out += fmt::format("content-length: {}\r\n\r\n", body.size());
  return out + body;
}

std::string record_json(penstock::Random& random, int bytes) {
  std::string data(static_cast<std::size_t>(bytes), '\0');
  random.fill(std::as_writable_bytes(std::span(data)));
  return fmt::format(R"("Data":"{}","PartitionKey":"{}")", penstock::base64_encode(data), random.hex(8));
}

/// A few different requests, so that partition keys and data vary.
std::vector<std::string> make_put_requests(const Settings& settings) {
  penstock::SeededRandom random(1);
  std::vector<std::string> out;
  for (int i = 0; i < 8; ++i) {
    if (settings.scenario == "put_record") {
      out.push_back(make_request(
          settings, "PutRecord",
          fmt::format(R"({{"StreamName":"{}",{}}})", settings.stream, record_json(random, settings.bytes))));
      continue;
    }
    std::string records;
    for (int r = 0; r < settings.records; ++r) {
      records += fmt::format("{}{{{}}}", r == 0 ? "" : ",", record_json(random, settings.bytes));
    }
    out.push_back(make_request(settings, "PutRecords",
                               fmt::format(R"({{"StreamName":"{}","Records":[{}]}})", settings.stream, records)));
  }
  return out;
}

int connect_to(const Settings& settings) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(settings.port));
  if (inet_pton(AF_INET, settings.host.c_str(), &address.sin_addr) != 1) stop("--url needs an IPv4 address");
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) stop("cannot connect");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/// One HTTP/1.1 answer at the front of `in`: its total size, or 0 while incomplete.
std::size_t answer_size(const std::string& in, std::size_t& head_size) {
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  head_size = end + 4;
  std::string head = in.substr(0, head_size);
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::size_t at = head.find("content-length:");
  if (at == std::string::npos) {
    // kinesis-local answers in chunks: the answer ends with the empty chunk.
    if (head.find("transfer-encoding: chunked") == std::string::npos) stop("answer without a length: " + head);
    const std::size_t last = in.find("\r\n0\r\n\r\n", end);
    return last == std::string::npos ? 0 : last + 7;
  }
  const std::size_t size = std::strtoull(head.c_str() + at + 15, nullptr, 10);
  return in.size() >= head_size + size ? head_size + size : 0;
}

struct Connection {
  int fd = -1;
  std::size_t request = 0;  ///< which of the requests is under way
  std::size_t sent = 0;
  std::string in;
  Steady::time_point started;
};

class PutLoad {
 public:
  explicit PutLoad(const Settings& settings) : settings_(settings), requests_(make_put_requests(settings)) {}

  void run() {
    const int poll = epoll_create1(0);
    connections_.resize(static_cast<std::size_t>(settings_.connections));
    const auto begin = Steady::now();
    measured_from_ =
        begin + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(settings_.warmup_seconds));
    const auto end =
        measured_from_ + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(settings_.seconds));
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].fd = connect_to(settings_);
      connections_[i].request = i % requests_.size();
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(poll, EPOLL_CTL_ADD, connections_[i].fd, &event);
      start(connections_[i]);
    }
    std::vector<epoll_event> events(connections_.size());
    while (Steady::now() < end) {
      const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 100);
      for (int e = 0; e < ready; ++e) receive(connections_[events[static_cast<std::size_t>(e)].data.u64]);
    }
    elapsed_seconds_ = std::chrono::duration<double>(Steady::now() - measured_from_).count();
  }

  void print() {
    std::sort(latencies_ms_.begin(), latencies_ms_.end());
    const auto at = [&](double part) {
      return latencies_ms_.empty()
                 ? 0.0
                 : latencies_ms_[static_cast<std::size_t>(part * static_cast<double>(latencies_ms_.size() - 1))];
    };
    const double per_request = settings_.scenario == "put_record" ? 1 : settings_.records;
    const double records = static_cast<double>(latencies_ms_.size()) * per_request / elapsed_seconds_;
    fmt::print(
        R"({{"records_per_second":{:.0f},"mb_per_second":{:.1f},"p50_ms":{:.3f},"p99_ms":{:.3f},"requests":{},"errors":{}}})"
        "\n",
        records, records * settings_.bytes / 1e6, at(0.5), at(0.99), latencies_ms_.size(), errors_);
  }

 private:
  void start(Connection& c) {
    c.started = Steady::now();
    c.sent = 0;
    c.in.clear();
    const std::string& bytes = requests_[c.request];
    // Blocking send: the server reads what it is sent before it answers.
    while (c.sent < bytes.size()) {
      const ssize_t n = send(c.fd, bytes.data() + c.sent, bytes.size() - c.sent, MSG_NOSIGNAL);
      if (n <= 0) stop("the server closed a connection");
      c.sent += static_cast<std::size_t>(n);
    }
  }

  void receive(Connection& c) {
    const ssize_t n = recv(c.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n == 0) stop("the server closed a connection");
    if (n > 0) c.in.append(buffer_.data(), static_cast<std::size_t>(n));
    std::size_t head_size = 0;
    const std::size_t size = answer_size(c.in, head_size);
    if (size == 0) return;
    const auto now = Steady::now();
    const bool good = c.in.compare(9, 3, "200") == 0 &&
                      (settings_.scenario == "put_record" || c.in.find("\"FailedRecordCount\":0") != std::string::npos);
    if (!good) {
      if (errors_++ == 0) fmt::print(stderr, "http_load: first error: {}\n", c.in.substr(0, 600));
    } else if (now >= measured_from_) {
      latencies_ms_.push_back(std::chrono::duration<double, std::milli>(now - c.started).count());
    }
    c.request = (c.request + 1) % requests_.size();
    start(c);
  }

  const Settings& settings_;
  std::vector<std::string> requests_;
  std::vector<Connection> connections_;
  std::vector<double> latencies_ms_;
  std::vector<char> buffer_ = std::vector<char>(256U << 10U);
  Steady::time_point measured_from_;
  double elapsed_seconds_ = 0;
  std::size_t errors_ = 0;
};

/// One request on one connection; the answer's body.
std::string ask(int fd, const std::string& request) {
  for (std::size_t sent = 0; sent < request.size();) {
    const ssize_t n = send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) stop("the server closed a connection");
    sent += static_cast<std::size_t>(n);
  }
  static std::vector<char> buffer(1U << 20U);
  std::string in;
  std::size_t head_size = 0;
  std::size_t size = 0;
  while ((size = answer_size(in, head_size)) == 0) {
    const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) stop("the server closed a connection");
    in.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (in.compare(9, 3, "200") != 0) stop(in.substr(0, 600));
  return in.substr(head_size, size - head_size);
}

std::string string_member(const std::string& json, const std::string& name) {
  const std::string mark = "\"" + name + "\":\"";
  const std::size_t at = json.find(mark);
  if (at == std::string::npos) return {};
  const std::size_t from = at + mark.size();
  return json.substr(from, json.find('"', from) - from);
}

/// Reads shard 0 from its first record until a read comes back empty.
void drain(const Settings& settings) {
  const int fd = connect_to(settings);
  const std::string first = ask(
      fd,
      make_request(
          settings, "GetShardIterator",
          fmt::format(R"({{"StreamName":"{}","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}})",
                      settings.stream)));
  std::string iterator = string_member(first, "ShardIterator");
  std::size_t records = 0;
  const auto begin = Steady::now();
  int empty = 0;
  while (!iterator.empty() && empty < 3) {
    const std::string body = ask(
        fd, make_request(settings, "GetRecords", fmt::format(R"({{"ShardIterator":"{}","Limit":10000}})", iterator)));
    std::size_t here = 0;
    for (std::size_t at = body.find("\"PartitionKey\""); at != std::string::npos;
         at = body.find("\"PartitionKey\"", at + 1))
      ++here;
    records += here;
    empty = here == 0 ? empty + 1 : 0;
    iterator = string_member(body, "NextShardIterator");
  }
  const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
  fmt::print(R"({{"records_per_second":{:.0f},"mb_per_second":{:.1f},"records":{}}})"
             "\n",
             static_cast<double>(records) / seconds, static_cast<double>(records) * settings.bytes / seconds / 1e6,
             records);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::string url;
  CLI::App app("Kinesis load generator");
  app.add_option("--url", url)->required();
  app.add_option("--scenario", settings.scenario)->check(CLI::IsMember({"put_record", "put_records", "get_records"}));
  app.add_option("--stream", settings.stream);
  app.add_option("--connections", settings.connections);
  app.add_option("--records", settings.records);
  app.add_option("--bytes", settings.bytes);
  app.add_option("--seconds", settings.seconds);
  app.add_option("--warmup-seconds", settings.warmup_seconds);
  CLI11_PARSE(app, argc, argv);
  const std::size_t colon = url.rfind(':');
  if (!url.starts_with("http://") || colon < 7) stop("--url must be http://ADDRESS:PORT");
  settings.host = url.substr(7, colon - 7);
  settings.port = std::atoi(url.c_str() + colon + 1);
  if (settings.scenario == "get_records") {
    drain(settings);
    return 0;
  }
  PutLoad load(settings);
  load.run();
  load.print();
  return 0;
}
