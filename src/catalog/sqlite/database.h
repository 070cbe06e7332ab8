#pragma once
/// The SQLite file, spoken to in the catalog's words. Used by one thread at a time.
/// Errors: as open_sqlite_catalog says.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "catalog/catalog.h"

struct sqlite3;
struct sqlite3_stmt;

namespace penstock::catalog {

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::string& path, const std::string& vfs);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Gives every document, in no order. Returns the last version that was ever given out.
  Result<Version> load(const std::function<void(std::string key, Version, std::string bytes)>& on_document);

  // One transaction: begin, write*, then commit or roll_back. After a failed write or commit only roll_back is allowed.
  Result<void> begin();
  Result<void> write(Version version, std::span<const Change> changes);
  Result<void> commit(Version last);
  void roll_back();

  /// Writes what is committed to a new file, not synced. Outside a transaction.
  Result<void> copy_to(const std::string& path);

  /// Moves the write-ahead log into the main file when it has grown to `pages`. Failing is harmless: the log
  /// stays.
  void checkpoint_if_due(int pages);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit Database(sqlite3* handle) : handle_(handle) {}
  Result<void> configure();
  Result<void> create_or_check_schema();
  Result<void> prepare_statements();
  Result<void> run(const char* sql);
  Result<Statement> prepare(const char* sql);
  Result<std::int64_t> number(const char* sql);
  [[nodiscard]] std::unexpected<Error> failure(std::string_view doing) const;

  sqlite3* handle_;
  Statement put_;
  Statement remove_;
  Statement set_last_;
  int wal_pages_ = 0;
};

}  // namespace penstock::catalog
