#include "services/iot/operations/certificates.h"

#include <fmt/format.h>

namespace penstock::services::iot {

using codec::Place;
using codec::Shape;
using codec::ShapeBuilder;

namespace {

constexpr codec::Bounds kIdLength{.min = 64, .max = 64};

codec::Rules id_in_path() {
  return {.required = true,
          .length = kIdLength,
          .pattern = kCertificateIdPattern,
          .place = Place::path,
          .location = "certificateId"};
}

codec::Rules status_rules(Place place, std::string_view location) {
  return {.required = place == Place::query,
          .one_of = {"ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "REGISTER_INACTIVE", "PENDING_ACTIVATION"},
          .place = place,
          .location = location};
}

ApiError no_such_certificate(std::string_view id) {
  return not_found(fmt::format("Certificate {} does not exist.", id));
}

/// AWS: the transfer and activation states are for its own use.
ApiResult<void> check_status(std::string_view status) {
  if (status == certificate_status::kActive || status == certificate_status::kInactive ||
      status == certificate_status::kRevoked) {
    return {};
  }
  return std::unexpected(invalid_request(fmt::format("The certificate status cannot be set to {}.", status)));
}

Certificate new_certificate(const IotCore& core, const pki::CertificateFacts& facts, std::string_view status) {
  const Timestamp now = core.now();
  return {.id = facts.fingerprint,
          .pem = facts.pem,
          .status = std::string(status),
          .generation_id = core.random().uuid(),
          .not_before = facts.not_before,
          .not_after = facts.not_after,
          .created = now,
          .modified = now};
}

std::string_view status_of_new(const std::optional<bool>& set_as_active) {
  return set_as_active.value_or(false) ? certificate_status::kActive : certificate_status::kInactive;
}

Task<ApiResult<void>> store_new(IotCore& core, const Certificate& certificate) {
  co_return co_await core.change([&certificate](const Registry& registry) -> ApiResult<Changes> {
    if (registry.certificates().find(certificate.id) != nullptr) {
      return std::unexpected(already_exists("The certificate is already provisioned or registered"));
    }
    return Changes{{.key = key::certificate(certificate.id), .expected = 0, .bytes = to_document(certificate)}};
  });
}

ApiResult<Changes> plan_delete(const IotCore& core, const Registry& registry, std::string_view id, bool force) {
  const auto certificate = registry.certificates().find(id);
  if (certificate == nullptr) return std::unexpected(no_such_certificate(id));
  if (certificate->status == certificate_status::kActive) {
    return std::unexpected(
        certificate_state(fmt::format("Certificate must be deactivated (not ACTIVE) before deletion. Id: {}", id)));
  }
  const std::string target = fmt::format("cert/{}", id);
  if (!registry.thing_principals().to(target).empty()) {
    return std::unexpected(
        delete_conflict(fmt::format("Things must be detached before deletion (arn: {})", core.arn(target))));
  }
  Changes changes{
      {.key = key::certificate(id), .expected = registry.certificates().version(id), .bytes = std::nullopt}};
  for (const auto& [policy, row] : registry.policy_targets().to(target)) {
    if (!force) {
      return std::unexpected(delete_conflict(
          fmt::format("Certificate policies must be detached before deletion (arn: {})", core.arn(target))));
    }
    changes.push_back({.key = key::policy_target(policy, target), .expected = row.version, .bytes = std::nullopt});
  }
  return changes;
}

}  // namespace

Task<ApiResult<CreateKeysAndCertificateOutput>> create_keys_and_certificate(CallContext& call,
                                                                            CreateKeysAndCertificateInput input) {
  IotCore& core = call.house.iot;
  Result<pki::KeyPair> keys = co_await core.workshop().generate_key(pki::KeyKind::rsa_2048);
  if (!keys.has_value()) {
    co_return std::unexpected(keys.error().kind == ErrorKind::throttled ? throttled("Too many keys are being made.")
                                                                        : internal_failure(keys.error().message));
  }
  const Result<pki::Issued> issued = core.authority().issue_device(keys->public_key_pem);
  if (!issued.has_value()) co_return std::unexpected(internal_failure(issued.error().message));
  const Certificate certificate = new_certificate(core, issued->facts, status_of_new(input.set_as_active));
  PENSTOCK_CO_TRY_VOID(co_await store_new(core, certificate));
  co_return CreateKeysAndCertificateOutput{
      .certificate_arn = core.arn("cert/" + certificate.id),
      .certificate_id = certificate.id,
      .certificate_pem = certificate.pem,
      .key_pair = {.public_key = std::move(keys->public_key_pem), .private_key = std::move(keys->private_key_pem)}};
}

Task<ApiResult<CreateCertificateFromCsrOutput>> create_certificate_from_csr(CallContext& call,
                                                                            CreateCertificateFromCsrInput input) {
  IotCore& core = call.house.iot;
  const Result<pki::Issued> issued = core.authority().sign_request(input.certificate_signing_request);
  if (!issued.has_value()) {
    co_return std::unexpected(issued.error().kind == ErrorKind::invalid ? invalid_request(issued.error().message)
                                                                        : internal_failure(issued.error().message));
  }
  const Certificate certificate = new_certificate(core, issued->facts, status_of_new(input.set_as_active));
  PENSTOCK_CO_TRY_VOID(co_await store_new(core, certificate));
  co_return CreateCertificateFromCsrOutput{.certificate_arn = core.arn("cert/" + certificate.id),
                                           .certificate_id = certificate.id,
                                           .certificate_pem = certificate.pem};
}

Task<ApiResult<RegisterCertificateWithoutCAOutput>> register_certificate_without_ca(
    CallContext& call, RegisterCertificateWithoutCAInput input) {
  IotCore& core = call.house.iot;
  const std::string status = input.status.value_or(std::string(certificate_status::kInactive));
  PENSTOCK_CO_TRY_VOID(check_status(status));
  const Result<pki::CertificateFacts> facts = pki::read_certificate(input.certificate_pem);
  if (!facts.has_value()) co_return std::unexpected(certificate_validation(facts.error().message));
  Certificate certificate = new_certificate(core, *facts, status);
  certificate.mode = "SNI_ONLY";
  PENSTOCK_CO_TRY_VOID(co_await store_new(core, certificate));
  co_return RegisterCertificateWithoutCAOutput{.certificate_arn = core.arn("cert/" + certificate.id),
                                               .certificate_id = certificate.id};
}

Task<ApiResult<DescribeCertificateOutput>> describe_certificate(CallContext& call, DescribeCertificateInput input) {
  IotCore& core = call.house.iot;
  const auto certificate =
      core.read([&](const Registry& registry) { return registry.certificates().find(input.certificate_id); });
  if (certificate == nullptr) co_return std::unexpected(no_such_certificate(input.certificate_id));
  co_return DescribeCertificateOutput{
      .certificate_description = {
          .certificate_arn = core.arn("cert/" + certificate->id),
          .certificate_id = certificate->id,
          .status = certificate->status,
          .certificate_pem = certificate->pem,
          .owned_by = core.account(),
          .creation_date = certificate->created,
          .last_modified_date = certificate->modified,
          .customer_version = certificate->customer_version,
          .generation_id = certificate->generation_id,
          .validity = {.not_before = certificate->not_before, .not_after = certificate->not_after},
          .certificate_mode = certificate->mode}};
}

Task<ApiResult<Empty>> update_certificate(CallContext& call, UpdateCertificateInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY_VOID(check_status(input.new_status));
  const Timestamp now = core.now();
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) -> ApiResult<Changes> {
    const auto old = registry.certificates().find(input.certificate_id);
    if (old == nullptr) return std::unexpected(no_such_certificate(input.certificate_id));
    if (old->status == input.new_status) return Changes{};
    Certificate certificate = *old;
    certificate.status = input.new_status;
    certificate.modified = now;
    ++certificate.customer_version;
    return Changes{{.key = key::certificate(certificate.id),
                    .expected = registry.certificates().version(certificate.id),
                    .bytes = to_document(certificate)}};
  }));
  co_return Empty{};
}

