#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "destination/destination.hpp"

namespace boost::asio {
class io_context;
}

namespace sluice {

/// What a connector may use of its surroundings.
struct DestinationContext {
    boost::asio::io_context& io;  ///< the shard the integration lives on
    const Clock& clock;
    std::string integration_id;
    bool keyed = true;           ///< `ordering: key`
    bool operator_owned = true;  ///< false: no files, no profile or environment credentials, no private endpoints
    bool allow_loopback = true;  ///< whether endpoints on loopback are allowed to a tenant (sandbox, tests)
    std::size_t max_connections = 8;
    std::string org;  ///< what may be shared between integrations is shared within one org
    std::string content_type = "application/json";  ///< of the bodies to deliver, as the payload form has it
};

/// What a person pasted, as one kind of destination understands it. Contains nothing of the text.
struct Recognised {
    std::string artefact;  ///< what it is, in its cloud's words: `a device's connection string of Azure IoT Hub`
    std::string member;    ///< which setting takes it, as it was pasted: `credentials.csv`; empty where it is refused
    std::optional<Error> refused = {};  ///< it is this cloud's and cannot be used: why, and what to paste instead
    bool by_shape_only = false;         ///< any text of this shape may be it: counts where nobody else knows the text
};

/// Something that settings say of where they lead, for people: `region`, `eu-west-1`. Never a secret.
struct SettingsFact {
    std::string name;
    std::string value;
};

/// One kind of destination. Pure apart from make().
struct DestinationKind {
    std::string_view type;  ///< `kinesis`
    /// Validates `settings` (the `destination:` object of an integration, `type` included). The error names the member
    /// and what to do, never a secret's value. Unknown members are errors that suggest the nearest known one.
    /// Registered, it takes a file's name for each secret too (secret_files.hpp).
    std::function<Result<void>(const boost::json::object& settings, const DestinationContext& context)> check;
    /// Builds it. No network traffic until deliver() or probe().
    std::function<Result<std::unique_ptr<Destination>>(const boost::json::object& settings,
                                                       const DestinationContext& context)>
        make;
    /// Names of members whose values are secrets, as dotted paths, `*` standing for every member of an object: shown
    /// as `"…redacted…"`, kept when sent back so.
    std::span<const std::string_view> secret_paths;
    /// What a pasted text is, by the parsers that check() uses: white space, byte order mark, CRLF and quotes are
    /// forgiven. nullopt for what is none of this cloud's. Null where nothing is ever pasted.
    std::function<std::optional<Recognised>(std::string_view text)> recognise = {};
    /// What settings say so far, complete or not: host, account, hub, queue, stream, topic, region, whose key. What
    /// cannot be read is left out.
    std::function<std::vector<SettingsFact>(const boost::json::object& settings)> describe = {};
    /// Names of members that are URLs whose query may hold a key: shown up to it, kept when sent back so.
    std::span<const std::string_view> secret_queries = {};
};

/// All kinds there are. Filled by `app` at start-up, one line a connector; read-only afterwards. Thread: any.
class DestinationRegistry {
  public:
    void add(DestinationKind kind);
    const DestinationKind* find(std::string_view type) const;
    /// By their types.
    std::vector<const DestinationKind*> all() const;
    /// For messages: `file, kinesis, sqs, webhook`.
    std::string known_types() const;

  private:
    std::map<std::string_view, DestinationKind> kinds_;
};

}  // namespace sluice
