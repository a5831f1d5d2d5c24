#include "sandbox/aws/put_records_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/encoding.hpp"
#include "json/find.hpp"
#include "json/validate.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::size_t kMaxKeyCharacters = 256;

AwsError serialization(std::string message) {
    return {400, "SerializationException", std::move(message), {}};
}

AwsError validation(std::string_view where, std::string_view constraint) {
    return {
        400,
        "ValidationException",
        fmt::format("1 validation error detected: Value at '{}' failed to satisfy constraint: {}", where, constraint),
        {}};
}

std::size_t characters(std::string_view utf8) {
    auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), starts_character));
}

/// A raw JSON string without its quotes; nullopt for any other value.
std::optional<std::string_view> raw_string(std::string_view raw) {
    if (raw.size() < 2 || raw.front() != '"') return std::nullopt;
    return raw.substr(1, raw.size() - 2);
}

/// The raw members of one record, quotes included. Empty when absent; a null counts as absent.
struct RawEntry {
    std::string_view data, partition_key, explicit_hash_key;
};

bool take_member(RawEntry& entry, std::string_view name, std::string_view value) {
    if (value == "null") return true;
    std::string_view* into = name == "\"Data\""              ? &entry.data
                             : name == "\"PartitionKey\""    ? &entry.partition_key
                             : name == "\"ExplicitHashKey\"" ? &entry.explicit_hash_key
                                                             : nullptr;
    if (into == nullptr) return true;
    *into = value;
    return raw_string(value).has_value();
}

/// Puts one request together, record by record, holding each to the limits.
class Collector {
  public:
    Collector(const PutLimits& limits, bool many, std::size_t body_size) : limits_(limits), many_(many) {
        bytes_->reserve(body_size / 4 * 3);
    }

    std::optional<AwsError> add(const RawEntry& raw) {
        if (request_.entries.size() == limits_.max_records)
            return validation("records",
                              fmt::format("Member must have length less than or equal to {}", limits_.max_records));
        if (raw.data.empty()) return validation(where("data"), "Member must not be null");
        if (raw.partition_key.empty()) return validation(where("partitionKey"), "Member must not be null");
        PutEntry entry;
        entry.partition_key = json::unescape(raw.partition_key);
        if (entry.partition_key.empty())
            return validation(where("partitionKey"), "Member must have length greater than or equal to 1");
        if (characters(entry.partition_key) > kMaxKeyCharacters)
            return validation(where("partitionKey"), "Member must have length less than or equal to 256");
        if (!raw.explicit_hash_key.empty()) {
            auto text = json::unescape(raw.explicit_hash_key);
            entry.explicit_hash_key = parse_hash_key(text);
            if (!entry.explicit_hash_key)
                return invalid_argument(
                    fmt::format("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                                "Specified value was {}",
                                text));
        }
        // Base64 has nothing to escape but `/`, which few do.
        auto data = base64_decode(*raw_string(raw.data));
        if (!data) data = base64_decode(json::unescape(raw.data));
        if (!data) return serialization("Data is not base64");
        if (data->size() > limits_.max_record_bytes)
            return validation(where("data"), fmt::format("Member must have length less than or equal to {}",
                                                         limits_.max_record_bytes));
        entry.offset = bytes_->size();
        entry.size = data->size();
        total_ += data->size() + entry.partition_key.size();
        bytes_->append(*data);
        request_.entries.push_back(std::move(entry));
        return std::nullopt;
    }

    AwsResult<PutRequest> finish(std::string_view name, std::string_view arn) {
        if (request_.entries.empty())
            return validation("records", "Member must have length greater than or equal to 1");
        if (total_ > limits_.max_request_bytes)
            return invalid_argument(fmt::format("Records size exceeds {} MB limit", limits_.max_request_bytes >> 20));
        auto by_arn = stream_of_arn(arn);
        request_.stream = by_arn.empty() ? name : by_arn;
        if (request_.stream.empty()) return invalid_argument("Either StreamARN or StreamName must be provided.");
        request_.bytes = std::move(bytes_);
        return std::move(request_);
    }

  private:
    std::string where(std::string_view member) const {
        return many_ ? fmt::format("records.{}.member.{}", request_.entries.size() + 1, member) : std::string(member);
    }

    const PutLimits& limits_;
    const bool many_;
    PutRequest request_;
    std::shared_ptr<std::string> bytes_ = std::make_shared<std::string>();
    std::size_t total_ = 0;
};

}  // namespace

std::string_view stream_of_arn(std::string_view arn) {
    constexpr std::string_view kMark = ":stream/";
    auto at = arn.find(kMark);
    return arn.starts_with("arn:") && at != std::string_view::npos ? arn.substr(at + kMark.size()) : std::string_view();
}

/// The top level of a body: who it is for, and the records or the one record.
struct PutRecordsReader::Body {
    std::string stream;
    std::string arn;
    std::string_view records;
    RawEntry single;
    bool well_formed = true;
};

AwsResult<PutRecordsReader::Body> PutRecordsReader::read_body(std::string_view text) {
    minified_.clear();
    if (auto wrong = json::minify_to(minified_, text, {})) return serialization(wrong->message);
    if (!json::is_object(minified_)) return serialization("the body is not an object");
    Body body;
    json::for_each_member(minified_, [&](std::string_view name, std::string_view value) {
        if (name == "\"StreamName\"" && raw_string(value)) body.stream = json::unescape(value);
        if (name == "\"StreamARN\"" && raw_string(value)) body.arn = json::unescape(value);
        if (name == "\"Records\"") body.records = value;
        return body.well_formed = take_member(body.single, name, value);
    });
    return body;
}

AwsResult<PutRequest> PutRecordsReader::read_put_records(std::string_view text) {
    auto body = read_body(text);
    if (!body) return body.error();
    if (body->records.empty() || body->records == "null") return validation("records", "Member must not be null");
    if (body->records.front() != '[') return serialization("Records is not an array");

    Collector collector(limits_, true, text.size());
    std::optional<AwsError> wrong;
    json::for_each_element(body->records, [&](std::string_view element) {
        RawEntry entry;
        bool well_formed = json::is_object(element);
        if (well_formed) {
            json::for_each_member(element, [&](std::string_view name, std::string_view value) {
                return well_formed = take_member(entry, name, value);
            });
        }
        wrong = well_formed ? collector.add(entry) : serialization("a record is not an object of strings");
        return !wrong;
    });
    if (wrong) return *wrong;
    return collector.finish(body->stream, body->arn);
}

AwsResult<PutRequest> PutRecordsReader::read_put_record(std::string_view text) {
    auto body = read_body(text);
    if (!body) return body.error();
    if (!body->well_formed) return serialization("Data, PartitionKey and ExplicitHashKey must be strings");
    Collector collector(limits_, false, text.size());
    if (auto wrong = collector.add(body->single)) return *wrong;
    return collector.finish(body->stream, body->arn);
}

}  // namespace sluice::sandbox
