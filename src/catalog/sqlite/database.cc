#include "catalog/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <utility>

namespace penstock::catalog {
namespace {

constexpr std::int64_t kApplicationId = 0x50535443;  // "PSTC"
constexpr std::int64_t kSchemaVersion = 1;

constexpr const char* kSchema =
    "CREATE TABLE document(key TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, bytes BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE counter(name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO counter VALUES('version', 0);";

bool no_room(int system_error) { return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG; }

ErrorKind kind_of(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorKind::conflict;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorKind::corrupt;
    case SQLITE_FULL: return ErrorKind::unavailable;
    case SQLITE_IOERR:
      // A write that the system refused for want of room left no commit mark in the log. After any other failure of
      // the disk (a failed sync above all) nobody can say what the next start will find.
      if (code == SQLITE_IOERR_WRITE && no_room(system_error)) return ErrorKind::unavailable;
      return ErrorKind::outcome_unknown;
    default: return ErrorKind::unavailable;
  }
}

}  // namespace

void Database::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

std::unexpected<Error> Database::failure(std::string_view doing) const {
  const int code = sqlite3_extended_errcode(handle_);
  const int system_error = sqlite3_system_errno(handle_);
  return fail(kind_of(code, system_error),
              fmt::format("catalog: {}: {} (SQLite {})", doing, sqlite3_errmsg(handle_), code));
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const std::string& vfs) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (!handle) return fail(ErrorKind::unavailable, "catalog: out of memory");
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) {
    return fail(ErrorKind::unavailable, fmt::format("catalog: cannot open {}: {}", path, sqlite3_errmsg(handle)));
  }
  sqlite3_extended_result_codes(handle, 1);
  PENSTOCK_TRY_VOID(database->configure());
  PENSTOCK_TRY_VOID(database->create_or_check_schema());
  PENSTOCK_TRY_VOID(database->prepare_statements());
  return database;
}

Database::~Database() {
  put_.reset();
  remove_.reset();
  set_last_.reset();
  sqlite3_close(handle_);
}

Result<void> Database::configure() {
  sqlite3_wal_hook(
      handle_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Database*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  // Exclusive locking keeps the log's index in memory (no -shm file) and a second process out. The page cache is
  // small because documents are read once, at the start.
  return run(
      "PRAGMA locking_mode=EXCLUSIVE;"
      "PRAGMA journal_mode=WAL;"
      "PRAGMA synchronous=FULL;"
      "PRAGMA cache_size=-1024;"
      "PRAGMA temp_store=MEMORY;");
}

Result<void> Database::create_or_check_schema() {
  PENSTOCK_TRY(const std::int64_t schema, number("PRAGMA user_version"));
  PENSTOCK_TRY(const std::int64_t application, number("PRAGMA application_id"));
  PENSTOCK_TRY(const std::int64_t tables, number("SELECT count(*) FROM sqlite_schema"));
  if (schema == 0 && application == 0 && tables == 0) {
    return run(fmt::format("BEGIN IMMEDIATE; {} PRAGMA application_id={}; PRAGMA user_version={}; COMMIT;", kSchema,
                           kApplicationId, kSchemaVersion)
                   .c_str());
  }
  if (application != kApplicationId) return fail(ErrorKind::corrupt, "catalog: the file is not a Penstock catalog");
  if (schema > kSchemaVersion) {
    return fail(
        ErrorKind::corrupt,
        fmt::format("catalog: the file was made by a newer Penstock: it has format {}, this program knows format {}",
                    schema, kSchemaVersion));
  }
  if (schema != kSchemaVersion) {
    return fail(ErrorKind::corrupt,
                fmt::format("catalog: the file has format {}; this program knows format {}", schema, kSchemaVersion));
  }
  return {};
}

Result<void> Database::prepare_statements() {
  PENSTOCK_TRY(put_, prepare("INSERT INTO document(key, version, bytes) VALUES(?1, ?2, ?3) "
                             "ON CONFLICT(key) DO UPDATE SET version = ?2, bytes = ?3"));
  PENSTOCK_TRY(remove_, prepare("DELETE FROM document WHERE key = ?1"));
  PENSTOCK_TRY(set_last_, prepare("UPDATE counter SET value = ?1 WHERE name = 'version'"));
  return {};
}

Result<Version> Database::load(const std::function<void(std::string, Version, std::string)>& on_document) {
  PENSTOCK_TRY(const Statement rows, prepare("SELECT key, version, bytes FROM document"));
  int code = sqlite3_step(rows.get());
  for (; code == SQLITE_ROW; code = sqlite3_step(rows.get())) {
    const auto text = [&](int column) {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(rows.get(), column));
      return std::string(bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(rows.get(), column)));
    };
    on_document(text(0), static_cast<Version>(sqlite3_column_int64(rows.get(), 1)), text(2));
  }
  if (code != SQLITE_DONE) return failure("read the documents");
  PENSTOCK_TRY(const std::int64_t last, number("SELECT value FROM counter WHERE name = 'version'"));
  return static_cast<Version>(last);
}

Result<void> Database::begin() { return run("BEGIN IMMEDIATE"); }

Result<void> Database::write(Version version, std::span<const Change> changes) {
  for (const Change& change : changes) {
    sqlite3_stmt* statement = change.bytes ? put_.get() : remove_.get();
    sqlite3_bind_text(statement, 1, change.key.data(), static_cast<int>(change.key.size()), SQLITE_STATIC);
    if (change.bytes) {
      sqlite3_bind_int64(statement, 2, static_cast<sqlite3_int64>(version));
      sqlite3_bind_blob(statement, 3, change.bytes->data(), static_cast<int>(change.bytes->size()), SQLITE_STATIC);
    }
    const int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (code != SQLITE_DONE) return failure("write");
    sqlite3_clear_bindings(statement);
  }
  return {};
}

Result<void> Database::commit(Version last) {
  sqlite3_bind_int64(set_last_.get(), 1, static_cast<sqlite3_int64>(last));
  const int code = sqlite3_step(set_last_.get());
  sqlite3_reset(set_last_.get());
  if (code != SQLITE_DONE) return failure("write");
  return run("COMMIT");
}

void Database::roll_back() {
  // SQLite rolls back by itself after some errors; then there is no transaction left to end.
  if (sqlite3_get_autocommit(handle_) == 0) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> Database::copy_to(const std::string& path) {
  PENSTOCK_TRY(const Statement copy, prepare("VACUUM INTO ?1"));
  sqlite3_bind_text(copy.get(), 1, path.data(), static_cast<int>(path.size()), SQLITE_STATIC);
  if (sqlite3_step(copy.get()) != SQLITE_DONE) return failure("copy");
  return {};
}

void Database::checkpoint_if_due(int pages) {
  if (wal_pages_ < pages) return;
  wal_pages_ = 0;
  sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failure("run a statement");
  return {};
}

Result<Database::Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return failure("prepare a statement");
  }
  return Statement(statement);
}

Result<std::int64_t> Database::number(const char* sql) {
  PENSTOCK_TRY(const Statement statement, prepare(sql));
  if (sqlite3_step(statement.get()) != SQLITE_ROW) return failure("read a number");
  return sqlite3_column_int64(statement.get(), 0);
}

}  // namespace penstock::catalog
