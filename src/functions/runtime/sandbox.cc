#include "functions/runtime/sandbox.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "functions/runtime/bootstraps.h"

namespace penstock::functions::runtime {

namespace {

namespace fs = std::filesystem;

/// Users that exist nowhere else: above what systemd gives to containers and services.
constexpr std::uint32_t kFirstUid = 1'990'000'000;
constexpr std::uint64_t kOpenFilesMax = 1024;  ///< Source: Lambda quotas, file descriptors
constexpr int kNiceness = 5;                   ///< an endless loop must not keep the rest of Penstock waiting
constexpr std::string_view kStaging = "/mnt";
constexpr std::string_view kTaskRoot = "/var/task";
constexpr std::string_view kLayersRoot = "/opt";
constexpr std::string_view kRuntimeRoot = "/var/runtime";
constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
    "nobody:x:65534:65534::/:/sbin/nologin\n";  // whom the files of this machine's own users belong to, seen from
                                                // inside
constexpr std::string_view kGroup = "root:x:0:\nsbx_user1051:x:990:\nnobody:x:65534:\n";
constexpr std::string_view kNodePrefix = "nodejs";
constexpr std::string_view kHosts = "127.0.0.1 localhost\n";

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

/// A wrapper script starts the runtime; one that there is not ends the environment as it does in AWS (exit status 127,
/// or 126 when it is no program). Source: Developer Guide, "Modifying the runtime environment" (wrapper scripts).
std::vector<std::string> in_wrapper(const FunctionVersion& function, std::vector<std::string> words) {
  const auto wrapper =
      std::ranges::find(function.environment, "AWS_LAMBDA_EXEC_WRAPPER", &Variables::value_type::first);
  if (wrapper == function.environment.end() || wrapper->second.empty()) return words;
  constexpr std::string_view kStart =
      "if [ ! -f \"$0\" ]; then echo \"$0: does not exist\"; exit 127; fi; "
      "if [ ! -x \"$0\" ]; then echo \"$0: is not an executable\"; exit 126; fi; "
      "exec \"$0\" \"$@\"";
  std::vector<std::string> out{"/bin/sh", "-c", std::string(kStart), wrapper->second};
  std::ranges::move(words, std::back_inserter(out));
  return out;
}

/// The command inside. Source: Developer Guide, "Building a custom runtime" for provided.*.
Result<std::vector<std::string>> command(const SandboxPlan& plan, const std::string& layers, std::string_view task_root,
                                         std::string_view layers_root, std::string_view runtime_root) {
  const std::string& program = plan.interpreters.program(plan.language);
  const auto wrapped = [&plan](std::vector<std::string> words) { return in_wrapper(plan.function, std::move(words)); };
  switch (plan.language) {
    case Language::node:
      return wrapped({program, fmt::format("--max-old-space-size={}", plan.function.memory_mb * 9 / 10),
                      fmt::format("{}/bootstrap.mjs", runtime_root)});
    case Language::python: return wrapped({program, "-u", fmt::format("{}/bootstrap.py", runtime_root)});
    case Language::provided: break;
  }
  if (is_program(plan.function.code_folder + "/bootstrap")) return std::vector{fmt::format("{}/bootstrap", task_root)};
  if (!layers.empty() && is_program(layers + "/bootstrap"))
    return std::vector{fmt::format("{}/bootstrap", layers_root)};
  return fail(ErrorKind::invalid, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
}

/// bubblewrap's arguments, and what of this machine it must reach for them.
struct Walls {
  std::vector<std::string> arguments;
  std::vector<std::string> staged;
  bool is_staged = false;

  void add(std::initializer_list<std::string_view> words) {
    arguments.insert(arguments.end(), words.begin(), words.end());
  }
  void bind(const std::string& source, std::string_view place) {
    std::string from = source;
    if (is_staged) {
      from = fmt::format("{}/{}", kStaging, staged.size());
      staged.push_back(source);
    }
    add({"--ro-bind", from, place});
  }
};

void show_system(Walls& walls, Network network) {
  walls.add({"--ro-bind", "/usr", "/usr"});
  std::error_code problem;
  for (const char* folder : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    if (fs::is_symlink(folder, problem)) {
      walls.add({"--symlink", fs::read_symlink(folder, problem).string(), folder});
    } else if (fs::is_directory(folder, problem)) {
      walls.add({"--ro-bind", folder, folder});
    }
  }
  for (const char* path : {"/etc/ld.so.cache", "/etc/alternatives", "/etc/ssl", "/etc/ca-certificates", "/etc/pki"}) {
    walls.add({"--ro-bind-try", path, path});
  }
  walls.add({"--ro-bind-data", "4", "/etc/passwd", "--ro-bind-data", "5", "/etc/group"});
  if (network == Network::host) {
    for (const char* path : {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"}) {
      walls.add({"--ro-bind-try", path, path});
    }
  } else {
    walls.add({"--ro-bind-data", "6", "/etc/hosts"});
  }
}

/// An interpreter that does not lie below /usr is shown with the folder that it is installed in.
void show_interpreter(Walls& walls, const std::string& program) {
  std::error_code problem;
  const fs::path real = fs::canonical(program, problem);
  if (program.empty() || problem) return;
  for (const fs::path& path : {fs::path(program), real}) {
    const std::string prefix = path.parent_path().parent_path().string();
    if (!prefix.starts_with("/usr") && prefix.size() > 1) walls.bind(prefix, prefix);
  }
}

Walls build_walls(const SandboxPlan& plan, const std::string& layers, const Variables& variables) {
  Walls walls;
  walls.is_staged = ::geteuid() == 0;
  walls.add({"--unshare-user", "--disable-userns", "--uid", "993", "--gid", "990", "--unshare-ipc", "--unshare-pid",
             "--unshare-uts", "--unshare-cgroup-try", "--hostname", "localhost", "--die-with-parent", "--new-session"});
  show_system(walls, plan.options.network);
  show_interpreter(walls, plan.interpreters.program(plan.language));
  walls.add({"--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"});
  walls.add({"--perms", "1777", "--size", std::to_string(static_cast<std::uint64_t>(plan.function.ephemeral_mb) << 20U),
             "--tmpfs", "/tmp"});
  walls.bind(plan.function.code_folder, kTaskRoot);
  walls.bind(plan.options.folder + "/bootstraps", kRuntimeRoot);
  if (!layers.empty()) {
    walls.bind(layers, kLayersRoot);
  } else {
    walls.add({"--dir", kLayersRoot});
  }
  walls.add({"--remount-ro", "/", "--chdir", kTaskRoot, "--clearenv"});
  for (const auto& [name, value] : variables) walls.add({"--setenv", name, value});
  return walls;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    out += word;
    out += '\0';
  }
  return out;
}

void set(Variables& variables, std::string_view name, std::string value) {
  const auto at = std::ranges::find(variables, name, [](const auto& pair) { return std::string_view(pair.first); });
  if (at != variables.end()) {
    at->second = std::move(value);
  } else {
    variables.emplace_back(name, std::move(value));
  }
}

void set_unless_there(Variables& variables, std::string_view name, std::string value) {
  const bool there = std::ranges::any_of(variables, [&](const auto& pair) { return pair.first == name; });
  if (!there) variables.emplace_back(name, std::move(value));
}

/// What a function may have set otherwise; the values recorded from AWS (2024-03, 2026-02), where there is what they
/// name.
void set_defaults(Variables& out, const SandboxPlan& plan, std::string_view task, std::string_view layers,
                  std::string_view runtime) {
  const bool is_managed = plan.language != Language::provided;
  set_unless_there(out, "PATH",
                   fmt::format("{}/usr/local/bin:/usr/bin/:/bin:{}/bin", is_managed ? "/var/lang/bin:" : "", layers));
  set_unless_there(out, "LD_LIBRARY_PATH",
                   fmt::format("{0}/lib64:/usr/lib64:{1}:{1}/lib:{2}:{2}/lib:{3}/lib",
                               is_managed ? "/var/lang/lib:" : "", runtime, task, layers));
  set_unless_there(out, "LANG", "en_US.UTF-8");
  set_unless_there(out, "TZ", ":UTC");
  set_unless_there(out, "AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
  if (is_managed) {
    set_unless_there(out, "PWD", std::string(task));
    set_unless_there(out, "SHLVL", "0");
  }
  // Without walls it would be the home of Penstock's own user, with whatever is configured there.
  if (!plan.options.sandboxed) set_unless_there(out, "HOME", "/tmp");
  if (plan.language == Language::node) {
    const std::string_view all = plan.function.runtime;
    const std::string_view release = all.substr(0, all.find('.'));  // "nodejs20"
    set_unless_there(out, "NODE_PATH",
                     fmt::format("{0}/nodejs/node{3}/node_modules:{0}/nodejs/node_modules:{1}/node_modules:{1}:{2}:"
                                 "/usr/share/nodejs:/usr/lib/node_modules",
                                 layers, runtime, task, release.substr(std::min(release.size(), kNodePrefix.size()))));
  }
  if (plan.language == Language::python) set_unless_there(out, "PYTHONPATH", std::string(runtime));
  if (plan.options.api_port != 0) {
    set_unless_there(out, "AWS_ENDPOINT_URL", fmt::format("http://127.0.0.1:{}", plan.options.api_port));
  }
}

}  // namespace

Variables function_variables(const SandboxPlan& plan, std::string_view task_root, std::string_view layers_root,
                             std::string_view runtime_root) {
  const FunctionVersion& function = plan.function;
  Variables out = function.environment;
  set_defaults(out, plan, task_root, layers_root, runtime_root);
  set(out, "AWS_LAMBDA_RUNTIME_API", fmt::format("127.0.0.1:{}", plan.runtime_port));
  set(out, "_HANDLER", function.handler);
  set(out, "LAMBDA_TASK_ROOT", std::string(task_root));
  set(out, "LAMBDA_RUNTIME_DIR", std::string(runtime_root));
  if (plan.language != Language::provided) set(out, "PENSTOCK_LAYERS_ROOT", std::string(layers_root));
  set(out, "AWS_REGION", plan.options.region);
  set(out, "AWS_DEFAULT_REGION", plan.options.region);
  set(out, "AWS_ACCESS_KEY_ID", plan.credentials.access_key_id);
  set(out, "AWS_SECRET_ACCESS_KEY", plan.credentials.secret_access_key);
  set(out, "AWS_SESSION_TOKEN", plan.credentials.session_token);
  set(out, "AWS_LAMBDA_FUNCTION_NAME", function.name);
  set(out, "AWS_LAMBDA_FUNCTION_VERSION", function.version);
  set(out, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(function.memory_mb));
  set(out, "AWS_LAMBDA_INITIALIZATION_TYPE", plan.provisioned ? "provisioned-concurrency" : "on-demand");
  set(out, "AWS_LAMBDA_LOG_GROUP_NAME", function.logging.group);
  set(out, "AWS_LAMBDA_LOG_STREAM_NAME", plan.log_stream);
  if (function.logging.json) set(out, "AWS_LAMBDA_LOG_FORMAT", "JSON");
  if (!function.logging.application_level.empty()) {
    set(out, "AWS_LAMBDA_LOG_LEVEL", function.logging.application_level);
  }
  if (plan.language != Language::provided) set(out, "AWS_EXECUTION_ENV", "AWS_Lambda_" + function.runtime);
  return out;
}

Result<os::ChildSpec> sandbox_child(const SandboxPlan& plan) {
  PENSTOCK_TRY(const std::string layers, lay_over(plan.options.folder + "/layers", plan.function.layer_folders));
  os::ChildSpec out;
  out.output = plan.output;
  out.control_groups = plan.control_groups;
  out.niceness = kNiceness;
  out.limits = {{.resource = RLIMIT_CORE, .value = 0}, {.resource = RLIMIT_NOFILE, .value = kOpenFilesMax}};
  if (!plan.options.sandboxed) {
    const std::string bootstraps = plan.options.folder + "/bootstraps";
    PENSTOCK_TRY(out.arguments, command(plan, layers, plan.function.code_folder, layers, bootstraps));
    for (const auto& [name, value] : function_variables(plan, plan.function.code_folder, layers, bootstraps)) {
      out.environment.push_back(fmt::format("{}={}", name, value));
    }
    out.working_directory = plan.function.code_folder;
    return out;
  }
  PENSTOCK_TRY(std::vector<std::string> inside, command(plan, layers, kTaskRoot, kLayersRoot, kRuntimeRoot));
  Walls walls = build_walls(plan, layers, function_variables(plan, kTaskRoot, kLayersRoot, kRuntimeRoot));
  // Arguments can be read by everybody on the machine; these hold credentials, so they go through a descriptor.
  out.arguments = {plan.options.bubblewrap, "--args", "3", "--"};
  std::ranges::move(inside, std::back_inserter(out.arguments));
  out.environment = {"PATH=/usr/bin:/bin"};
  out.kept_texts = {joined(walls.arguments), std::string(kPasswd), std::string(kGroup)};
  if (plan.options.network == Network::api) {
    out.kept_texts.emplace_back(kHosts);
    out.own_network = true;
    out.listen_ports = {kRuntimeApiPort};
    if (plan.options.api_port != 0) out.listen_ports.push_back(plan.options.api_port);
  }
  if (walls.is_staged) {
    const std::uint32_t id = kFirstUid + plan.slot;
    out.identity =
        os::ChildIdentity{.uid = id, .gid = id, .staging = std::string(kStaging), .staged = std::move(walls.staged)};
    out.limits.push_back({.resource = RLIMIT_NPROC, .value = plan.options.processes_max});
  }
  return out;
}

Result<void> prepare_runtime_folder(const std::string& folder) {
  std::error_code problem;
  fs::create_directories(folder + "/bootstraps", problem);
  if (!problem) fs::permissions(folder + "/bootstraps", fs::perms(0755), problem);
  if (!problem) fs::remove_all(folder + "/layers", problem);
  for (const auto& [name, text] :
       {std::pair{"bootstrap.py", kPythonBootstrap}, std::pair{"bootstrap.mjs", kNodeBootstrap}}) {
    const std::string path = fmt::format("{}/bootstraps/{}", folder, name);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!problem) fs::permissions(path, fs::perms(0644), problem);
    if (problem || !file) {
      return fail(ErrorKind::unavailable, fmt::format("{} cannot be written: {}", path, problem.message()));
    }
  }
  return {};
}

}  // namespace penstock::functions::runtime
