// Reads a stream with GetRecords as fast as the server answers: every shard on a connection and a thread of its own,
// from the first record to the last. Prints one line of JSON.
//
//   read_load --url http://127.0.0.1:4566 --stream s --shards 4 --bytes 1024 --seconds 4
//       once, counting the records; then again and again for so many seconds, when all of it lies in the server's
//       memory: these rounds look at an answer's length and at its end, and leave the rest unread in the socket, so
//       that the generator costs little beside the server
//   read_load ... --once        (what is on disk)
//   read_load ... --cbor        (as the SDKs for Java and JavaScript ask)
// Credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

#include <fmt/format.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "codec/cbor_writer.h"
#include "kinesis_request.h"

namespace {

using penstock::bench::make_request;
using penstock::bench::send_all;
using penstock::bench::stop;
using penstock::bench::string_member;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kEndBytes = 2048;  // of an answer: its iterator and how far it is behind

struct Settings {
  penstock::bench::Endpoint to;
  std::string stream = "bench";
  int shards = 1;
  std::size_t bytes = 1024;
  double seconds = 4;
  bool once = false;
  bool cbor = false;
};

struct Page {
  std::size_t body_bytes = 0;
  std::size_t records = 0;
};

class ShardReader {
 public:
  ShardReader(const Settings& settings, int shard)
      : settings_(settings), fd_(penstock::bench::connect_to(settings.to)) {
    const std::string answer =
        penstock::bench::ask(fd_, make_request(settings.to, "GetShardIterator",
                                               fmt::format(R"({{"StreamName":"{}","ShardId":"shardId-{:012}",)"
                                                           R"("ShardIteratorType":"TRIM_HORIZON"}})",
                                                           settings.stream, shard)));
    first_ = string_member(answer, "ShardIterator");
  }

  /// Counts.
  void read_once() {
    std::string iterator = first_;
    while (true) {
      const std::size_t size = ask(iterator, 0);
      const std::size_t records = count_records();
      if (records == 0) break;
      pages_.push_back({.body_bytes = size, .records = records});
      records_ += records;
      iterator = next_iterator();
    }
  }

  void read_again(Steady::time_point until) {
    while (Steady::now() < until) {
      std::string iterator = first_;
      for (const Page& page : pages_) {
        if (ask(iterator, kEndBytes) != page.body_bytes) stop("an answer is not as long as it was before");
        records_ += page.records;
        iterator = next_iterator();
        if (Steady::now() >= until) break;
      }
    }
  }

  [[nodiscard]] std::size_t records() const { return records_; }
  void begin_anew() { records_ = 0; }

