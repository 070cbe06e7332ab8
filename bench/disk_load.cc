// What the disk gives a program that does nothing but write or read, as the measure of what Penstock makes of it.
//
//   disk_load sync  --file F --bytes 1152 --seconds 3
//       one write and one fdatasync at a time, over bytes that were zero-filled before
//   disk_load answer --file F --bytes 1152 --seconds 3
//       the same, each asked for over a TCP connection and answered: what the least of all servers would take
//   disk_load group --file F --record-bytes 1056 --group-records 730 --seconds 3
//       a bare group-commit writer: while one group is written (one vectored write) and made durable (one fdatasync),
//       a second thread copies the records of the next one together; a zero-filled file, begun anew at its end
//   disk_load read  --file F --megabytes 1024
//       a file of that size, out of the page cache, in pieces of 1 MiB from the start to the end
// Each prints one line of JSON.

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kPiece = std::size_t{1} << 20U;
constexpr std::size_t kAlign = 64;  // of a group, as in Penstock's log
constexpr std::size_t kWarmup = 20;

struct Settings {
  std::string file;
  double seconds = 3;
  std::size_t bytes = 1024;
  std::size_t record_bytes = 1024;
  double group_records = 500;
  std::size_t megabytes = 512;
};

[[noreturn]] void stop(const char* what) {
  std::perror(what);
  std::exit(1);
}

double seconds_since(Steady::time_point start) { return std::chrono::duration<double>(Steady::now() - start).count(); }

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void write_fully(int fd, std::vector<iovec> parts, off_t at) {
  while (!parts.empty()) {
    const ssize_t n = pwritev(fd, parts.data(), static_cast<int>(std::min<std::size_t>(parts.size(), 1024)), at);
    if (n <= 0) stop("pwritev");
    at += n;
    auto gone = static_cast<std::size_t>(n);
    std::size_t whole = 0;
    while (whole < parts.size() && gone >= parts[whole].iov_len) gone -= parts[whole++].iov_len;
    parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(whole));
    if (!parts.empty()) {
      parts[0].iov_base = static_cast<char*>(parts[0].iov_base) + gone;
      parts[0].iov_len -= gone;
    }
  }
}

/// A file of zeros, on the disk.
int zero_filled(const std::string& path, std::size_t bytes) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) stop("open");
  std::string zeros(kPiece, '\0');
  for (std::size_t at = 0; at < bytes; at += kPiece) {
    write_fully(fd, {{.iov_base = zeros.data(), .iov_len = std::min(kPiece, bytes - at)}}, static_cast<off_t>(at));
  }
  if (fsync(fd) != 0) stop("fsync");
  return fd;
}

std::string random_bytes(std::size_t size) {
  std::string out(size, '\0');
  std::uint64_t state = 88172645463325252U;
  for (char& c : out) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    c = static_cast<char>(state);
  }
  return out;
}

/// Writes pieces of one size, one behind the other, over zeros; from the start again at the end.
class PieceWriter {
 public:
  explicit PieceWriter(const Settings& settings)
      : step_((settings.bytes + kAlign - 1) / kAlign * kAlign),
        capacity_(std::max(std::size_t{32} << 20U, 4 * step_)),
        fd_(zero_filled(settings.file, capacity_)),
        block_(random_bytes(step_)) {}

  void write_one() {
    if (at_ + step_ > capacity_) at_ = 0;
    write_fully(fd_, {{.iov_base = block_.data(), .iov_len = step_}}, static_cast<off_t>(at_));
    if (fdatasync(fd_) != 0) stop("fdatasync");
    at_ += step_;
  }

 private:
  const std::size_t step_;
  const std::size_t capacity_;
  const int fd_;
  std::string block_;
  std::size_t at_ = 0;
};

