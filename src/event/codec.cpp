#include "event/codec.hpp"

#include <bit>
#include <cstring>

#include "base/assert.hpp"

namespace sluice {

namespace {

static_assert(std::endian::native == std::endian::little, "records are little-endian and copied as they stand");

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kKeptAsObject = 1;
constexpr std::uint8_t kHasIdempotency = 2;
constexpr std::size_t kHashSize = 32;
constexpr std::size_t kIdempotencyPrefix = kHashSize + sizeof(std::uint32_t);

/// The fixed part of a record body, as it lies there.
struct Header {
    std::uint8_t version;
    std::uint8_t event_type;
    std::uint8_t object_type;
    std::uint8_t flags;
    std::uint8_t org_length;
    std::uint8_t rec_type_length;
    std::uint8_t id_length;
    std::uint8_t source_length;
    std::uint16_t tags_length;
    std::uint16_t idempotency_length;
    std::uint32_t envelope_length;
    std::uint32_t obj_offset;
    std::uint32_t obj_length;
    std::uint32_t data_offset;
    std::uint32_t data_length;
};
static_assert(sizeof(Header) == 32 && std::has_unique_object_representations_v<Header>, "no padding in the format");

template <class Length>
Length narrow(std::size_t size, const char* what) {
    SLUICE_ASSERT(size <= static_cast<Length>(-1), what);
    return static_cast<Length>(size);
}

Error corrupt(std::string what) {
    return make_error(Errc::corrupt, "event record: " + std::move(what));
}

/// Takes pieces off the front of bytes whose total length was checked.
class Pieces {
  public:
    explicit Pieces(std::string_view bytes) : rest_(bytes) {}
    std::string_view take(std::size_t size) {
        std::string_view piece = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return piece;
    }

