// Sends one kind of Kinesis request over many keep-alive connections as fast as the server answers, and prints one line
// of JSON: requests, records and MB a second, latencies, errors. Requests are signed once and sent again and again, so
// that the generator costs little beside the server. Used by bench/run.py for Penstock and its peers alike.
//
//   http_load --url http://127.0.0.1:4566 --scenario put_records --stream s --connections 4 --records 500
//             --bytes 1024 --seconds 5
// --cbor: put_record and put_records as the SDKs for Java and JavaScript send them.
// Scenarios: put_record, put_records, get_records (drains a shard from TRIM_HORIZON on one connection).
// Credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "codec/cbor_writer.h"
#include "core/encoding/base64.h"
#include "core/random.h"
#include "kinesis_request.h"

namespace {

using penstock::bench::answer_size;
using penstock::bench::make_request;
using penstock::bench::quantile;
using penstock::bench::stop;
using penstock::bench::string_member;
using Steady = std::chrono::steady_clock;

struct Settings {
  penstock::bench::Endpoint to;
  std::string scenario = "put_records";
  std::string stream = "bench";
  int connections = 1;
  int records = 500;
  int bytes = 1024;
  double seconds = 5;
  double warmup_seconds = 1;
  bool cbor = false;
};

std::string random_data(penstock::Random& random, int bytes) {
  std::string data(static_cast<std::size_t>(bytes), '\0');
  random.fill(std::as_writable_bytes(std::span(data)));
  return data;
}

std::string record_json(penstock::Random& random, int bytes) {
  const std::string data = random_data(random, bytes);
  return fmt::format(R"("Data":"{}","PartitionKey":"{}")", penstock::base64_encode(data), random.hex(8));
}

std::string put_json(const Settings& settings, penstock::Random& random) {
  if (settings.scenario == "put_record") {
    return fmt::format(R"({{"StreamName":"{}",{}}})", settings.stream, record_json(random, settings.bytes));
  }
  std::string records;
  for (int r = 0; r < settings.records; ++r) {
    records += fmt::format("{}{{{}}}", r == 0 ? "" : ",", record_json(random, settings.bytes));
  }
  return fmt::format(R"({{"StreamName":"{}","Records":[{}]}})", settings.stream, records);
}

void append_record_cbor(const Settings& settings, penstock::Random& random, std::string& out) {
  penstock::codec::append_cbor_text("Data", out);
  penstock::codec::append_cbor_bytes(random_data(random, settings.bytes), out);
  penstock::codec::append_cbor_text("PartitionKey", out);
  penstock::codec::append_cbor_text(random.hex(8), out);
}

std::string put_cbor(const Settings& settings, penstock::Random& random) {
  const bool single = settings.scenario == "put_record";
  std::string out;
  penstock::codec::append_cbor_map(single ? 3 : 2, out);
  penstock::codec::append_cbor_text("StreamName", out);
  penstock::codec::append_cbor_text(settings.stream, out);
  if (single) {
    append_record_cbor(settings, random, out);
    return out;
  }
  penstock::codec::append_cbor_text("Records", out);
  penstock::codec::append_cbor_array(static_cast<std::size_t>(settings.records), out);
  for (int r = 0; r < settings.records; ++r) {
    penstock::codec::append_cbor_map(2, out);
    append_record_cbor(settings, random, out);
  }
  return out;
}

/// A few different requests, so that partition keys and data vary.
std::vector<std::string> make_put_requests(const Settings& settings) {
  penstock::SeededRandom random(1);
  std::vector<std::string> out;
  const std::string_view operation = settings.scenario == "put_record" ? "PutRecord" : "PutRecords";
  for (int i = 0; i < 8; ++i) {
    out.push_back(settings.cbor
                      ? make_request(settings.to, operation, put_cbor(settings, random), penstock::bench::kCbor)
                      : make_request(settings.to, operation, put_json(settings, random)));
  }
  return out;
}

struct Connection {
  int fd = -1;
  std::size_t request = 0;  ///< which of the requests is under way
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
      connections_[i].fd = penstock::bench::connect_to(settings_.to);
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
    const double per_request = settings_.scenario == "put_record" ? 1 : settings_.records;
    const double records = static_cast<double>(latencies_ms_.size()) * per_request / elapsed_seconds_;
    fmt::print(R"({{"records_per_second":{:.0f},"mb_per_second":{:.1f},"p50_ms":{:.3f},"p99_ms":{:.3f},"requests":{},)"
               R"("all_records":{:.0f},"errors":{}}})"
               "\n",
               records, records * settings_.bytes / 1e6, quantile(latencies_ms_, 0.5), quantile(latencies_ms_, 0.99),
               latencies_ms_.size(), static_cast<double>(latencies_ms_.size() + warmup_requests_) * per_request,
               errors_);
  }

 private:
  void start(Connection& c) {
    c.started = Steady::now();
    c.in.clear();
    penstock::bench::send_all(c.fd, requests_[c.request]);
  }

  void receive(Connection& c) {
    const ssize_t n = recv(c.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n == 0) stop("the server closed a connection");
    if (n < 0) return;
    // Most answers come whole.
    std::string_view answer(buffer_.data(), static_cast<std::size_t>(n));
    if (!c.in.empty()) answer = c.in.append(answer);
    std::size_t head_size = 0;
    if (answer_size(answer, head_size) == 0) {
      if (c.in.empty()) c.in = answer;
      return;
    }
    const auto now = Steady::now();
    const bool good = answer.substr(9, 3) == "200" &&
                      (settings_.scenario == "put_record" || answer.find(none_failed_) != std::string_view::npos);
    if (!good) {
      if (errors_++ == 0) fmt::print(stderr, "http_load: first error: {}\n", answer.substr(0, 600));
    } else if (now >= measured_from_) {
      latencies_ms_.push_back(std::chrono::duration<double, std::milli>(now - c.started).count());
    } else {
      ++warmup_requests_;
    }
    c.request = (c.request + 1) % requests_.size();
    start(c);
  }

  const Settings& settings_;
  const std::string_view none_failed_ =
      settings_.cbor ? std::string_view("FailedRecordCount\0", 18) : std::string_view("\"FailedRecordCount\":0");
  std::vector<std::string> requests_;
  std::vector<Connection> connections_;
  std::vector<double> latencies_ms_;
  std::vector<char> buffer_ = std::vector<char>(256U << 10U);
  Steady::time_point measured_from_;
  double elapsed_seconds_ = 0;
  std::size_t warmup_requests_ = 0;
  std::size_t errors_ = 0;
};

/// Reads shard 0 from its first record until a read comes back empty.
void drain(const Settings& settings) {
  const int fd = penstock::bench::connect_to(settings.to);
  const std::string first = penstock::bench::ask(
      fd,
      make_request(
          settings.to, "GetShardIterator",
          fmt::format(R"({{"StreamName":"{}","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}})",
                      settings.stream)));
  std::string iterator = string_member(first, "ShardIterator");
  std::size_t records = 0;
  const auto begin = Steady::now();
  int empty = 0;
  while (!iterator.empty() && empty < 3) {
    const std::string body = penstock::bench::ask(
        fd,
        make_request(settings.to, "GetRecords", fmt::format(R"({{"ShardIterator":"{}","Limit":10000}})", iterator)));
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
  app.add_flag("--cbor", settings.cbor);
  CLI11_PARSE(app, argc, argv);
  settings.to = penstock::bench::parse_url(url);
  if (settings.scenario == "get_records") {
    drain(settings);
    return 0;
  }
  PutLoad load(settings);
  load.run();
  load.print();
  return 0;
}
