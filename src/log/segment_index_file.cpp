#include "log/segment_index_file.hpp"

#include <limits>

#include "base/encoding.hpp"
#include "log/little_endian.hpp"

namespace sluice {
namespace {

constexpr std::string_view kIndexMagic = "SLUICEIX";

namespace at {
constexpr std::size_t version = 8, sealed = 12, epoch = 16, first = 24, count = 32, first_time = 40, last_time = 48,
                      end = 56, frames = 64, streams = 68, body_bytes = 72, body_checksum = 80, checksum = 92;
}
constexpr std::size_t kPlaceBytes = 8;
constexpr std::size_t kFrameBytes = 12;

template <class T>
void append_le(std::string& out, T value) {
    char bytes[sizeof(T)];
    store_le(bytes, value);
    out.append(bytes, sizeof bytes);
}

void append_varint(std::string& out, std::uint32_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
}

/// Reads forward; once it has run out of bytes it stays failed and gives zeros.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    template <class T>
    T le() {
        std::string_view raw = take(sizeof(T));
        return raw.empty() ? T{} : load_le<T>(raw.data());
    }
    std::uint32_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            auto byte = le<std::uint8_t>();
            value |= std::uint64_t(byte & 0x7f) << shift;
            if (byte < 0x80) break;
            if (shift == 28) failed_ = true;
        }
        if (value > std::numeric_limits<std::uint32_t>::max()) failed_ = true;
        return static_cast<std::uint32_t>(value);
    }
    std::string_view take(std::size_t size) {
        if (failed_ || size > bytes_.size()) {
            failed_ = true;
            return {};
        }
        std::string_view taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }
    bool failed() const noexcept { return failed_; }
    bool at_end() const noexcept { return !failed_ && bytes_.empty(); }
    std::size_t left() const noexcept { return bytes_.size(); }

  private:
    std::string_view bytes_;
    bool failed_ = false;
};

bool read_places(Reader& reader, const SegmentExtent& extent, std::vector<SegmentIndex::Place>& places) {
    if (extent.count > reader.left() / kPlaceBytes) return false;
    places.resize(extent.count);
    std::uint64_t behind = kSegmentHeaderBytes;
    for (SegmentIndex::Place& place : places) {
        place.offset = reader.le<std::uint32_t>();
        place.body_bytes = reader.le<std::uint32_t>();
        if (place.offset < behind || place.end() > extent.end) return false;
        behind = place.end();
    }
    return true;
}

bool read_frames(Reader& reader, const IndexHeader& header, std::vector<SegmentIndex::Frame>& frames) {
    if (header.frames > reader.left() / kFrameBytes) return false;
    frames.resize(header.frames);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        frames[i].first_ordinal = reader.le<std::uint32_t>();
        frames[i].time_ms = reader.le<std::int64_t>();
        bool in_order = i == 0 ? frames[i].first_ordinal == 0
                               : frames[i].first_ordinal > frames[i - 1].first_ordinal &&
                                     frames[i].time_ms >= frames[i - 1].time_ms;
        if (!in_order || frames[i].first_ordinal >= header.extent.count) return false;
    }
    return true;
}

bool read_stream(Reader& reader, SegmentIndex::Stream& stream, std::vector<bool>& seen) {
    auto event_type = reader.le<std::uint8_t>();
    auto object_type = reader.le<std::uint8_t>();
    auto tags_known = reader.le<std::uint8_t>();
    if (event_type < 1 || event_type > 3 || object_type < 1 || object_type > 3 || tags_known > 1) return false;
    stream.event_type = static_cast<EventType>(event_type);
    stream.object_type = static_cast<ObjectType>(object_type);
    stream.tags_known = tags_known == 1;
    stream.org = reader.take(reader.le<std::uint8_t>());
    stream.rec_type = reader.take(reader.le<std::uint8_t>());
    stream.tags = reader.take(reader.le<std::uint16_t>());
    std::uint32_t count = reader.varint();
    if (reader.failed() || count > reader.left()) return false;
    stream.ordinals.reserve(count);
    std::uint64_t ordinal = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        std::uint32_t step = reader.varint();
        if (i > 0 && step == 0) return false;
        ordinal += step;
        if (reader.failed() || ordinal >= seen.size() || seen[ordinal]) return false;
        seen[ordinal] = true;
        stream.ordinals.push_back(static_cast<std::uint32_t>(ordinal));
    }
    return true;
}

}  // namespace

