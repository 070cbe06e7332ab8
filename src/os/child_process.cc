#include "os/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

namespace penstock::os {

namespace {

constexpr int kListenBacklog = 64;
constexpr int kFirstKeptDescriptor = 3;
constexpr int kStartMsMax = 15'000;

std::string reason(int number) { return std::generic_category().message(number); }

/// What the child says before its exec: a socket that it listens on, or what went wrong. A closed channel: it runs.
struct Word {
  int problem = 0;  ///< errno; 0: a listener comes with it
  std::array<char, 60> step{};
};

// ---- Between fork and exec: system calls only, nothing that allocates or locks.

/// Everything that the child needs, made before the fork.
struct Orders {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const ChildSpec* spec = nullptr;
  std::vector<std::string> group_files;
  std::vector<std::string> staged_names;        ///< STAGING/<index>
  mutable std::vector<int> staged_descriptors;  ///< the child's, as many as names
  std::vector<Descriptor> kept;
  Descriptor null;
  int channel = -1;
  std::string user_map;
  std::string group_map;
};

[[noreturn]] void give_up(const Orders& orders, const char* step) {
  Word word;
  word.problem = errno == 0 ? EIO : errno;
  std::strncpy(word.step.data(), step, word.step.size() - 1);
  (void)::send(orders.channel, &word, sizeof word, MSG_NOSIGNAL);
  ::_exit(127);
}

void hand_over(const Orders& orders, int fd) {
  Word word;
  iovec part{.iov_base = &word, .iov_len = sizeof word};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (::sendmsg(orders.channel, &message, MSG_NOSIGNAL) < 0) give_up(orders, "handing over a socket");
}

bool write_file(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int kept = errno;
  ::close(fd);
  errno = kept;
  return written;
}

void join_control_groups(const Orders& orders) {
  for (const std::string& file : orders.group_files) {
    if (!write_file(file.c_str(), "0")) give_up(orders, "joining a control group");
  }
}

/// "/proc/self/fd/N", without allocating.
struct DescriptorPath {
  explicit DescriptorPath(int fd) {
    constexpr std::string_view kPrefix = "/proc/self/fd/";
    std::memcpy(text.data(), kPrefix.data(), kPrefix.size());
    *std::to_chars(text.data() + kPrefix.size(), text.data() + text.size() - 1, fd).ptr = 0;
  }
  std::array<char, 32> text{};
};

/// Binds what the identity may have to reach to places that it can. The sources are opened first: the staging folder
/// may hide them.
void stage(const Orders& orders, const ChildIdentity& identity) {
  if (::unshare(CLONE_NEWNS) != 0) give_up(orders, "a mount namespace");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up(orders, "private mounts");
  for (std::size_t i = 0; i < identity.staged.size(); ++i) {
    const int fd = ::open(identity.staged[i].c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) give_up(orders, "opening what is to be staged");
    orders.staged_descriptors[i] = fd;
  }
  if (::mount("tmpfs", identity.staging.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") != 0) {
    give_up(orders, "mounting the staging folder");
  }
  for (std::size_t i = 0; i < identity.staged.size(); ++i) {
    const char* name = orders.staged_names[i].c_str();
    const int fd = orders.staged_descriptors[i];
    struct stat facts{};
    if (::fstat(fd, &facts) != 0) give_up(orders, "looking at what is to be staged");
    const bool made = S_ISDIR(facts.st_mode) ? ::mkdir(name, 0755) == 0 : ::mknod(name, S_IFREG | 0444, 0) == 0;
    if (!made) give_up(orders, "a place in the staging folder");
    if (::mount(DescriptorPath(fd).text.data(), name, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
      give_up(orders, "binding into the staging folder");
    }
    ::close(fd);
  }
}

void become(const Orders& orders, const ChildIdentity& identity) {
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) give_up(orders, "dropping groups");
  if (::syscall(SYS_setresgid, identity.gid, identity.gid, identity.gid) != 0) give_up(orders, "setresgid");
  if (::syscall(SYS_setresuid, identity.uid, identity.uid, identity.uid) != 0) give_up(orders, "setresuid");
}

void listen_inside(const Orders& orders, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, kListenBacklog) != 0) {
    give_up(orders, "listening inside the network namespace");
  }
  hand_over(orders, fd);
  ::close(fd);
}

void open_network(const Orders& orders) {
  // Whoever is not root may make a network namespace only inside a user namespace of its own.
  if (::geteuid() == 0) {
    if (::unshare(CLONE_NEWNET) != 0) give_up(orders, "a network namespace");
  } else {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) give_up(orders, "a user and a network namespace");
    if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", orders.user_map) ||
        !write_file("/proc/self/gid_map", orders.group_map)) {
      give_up(orders, "mapping the user");
    }
  }
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (fd < 0 || ::ioctl(fd, SIOCSIFFLAGS, &request) != 0) give_up(orders, "bringing up loopback");
  ::close(fd);
  for (const std::uint16_t port : orders.spec->listen_ports) listen_inside(orders, port);
}

