#include "services/iot/records.h"

#include <algorithm>

namespace penstock::services::iot {

using codec::Shape;
using codec::ShapeBuilder;

const PolicyVersion* Policy::find(std::int32_t version) const {
  const auto found = std::ranges::find(versions, version, &PolicyVersion::id);
  return found == versions.end() ? nullptr : &*found;
}

const PolicyVersion& Policy::default_document() const {
  const PolicyVersion* version = find(default_version);
  PENSTOCK_ASSERT(version != nullptr);
  return *version;
}

const Shape& describe(const Thing*) {
  static const Shape shape = ShapeBuilder<Thing>("Thing")
                                 .field("format", &Thing::format)
                                 .field("name", &Thing::name, {.required = true})
                                 .field("id", &Thing::id, {.required = true})
                                 .field("type", &Thing::type)
                                 .field("attributes", &Thing::attributes)
                                 .field("version", &Thing::version)
                                 .field("created", &Thing::created)
                                 .build();
  return shape;
}

const Shape& describe(const ThingType*) {
  static const Shape shape = ShapeBuilder<ThingType>("ThingType")
                                 .field("format", &ThingType::format)
                                 .field("name", &ThingType::name, {.required = true})
                                 .field("id", &ThingType::id, {.required = true})
                                 .field("description", &ThingType::description)
                                 .field("searchable_attributes", &ThingType::searchable_attributes)
                                 .field("deprecated", &ThingType::deprecated)
                                 .field("deprecated_at", &ThingType::deprecated_at)
                                 .field("created", &ThingType::created)
                                 .build();
  return shape;
}

const Shape& describe(const ThingGroup*) {
  static const Shape shape = ShapeBuilder<ThingGroup>("ThingGroup")
                                 .field("format", &ThingGroup::format)
                                 .field("name", &ThingGroup::name, {.required = true})
                                 .field("id", &ThingGroup::id, {.required = true})
                                 .field("parent", &ThingGroup::parent)
                                 .field("description", &ThingGroup::description)
                                 .field("attributes", &ThingGroup::attributes)
                                 .field("version", &ThingGroup::version)
                                 .field("created", &ThingGroup::created)
                                 .build();
  return shape;
}

const Shape& describe(const Certificate*) {
  static const Shape shape = ShapeBuilder<Certificate>("Certificate")
                                 .field("format", &Certificate::format)
                                 .field("id", &Certificate::id, {.required = true})
                                 .field("pem", &Certificate::pem, {.required = true})
                                 .field("status", &Certificate::status, {.required = true})
                                 .field("mode", &Certificate::mode)
                                 .field("customer_version", &Certificate::customer_version)
                                 .field("generation_id", &Certificate::generation_id)
                                 .field("not_before", &Certificate::not_before)
                                 .field("not_after", &Certificate::not_after)
                                 .field("created", &Certificate::created)
                                 .field("modified", &Certificate::modified)
                                 .build();
  return shape;
}

const Shape& describe(const PolicyVersion*) {
  static const Shape shape = ShapeBuilder<PolicyVersion>("PolicyVersion")
                                 .field("id", &PolicyVersion::id, {.required = true})
                                 .field("document", &PolicyVersion::document, {.required = true})
                                 .field("created", &PolicyVersion::created)
                                 .field("generation_id", &PolicyVersion::generation_id)
                                 .build();
  return shape;
}

const Shape& describe(const Policy*) {
  static const Shape shape = ShapeBuilder<Policy>("Policy")
                                 .field("format", &Policy::format)
                                 .field("name", &Policy::name, {.required = true})
                                 .field("versions", &Policy::versions, {.required = true})
                                 .field("default_version", &Policy::default_version, {.required = true})
                                 .field("next_version", &Policy::next_version, {.required = true})
                                 .field("created", &Policy::created)
                                 .field("modified", &Policy::modified)
                                 .build();
  return shape;
}

const Shape& describe(const RoleAlias*) {
  static const Shape shape = ShapeBuilder<RoleAlias>("RoleAlias")
                                 .field("format", &RoleAlias::format)
                                 .field("name", &RoleAlias::name, {.required = true})
                                 .field("role_arn", &RoleAlias::role_arn, {.required = true})
                                 .field("duration_seconds", &RoleAlias::duration_seconds)
                                 .field("created", &RoleAlias::created)
                                 .field("modified", &RoleAlias::modified)
                                 .build();
  return shape;
}

const Shape& describe(const Link*) {
  static const Shape shape = ShapeBuilder<Link>("Link")
                                 .field("format", &Link::format)
                                 .field("created", &Link::created)
                                 .field("exclusive", &Link::exclusive)
                                 .build();
  return shape;
}

const Shape& describe(const Tags*) {
  static const Shape shape =
      ShapeBuilder<Tags>("Tags").field("format", &Tags::format).field("tags", &Tags::tags).build();
  return shape;
}

const Shape& describe(const Setting*) {
  static const Shape shape = ShapeBuilder<Setting>("Setting")
                                 .field("format", &Setting::format)
                                 .field("value", &Setting::value, {.required = true})
                                 .field("created", &Setting::created)
                                 .field("modified", &Setting::modified)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
