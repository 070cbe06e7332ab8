#pragma once
/// Starts programs with nothing of ours: no descriptors but those named, no signal settings, its own session.
///
/// Guarantee: when start_child gives a Child, the program runs (its exec succeeded); it dies with the thread that
///            started it, so that thread must live as long as the children shall.
/// Threads:   any; it blocks until the exec (milliseconds).
/// Errors:    unavailable, naming the step that failed and what the system said; nothing is left behind then.
/// Source:    Linux: clone(2), network_namespaces(7), unix(7) SCM_RIGHTS, cgroups(7), pidfd_open(2).

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "os/descriptor.h"

namespace penstock::os {

/// setrlimit(2): both the soft and the hard limit.
struct ResourceLimit {
  int resource = 0;  ///< RLIMIT_NPROC, ...
  std::uint64_t value = 0;
};

/// The child becomes another user before the program starts. Needs root.
struct ChildIdentity {
  uid_t uid = 0;
  gid_t gid = 0;
  /// Files and folders that it may have to reach although the folders above them are closed to it: each is bound to
  /// STAGING/<index>, seen by the child alone. `staging`: an existing folder that everybody may enter; what is in it is
  /// hidden from the child.
  std::string staging;
  std::vector<std::string> staged;
};

struct ChildSpec {
  std::vector<std::string> arguments;    ///< [0]: the program, an absolute path
  std::vector<std::string> environment;  ///< NAME=value
  std::string working_directory = "/";
  int output = -1;                      ///< becomes its standard output and error; -1: /dev/null
  std::vector<std::string> kept_texts;  ///< each readable from the descriptor 3, 4, ...
  std::vector<ResourceLimit> limits;
  int niceness = 0;                         ///< 0 to 19: how far it stands back behind others who want the processor
  std::vector<std::string> control_groups;  ///< folders of cgroups that it joins
  std::optional<ChildIdentity> identity;
  /// A network namespace of its own, loopback up, and a listening socket at 127.0.0.1:<each port> in it: they come back
  /// in Child::listeners. Whoever holds them accepts connections that are made inside, and no other way leads out.
  bool own_network = false;
  std::vector<std::uint16_t> listen_ports;
};

struct Child {
  pid_t pid = -1;
  Descriptor process;  ///< a pidfd: readable once the process has ended
  std::vector<Descriptor> listeners;
};

[[nodiscard]] Result<Child> start_child(const ChildSpec& spec);

/// How it ended.
struct ExitStatus {
  bool by_signal = false;
  int code = 0;  ///< exit status, or the signal's number
};
/// Takes the ended process's status, so that it is no zombie. nullopt: it still runs. Never waits.
[[nodiscard]] std::optional<ExitStatus> reap(const Child& child);

/// SIGKILL to the process and its session's process group.
void kill_child(const Child& child);

/// A listening TCP socket at 127.0.0.1 with a free port, for children that share our network.
struct LoopbackListener {
  Descriptor socket;
  std::uint16_t port = 0;
};
[[nodiscard]] Result<LoopbackListener> listen_on_loopback();

/// What is written into the first comes out of the second. Both are closed on exec; the second does not block.
struct Pipe {
  Descriptor in;
  Descriptor out;
};
[[nodiscard]] Result<Pipe> make_pipe();

}  // namespace penstock::os
