#pragma once
/// What the runtime's tests stand on: functions in a folder, a directory of them, a sink that keeps what it gets.

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "functions/function.h"
#include "functions/runtime/runtime_options.h"
#include "logs/log_sink.h"

namespace penstock::functions::runtime {

/// A folder that nobody else may enter, as a data directory is.
struct CodeHome {
  CodeHome() {
    std::string pattern = "/tmp/penstock-runtime-XXXXXX";
    path = ::mkdtemp(pattern.data());
    std::ofstream(path + "/secret") << "secret";
  }
  ~CodeHome() { std::filesystem::remove_all(path); }
  CodeHome(const CodeHome&) = delete;
  CodeHome& operator=(const CodeHome&) = delete;

  [[nodiscard]] std::string write_code(const std::string& name,
                                       const std::vector<std::pair<std::string, std::string>>& files) const {
    const std::string folder = path + "/code/" + name;
    for (const auto& [file, text] : files) {
      const std::filesystem::path at = folder + "/" + file;
      std::filesystem::create_directories(at.parent_path());
      std::ofstream(at) << text;
      std::filesystem::permissions(at, std::filesystem::perms(0755));
    }
    return folder;
  }

  std::string path;
};

/// Functions are changed between invocations only.
class FakeDirectory final : public FunctionDirectory {
 public:
  FunctionVersion& add(std::string folder, const std::string& name, std::string runtime, std::string handler) {
    const MutexLock lock(mutex_);
    FunctionVersion& out = functions_[name];
    out.name = name;
    out.version = kLatest;
    out.arn = "arn:aws:lambda:us-east-1:000000000000:function:" + name;
    out.role_arn = "arn:aws:iam::000000000000:role/r";
    out.runtime = std::move(runtime);
    out.handler = std::move(handler);
    out.timeout = std::chrono::seconds(10);
    out.code_folder = std::move(folder);
    out.logging.group = "/aws/lambda/" + name;
    out.revision_id = "one";
    return out;
  }
  void reserve(const std::string& name, int concurrency) {
    const MutexLock lock(mutex_);
    reserved_[name] = concurrency;
  }
  void provision(const std::string& name, int concurrency) {
    const MutexLock lock(mutex_);
    provisioned_[name] = concurrency;
  }

  [[nodiscard]] Result<Resolved> resolve(std::string_view name, std::string_view) const override {
    const MutexLock lock(mutex_);
    const auto at = functions_.find(std::string(name));
    if (at == functions_.end()) return fail(ErrorKind::missing, "Function not found");
    Resolved out;
    out.version = std::make_shared<const FunctionVersion>(at->second);
    out.invoked_arn = at->second.arn;
    if (const auto reserved = reserved_.find(at->first); reserved != reserved_.end()) {
      out.reserved_concurrency = reserved->second;
    }
    if (const auto kept = provisioned_.find(at->first); kept != provisioned_.end()) {
      out.provisioned_concurrency = kept->second;
    }
    return out;
  }
  void watch(std::function<void(std::string_view)> on_change) override { on_change_ = std::move(on_change); }
  void changed(std::string_view name) const {
    if (on_change_) on_change_(name);
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, FunctionVersion> functions_ GUARDED_BY(mutex_);
  std::map<std::string, int> reserved_ GUARDED_BY(mutex_);
  std::map<std::string, int> provisioned_ GUARDED_BY(mutex_);
  std::function<void(std::string_view)> on_change_;
};

class CollectingSink final : public logs::LogSink {
 public:
  void put(std::string_view group, std::string_view, std::vector<logs::LogEvent> events) override {
    const MutexLock lock(mutex_);
    for (logs::LogEvent& event : events) texts_[std::string(group)] += event.message;
  }
  [[nodiscard]] std::string text(const std::string& group) const {
    const MutexLock lock(mutex_);
    const auto at = texts_.find(group);
    return at == texts_.end() ? std::string() : at->second;
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::string> texts_ GUARDED_BY(mutex_);
};

inline Result<RoleCredentials> fake_credentials(std::string_view, std::string_view) {
  return RoleCredentials{.access_key_id = "ASIAFAKE",
                         .secret_access_key = "secret",
                         .session_token = "token",
                         .expires = from_unix_ms(4'000'000'000'000)};
}

}  // namespace penstock::functions::runtime
