#include "codec/example_shapes_test.h"

namespace penstock::codec {

const Shape& describe(const Child*) {
  static const Shape shape = ShapeBuilder<Child>("Child")
                                 .field("Key", &Child::key, {.required = true, .length = {1, 8}})
                                 .field("Value", &Child::value, {.length = {0, 8}})
                                 .build();
  return shape;
}

const Shape& describe(const Everything*) {
  using E = Everything;
  static const Shape shape = ShapeBuilder<E>("Everything")
                                 .field("Flag", &E::flag)
                                 .field("Count", &E::count)
                                 .field("Total", &E::total)
                                 .field("Ratio", &E::ratio)
                                 .field("Name", &E::name, {.length = {0, 16}})
                                 .field("Data", &E::data)
                                 .field("When", &E::when)
                                 .field("Document", &E::document)
                                 .field("Child", &E::child)
                                 .field("Names", &E::names)
                                 .field("Children", &E::children)
                                 .field("Labels", &E::labels)
                                 .field("Tree", &E::tree)
                                 .build();
  return shape;
}

const Shape& describe(const RestExample*) {
  using R = RestExample;
  static const Shape shape =
      ShapeBuilder<R>("RestExample")
          .field("thingName", &R::thing_name, {.required = true, .length = {1, 128}, .place = Place::path})
          .field("maxResults", &R::max_results, {.range = {1, 250}, .place = Place::query})
          .field("tagKeys", &R::tag_keys, {.place = Place::query})
          .field("since", &R::since, {.place = Place::query})
          .field("mode", &R::mode, {.place = Place::header, .location = "X-Amz-Mode"})
          .field("modified", &R::modified, {.place = Place::header, .location = "Last-Modified"})
          .field("note", &R::note)
          .field("children", &R::children)
          .build();
  return shape;
}

const Shape& describe(const PayloadExample*) {
  static const Shape shape =
      ShapeBuilder<PayloadExample>("PayloadExample")
          .field("mode", &PayloadExample::mode, {.place = Place::header, .location = "X-Amz-Mode"})
          .field("child", &PayloadExample::child, {.place = Place::payload})
          .build();
  return shape;
}

const Shape& describe(const RawPayloadExample*) {
  static const Shape shape = ShapeBuilder<RawPayloadExample>("RawPayloadExample")
                                 .field("payload", &RawPayloadExample::payload, {.place = Place::payload})
                                 .build();
  return shape;
}

}  // namespace penstock::codec
