// rooms: stream
// No input is a token: only what the sealer gave out is.
#include <cstdint>

#include "core/result.h"
#include "stream/sealed_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using penstock::stream::TokenKind;
  static const penstock::stream::TokenSealer sealer(std::string(penstock::stream::kTokenKeyBytes, 'k'));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {TokenKind::shard_iterator, TokenKind::list_shards, TokenKind::list_streams}) {
    const auto contents = sealer.unseal(kind, text);
    if (contents) PENSTOCK_ASSERT(sealer.seal(kind, *contents) == text);
  }
  const std::string_view contents = text.substr(0, penstock::stream::kTokenContentsBytesMax);
  PENSTOCK_ASSERT(sealer.unseal(TokenKind::list_shards, sealer.seal(TokenKind::list_shards, contents)) == contents);
  PENSTOCK_ASSERT(!sealer.unseal(TokenKind::list_streams, sealer.seal(TokenKind::list_shards, contents)));
  return 0;
}
