#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/stream.hpp"

namespace sluice::app {

/// The certificate that the listener shows, as its files have it now.
struct ListenerCertificate {
    std::shared_ptr<TlsServerContext> context;
    std::string description;  ///< `CN=sluice.example.com, valid until 2027-01-31T00:00:00.000Z`
    bool is_valid_now = false;
};

/// Reads both files. The error names the file and what is wrong with it. Blocking.
Result<ListenerCertificate> read_listener_certificate(const std::string& certificate_file, const std::string& key_file,
                                                      const Clock& clock);

}  // namespace sluice::app
