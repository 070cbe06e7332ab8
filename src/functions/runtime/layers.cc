#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <filesystem>
#include <system_error>

#include "functions/runtime/sandbox.h"

namespace penstock::functions::runtime {

namespace {

namespace fs = std::filesystem;

std::string name_of(const std::vector<std::string>& layers) {
  std::string all;
  for (const std::string& layer : layers) all += layer + '\n';
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  PENSTOCK_ASSERT(EVP_Digest(all.data(), all.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

/// A file of the layer under another name: the same bytes on the disk if that can be had.
void place(const fs::directory_entry& entry, const fs::path& target, std::error_code& problem) {
  if (entry.is_symlink(problem) || entry.is_regular_file(problem)) {
    if (fs::is_directory(fs::symlink_status(target, problem))) fs::remove_all(target, problem);
    fs::remove(target, problem);
    if (entry.is_symlink()) {
      fs::copy_symlink(entry.path(), target, problem);
      return;
    }
    fs::create_hard_link(entry.path(), target, problem);
    if (problem) fs::copy_file(entry.path(), target, problem);
    return;
  }
  if (!fs::is_directory(fs::symlink_status(target, problem))) fs::remove(target, problem);
  fs::create_directory(target, problem);
  if (!problem) fs::permissions(target, fs::perms(0755), problem);
}

std::error_code lay(const std::string& layer, const std::string& target) {
  std::error_code problem;
  fs::recursive_directory_iterator at(layer, problem);
  while (!problem && at != fs::recursive_directory_iterator()) {
    place(*at, fs::path(target) / fs::relative(at->path(), layer, problem), problem);
    if (!problem) at.increment(problem);
  }
  return problem;
}

}  // namespace

Result<std::string> lay_over(const std::string& folder, const std::vector<std::string>& layers) {
  if (layers.empty()) return std::string();
  if (layers.size() == 1) return layers.front();
  std::string target = fmt::format("{}/{}", folder, name_of(layers));
  std::error_code problem;
  if (fs::is_directory(target, problem)) return target;
  const std::string draft = target + ".draft";
  fs::remove_all(draft, problem);
  problem.clear();
  fs::create_directories(draft, problem);
  if (!problem) fs::permissions(draft, fs::perms(0755), problem);
  for (const std::string& layer : layers) {
    if (!problem) problem = lay(layer, draft);
  }
  if (!problem) fs::rename(draft, target, problem);
  if (problem) return fail(ErrorKind::unavailable, fmt::format("laying layers over each other: {}", problem.message()));
  return target;
}

}  // namespace penstock::functions::runtime