/// Does `once` again and again, and prints how long it takes.
template <class Once>
void time_each(const Settings& settings, Once&& once) {
  std::vector<double> took_us;
  Steady::time_point begin = Steady::now();
  for (std::size_t i = 0; i < kWarmup || seconds_since(begin) < settings.seconds; ++i) {
    if (i == kWarmup) begin = Steady::now();
    const auto start = Steady::now();
    once();
    if (i >= kWarmup) took_us.push_back(seconds_since(start) * 1e6);
  }
  const double rate = static_cast<double>(took_us.size()) / seconds_since(begin);
  std::ranges::sort(took_us);
  fmt::print(R"({{"per_second":{:.1f},"p50_ms":{:.4f},"p99_ms":{:.4f}}})"
             "\n",
             rate, took_us[took_us.size() / 2] / 1e3, took_us[took_us.size() * 99 / 100] / 1e3);
}

void sync_one_by_one(const Settings& settings) {
  PieceWriter writer(settings);
  time_each(settings, [&writer] { writer.write_one(); });
}

constexpr std::size_t kAnswerBytes = 256;

/// Both ends of a TCP connection over loopback.
std::pair<int, int> connected() {
  const int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(door, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(door, 1) != 0) stop("listen");
  if (getsockname(door, reinterpret_cast<sockaddr*>(&address), &size) != 0) stop("getsockname");
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(client, reinterpret_cast<sockaddr*>(&address), size) != 0) stop("connect");
  const int server = accept4(door, nullptr, nullptr, SOCK_CLOEXEC);
  if (server < 0) stop("accept");
  close(door);
  const int on = 1;
  for (const int fd : {client, server}) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {client, server};
}

/// False at the end of the connection.
bool receive_fully(int fd, std::string& into) {
  return recv(fd, into.data(), into.size(), MSG_WAITALL) == static_cast<ssize_t>(into.size());
}

