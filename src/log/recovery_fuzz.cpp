// Arbitrary bytes as a segment file and its index: opening, reading and verifying give errors or events, never a crash.
// The fuzzer cannot guess checksums, so they are made right where a field of the input asks for it.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/encoding.hpp"
#include "log/little_endian.hpp"
#include "log/segment_index_file.hpp"
#include "log/segment_log.hpp"
#include "log/segment_scan.hpp"
#include "log/simulated_files.hpp"
#include "log/verify.hpp"

namespace {

using namespace sluice;

constexpr std::uint64_t kEpoch = 42;
constexpr std::uint64_t kFileBytes = 32 << 10;

SegmentHeader fuzzed_segment() {
    return {.block_bytes = 512, .epoch = kEpoch, .use = 1, .first = 1, .file_bytes = kFileBytes};
}

/// Input bytes as frames with right checksums: what is left to get wrong is what they say.
void repair_frames(std::string& segment) {
    for (std::size_t at = kSegmentHeaderBytes; at + kFrameHeaderBytes <= segment.size(); at += 512) {
        if (std::string_view(segment).substr(at, 4) != "SLFR") continue;
        store_le<std::uint64_t>(segment.data() + at + 8, kEpoch);
        store_le<std::uint32_t>(segment.data() + at + 40, static_cast<std::uint32_t>(at));
        auto first = load_le<std::uint64_t>(segment.data() + at + 16);
        auto time = from_epoch_ms(load_le<std::int64_t>(segment.data() + at + 24));
        auto count = load_le<std::uint32_t>(segment.data() + at + 32);
        std::size_t record = at + kFrameHeaderBytes;
        std::uint32_t checksum = 0;
        for (std::uint32_t i = 0; i < count && record + kRecordHeaderBytes <= segment.size(); ++i) {
            auto body = load_le<std::uint32_t>(segment.data() + record + 4);
            if (body > segment.size() - record - kRecordHeaderBytes) break;
            checksum =
                add_to_records_checksum(checksum, seal_record(segment.data() + record, body, first + i, kEpoch, time));
            record += kRecordHeaderBytes + body;
        }
        store_le<std::uint32_t>(segment.data() + at + 44, checksum);
        store_le<std::uint32_t>(segment.data() + at + 4, crc32c(std::string_view(segment).substr(at + 8, 40)));
    }
}

void repair_index(std::string& index) {
    if (index.size() < kIndexHeaderBytes) return;
    std::string_view magic = "SLUICEIX";
    magic.copy(index.data(), magic.size());
    store_le<std::uint32_t>(index.data() + 8, kIndexFormatVersion);
    store_le<std::uint64_t>(index.data() + 16, kEpoch);
    store_le<std::uint64_t>(index.data() + 24, 1);
    store_le<std::uint64_t>(index.data() + 72, index.size() - kIndexHeaderBytes);
    store_le<std::uint32_t>(index.data() + 80, crc32c(std::string_view(index).substr(kIndexHeaderBytes)));
    store_le<std::uint32_t>(index.data() + 92, crc32c(std::string_view(index).substr(0, 92)));
}

void use_log(SimulatedFiles& files) {
    (void)verify_log("/log", &files);
    SegmentLogOptions options;
    options.folder = "/log";
    options.segment_bytes = kFileBytes;
    options.files = &files;
    auto log = SegmentLog::open(options);
    if (!log) return;
    EventFilter filter;
    filter.orgs = {"**"};
    filter.tags = {"t"};
    (void)(*log)->read({});
    (void)(*log)->read({.filter = &filter});
    (void)(*log)->count(0, 1, ~Sequence(0), filter);
    (void)(*log)->first_at_or_after(0, from_epoch_ms(1));
    for (Sequence i = 0; i < 5; ++i) (void)(*log)->get({0, i});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    std::uint8_t how = data[0];
    std::size_t index_size =
        std::min<std::size_t>(size - 3, load_le<std::uint16_t>(reinterpret_cast<const char*>(data) + 1));
    std::string_view rest(reinterpret_cast<const char*>(data) + 3, size - 3);
    std::string index(rest.substr(0, index_size));
    std::string_view content = rest.substr(index_size);

    std::string segment;
    if ((how & 1) == 0) {
        segment.resize(kSegmentHeaderBytes);
        encode_segment_header(fuzzed_segment(), segment.data());
    }
    segment.append(content.substr(0, kFileBytes - segment.size()));
    if ((how & 2) == 0) segment.resize(kFileBytes);
    if ((how & 4) == 0) repair_frames(segment);
    if ((how & 8) == 0) repair_index(index);

    SimulatedFiles files;
    files.put("/log/0000000001.segment", segment);
    files.put("/log/0000000001.index", index);
    use_log(files);
    // The same as the sealed segment of two.
    if ((how & 16) == 0) {
        SimulatedFiles two;
        two.put("/log/0000000001.segment", segment);
        two.put("/log/0000000001.index", index);
        std::string next(kFileBytes, '\0');
        SegmentHeader header = fuzzed_segment();
        header.epoch = 43;
        header.use = 2;
        header.previous_epoch = kEpoch;
        header.first = 1 + (how >> 5);
        encode_segment_header(header, next.data());
        two.put("/log/0000000002.segment", next);
        use_log(two);
    }
    return 0;
}