Task<ApiResult<Empty>> delete_certificate(CallContext& call, DeleteCertificateInput input) {
  IotCore& core = call.house.iot;
  PENSTOCK_CO_TRY_VOID(co_await core.change([&](const Registry& registry) {
    return plan_delete(core, registry, input.certificate_id, input.force_delete.value_or(false));
  }));
  co_return Empty{};
}

Task<ApiResult<ListCertificatesOutput>> list_certificates(CallContext& call, ListCertificatesInput input) {
  const IotCore& core = call.house.iot;
  ListCertificatesOutput output;
  PENSTOCK_CO_TRY(output.next_marker, core.read([&](const Registry& registry) {
    return page_by_date(registry.certificates().by_date(), input.marker, input.page_size,
                        input.ascending_order.value_or(false), [&](const std::string& id) {
                          const auto certificate = registry.certificates().find(id);
                          output.certificates.push_back({.certificate_arn = core.arn("cert/" + id),
                                                         .certificate_id = id,
                                                         .status = certificate->status,
                                                         .certificate_mode = certificate->mode,
                                                         .creation_date = certificate->created});
                        });
  }));
  co_return output;
}

// ---- Shapes

const Shape& describe(const CreateKeysAndCertificateInput*) {
  static const Shape shape =
      ShapeBuilder<CreateKeysAndCertificateInput>("CreateKeysAndCertificateRequest")
          .field("setAsActive", &CreateKeysAndCertificateInput::set_as_active, in_query("setAsActive"))
          .build();
  return shape;
}