void arrange_descriptors(const Orders& orders) {
  const int output = orders.spec->output >= 0 ? orders.spec->output : orders.null.get();
  if (::dup2(orders.null.get(), 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) {
    give_up(orders, "standard descriptors");
  }
  if (::syscall(SYS_close_range, kFirstKeptDescriptor, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    give_up(orders, "closing descriptors");
  }
  // The kept ones lie at high numbers (start_child sees to that), so that none is overwritten here.
  for (std::size_t i = 0; i < orders.kept.size(); ++i) {
    if (::dup2(orders.kept[i].get(), kFirstKeptDescriptor + static_cast<int>(i)) < 0) give_up(orders, "descriptors");
  }
}

void reset_signals() {
  struct sigaction plain{};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < 65; ++signal) (void)::sigaction(signal, &plain, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  (void)::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_child(const Orders& orders, pid_t parent) {
  const ChildSpec& spec = *orders.spec;
  reset_signals();
  (void)::setsid();
  join_control_groups(orders);
  if (spec.identity.has_value()) stage(orders, *spec.identity);
  if (spec.own_network) open_network(orders);
  for (const ResourceLimit& limit : spec.limits) {
    const rlimit both{.rlim_cur = limit.value, .rlim_max = limit.value};
    if (::syscall(SYS_prlimit64, 0, limit.resource, &both, nullptr) != 0) give_up(orders, "a resource limit");
  }
  if (spec.niceness > 0 && ::syscall(SYS_setpriority, PRIO_PROCESS, 0, spec.niceness) != 0) give_up(orders, "niceness");
  if (spec.identity.has_value()) become(orders, *spec.identity);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) ::_exit(127);
  if (::chdir(spec.working_directory.c_str()) != 0) give_up(orders, "the working directory");
  arrange_descriptors(orders);
  ::execve(orders.arguments[0], orders.arguments.data(), orders.environment.data());
  give_up(orders, "starting the program");
}

// ---- The parent's side.

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// Above the numbers that the child's own descriptors take.
constexpr int kHighDescriptor = 64;

Result<Descriptor> keep_text(std::string_view text) {
  const Descriptor low(::memfd_create("penstock", MFD_CLOEXEC));
  if (!low.is_open()) return fail(ErrorKind::unavailable, "memfd: " + reason(errno));
  while (!text.empty()) {
    const ssize_t written = ::write(low.get(), text.data(), text.size());
    if (written <= 0) return fail(ErrorKind::unavailable, "memfd: " + reason(errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  Descriptor high(::fcntl(low.get(), F_DUPFD_CLOEXEC, kHighDescriptor));
  if (!high.is_open() || ::lseek(high.get(), 0, SEEK_SET) != 0) {
    return fail(ErrorKind::unavailable, "memfd: " + reason(errno));
  }
  return high;
}

Result<Orders> prepare(const ChildSpec& spec) {
  Orders orders;
  orders.spec = &spec;
  orders.arguments = pointers(spec.arguments);
  orders.environment = pointers(spec.environment);
  for (const std::string& folder : spec.control_groups) orders.group_files.push_back(folder + "/cgroup.procs");
  for (const std::string& text : spec.kept_texts) {
    PENSTOCK_TRY(Descriptor kept, keep_text(text));
    orders.kept.push_back(std::move(kept));
  }
  if (spec.identity.has_value()) {
    orders.staged_descriptors.resize(spec.identity->staged.size());
    for (std::size_t i = 0; i < spec.identity->staged.size(); ++i) {
      orders.staged_names.push_back(fmt::format("{}/{}", spec.identity->staging, i));
    }
  }
  orders.null = Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!orders.null.is_open()) return fail(ErrorKind::unavailable, "/dev/null: " + reason(errno));
  orders.user_map = fmt::format("{0} {0} 1", ::geteuid());
  orders.group_map = fmt::format("{0} {0} 1", ::getegid());
  return orders;
}

/// One message; nullopt at the channel's end. A negative listener: none came with it.
Result<std::optional<std::pair<Word, Descriptor>>> hear(int channel) {
  pollfd wait{.fd = channel, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, kStartMsMax);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return fail(ErrorKind::unavailable, "the child did not start in time");
  Word word;
  iovec part{.iov_base = &word, .iov_len = sizeof word};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  if (got < 0) return fail(ErrorKind::unavailable, "hearing of the child: " + reason(errno));
  if (got == 0) return std::nullopt;
  Descriptor listener;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    listener = Descriptor(fd);
  }
  return std::pair(word, std::move(listener));
}

Result<void> hear_out(int channel, Child& child) {
  for (;;) {
    PENSTOCK_TRY(auto heard, hear(channel));
    if (!heard.has_value()) return {};
    auto& [word, listener] = *heard;
    if (word.problem != 0) {
      return fail(ErrorKind::unavailable, fmt::format("{}: {}", word.step.data(), reason(word.problem)));
    }
    if (listener.is_open()) child.listeners.push_back(std::move(listener));
  }
}

}  // namespace

Result<Child> start_child(const ChildSpec& spec) {
  PENSTOCK_ASSERT(!spec.arguments.empty());
  PENSTOCK_TRY(Orders orders, prepare(spec));
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(ErrorKind::unavailable, "socketpair: " + reason(errno));
  }
  const Descriptor ours(ends[0]);
  Descriptor theirs(::fcntl(ends[1], F_DUPFD_CLOEXEC, kHighDescriptor));
  ::close(ends[1]);
  orders.channel = theirs.get();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorKind::unavailable, "fork: " + reason(errno));
  if (pid == 0) run_child(orders, parent);
  theirs.reset();
  Child child;
  child.pid = pid;
  child.process = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  Result<void> started = hear_out(ours.get(), child);
  if (started.has_value() && child.process.is_open()) return child;
  const int problem = errno;
  (void)::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!started.has_value()) return std::unexpected(std::move(started).error());
  return fail(ErrorKind::unavailable, "pidfd_open: " + reason(problem));
}

