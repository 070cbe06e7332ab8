#pragma once
/// A zip of one file, not compressed. Pure. Source: PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.

#include <string>
#include <string_view>

namespace penstock::cli {

/// Of less than 4 GiB.
[[nodiscard]] std::string stored_zip(std::string_view name, std::string_view contents);

}  // namespace penstock::cli
