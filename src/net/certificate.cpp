#include "net/certificate.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "net/openssl_ptr.hpp"

namespace sluice {

namespace {

Error certificate_error(std::string_view what) {
    return make_error(Errc::unavailable, "cannot make a certificate: " + std::string(what) + ": " +
                                             take_openssl_reason("no reason given"));
}

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

std::string alternative_names(const CertificateRequest& request) {
    std::string names;
    auto add = [&names](std::string_view kind, const std::string& name) {
        if (!names.empty()) names += ",";
        names += std::string(kind) + ":" + name;
    };
    for (const auto& name : request.dns_names) add("DNS", name);
    for (const auto& address : request.ip_addresses) add("IP", address);
    return names;
}

std::string to_pem(X509* certificate) {
    BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    char* data = nullptr;
    auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string to_pem(EVP_PKEY* key) {
    BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

Timestamp to_timestamp(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return Timestamp::min();
    return Timestamp(std::chrono::seconds(::timegm(&parts)));
}

std::string subject_of(const X509* certificate) {
    BioPtr bio(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ);
    char* data = nullptr;
    auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<CertificateFacts> read_certificate_facts(const std::string& pem_file) {
    BioPtr bio(BIO_new_file(pem_file.c_str(), "r"));
    X509Ptr certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!certificate) {
        take_openssl_reason({});
        return make_error(Errc::invalid_argument, pem_file + " holds no PEM certificate");
    }
    return CertificateFacts{subject_of(certificate.get()), to_timestamp(X509_get0_notBefore(certificate.get())),
                            to_timestamp(X509_get0_notAfter(certificate.get()))};
}

Result<Certificate> make_certificate(const CertificateRequest& request, const Certificate* issuer) {
    KeyPtr key(EVP_EC_gen("P-256"));
    X509Ptr certificate(X509_new());
    if (!key || !certificate) return certificate_error("no key");

    X509Ptr issuer_certificate;
    KeyPtr issuer_key;
    if (issuer) {
        issuer_certificate.reset(
            PEM_read_bio_X509(pem_reader(issuer->certificate_pem).get(), nullptr, nullptr, nullptr));
        issuer_key.reset(PEM_read_bio_PrivateKey(pem_reader(issuer->key_pem).get(), nullptr, nullptr, nullptr));
        if (!issuer_certificate || !issuer_key) return certificate_error("the issuer cannot be read");
    }
    auto* signer = issuer ? issuer_certificate.get() : certificate.get();

    X509_set_version(certificate.get(), X509_VERSION_3);
    std::uint64_t serial = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1)
        return certificate_error("no randomness");
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), static_cast<long>(request.valid_from.count()));
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), static_cast<long>(request.valid_until.count()));
    X509_set_pubkey(certificate.get(), key.get());
    auto* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(request.common_name.data()),
                               static_cast<int>(request.common_name.size()), -1, 0);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));

    auto names = alternative_names(request);
    bool extended = add_extension(certificate.get(), signer, NID_basic_constraints,
                                  request.is_ca ? "critical,CA:TRUE" : "CA:FALSE") &&
                    add_extension(certificate.get(), signer, NID_subject_key_identifier, "hash") &&
                    (names.empty() || add_extension(certificate.get(), signer, NID_subject_alt_name, names));
    if (!extended) return certificate_error("its extensions");
    if (X509_sign(certificate.get(), issuer ? issuer_key.get() : key.get(), EVP_sha256()) == 0) {
        return certificate_error("its signature");
    }
    return Certificate{to_pem(certificate.get()), to_pem(key.get())};
}

}  // namespace sluice
