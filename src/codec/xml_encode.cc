#include <fmt/format.h>

#include "codec/codec.h"
#include "codec/scalar_text.h"

/// Source: Smithy specification, "AWS query protocol", response serialization.
namespace penstock::codec {
namespace {

/// XML 1.0 has no way to write most control characters: U+FFFD stands for them. CR is escaped because a parser would
/// turn it into LF.
void append_xml_text(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\r': out += "&#xD;"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') {
          out += "\xEF\xBF\xBD";
        } else {
          out += c;
        }
    }
  }
}

void append_element(std::string_view name, std::string_view text, std::string& out) {
  out.append("<").append(name).append(">");
  append_xml_text(text, out);
  out.append("</").append(name).append(">");
}

void append_members(const Shape& shape, const void* value, std::string& out);

/// What stands between <Name> and </Name>.
void append_content(const Type& type, const void* value, std::string_view list_member, std::string& out) {
  if (value == nullptr) return;
  if (type.kind == Kind::structure) {
    append_members(type.shape(), value, out);
  } else if (type.kind == Kind::list) {
    for (std::size_t i = 0; i < type.size(value); ++i) {
      out.append("<").append(list_member).append(">");
      append_content(*type.element, type.element->get(type.item(value, i)), "member", out);
      out.append("</").append(list_member).append(">");
    }
  } else if (type.kind == Kind::map) {
    type.each(value, [&](std::string_view key, const void* entry) {
      out += "<entry>";
      append_element("key", key, out);
      out += "<value>";
      append_content(*type.element, type.element->get(entry), "member", out);
      out += "</value></entry>";
    });
  } else {
    std::string text;
    append_scalar_text(type.kind, value, TimestampStyle::iso_8601, text);
    append_xml_text(text, out);
  }
}

void append_members(const Shape& shape, const void* value, std::string& out) {
  for (const Field& field : shape.fields()) {
    const void* member = field.type->get(field.of(value));
    if (member == nullptr) continue;
    out.append("<").append(field.name).append(">");
    append_content(*field.type, member, field.rules.list_member, out);
    out.append("</").append(field.name).append(">");
  }
}

}  // namespace

std::string encode_query_response(std::string_view operation, std::string_view xml_namespace,
                                  std::string_view request_id, const Shape& shape, const void* value, bool has_output) {
  std::string out = fmt::format("<{}Response xmlns=\"", operation);
  append_xml_text(xml_namespace, out);
  out += "\">";
  if (has_output) {
    out += fmt::format("<{}Result>", operation);
    append_members(shape, value, out);
    out += fmt::format("</{}Result>", operation);
  }
  out += "<ResponseMetadata>";
  append_element("RequestId", request_id, out);
  out += fmt::format("</ResponseMetadata></{}Response>", operation);
  return out;
}

std::string encode_query_error(std::string_view xml_namespace, std::string_view request_id, std::string_view code,
                               std::string_view message, bool sender_fault) {
  std::string out = "<ErrorResponse xmlns=\"";
  append_xml_text(xml_namespace, out);
  out += "\"><Error>";
  append_element("Type", sender_fault ? "Sender" : "Receiver", out);
  append_element("Code", code, out);
  append_element("Message", message, out);
  out += "</Error>";
  append_element("RequestId", request_id, out);
  out += "</ErrorResponse>";
  return out;
}

}  // namespace penstock::codec
