#include "cli/stored_zip.h"

#include <gtest/gtest.h>
#include <zip.h>

namespace penstock::cli {
namespace {

TEST(StoredZipTest, AnotherProgramReadsIt) {
  const std::string zip = stored_zip("app.py", "print('x')\n");
  zip_source_t* source = zip_source_buffer_create(zip.data(), zip.size(), 0, nullptr);
  ASSERT_NE(source, nullptr);
  zip_t* archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, nullptr);
  ASSERT_NE(archive, nullptr);
  EXPECT_EQ(zip_get_num_entries(archive, 0), 1);
  zip_file_t* file = zip_fopen(archive, "app.py", 0);
  ASSERT_NE(file, nullptr);
  std::string contents(100, '\0');
  contents.resize(static_cast<std::size_t>(zip_fread(file, contents.data(), contents.size())));
  EXPECT_EQ(contents, "print('x')\n");
  EXPECT_EQ(zip_fclose(file), 0);
  zip_discard(archive);
}

}  // namespace
}  // namespace penstock::cli
