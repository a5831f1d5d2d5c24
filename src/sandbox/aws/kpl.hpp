#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::sandbox {

struct KplRecord {
    std::string partition_key;
    std::string explicit_hash_key;  ///< empty when there is none
    std::string_view data;          ///< within the aggregated bytes
};

/// What a Kinesis record holds that was aggregated the way the Kinesis Producer Library does it. nullopt when it was
/// not: wrong magic, wrong MD5, or a message that cannot be read; such a record is what it is.
std::optional<std::vector<KplRecord>> deaggregate(std::string_view bytes);

}  // namespace sluice::sandbox
