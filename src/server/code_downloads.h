#pragma once
/// Gives the zips of functions and layers to whoever has a link that the API gave (GetFunction's Code.Location,
/// GetLayerVersion's Content.Location):
///
///     http://<api>/lambda-code/<sha256>.zip?expires=<unix seconds>&signature=<hex of an HMAC-SHA-256>
///
/// Guarantee: only this process makes links (its key is drawn at the start), and each is good for kLinkLife.
/// Source:  AWS Lambda API Reference, GetFunction ("a link to download the deployment package that's valid for 10
///          minutes"); the errors are those of a presigned S3 URL.
/// Threads: any. The zip is read on the code store's thread. Bounds: the memory of answers; over it 503.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/memory_budget.h"
#include "core/random.h"
#include "functions/code_store.h"
#include "net/http.h"

namespace penstock::server {

/// All outlive it.
struct CodeDownloadParts {
  functions::CodeStore& code;
  MemoryBudget& answers;
  const Clock& clock;
  Random& random;
  std::function<std::string()> api_url;  ///< "http://127.0.0.1:4566"
};

class CodeDownloads {
 public:
  static constexpr std::chrono::seconds kLinkLife{600};

  explicit CodeDownloads(CodeDownloadParts parts);

  /// A new link to the zip.
  [[nodiscard]] std::string link(std::string_view sha256_hex) const;
  /// Whether the request is for one of these links, good or not.
  [[nodiscard]] static bool is_at(const net::HttpRequest& request);
  Task<net::HttpResponse> answer(net::HttpRequest request);

 private:
  [[nodiscard]] std::string signature(std::string_view sha256_hex, std::string_view expires) const;
  Task<net::HttpResponse> give(std::string sha256_hex);

  CodeDownloadParts parts_;
  std::string key_;
};

}  // namespace penstock::server
