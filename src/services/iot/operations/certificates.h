#pragma once
/// Device certificates: made here, signed from a request, or registered.
/// Source: AWS IoT API Reference, CreateKeysAndCertificate, CreateCertificateFromCsr, RegisterCertificateWithoutCA,
///         DescribeCertificate, UpdateCertificate, DeleteCertificate, ListCertificates.

#include "services/iot/api_types.h"

namespace penstock::services::iot {

struct CreateKeysAndCertificateInput {
  std::optional<bool> set_as_active{};
};
struct KeyPair {
  std::string public_key{};
  std::string private_key{};
};
struct CreateKeysAndCertificateOutput {
  std::string certificate_arn{};
  std::string certificate_id{};
  std::string certificate_pem{};
  KeyPair key_pair{};
};
const codec::Shape& describe(const CreateKeysAndCertificateInput*);
const codec::Shape& describe(const KeyPair*);
const codec::Shape& describe(const CreateKeysAndCertificateOutput*);
Task<ApiResult<CreateKeysAndCertificateOutput>> create_keys_and_certificate(CallContext& call,
                                                                            CreateKeysAndCertificateInput input);

struct CreateCertificateFromCsrInput {
  std::string certificate_signing_request{};
  std::optional<bool> set_as_active{};
};
struct CreateCertificateFromCsrOutput {
  std::string certificate_arn{};
  std::string certificate_id{};
  std::string certificate_pem{};
};
const codec::Shape& describe(const CreateCertificateFromCsrInput*);
const codec::Shape& describe(const CreateCertificateFromCsrOutput*);
Task<ApiResult<CreateCertificateFromCsrOutput>> create_certificate_from_csr(CallContext& call,
                                                                            CreateCertificateFromCsrInput input);

struct RegisterCertificateWithoutCAInput {
  std::string certificate_pem{};
  std::optional<std::string> status{};
};
struct RegisterCertificateWithoutCAOutput {
  std::string certificate_arn{};
  std::string certificate_id{};
};
const codec::Shape& describe(const RegisterCertificateWithoutCAInput*);
const codec::Shape& describe(const RegisterCertificateWithoutCAOutput*);
Task<ApiResult<RegisterCertificateWithoutCAOutput>> register_certificate_without_ca(
    CallContext& call, RegisterCertificateWithoutCAInput input);

struct DescribeCertificateInput {
  std::string certificate_id{};
};
struct CertificateValidity {
  Timestamp not_before{};
  Timestamp not_after{};
};
struct CertificateDescription {
  std::string certificate_arn{};
  std::string certificate_id{};
  std::string status{};
  std::string certificate_pem{};
  std::string owned_by{};
  Timestamp creation_date{};
  Timestamp last_modified_date{};
  std::int32_t customer_version = 1;
  std::string generation_id{};
  CertificateValidity validity{};
  std::string certificate_mode{};
};
struct DescribeCertificateOutput {
  CertificateDescription certificate_description{};
};
const codec::Shape& describe(const DescribeCertificateInput*);
const codec::Shape& describe(const CertificateValidity*);
const codec::Shape& describe(const CertificateDescription*);
const codec::Shape& describe(const DescribeCertificateOutput*);
Task<ApiResult<DescribeCertificateOutput>> describe_certificate(CallContext& call, DescribeCertificateInput input);

struct UpdateCertificateInput {
  std::string certificate_id{};
  std::string new_status{};
};
const codec::Shape& describe(const UpdateCertificateInput*);
Task<ApiResult<Empty>> update_certificate(CallContext& call, UpdateCertificateInput input);

struct DeleteCertificateInput {
  std::string certificate_id{};
  std::optional<bool> force_delete{};
};
const codec::Shape& describe(const DeleteCertificateInput*);
Task<ApiResult<Empty>> delete_certificate(CallContext& call, DeleteCertificateInput input);

struct ListCertificatesInput {
  std::optional<std::int32_t> page_size{};
  std::optional<std::string> marker{};
  std::optional<bool> ascending_order{};
};
struct CertificateSummary {
  std::string certificate_arn{};
  std::string certificate_id{};
  std::string status{};
  std::string certificate_mode{};
  Timestamp creation_date{};
};
struct ListCertificatesOutput {
  std::vector<CertificateSummary> certificates{};
  std::optional<std::string> next_marker{};
};
const codec::Shape& describe(const ListCertificatesInput*);
const codec::Shape& describe(const CertificateSummary*);
const codec::Shape& describe(const ListCertificatesOutput*);
Task<ApiResult<ListCertificatesOutput>> list_certificates(CallContext& call, ListCertificatesInput input);

}  // namespace penstock::services::iot