std::optional<ExitStatus> reap(const Child& child) {
  int status = 0;
  const pid_t got = ::waitpid(child.pid, &status, WNOHANG);
  if (got == 0) return std::nullopt;
  if (got < 0) return ExitStatus{};
  if (WIFSIGNALED(status)) return ExitStatus{.by_signal = true, .code = WTERMSIG(status)};
  return ExitStatus{.by_signal = false, .code = WEXITSTATUS(status)};
}

void kill_child(const Child& child) {
  // The pidfd names the process itself, whatever became of its number.
  if (::syscall(SYS_pidfd_send_signal, child.process.get(), SIGKILL, nullptr, 0) == 0)
    (void)::kill(-child.pid, SIGKILL);
}

Result<LoopbackListener> listen_on_loopback() {
  LoopbackListener out;
  out.socket = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (!out.socket.is_open() || ::bind(out.socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(out.socket.get(), kListenBacklog) != 0 ||
      ::getsockname(out.socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return fail(ErrorKind::unavailable, "listening on 127.0.0.1: " + reason(errno));
  }
  out.port = ntohs(address.sin_port);
  return out;
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorKind::unavailable, "pipe: " + reason(errno));
  Pipe pipe{.in = Descriptor(ends[1]), .out = Descriptor(ends[0])};
  if (::fcntl(pipe.out.get(), F_SETFL, O_NONBLOCK) != 0) {
    return fail(ErrorKind::unavailable, "pipe: " + reason(errno));
  }
  return pipe;
}

}  // namespace penstock::os
