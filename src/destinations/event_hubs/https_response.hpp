#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "destination/destination.hpp"
#include "destinations/event_hubs/error_table.hpp"
#include "http/client.hpp"

namespace sluice::event_hubs {

/// What the service said of an error: `<Error><Code>401</Code><Detail>…</Detail></Error>`.
struct HttpsError {
    std::string code;    ///< `InvalidSignature` where the detail begins with such a word, else `http_401`
    std::string detail;  ///< without tracking ids; fit to be shown
    Answerer from = Answerer::unknown;
    bool lacks_right = false;  ///< the credentials are known, and a right is named that they do not have
};
HttpsError read_https_error(int status, std::string_view body);

/// The verdict for each event of a request that was answered. Only 201 is acceptance.
Verdict verdict_of_send(const http::ClientResponse& answer, std::string_view hub);

/// Why a hub was not created; nullptr when it was, or is there already.
std::shared_ptr<const Failure> creation_outcome(const http::ClientResponse& answer, std::string_view hub);

/// What looking at a hub told.
struct HubLook {
    enum class Kind {
        there,
        missing,
        may_not_look,  ///< the key is right, and its policy has no Manage
        failed,
    };
    Kind kind = Kind::failed;
    int partitions = 0;
    Failure failure;  ///< unless there
};
HubLook read_hub_look(const http::ClientResponse& answer, std::string_view hub);

}  // namespace sluice::event_hubs
