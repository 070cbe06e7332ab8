#include "rules/rule_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "codec/json_text.h"
#include "rules/evaluate.h"
#include "rules/parser.h"
#include "rules/string_functions.h"

namespace penstock::rules {
namespace {

/// The members of an outgoing object, as JSON text or as values; of repeated keys the last wins at the first's place.
class ObjectWriter {
 public:
  explicit ObjectWriter(SqlVersion version) : version_(version) {}

  void add(std::string_view key, Value value) {
    Entry& entry = place(key);
    entry.value = std::move(value);
    entry.written_key = {};
  }
  void add_members(const Document& document) {
    const NodeIndex end = document.node(Document::kRoot).next;
    for (NodeIndex at = Document::first_child(Document::kRoot); at != end; at = document.node(at + 1).next) {
      const std::string_view raw = document.raw(at);
      const bool plain = !document.node(at).has_escape;
      Entry& entry = place(plain ? raw.substr(1, raw.size() - 2) : keep(document.string_at(at)));
      entry.value = View{&document, at + 1};
      entry.written_key = raw;
    }
  }
  [[nodiscard]] std::string text() const {
    std::string out = "{";
    for (const Entry& entry : entries_) {
      if (entry.value.is_undefined()) continue;
      if (out.size() > 1) out += ',';
      if (entry.written_key.empty()) {
        codec::append_json_string(entry.key, out);
      } else {
        out += entry.written_key;
      }
      out += ':';
      append_json(entry.value, version_, out);
    }
    out += '}';
    return out;
  }

 private:
  struct Entry {
    std::string_view key;
    std::string_view written_key;  ///< with its quotes, when it is the payload's
    Value value;
  };
  static constexpr std::size_t kLinearMax = 16;  ///< above, keys are looked up by hash

  std::string_view keep(std::string key) {
    kept_.push_back(std::make_unique<const std::string>(std::move(key)));
    return *kept_.back();
  }

  Entry& place(std::string_view key) {
    if (entries_.size() < kLinearMax) {
      const auto found = std::ranges::find(entries_, key, &Entry::key);
      if (found != entries_.end()) return *found;
    } else {
      if (places_.empty()) {
        for (std::size_t i = 0; i < entries_.size(); ++i) places_.emplace(entries_[i].key, i);
      }
      const auto [found, is_new] = places_.try_emplace(key, entries_.size());
      if (!is_new) return entries_[found->second];
    }
    return entries_.emplace_back(Entry{.key = key, .written_key = {}, .value = {}});
  }

  SqlVersion version_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string_view, std::size_t> places_;
  std::vector<std::unique_ptr<const std::string>> kept_;
};

Result<std::string> bounded(std::string text) {
  if (text.size() <= kOutputBytesMax) return text;
  return fail(ErrorKind::invalid, fmt::format("The statement's result has more than {} bytes.", kOutputBytesMax));
}

class CompiledStatement final : public Statement {
 public:
  CompiledStatement(Query query, SqlVersion version) : query_(std::move(query)), version_(version) {}

  [[nodiscard]] const std::string& topic_filter() const override { return query_.topic_filter; }

  [[nodiscard]] Result<std::optional<std::string>> evaluate(const EventView& event) const override {
    Evaluation evaluation{.event = event, .version = version_};
    if (query_.select.where != nullptr) {
      const Value where = rules::evaluate(*query_.select.where, evaluation);
      if (evaluation.error.has_value()) return std::unexpected(*evaluation.error);
      if (to_boolean(where) != true) return std::nullopt;
    }
    PENSTOCK_TRY(std::string out, render_select(query_.select, evaluation));
    return std::optional(std::move(out));
  }

 private:
  Query query_;
  SqlVersion version_;
};

class CompiledTemplate final : public Template {
 public:
  struct Part {
    std::string text;
    ExpressionPtr expression;  ///< null: text
  };
  CompiledTemplate(std::vector<Part> parts, SqlVersion version) : parts_(std::move(parts)), version_(version) {}

