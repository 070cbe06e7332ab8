#include "rules/functions.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/encoding/base64.h"
#include "rules/evaluate.h"
#include "rules/lexer.h"
#include "rules/string_functions.h"

namespace penstock::rules {
namespace {

using Arguments = std::span<const Value>;

// ---- about the message

Value topic(Evaluation& evaluation, Arguments arguments) {
  std::string_view rest = evaluation.event.topic;
  if (arguments.empty()) return std::string(rest);
  const auto segment = to_int(arguments[0], evaluation.version);
  if (!segment.has_value() || !segment->fits_int64() || segment->to_int64() < 1) return {};
  for (std::int64_t left = segment->to_int64(); left > 1; --left) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
  return std::string(rest.substr(0, rest.find('/')));
}

Value clientid(Evaluation& evaluation, Arguments) {
  return evaluation.event.client_id.empty() ? std::string("n/a") : std::string(evaluation.event.client_id);
}

Value timestamp(Evaluation& evaluation, Arguments) { return Number::of_int(to_unix_ms(evaluation.event.received)); }

Value newuuid(Evaluation& evaluation, Arguments) { return evaluation.event.new_uuid(); }

Value principal(Evaluation& evaluation, Arguments) {
  return evaluation.event.principal.empty() ? Value() : Value(std::string(evaluation.event.principal));
}

Value accountid(Evaluation& evaluation, Arguments) {
  return evaluation.event.account.empty() ? Value() : Value(std::string(evaluation.event.account));
}

Value sql_version(Evaluation& evaluation, Arguments) {
  return std::string(evaluation.version == SqlVersion::v2015_10_08 ? "2015-10-08" : "2016-03-23");
}

// ---- about values

Value is_null(Evaluation&, Arguments arguments) { return arguments[0].kind() == Kind::null; }
Value is_undefined(Evaluation&, Arguments arguments) { return arguments[0].is_undefined(); }

Value nanvl(Evaluation&, Arguments arguments) {
  const Kind kind = arguments[0].kind();
  return kind == Kind::undefined || kind == Kind::null ? arguments[1] : arguments[0];
}

Value get(Evaluation& evaluation, Arguments arguments) {
  const Value& collection = arguments[0];
  if (collection.kind() == Kind::object) {
    return arguments[1].kind() == Kind::string ? collection.member(arguments[1].string()) : Value();
  }
  if (collection.kind() == Kind::bytes) {
    evaluation.error = Error{ErrorKind::invalid, "The payload is not JSON, which get(*, ..) needs."};
    return {};
  }
  const auto at = to_int(arguments[1], evaluation.version);
  if (!at.has_value() || at->is_negative() || !at->fits_int64()) return {};
  const auto index = static_cast<std::uint64_t>(at->to_int64());
  if (collection.kind() == Kind::array) return collection.element(index);
  if (collection.kind() != Kind::string) return {};
  std::string character = character_of(collection.string(), index);
  return character.empty() ? Value() : Value(std::move(character));
}

bool is_base64_scheme(const Value& scheme) { return scheme.kind() == Kind::string && scheme.string() == "base64"; }

Value encode(Evaluation& evaluation, Arguments arguments) {
  if (!is_base64_scheme(arguments[1])) return {};
  if (arguments[0].kind() == Kind::bytes) return base64_encode(arguments[0].bytes());
  const View* view = arguments[0].view();
  if (view != nullptr && view->node == Document::kRoot && !evaluation.scope.has_value()) {
    return base64_encode(evaluation.event.payload);  // the payload to the byte
  }
  const auto text = to_string(arguments[0], evaluation.version);
  if (!text.has_value() || !evaluation.charge(base64_encoded_size(text->size()))) return {};
  return base64_encode(*text);
}

/// Null when the text is not base64; a JSON document becomes a value that can be looked into.
Value decode(Evaluation& evaluation, Arguments arguments) {
  if (!is_base64_scheme(arguments[1])) return {};
  const auto text = to_string(arguments[0], evaluation.version);
  if (!text.has_value()) return {};
  auto decoded = base64_decode(*text);
  if (!decoded.has_value()) return Null{};
  if (!evaluation.charge(decoded->size())) return {};
  evaluation.texts.push_back(std::make_unique<const std::string>(*std::move(decoded)));
  const std::string& kept = *evaluation.texts.back();
  auto document = Document::parse(kept);
  if (!document.has_value()) {
    if (!is_utf8(kept)) return Null{};
    return kept;
  }
  evaluation.documents.push_back(std::make_unique<const Document>(*std::move(document)));
  return View{evaluation.documents.back().get(), Document::kRoot};
}

/// transform('enrichArray', object, array of objects)
Value transform(Evaluation& evaluation, Arguments arguments) {
  if (arguments[0].kind() != Kind::string || arguments[0].string() != "enrichArray") return {};
  if (arguments[1].kind() != Kind::object || arguments[2].kind() != Kind::array) return {};
  const Object extra = arguments[1].members();
  Array out;
  for (const Value& element : arguments[2].elements()) {
    if (element.kind() != Kind::object) return {};
    if (!evaluation.charge(64 * (extra.size() + 1))) return {};
    Object members = element.members();
    for (const auto& [name, value] : extra) {
      const auto place = std::ranges::find(members, name, &Member::first);
      if (place == members.end()) {
        members.emplace_back(name, value);
      } else {
        place->second = value;
      }
    }
    out.emplace_back(std::move(members));
  }
  return out;
}

// ---- numbers

template <Number::Rounding how>
Value rounding(Evaluation& evaluation, Arguments arguments) {
  const auto number = to_number(arguments[0], evaluation.version);
  return number.has_value() ? Value::of(number->rounded(how), evaluation.version) : Value();
}

Value trunc(Evaluation& evaluation, Arguments arguments) {
  const auto number = to_number(arguments[0], evaluation.version);
  if (!number.has_value() || arguments[1].kind() != Kind::number) return {};
  const auto places = to_int(arguments[1], evaluation.version);
  if (!places.has_value()) return {};
  const auto clamped = static_cast<int>(std::clamp<std::int64_t>(places->to_int64(), 0, Number::kDigitsMax));
  return Value::of(number->rounded(Number::Rounding::toward_zero, clamped), evaluation.version);
}

Value abs(Evaluation& evaluation, Arguments arguments) {
  const auto number = to_number(arguments[0], evaluation.version);
  return number.has_value() ? Value::of(number->absolute(), evaluation.version) : Value();
}

Value sign(Evaluation& evaluation, Arguments arguments) {
  const auto number = to_number(arguments[0], evaluation.version);
  if (!number.has_value()) return {};
  return Number::of_int(number->is_zero() ? 0 : (number->is_negative() ? -1 : 1));
}

Value mod(Evaluation& evaluation, Arguments arguments) {
  const auto a = to_number(arguments[0], evaluation.version);
  const auto b = to_number(arguments[1], evaluation.version);
  return a.has_value() && b.has_value() ? Value::of(remainder(*a, *b), evaluation.version) : Value();
}

/// Double precision; results that are no real number are Undefined.
template <double (*function)(double)>
Value real(Evaluation& evaluation, Arguments arguments) {
  const auto number = to_number(arguments[0], evaluation.version);
  return number.has_value() ? Value::of(Number::of_double(function(number->to_double())), evaluation.version) : Value();
}

template <double (*function)(double, double)>
Value real2(Evaluation& evaluation, Arguments arguments) {
  const auto a = to_number(arguments[0], evaluation.version);
  const auto b = to_number(arguments[1], evaluation.version);
  if (!a.has_value() || !b.has_value()) return {};
  return Value::of(Number::of_double(function(a->to_double(), b->to_double())), evaluation.version);
}

/// The two's complement of 64 bits; nullopt beyond.
std::optional<std::int64_t> to_bits(const Value& value, SqlVersion version) {
  const auto number = to_number(value, version);
  if (!number.has_value()) return std::nullopt;
  const auto whole = number->rounded(Number::Rounding::down);
  if (!whole.has_value() || !whole->fits_int64()) return std::nullopt;
  return whole->to_int64();
}

template <std::int64_t (*function)(std::int64_t, std::int64_t)>
Value bitwise(Evaluation& evaluation, Arguments arguments) {
  const auto a = to_bits(arguments[0], evaluation.version);
  const auto b = to_bits(arguments[1], evaluation.version);
  return a.has_value() && b.has_value() ? Value(Number::of_int(function(*a, *b))) : Value();
}
std::int64_t bit_and(std::int64_t a, std::int64_t b) { return a & b; }
std::int64_t bit_or(std::int64_t a, std::int64_t b) { return a | b; }
std::int64_t bit_xor(std::int64_t a, std::int64_t b) { return a ^ b; }

constexpr auto kV1 = SqlVersion::v2015_10_08;
constexpr auto kV2 = SqlVersion::v2016_03_23;
using Rounding = Number::Rounding;

constexpr std::array kFunctions = {
    Function{"abs", 1, 1, kV1, &abs},
    Function{"accountid", 0, 0, kV1, &accountid},
    Function{"acos", 1, 1, kV1, &real<std::acos>},
    Function{"asin", 1, 1, kV1, &real<std::asin>},
    Function{"atan", 1, 1, kV1, &real<std::atan>},
    Function{"atan2", 2, 2, kV1, &real2<std::atan2>},
    Function{"bitand", 2, 2, kV1, &bitwise<bit_and>},
    Function{"bitor", 2, 2, kV1, &bitwise<bit_or>},
    Function{"bitxor", 2, 2, kV1, &bitwise<bit_xor>},
    Function{"ceil", 1, 1, kV1, &rounding<Rounding::up>},
    Function{"chr", 1, 1, kV1, &functions::chr},
    Function{"clientid", 0, 0, kV1, &clientid},
    Function{"concat", 0, kAnyNumber, kV1, &functions::concat},
    Function{"cos", 1, 1, kV1, &real<std::cos>},
    Function{"cosh", 1, 1, kV1, &real<std::cosh>},
    Function{"decode", 2, 2, kV2, &decode},
    Function{"encode", 2, 2, kV2, &encode, true},
    Function{"endswith", 2, 2, kV1, &functions::endswith},
    Function{"exp", 1, 1, kV1, &real<std::exp>},
    Function{"floor", 1, 1, kV1, &rounding<Rounding::down>},
    Function{"get", 2, 2, kV1, &get, true},
    Function{"indexof", 2, 2, kV2, &functions::indexof},
    Function{"isnull", 1, 1, kV1, &is_null},
    Function{"isundefined", 1, 1, kV2, &is_undefined},
    Function{"length", 1, 1, kV2, &functions::length},
    Function{"ln", 1, 1, kV1, &real<std::log>},
    Function{"log", 1, 1, kV1, &real<std::log10>},
    Function{"lower", 1, 1, kV1, &functions::lower},
    Function{"lpad", 2, 2, kV1, &functions::lpad},
    Function{"ltrim", 1, 1, kV1, &functions::ltrim},
    Function{"mod", 2, 2, kV1, &mod},
    Function{"nanvl", 2, 2, kV1, &nanvl},
    Function{"newuuid", 0, 0, kV1, &newuuid},
    Function{"numbytes", 1, 1, kV2, &functions::numbytes},
    Function{"power", 2, 2, kV1, &real2<std::pow>},
    Function{"principal", 0, 0, kV1, &principal},
    Function{"remainder", 2, 2, kV1, &mod},
    Function{"replace", 3, 3, kV1, &functions::replace},
    Function{"round", 1, 1, kV1, &rounding<Rounding::half_away>},
    Function{"rpad", 2, 2, kV1, &functions::rpad},
    Function{"rtrim", 1, 1, kV1, &functions::rtrim},
    Function{"sign", 1, 1, kV1, &sign},
    Function{"sin", 1, 1, kV1, &real<std::sin>},
    Function{"sinh", 1, 1, kV1, &real<std::sinh>},
    Function{"sql_version", 0, 0, kV1, &sql_version},
    Function{"sqrt", 1, 1, kV1, &real<std::sqrt>},
    Function{"startswith", 2, 2, kV1, &functions::startswith},
    Function{"substring", 2, 3, kV1, &functions::substring},
    Function{"tan", 1, 1, kV1, &real<std::tan>},
    Function{"tanh", 1, 1, kV1, &real<std::tanh>},
    Function{"timestamp", 0, 0, kV1, &timestamp},
    Function{"topic", 0, 1, kV1, &topic},
    Function{"transform", 3, 3, kV2, &transform},
    Function{"trim", 1, 1, kV1, &functions::trim},
    Function{"trunc", 2, 2, kV1, &trunc},
    Function{"upper", 1, 1, kV1, &functions::upper},
};

constexpr std::array<std::string_view, 22> kUnbuiltFunctions = {"aws_lambda",
                                                                "bitnot",
                                                                "get_dynamodb",
                                                                "get_mqtt_property",
                                                                "get_or_default",
                                                                "get_registry_data",
                                                                "get_secret",
                                                                "get_thing_shadow",
                                                                "get_user_properties",
                                                                "machinelearning_predict",
                                                                "md2",
                                                                "md5",
                                                                "parse_time",
                                                                "rand",
                                                                "regexp_matches",
                                                                "regexp_replace",
                                                                "regexp_substr",
                                                                "sha1",
                                                                "sha224",
                                                                "sha256",
                                                                "sha384",
                                                                "sha512"};
constexpr std::array<std::string_view, 2> kMoreUnbuiltFunctions = {"time_to_epoch", "traceid"};

std::string to_lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

}  // namespace

const Function* find_function(std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  const auto* found = std::ranges::lower_bound(kFunctions, std::string_view(lower), {}, &Function::name);
  return found != kFunctions.end() && found->name == lower ? found : nullptr;
}

bool is_unbuilt_function(std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  return std::ranges::find(kUnbuiltFunctions, lower) != kUnbuiltFunctions.end() ||
         std::ranges::find(kMoreUnbuiltFunctions, lower) != kMoreUnbuiltFunctions.end();
}

}  // namespace penstock::rules