const Shape& describe(const KeyPair*) {
  static const Shape shape = ShapeBuilder<KeyPair>("KeyPair")
                                 .field("PublicKey", &KeyPair::public_key)
                                 .field("PrivateKey", &KeyPair::private_key, {.sensitive = true})
                                 .build();
  return shape;
}

const Shape& describe(const CreateKeysAndCertificateOutput*) {
  using Output = CreateKeysAndCertificateOutput;
  static const Shape shape = ShapeBuilder<Output>("CreateKeysAndCertificateResponse")
                                 .field("certificateArn", &Output::certificate_arn)
                                 .field("certificateId", &Output::certificate_id)
                                 .field("certificatePem", &Output::certificate_pem)
                                 .field("keyPair", &Output::key_pair)
                                 .build();
  return shape;
}

const Shape& describe(const CreateCertificateFromCsrInput*) {
  using Input = CreateCertificateFromCsrInput;
  static const Shape shape = ShapeBuilder<Input>("CreateCertificateFromCsrRequest")
                                 .field("certificateSigningRequest", &Input::certificate_signing_request,
                                        {.required = true, .length = {.min = 1, .max = 4096}})
                                 .field("setAsActive", &Input::set_as_active, in_query("setAsActive"))
                                 .build();
  return shape;
}

const Shape& describe(const CreateCertificateFromCsrOutput*) {
  using Output = CreateCertificateFromCsrOutput;
  static const Shape shape = ShapeBuilder<Output>("CreateCertificateFromCsrResponse")
                                 .field("certificateArn", &Output::certificate_arn)
                                 .field("certificateId", &Output::certificate_id)
                                 .field("certificatePem", &Output::certificate_pem)
                                 .build();
  return shape;
}

const Shape& describe(const RegisterCertificateWithoutCAInput*) {
  using Input = RegisterCertificateWithoutCAInput;
  static const Shape shape =
      ShapeBuilder<Input>("RegisterCertificateWithoutCARequest")
          .field("certificatePem", &Input::certificate_pem, {.required = true, .length = {.min = 1, .max = 65536}})
          .field("status", &Input::status, status_rules(Place::body, {}))
          .build();
  return shape;
}

