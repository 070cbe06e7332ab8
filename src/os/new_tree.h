#pragma once
/// A folder tree that is written once and then only read: what a zip holds. It is not synced: whoever needs it after a
/// loss of power makes it anew.
/// Threads: one at a time for a tree. It blocks.
/// Errors:  conflict (a name is there already), unavailable (no space is unavailable too).

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.h"

namespace penstock::os {

class NewTree {
 public:
  /// Makes the folder, which must not be there; its parent must.
  [[nodiscard]] static Result<NewTree> make(std::string folder);
  NewTree(NewTree&& other) noexcept;
  NewTree& operator=(NewTree&&) = delete;
  ~NewTree();

  /// `name` is relative, without empty, "." or ".." parts (the caller's part; it is asserted). Parents are made.
  Result<void> add_folder(std::string_view name);
  Result<void> begin_file(std::string_view name, bool executable);
  Result<void> write(std::string_view bytes);  ///< to the file begun last
  Result<void> end_file();

  /// Takes the right to write from every folder (files never had it) and gives the tree its name: it is whole then.
  /// The name must be free.
  Result<void> finish(const std::string& final_folder);

 private:
  explicit NewTree(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
  std::string file_;
  int descriptor_ = -1;
};

/// Removes a tree, also one that may only be read; links in it are removed, not followed. Fine when it is not there.
[[nodiscard]] Result<void> remove_tree(const std::string& folder);

}  // namespace penstock::os