void answer_one_by_one(const Settings& settings) {
  PieceWriter writer(settings);
  const auto [client, server] = connected();
  std::jthread serving([&writer, &settings, server] {
    std::string question(settings.bytes, '\0');
    const std::string answer(kAnswerBytes, 'a');
    while (receive_fully(server, question)) {
      writer.write_one();
      if (send(server, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) stop("send");
    }
  });
  const std::string question = random_bytes(settings.bytes);
  std::string answer(kAnswerBytes, '\0');
  time_each(settings, [&] {
    if (send(client, question.data(), question.size(), MSG_NOSIGNAL) < 0) stop("send");
    if (!receive_fully(client, answer)) stop("recv");
  });
  shutdown(client, SHUT_RDWR);
}

/// Two buffers go round between the thread that forms groups and the one that writes them.
class GroupWriter {
 public:
  explicit GroupWriter(const Settings& settings)
      : settings_(settings),
        group_bytes_(static_cast<std::size_t>(static_cast<double>(settings.record_bytes) * settings.group_records)),
        capacity_(std::max(std::size_t{512} << 20U, 4 * group_bytes_)),
        source_(random_bytes(std::max(kPiece, settings.record_bytes))),
        fd_(zero_filled(settings.file, capacity_)) {
    for (std::string& buffer : buffers_) buffer.resize(group_bytes_ + kAlign);
  }

  void run() {
    std::jthread former([this](const std::stop_token& done) { form(done); });
    std::uint64_t groups = 0;
    off_t at = 0;
    const double processor_before = processor_seconds();
    const auto begin = Steady::now();
    while (seconds_since(begin) < settings_.seconds) {
      formed_.acquire();
      std::string& group = buffers_[groups % 2];
      if (static_cast<std::size_t>(at) + group.size() > capacity_) at = 0;
      std::vector<iovec> parts = {{.iov_base = group.data(), .iov_len = kAlign}};  // a header, then pieces of records
      for (std::size_t from = kAlign; from < group.size(); from += kPiece / 8) {
        parts.push_back({.iov_base = group.data() + from, .iov_len = std::min(kPiece / 8, group.size() - from)});
      }
      write_fully(fd_, std::move(parts), at);
      if (fdatasync(fd_) != 0) stop("fdatasync");
      at += static_cast<off_t>((group.size() + kAlign - 1) / kAlign * kAlign);
      ++groups;
      free_.release();
    }
    const double elapsed = seconds_since(begin);
    const double processor = processor_seconds() - processor_before;
    former.request_stop();
    free_.release();
    const double records = static_cast<double>(groups) * settings_.group_records;
    fmt::print(
        R"({{"records_per_second":{:.0f},"mb_per_second":{:.1f},"groups_per_second":{:.1f},"processor_us_per_record":{:.3f}}})"
        "\n",
        records / elapsed, static_cast<double>(groups * group_bytes_) / elapsed / 1e6,
        static_cast<double>(groups) / elapsed, processor * 1e6 / std::max(records, 1.0));
  }

 private:
  void form(const std::stop_token& done) {
    for (std::size_t i = 0; !done.stop_requested(); ++i) {
      free_.acquire();
      std::string& group = buffers_[i % 2];
      std::size_t from = 0;
      for (std::size_t at = kAlign; at < group.size();) {
        const std::size_t size = std::min(settings_.record_bytes, group.size() - at);
        if (from + size > source_.size()) from = 0;
        source_.copy(group.data() + at, size, from);
        at += size;
        from += size;
      }
      formed_.release();
    }
  }

  const Settings& settings_;
  const std::size_t group_bytes_;
  const std::size_t capacity_;
  const std::string source_;
  const int fd_;
  std::string buffers_[2];
  std::counting_semaphore<4> free_{2};
  std::counting_semaphore<4> formed_{0};
};

void read_sequentially(const Settings& settings) {
  const std::size_t bytes = settings.megabytes * 1'000'000;
  const int fd = open(settings.file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) stop("open");
  std::string piece = random_bytes(kPiece);
  for (std::size_t at = 0; at < bytes; at += kPiece) {
    write_fully(fd, {{.iov_base = piece.data(), .iov_len = std::min(kPiece, bytes - at)}}, static_cast<off_t>(at));
  }
  if (fsync(fd) != 0) stop("fsync");
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  const auto begin = Steady::now();
  std::size_t got = 0;
  for (;;) {
    const ssize_t n = pread(fd, piece.data(), piece.size(), static_cast<off_t>(got));
    if (n < 0) stop("pread");
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  fmt::print(R"({{"mb_per_second":{:.1f}}})"
             "\n",
             static_cast<double>(got) / 1e6 / seconds_since(begin));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("The disk's own limits");
  app.require_subcommand(1);
  const auto command = [&](const char* name, const char* what) {
    CLI::App* made = app.add_subcommand(name, what);
    made->add_option("--file", settings.file)->required();
    made->add_option("--seconds", settings.seconds);
    return made;
  };
  CLI::App* sync = command("sync", "one write and one fdatasync at a time");
  sync->add_option("--bytes", settings.bytes)->check(CLI::Range(1, 1 << 24));
  CLI::App* answer = command("answer", "the same, asked for and answered over TCP");
  answer->add_option("--bytes", settings.bytes)->check(CLI::Range(1, 1 << 24));
  CLI::App* group = command("group", "a bare group-commit writer");
  group->add_option("--record-bytes", settings.record_bytes)->check(CLI::Range(1, 1 << 24));
  group->add_option("--group-records", settings.group_records)->check(CLI::Range(1.0, 1e6));
  CLI::App* read = command("read", "a long sequential read");
  read->add_option("--megabytes", settings.megabytes)->check(CLI::Range(1, 1 << 20));
  CLI11_PARSE(app, argc, argv);
  if (sync->parsed()) sync_one_by_one(settings);
  if (answer->parsed()) answer_one_by_one(settings);
  if (group->parsed()) GroupWriter(settings).run();
  if (read->parsed()) read_sequentially(settings);
  unlink(settings.file.c_str());
  return 0;
}