const Shape& describe(const RegisterCertificateWithoutCAOutput*) {
  using Output = RegisterCertificateWithoutCAOutput;
  static const Shape shape = ShapeBuilder<Output>("RegisterCertificateWithoutCAResponse")
                                 .field("certificateArn", &Output::certificate_arn)
                                 .field("certificateId", &Output::certificate_id)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeCertificateInput*) {
  static const Shape shape = ShapeBuilder<DescribeCertificateInput>("DescribeCertificateRequest")
                                 .field("certificateId", &DescribeCertificateInput::certificate_id, id_in_path())
                                 .build();
  return shape;
}

const Shape& describe(const CertificateValidity*) {
  static const Shape shape = ShapeBuilder<CertificateValidity>("CertificateValidity")
                                 .field("notBefore", &CertificateValidity::not_before)
                                 .field("notAfter", &CertificateValidity::not_after)
                                 .build();
  return shape;
}

const Shape& describe(const CertificateDescription*) {
  using Description = CertificateDescription;
  static const Shape shape = ShapeBuilder<Description>("CertificateDescription")
                                 .field("certificateArn", &Description::certificate_arn)
                                 .field("certificateId", &Description::certificate_id)
                                 .field("status", &Description::status)
                                 .field("certificatePem", &Description::certificate_pem)
                                 .field("ownedBy", &Description::owned_by)
                                 .field("creationDate", &Description::creation_date)
                                 .field("lastModifiedDate", &Description::last_modified_date)
                                 .field("customerVersion", &Description::customer_version)
                                 .field("generationId", &Description::generation_id)
                                 .field("validity", &Description::validity)
                                 .field("certificateMode", &Description::certificate_mode)
                                 .build();
  return shape;
}

const Shape& describe(const DescribeCertificateOutput*) {
  static const Shape shape = ShapeBuilder<DescribeCertificateOutput>("DescribeCertificateResponse")
                                 .field("certificateDescription", &DescribeCertificateOutput::certificate_description)
                                 .build();
  return shape;
}

const Shape& describe(const UpdateCertificateInput*) {
  using Input = UpdateCertificateInput;
  static const Shape shape = ShapeBuilder<Input>("UpdateCertificateRequest")
                                 .field("certificateId", &Input::certificate_id, id_in_path())
                                 .field("newStatus", &Input::new_status, status_rules(Place::query, "newStatus"))
                                 .build();
  return shape;
}

const Shape& describe(const DeleteCertificateInput*) {
  using Input = DeleteCertificateInput;
  static const Shape shape = ShapeBuilder<Input>("DeleteCertificateRequest")
                                 .field("certificateId", &Input::certificate_id, id_in_path())
                                 .field("forceDelete", &Input::force_delete, in_query("forceDelete"))
                                 .build();
  return shape;
}

const Shape& describe(const ListCertificatesInput*) {
  using Input = ListCertificatesInput;
  static const Shape shape = ShapeBuilder<Input>("ListCertificatesRequest")
                                 .field("pageSize", &Input::page_size, page_size_in_query("pageSize"))
                                 .field("marker", &Input::marker, marker_in_query())
                                 .field("ascendingOrder", &Input::ascending_order, in_query("isAscendingOrder"))
                                 .build();
  return shape;
}

const Shape& describe(const CertificateSummary*) {
  using Summary = CertificateSummary;
  static const Shape shape = ShapeBuilder<Summary>("Certificate")
                                 .field("certificateArn", &Summary::certificate_arn)
                                 .field("certificateId", &Summary::certificate_id)
                                 .field("status", &Summary::status)
                                 .field("certificateMode", &Summary::certificate_mode)
                                 .field("creationDate", &Summary::creation_date)
                                 .build();
  return shape;
}

const Shape& describe(const ListCertificatesOutput*) {
  static const Shape shape = ShapeBuilder<ListCertificatesOutput>("ListCertificatesResponse")
                                 .field("certificates", &ListCertificatesOutput::certificates)
                                 .field("nextMarker", &ListCertificatesOutput::next_marker)
                                 .build();
  return shape;
}

}  // namespace penstock::services::iot