  private:
    std::string_view rest_;
};

bool lies_within(std::uint32_t offset, std::uint32_t size, std::uint64_t from, std::uint64_t until) {
    return offset >= from && std::uint64_t{offset} + size <= until;
}

/// The offset of `part` within `whole`, of which it is a part.
std::uint32_t offset_in(std::string_view whole, std::string_view part, const char* what) {
    SLUICE_ASSERT(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size(), what);
    return narrow<std::uint32_t>(static_cast<std::size_t>(part.data() - whole.data()), what);
}

}  // namespace

Result<EventView> decode_event(std::string_view body) {
    Header header;
    if (body.size() < sizeof header) return corrupt("shorter than its header");
    std::memcpy(&header, body.data(), sizeof header);
    if (header.version != kVersion) return corrupt("version " + std::to_string(header.version) + " is not known");
    if (header.event_type < 1 || header.event_type > 3) return corrupt("event type is not known");
    if (header.object_type < 1 || header.object_type > 3) return corrupt("object type is not known");
    if ((header.flags & ~(kKeptAsObject | kHasIdempotency)) != 0) return corrupt("a flag is not known");

    std::uint64_t size = sizeof header + std::uint64_t{header.org_length} + header.rec_type_length + header.id_length +
                         header.source_length + header.tags_length + header.idempotency_length + header.envelope_length;
    if (size != body.size()) return corrupt("its lengths do not add up to its size");
    if (!lies_within(header.obj_offset, header.obj_length, 0, header.envelope_length)) {
        return corrupt("obj lies outside the envelope");
    }
    bool data_is_within = lies_within(header.data_offset, header.data_length, header.obj_offset,
                                      std::uint64_t{header.obj_offset} + header.obj_length);
    if (header.data_length == 0 ? header.data_offset != 0 : !data_is_within) return corrupt("data lies outside obj");

    EventView view;
    view.event_type = static_cast<EventType>(header.event_type);
    view.object_type = static_cast<ObjectType>(header.object_type);
    view.kept_as_object = header.flags & kKeptAsObject;
    Pieces pieces(body.substr(sizeof header));
    view.org = pieces.take(header.org_length);
    view.rec_type = pieces.take(header.rec_type_length);
    view.id = pieces.take(header.id_length);
    view.source = pieces.take(header.source_length);
    view.tags = pieces.take(header.tags_length);
    if (!are_tags(view.tags)) return corrupt("its tags are not whole");
    std::string_view idempotency = pieces.take(header.idempotency_length);
    bool has_idempotency = header.flags & kHasIdempotency;
    if (has_idempotency ? idempotency.size() < kIdempotencyPrefix : !idempotency.empty()) {
        return corrupt("its idempotency mark is not whole");
    }
    if (has_idempotency) {
        IdempotencyMark& mark = view.idempotency.emplace();
        mark.body_sha256 = idempotency.substr(0, kHashSize);
        std::memcpy(&mark.event_count, idempotency.data() + kHashSize, sizeof mark.event_count);
        mark.key = idempotency.substr(kIdempotencyPrefix);
    }
    view.envelope = pieces.take(header.envelope_length);
    view.obj = view.envelope.substr(header.obj_offset, header.obj_length);
    if (header.data_length > 0) view.data = view.envelope.substr(header.data_offset, header.data_length);
    return view;
}

void EventBatch::reserve(std::size_t bytes, std::size_t events) {
    bytes_->reserve(bytes);
    records_.reserve(events);
}

void EventBatch::add(const EventView& view) {
    begin(view).append(view.envelope);
    std::uint32_t data_offset =
        view.data.empty() ? 0 : offset_in(view.envelope, view.data, "data is not in the envelope");
    commit(offset_in(view.envelope, view.obj, "obj is not in the envelope"),
           narrow<std::uint32_t>(view.obj.size(), "obj is too long"), data_offset,
           narrow<std::uint32_t>(view.data.size(), "data is too long"));
}

std::string& EventBatch::begin(const EventView& view) {
    SLUICE_ASSERT(!is_begun_, "the record before was neither committed nor rolled back");
    std::string& bytes = *bytes_;
    record_start_ = bytes.size();
    std::size_t idempotency_size = view.idempotency ? kIdempotencyPrefix + view.idempotency->key.size() : 0;

    Header header{};
    header.version = kVersion;
    header.event_type = static_cast<std::uint8_t>(view.event_type);
    header.object_type = static_cast<std::uint8_t>(view.object_type);
    header.flags =
        static_cast<std::uint8_t>((view.kept_as_object ? kKeptAsObject : 0) | (view.idempotency ? kHasIdempotency : 0));
    header.org_length = narrow<std::uint8_t>(view.org.size(), "an org does not fit a record");
    header.rec_type_length = narrow<std::uint8_t>(view.rec_type.size(), "a recType does not fit a record");
    header.id_length = narrow<std::uint8_t>(view.id.size(), "an id does not fit a record");
    header.source_length = narrow<std::uint8_t>(view.source.size(), "a source does not fit a record");
    header.tags_length = narrow<std::uint16_t>(view.tags.size(), "tags do not fit a record");
    header.idempotency_length = narrow<std::uint16_t>(idempotency_size, "an idempotency key does not fit a record");
    bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(view.org).append(view.rec_type).append(view.id).append(view.source).append(view.tags);
    if (view.idempotency) {
        const IdempotencyMark& mark = *view.idempotency;
        SLUICE_ASSERT(mark.body_sha256.size() == kHashSize, "an idempotency hash is 32 bytes");
        bytes.append(mark.body_sha256);
        bytes.append(reinterpret_cast<const char*>(&mark.event_count), sizeof mark.event_count);
        bytes.append(mark.key);
    }
    envelope_start_ = bytes.size();
    is_begun_ = true;
    return bytes;
}

std::string& EventBatch::begun() {
    SLUICE_ASSERT(is_begun_, "no record was begun");
    return *bytes_;
}

void EventBatch::commit(std::uint32_t obj_offset, std::uint32_t obj_size, std::uint32_t data_offset,
                        std::uint32_t data_size) {
    SLUICE_ASSERT(is_begun_ && bytes_->size() >= envelope_start_, "no record was begun");
    std::string& bytes = *bytes_;
    Header header;
    std::memcpy(&header, bytes.data() + record_start_, sizeof header);
    header.envelope_length = narrow<std::uint32_t>(bytes.size() - envelope_start_, "an envelope does not fit a record");
    header.obj_offset = obj_offset;
    header.obj_length = obj_size;
    header.data_offset = data_size > 0 ? data_offset : 0;
    header.data_length = data_size;
    SLUICE_ASSERT(lies_within(obj_offset, obj_size, 0, header.envelope_length), "obj is not in the envelope");
    SLUICE_ASSERT(
        data_size == 0 || lies_within(data_offset, data_size, obj_offset, std::uint64_t{obj_offset} + obj_size),
        "data is not in obj");
    std::memcpy(bytes.data() + record_start_, &header, sizeof header);
    records_.push_back({narrow<std::uint32_t>(record_start_, "a batch is larger than 4 GiB"),
                        narrow<std::uint32_t>(bytes.size() - record_start_, "a record is larger than 4 GiB")});
    is_begun_ = false;
}

void EventBatch::rollback() {
    if (!is_begun_) return;
    bytes_->resize(record_start_);
    is_begun_ = false;
}

}  // namespace sluice
