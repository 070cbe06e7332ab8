#include "functions/function_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "catalog/memory/memory_catalog.h"
#include "functions/zip_fixture.h"
#include "os/new_tree.h"
#include "os/posix_file_system.h"

namespace penstock::functions {
namespace {

namespace fs = std::filesystem;

class FunctionStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (fs::temp_directory_path() / ("function_store_" + SystemRandom().hex(8))).string();
    open();
  }
  void TearDown() override {
    store_.reset();
    code_.reset();
    ASSERT_TRUE(os::remove_tree(folder_).has_value());
  }

  void open() {
    store_.reset();
    code_.reset();
    code_ = *CodeStore::open({.files = *files_, .random = random_, .folder = folder_, .stamp = "boot"});
    auto opened = FunctionStore::open({.catalog = *catalog_,
                                       .clock = clock_,
                                       .random = random_,
                                       .code = *code_,
                                       .account = "000000000000",
                                       .region = "eu-west-1"});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = *std::move(opened);
  }

  /// Writes documents as they are.
  template <class Record>
  void write(std::string_view kind, const std::string& key, const Record& record) {
    const auto done = run_sync(store_->change([&](const FunctionRegistry&) -> Result<std::vector<catalog::Change>> {
      return std::vector<catalog::Change>{
          {.key = key::of(kind, key), .expected = std::nullopt, .bytes = to_document(record)}};
    }));
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  void erase(std::string_view kind, const std::string& key) {
    ASSERT_TRUE(run_sync(catalog_->remove(key::of(kind, key))).has_value());
  }

  FunctionRecord record(const std::string& name, const CodePtr& code, const std::string& revision = "r1") {
    FunctionRecord out{.name = name};
    out.latest.function = name;
    out.latest.version = kLatest;
    out.latest.runtime = "python3.11";
    out.latest.environment = Names{{"A", "1"}};
    out.latest.code = to_record(*code);
    out.latest.revision_id = revision;
    return out;
  }
  void add_version(const FunctionRecord& function, std::int64_t number) {
    VersionRecord version = function.latest;
    version.version = std::to_string(number);
    write(key::kVersion, version_key(function.name, number), version);
  }
  CodePtr keep(const std::string& content) {
    return *run_sync(code_->keep(make_zip({{.name = "f", .content = content}}), {}));
  }
  /// A function whose code is `content`: held until it is written.
  FunctionRecord make(const std::string& name, const std::string& content) {
    const CodePtr code = keep(content);
    FunctionRecord function = record(name, code);
    write(key::kFunction, name, function);
    return function;
  }

  ManualClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<os::FileSystem> files_ = os::posix_file_system();
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::make_memory_catalog();
  std::string folder_;
  std::unique_ptr<CodeStore> code_;
  std::unique_ptr<FunctionStore> store_;
};

TEST_F(FunctionStoreTest, ResolvesWhatIsRun) {
  FunctionRecord function = make("f", "1");
  function.reserved_concurrency = 3;
  write(key::kFunction, "f", function);
  const auto found = store_->resolve("f", "");
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->version->version, "$LATEST");
  EXPECT_EQ(found->version->arn, "arn:aws:lambda:eu-west-1:000000000000:function:f");
  EXPECT_EQ(found->invoked_arn, found->version->arn);
  EXPECT_EQ(found->reserved_concurrency, 3);
  EXPECT_EQ(found->version->logging.group, "/aws/lambda/f");
  EXPECT_TRUE(fs::exists(found->version->code_folder + "/f"));
  EXPECT_EQ(store_->resolve("f", "9").error().message,
            "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:f:9");
  EXPECT_EQ(store_->resolve("g", "").error().kind, ErrorKind::missing);
}

TEST_F(FunctionStoreTest, ANewRevisionAloneKeepsEnvironments) {
  FunctionRecord function = make("f", "1");
  const auto revision = [&] { return store_->resolve("f", "")->version->revision_id; };
  const std::string first = revision();
  function.latest.revision_id = "r2";  // as tags and permissions do
  write(key::kFunction, "f", function);
  EXPECT_EQ(revision(), first);
  function.latest.timeout_seconds = 9;
  write(key::kFunction, "f", function);
  EXPECT_NE(revision(), first);
}