  [[nodiscard]] Result<std::string> render(const EventView& event) const override {
    Evaluation evaluation{.event = event, .version = version_};
    std::string out;
    for (const Part& part : parts_) {
      out += part.text;
      if (part.expression == nullptr) continue;
      const Value value = evaluate(*part.expression, evaluation);
      if (evaluation.error.has_value()) return std::unexpected(*evaluation.error);
      const auto text = to_string(value, version_);
      if (!text.has_value()) return fail(ErrorKind::invalid, "A substitution template's expression is Undefined.");
      out += *text;
    }
    return bounded(std::move(out));
  }

 private:
  std::vector<Part> parts_;
  SqlVersion version_;
};

Result<SqlVersion> known_version(std::string_view version) {
  if (version == "2015-10-08") return SqlVersion::v2015_10_08;
  if (version == "2016-03-23" || version == "beta") return SqlVersion::v2016_03_23;
  return fail(ErrorKind::invalid, "The SQL version is not known: 2015-10-08, 2016-03-23 and beta are.");
}

Result<void> check_text(std::string_view text) {
  if (text.size() > kSqlBytesMax) return fail(ErrorKind::invalid, "The text is too long.");
  if (!is_utf8(text)) return fail(ErrorKind::invalid, "The text is not valid UTF-8.");
  return {};
}

}  // namespace

Result<std::string> render_select(const Select& select, Evaluation& evaluation) {
  const auto is_star = [](const SelectItem& item) {
    return item.expression == nullptr || item.expression->kind == ExpressionKind::star;
  };
  if (select.items.size() == 1 && is_star(select.items[0]) && select.items[0].alias.empty()) {
    return std::string(evaluation.event.payload);
  }
  if (select.value_only) {
    const Value value = evaluate(*select.items[0].expression, evaluation);
    if (evaluation.error.has_value()) return std::unexpected(*evaluation.error);
    std::string out;
    append_json(value, evaluation.version, out);
    return bounded(std::move(out));
  }
  ObjectWriter writer(evaluation.version);
  for (const SelectItem& item : select.items) {
    if (item.expression != nullptr && !is_star(item)) {
      writer.add(item.alias, evaluate(*item.expression, evaluation));
      if (evaluation.error.has_value()) return std::unexpected(*evaluation.error);
      continue;
    }
    const Document* document = evaluation.json();
    if (document == nullptr) return std::unexpected(*evaluation.error);
    if (item.expression != nullptr) {
      writer.add(item.alias, View{document, Document::kRoot});
    } else if (document->node(Document::kRoot).kind == NodeKind::object) {
      writer.add_members(*document);
    } else {
      return fail(ErrorKind::invalid, "The payload is not a JSON object, so '*' cannot be put beside other items.");
    }
  }
  return bounded(writer.text());
}

Result<std::shared_ptr<const Statement>> compile(std::string_view sql, std::string_view version) {
  PENSTOCK_TRY(const SqlVersion known, known_version(version));
  PENSTOCK_TRY_VOID(check_text(sql));
  PENSTOCK_TRY(Query query, parse_query(sql, known));
  return std::make_shared<const CompiledStatement>(std::move(query), known);
}

Result<std::shared_ptr<const Template>> compile_template(std::string_view text, std::string_view version) {
  PENSTOCK_TRY(const SqlVersion known, known_version(version));
  PENSTOCK_TRY_VOID(check_text(text));
  std::vector<CompiledTemplate::Part> parts;
  std::size_t at = 0;
  for (;;) {
    const std::size_t opening = text.find("${", at);
    const std::string_view plain = text.substr(at, opening - at);
    CompiledTemplate::Part& part = parts.emplace_back(CompiledTemplate::Part{std::string(plain), nullptr});
    if (opening == std::string_view::npos) break;
    at = opening + 2;
    PENSTOCK_TRY(part.expression, parse_substitution(text, at, known));
  }
  return std::make_shared<const CompiledTemplate>(std::move(parts), known);
}

}  // namespace penstock::rules