 private:
  [[nodiscard]] std::string request(const std::string& iterator) const {
    if (!settings_.cbor) {
      return make_request(settings_.to, "GetRecords",
                          fmt::format(R"({{"ShardIterator":"{}","Limit":10000}})", iterator));
    }
    std::string body;
    penstock::codec::append_cbor_map(2, body);
    penstock::codec::append_cbor_text("ShardIterator", body);
    penstock::codec::append_cbor_text(iterator, body);
    penstock::codec::append_cbor_text("Limit", body);
    penstock::codec::append_cbor_integer(10'000, body);
    return make_request(settings_.to, "GetRecords", body, penstock::bench::kCbor);
  }

  /// "" at the end of a closed shard.
  [[nodiscard]] std::string next_iterator() const {
    const std::string end = end_of_body();
    if (!settings_.cbor) return string_member(end, "NextShardIterator");
    const std::size_t named = end.rfind("NextShardIterator");
    if (named == std::string::npos) return "";
    // A text of 24 to 255 bytes: its head is 0x78 and the length.
    const std::size_t head = named + std::string_view("NextShardIterator").size();
    if (head + 2 > end.size() || end[head] != '\x78') stop("an iterator of another length than expected");
    return end.substr(head + 2, static_cast<std::uint8_t>(end[head + 1]));
  }

  /// The length of the answer's body; of a body longer than twice `end_bytes` the last so many bytes are kept
  /// (0: everything).
  std::size_t ask(const std::string& iterator, std::size_t end_bytes) {
    send_all(fd_, request(iterator));
    body_.resize(kEndBytes);
    std::size_t have = 0;
    std::size_t head = 0;
    while (head == 0) {
      have += receive(body_.data() + have, body_.size() - have, 0);
      const std::size_t end = std::string_view(body_).substr(0, have).find("\r\n\r\n");
      if (end != std::string::npos) head = end + 4;
    }
    if (body_.compare(9, 3, "200") != 0) stop(body_.substr(0, have));
    const std::size_t named = body_.find("Content-Length: ");
    if (named == std::string::npos || named > head) stop("an answer without a length");
    const std::size_t size = std::strtoull(body_.c_str() + named + 16, nullptr, 10);
    body_.erase(0, head);
    have -= head;
    std::size_t left = size - have;
    if (end_bytes != 0 && left > end_bytes) {
      for (left -= end_bytes; left > 0;) left -= receive(nullptr, left, MSG_TRUNC);
      left = end_bytes;
      have = 0;
    }
    body_.resize(have + left);
    while (left > 0) {
      const std::size_t got = receive(body_.data() + body_.size() - left, left, 0);
      left -= got;
    }
    return size;
  }

  std::size_t receive(char* to, std::size_t bytes, int flags) const {
    const ssize_t n = recv(fd_, to, bytes, flags);
    if (n <= 0) stop("the server closed a connection");
    return static_cast<std::size_t>(n);
  }

  [[nodiscard]] std::string end_of_body() const {
    return body_.substr(body_.size() - std::min(body_.size(), kEndBytes));
  }

  [[nodiscard]] std::size_t count_records() const {
    const std::string_view mark = settings_.cbor ? "\x6cPartitionKey" : "\"PartitionKey\"";
    std::size_t count = 0;
    const char* at = body_.data();
    const char* end = body_.data() + body_.size();
    while (true) {
      const void* found = memmem(at, static_cast<std::size_t>(end - at), mark.data(), mark.size());
      if (found == nullptr) return count;
      ++count;
      at = static_cast<const char*>(found) + mark.size() + settings_.bytes / 2;
      if (at >= end) return count;
    }
  }

  const Settings& settings_;
  const int fd_;
  std::string first_;  ///< iterator
  std::string body_;
  std::vector<Page> pages_;
  std::size_t records_ = 0;
};

void print(const Settings& settings, const std::vector<ShardReader>& readers, double seconds) {
  std::size_t records = 0;
  for (const ShardReader& reader : readers) records += reader.records();
  const auto bytes = static_cast<double>(records * settings.bytes);
  fmt::print(R"({{"records":{},"records_per_second":{:.0f},"payload_mb":{:.1f},"mb_per_second":{:.1f}}})"
             "\n",
             records, static_cast<double>(records) / seconds, bytes / 1e6, bytes / 1e6 / seconds);
}

template <class Read>
double on_all(std::vector<ShardReader>& readers, Read&& read) {
  const auto begin = Steady::now();
  {
    std::vector<std::jthread> threads;
    threads.reserve(readers.size());
    for (ShardReader& reader : readers) threads.emplace_back([&reader, &read] { read(reader); });
  }
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::string url;
  CLI::App app("GetRecords load generator");
  app.add_option("--url", url)->required();
  app.add_option("--stream", settings.stream);
  app.add_option("--shards", settings.shards)->check(CLI::Range(1, 64));
  app.add_option("--bytes", settings.bytes, "of a record's data");
  app.add_option("--seconds", settings.seconds);
  app.add_flag("--once", settings.once);
  app.add_flag("--cbor", settings.cbor);
  CLI11_PARSE(app, argc, argv);
  settings.to = penstock::bench::parse_url(url);
  std::vector<ShardReader> readers;
  for (int shard = 0; shard < settings.shards; ++shard) readers.emplace_back(settings, shard);
  double seconds = on_all(readers, [](ShardReader& reader) { reader.read_once(); });
  if (!settings.once) {
    // The server's processor time is taken by whoever started this program: it says when to begin and waits to end.
    fmt::print("ready\n");
    std::fflush(stdout);
    std::getchar();
    for (ShardReader& reader : readers) reader.begin_anew();
    const auto until =
        Steady::now() + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(settings.seconds));
    seconds = on_all(readers, [until](ShardReader& reader) { reader.read_again(until); });
  }
  print(settings, readers, seconds);
  return 0;
}
