#include "ingest/data_splice.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/units.hpp"
#include "ingest/checksum.hpp"
#include "json/validate.hpp"

namespace sluice {

void DataSplice::reserve_checksum() {
    SLUICE_ASSERT(reserved_count_ < reserved_.size(), "an object has two checksums");
    reserved_[reserved_count_++] = out_.size();
    out_.append(checksum_size(decimal_digits(text_.size())), '0');
}

std::optional<Refusal> DataSplice::append_data(const DataLimits& limits) {
    using Kind = Refusal::Kind;
    data_offset_ = out_.size();
    if (auto error = json::minify_to(out_, text_, {limits.max_depth})) return refusal_of(std::move(*error));

    if (out_[data_offset_] != '{') {
        std::string message = "an object's data must be a JSON object";
        if (out_[data_offset_] == '[')
            message += "; to create several objects send one per line as application/x-ndjson";
        const std::size_t offset = text_.find_first_not_of(" \t\r\n");
        const std::string_view before = text_.substr(0, offset);
        const auto line = static_cast<std::size_t>(1 + std::count(before.begin(), before.end(), '\n'));
        return Refusal{Kind::unacceptable, "not_an_object", std::move(message), line, offset, {}};
    }
    if (data_size() > limits.max_bytes) {
        std::string message = "an object's data may have at most " + format_bytes(limits.max_bytes) + ", this has " +
                              std::to_string(data_size()) + "B";
        return Refusal{Kind::too_large, "object_too_large", std::move(message), 1, 0, {}};
    }

    close_gaps(decimal_digits(text_.size()) - decimal_digits(data_size()));
    const std::string_view data = std::string_view(out_).substr(data_offset_);
    if (reserved_count_ > 0) write_checksum(out_.data() + reserved_[0], data);
    const std::size_t size = checksum_size(decimal_digits(data.size()));
    for (std::size_t i = 1; i < reserved_count_; ++i) out_.replace(reserved_[i], size, out_, reserved_[0], size);
    return std::nullopt;
}

void DataSplice::close_gaps(std::size_t unused_digits) {
    if (unused_digits == 0) return;
    const std::size_t reserved_size = checksum_size(decimal_digits(text_.size()));
    for (std::size_t i = reserved_count_; i-- > 0;)
        out_.erase(reserved_[i] + reserved_size - unused_digits, unused_digits);
    for (std::size_t i = 1; i < reserved_count_; ++i) reserved_[i] -= i * unused_digits;
    data_offset_ -= reserved_count_ * unused_digits;
}

}  // namespace sluice