std::string encode_index(const SegmentIndex& index, std::uint64_t epoch, bool sealed) {
    const SegmentExtent& extent = index.extent();
    std::string out(kIndexHeaderBytes, '\0');
    out.reserve(kIndexHeaderBytes + extent.count * (kPlaceBytes + 3) + index.frames().size() * kFrameBytes);
    for (const SegmentIndex::Place& place : index.places()) {
        append_le(out, place.offset);
        append_le(out, place.body_bytes);
    }
    for (const SegmentIndex::Frame& frame : index.frames()) {
        append_le(out, frame.first_ordinal);
        append_le(out, frame.time_ms);
    }
    for (const SegmentIndex::Stream& stream : index.streams()) {
        append_le(out, static_cast<std::uint8_t>(stream.event_type));
        append_le(out, static_cast<std::uint8_t>(stream.object_type));
        append_le(out, static_cast<std::uint8_t>(stream.tags_known));
        append_le(out, static_cast<std::uint8_t>(stream.org.size()));
        out.append(stream.org);
        append_le(out, static_cast<std::uint8_t>(stream.rec_type.size()));
        out.append(stream.rec_type);
        append_le(out, static_cast<std::uint16_t>(stream.tags.size()));
        out.append(stream.tags);
        append_varint(out, static_cast<std::uint32_t>(stream.ordinals.size()));
        std::uint32_t before = 0;
        for (std::uint32_t ordinal : stream.ordinals) {
            append_varint(out, ordinal - before);
            before = ordinal;
        }
    }
    char* head = out.data();
    std::string_view body = std::string_view(out).substr(kIndexHeaderBytes);
    kIndexMagic.copy(head, kIndexMagic.size());
    store_le<std::uint32_t>(head + at::version, kIndexFormatVersion);
    store_le<std::uint32_t>(head + at::sealed, sealed ? 1 : 0);
    store_le<std::uint64_t>(head + at::epoch, epoch);
    store_le<std::uint64_t>(head + at::first, extent.first);
    store_le<std::uint64_t>(head + at::count, extent.count);
    store_le<std::int64_t>(head + at::first_time, to_epoch_ms(extent.first_time));
    store_le<std::int64_t>(head + at::last_time, to_epoch_ms(extent.last_time));
    store_le<std::uint64_t>(head + at::end, extent.end);
    store_le<std::uint32_t>(head + at::frames, static_cast<std::uint32_t>(index.frames().size()));
    store_le<std::uint32_t>(head + at::streams, static_cast<std::uint32_t>(index.streams().size()));
    store_le<std::uint64_t>(head + at::body_bytes, body.size());
    store_le<std::uint32_t>(head + at::body_checksum, crc32c(body));
    store_le<std::uint32_t>(head + at::checksum, crc32c({head, at::checksum}));
    return out;
}

std::optional<IndexHeader> decode_index_header(std::string_view bytes, const SegmentHeader& segment) {
    if (bytes.size() < kIndexHeaderBytes || !bytes.starts_with(kIndexMagic)) return std::nullopt;
    const char* in = bytes.data();
    if (load_le<std::uint32_t>(in + at::checksum) != crc32c({in, at::checksum})) return std::nullopt;
    if (load_le<std::uint32_t>(in + at::version) != kIndexFormatVersion) return std::nullopt;
    IndexHeader header;
    header.epoch = load_le<std::uint64_t>(in + at::epoch);
    header.sealed = load_le<std::uint32_t>(in + at::sealed) == 1;
    header.extent.first = load_le<std::uint64_t>(in + at::first);
    header.extent.count = load_le<std::uint64_t>(in + at::count);
    header.extent.first_time = from_epoch_ms(load_le<std::int64_t>(in + at::first_time));
    header.extent.last_time = from_epoch_ms(load_le<std::int64_t>(in + at::last_time));
    header.extent.end = load_le<std::uint64_t>(in + at::end);
    header.frames = load_le<std::uint32_t>(in + at::frames);
    header.streams = load_le<std::uint32_t>(in + at::streams);
    header.body_bytes = load_le<std::uint64_t>(in + at::body_bytes);
    header.body_checksum = load_le<std::uint32_t>(in + at::body_checksum);
    bool fits = header.epoch == segment.epoch && header.extent.first == segment.first &&
                header.extent.end >= kSegmentHeaderBytes && header.extent.end <= segment.file_bytes &&
                header.extent.count <= segment.file_bytes / kRecordHeaderBytes;
    return fits ? std::optional(header) : std::nullopt;
}

std::shared_ptr<SegmentIndex> decode_index(std::string_view bytes, const SegmentHeader& segment) {
    auto header = decode_index_header(bytes, segment);
    if (!header) return nullptr;
    std::string_view body = bytes.substr(kIndexHeaderBytes);
    if (body.size() != header->body_bytes || crc32c(body) != header->body_checksum) return nullptr;

    Reader reader(body);
    std::vector<SegmentIndex::Place> places;
    std::vector<SegmentIndex::Frame> frames;
    std::vector<SegmentIndex::Stream> streams;
    if (!read_places(reader, header->extent, places) || !read_frames(reader, *header, frames)) return nullptr;
    // Every event belongs to exactly one stream.
    std::vector<bool> seen(header->extent.count);
    std::uint64_t in_streams = 0;
    for (std::uint32_t i = 0; i < header->streams; ++i) {
        SegmentIndex::Stream stream;
        if (!read_stream(reader, stream, seen)) return nullptr;
        in_streams += stream.ordinals.size();
        streams.push_back(std::move(stream));
    }
    if (!reader.at_end() || in_streams != header->extent.count) return nullptr;
    return std::make_shared<SegmentIndex>(header->extent, std::move(places), std::move(frames), std::move(streams));
}

}  // namespace sluice
