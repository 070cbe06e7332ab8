#pragma once
/// What an IdentityStore holds in memory. Private to the room.

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "core/mutex.h"
#include "iam/identity_store.h"
#include "iam/policy.h"

namespace penstock::iam {

/// The policies that decide for one user or role, compiled and put together. Immutable.
struct Subject {
  std::string id;
  std::vector<Tag> tags;
  std::vector<CompiledPolicy> identity;
  bool has_boundary = false;
  CompiledPolicy boundary;  ///< null although has_boundary: its policy is gone, and nothing is allowed
};

template <class T>
using Table = std::map<std::string, std::shared_ptr<const T>, std::less<>>;  // by name in lower case

struct IdentityStore::State {
  State(catalog::Catalog& catalog_in, const Clock& clock_in, Random& random_in, IdentityOptions options_in)
      : catalog(catalog_in), clock(clock_in), random(random_in), options(std::move(options_in)) {}

  /// From the catalog: at the start, and for every change.
  Result<void> take(const std::string& key, catalog::Version version, const std::string* bytes) EXCLUDES(mutex);

  /// Compiles, or gives what was compiled from the same text before. Errors: as compile.
  Result<CompiledPolicy> compiled(std::string_view text, PolicyKind kind) const EXCLUDES(mutex);
  /// nullptr: the user or role is gone, or is another of the same name.
  std::shared_ptr<const Subject> subject_of(const Principal& who) const EXCLUDES(mutex);

  /// Identity, boundary and session policies, together with what a resource's own policy said.
  Decision judge(const Subject& subject, const PolicyRequest& request, const Finding& by_resource) const
      EXCLUDES(mutex);

  template <class T>
  std::shared_ptr<const T> find(std::string_view name) const EXCLUDES(mutex);

  catalog::Catalog& catalog;
  const Clock& clock;
  Random& random;
  IdentityOptions options;

  mutable Mutex mutex;
  std::tuple<Table<Role>, Table<User>, Table<Group>, Table<ManagedPolicy>, Table<InstanceProfile>, Table<AccessKey>>
      tables GUARDED_BY(mutex);
  std::uint64_t generation GUARDED_BY(mutex) = 0;  ///< grows with every change to `tables`
  /// Put together on first use, thrown away whenever anything in IAM changes.
  mutable std::unordered_map<std::string, std::shared_ptr<const Subject>> subjects GUARDED_BY(mutex);
  /// Bounded by kCompiledMax: emptied when full.
  mutable std::unordered_map<std::string, CompiledPolicy> compiled_texts GUARDED_BY(mutex);
  std::unordered_map<std::string, KeyUse> key_uses GUARDED_BY(mutex);  // one per access key
  std::unique_ptr<catalog::Subscription> watching;

 private:
  std::shared_ptr<const Subject> build_subject(const Permitted& entity, const std::vector<std::string>& groups) const;
  void add_policies(const Permitted& entity, Subject& subject) const;
};

inline constexpr std::size_t kCompiledMax = 4096;

}  // namespace penstock::iam