TEST_F(FunctionStoreTest, AnAliasWithWeightsPicksByChance) {
  const FunctionRecord function = make("f", "1");
  add_version(function, 1);
  add_version(function, 2);
  write(key::kAlias, "f/live",
        AliasRecord{.name = "live", .version = "1", .second_version = "2", .second_weight = 0.25});
  int second = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto found = store_->resolve("f", "live");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->invoked_arn, "arn:aws:lambda:eu-west-1:000000000000:function:f:live");
    second += found->version->version == "2" ? 1 : 0;
  }
  EXPECT_GT(second, 850);
  EXPECT_LT(second, 1150);
}

TEST_F(FunctionStoreTest, CodeStandsAsLongAsAVersionOfItRuns) {
  CodePtr one = keep("1");
  const std::string folder = one->folder;
  write(key::kFunction, "f", record("f", one));
  one.reset();
  FunctionVersionPtr running = store_->resolve("f", "")->version;
  CodePtr two = keep("2");
  write(key::kFunction, "f", record("f", two, "r2"));
  EXPECT_NE(store_->resolve("f", "")->version->code_folder, folder);
  EXPECT_TRUE(fs::exists(folder + "/f"));
  running.reset();
  EXPECT_FALSE(run_sync(code_->keep("no zip", {})).has_value());  // behind everything that was asked before
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(FunctionStoreTest, FunctionsAndLayersOutliveTheServer) {
  const CodePtr code = keep("1");
  CodePtr layer = keep("layer");
  FunctionRecord function = record("f", code);
  function.latest.layers = {{.arn = store_->layer_arn("l") + ":1", .code = to_record(*layer)}};
  write(key::kFunction, "f", function);
  write(key::kLayerVersion, version_key("l", 1),
        LayerVersionRecord{.name = "l", .version = 1, .code = to_record(*layer)});
  erase(key::kLayerVersion, version_key("l", 1));
  layer.reset();
  open();
  const auto found = store_->resolve("f", "");
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->version->layer_folders.size(), 1U);
  EXPECT_TRUE(fs::exists(found->version->layer_folders.front() + "/f"));
}

TEST_F(FunctionStoreTest, LostCodeIsSaidAndNothingElseIsLost) {
  const CodePtr code = keep("1");
  write(key::kFunction, "f", record("f", code));
  store_.reset();
  code_.reset();
  ASSERT_TRUE(os::remove_tree(folder_).has_value());
  open();
  EXPECT_EQ(store_->resolve("f", "").error().kind, ErrorKind::conflict);
  EXPECT_NE(store_->read([](const FunctionRegistry& registry) { return registry.functions().find("f"); }), nullptr);
}

TEST_F(FunctionStoreTest, TellsWhatChanged) {
  std::vector<std::string> told;
  store_->watch([&](std::string_view name) { told.emplace_back(name); });
  const FunctionRecord function = make("f", "1");
  add_version(function, 1);
  write(key::kProvisioned, "f/1", ProvisionedRecord{.environments = 2});
  write(key::kLayer, "l", LayerRecord{});
  EXPECT_EQ(told, (std::vector<std::string>{"f", "f", "f"}));
  ASSERT_EQ(store_->provisioned().size(), 1U);
  EXPECT_EQ(store_->provisioned().front().provisioned_concurrency, 2);
  EXPECT_EQ(store_->provisioned().front().version->version, "1");
}

TEST_F(FunctionStoreTest, PoliciesConfigurationsAndUrlsAreFound) {
  make("f", "1");
  EXPECT_EQ(store_->policy("f", ""), "");
  write(key::kPolicy, "f/$LATEST", PolicyRecord{.statements = {{.id = "s", .json = {R"({"Sid":"s"})"}}}});
  EXPECT_EQ(store_->policy("f", ""), R"({"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s"}]})");
  EXPECT_EQ(store_->invoke_config("f", ""), nullptr);
  write(key::kInvokeConfig, "f/$LATEST", InvokeConfigRecord{.retries_max = 0});
  EXPECT_EQ(store_->invoke_config("f", "")->retries_max, 0);
  write(key::kUrl, "f/$LATEST", UrlRecord{.id = "abc", .auth_type = "NONE"});
  ASSERT_TRUE(store_->find_url("abc").has_value());
  EXPECT_EQ(store_->find_url("abc")->function, "f");
  EXPECT_EQ(store_->find_url("abc")->qualifier, "");
  erase(key::kUrl, "f/$LATEST");
  EXPECT_FALSE(store_->find_url("abc").has_value());
}

}  // namespace
}  // namespace penstock::functions
