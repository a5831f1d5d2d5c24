#include "app/listener_certificate.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "net/certificate.hpp"

namespace sluice::app {

Result<ListenerCertificate> read_listener_certificate(const std::string& certificate_file, const std::string& key_file,
                                                      const Clock& clock) {
    auto context = TlsServerContext::from_files(certificate_file, key_file);
    if (!context) return context.error();
    auto facts = read_certificate_facts(certificate_file);
    if (!facts) return facts.error();
    ListenerCertificate certificate;
    certificate.context = std::move(*context);
    auto now = clock.now();
    certificate.is_valid_now = facts->valid_from <= now && now < facts->valid_until;
    certificate.description =
        fmt::format("{}, valid {} {}", facts->subject, now < facts->valid_from ? "from" : "until",
                    format_rfc3339(now < facts->valid_from ? facts->valid_from : facts->valid_until));
    return certificate;
}

}  // namespace sluice::app
