#include "codec/path.h"

#include <fmt/format.h>

#include <cctype>

namespace penstock::codec {
namespace {

std::string lower_first(std::string_view name) {
  std::string out(name);
  if (!out.empty()) out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
  return out;
}

}  // namespace

std::string path_text(const Path* path) {
  std::string out;
  for (; path != nullptr; path = path->parent) {
    std::string part;
    switch (path->step) {
      case Path::Step::member: part = lower_first(path->name); break;
      case Path::Step::item: part = fmt::format("{}.member", path->index_one); break;
      case Path::Step::entry: part = fmt::format("{}.member", path->name); break;
    }
    out = out.empty() ? std::move(part) : part + "." + out;
  }
  return out;
}

}  // namespace penstock::codec
