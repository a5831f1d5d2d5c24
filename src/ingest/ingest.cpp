#include "ingest/ingest.hpp"

#include <initializer_list>
#include <iterator>
#include <utility>

#include "base/assert.hpp"
#include "base/units.hpp"
#include "event/codec.hpp"
#include "ingest/envelope_intake.hpp"
#include "ingest/idempotency.hpp"
#include "net/await_callback.hpp"

namespace sluice {

namespace asio = boost::asio;

namespace {

/// Joins names into one key; NUL stands in none of them.
std::string joined(std::initializer_list<std::string_view> names) {
    std::string text;
    for (const std::string_view name : names) {
        text += name;
        text += '\0';
    }
    return text;
}

using Mark = std::optional<IdempotencyMark>;

/// An index that cannot be written is tried again within seconds.
constexpr std::chrono::seconds kRetryAfterIndex{5};
/// About what an envelope, its obj and its record have besides the data: for admission.
constexpr std::size_t kEventOverhead = 1024;
/// About what a record has besides its envelope.
constexpr std::size_t kRecordOverhead = 128;

std::string_view form_of(bool ndjson) {
    return ndjson ? "ndjson" : "json";
}

/// Adds each line, the first with the mark, until one is refused; says where in the body that was.
template <class Add>
std::optional<Refusal> add_lines(const std::vector<BodyLine>& lines, const Mark& mark, const Add& add) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (auto refusal = add(lines[i].text, i == 0 ? mark : Mark())) {
            refusal->shift(lines[i].number, lines[i].offset);
            return refusal;
        }
    }
    return std::nullopt;
}

/// Reads `count` events on from `first`; Errc::not_found when some are gone.
Result<std::vector<Event>> read_events(const EventLog& log, LogPosition first, std::uint32_t count) {
    std::vector<Event> events;
    ReadRequest request;
    request.partition = first.partition;
    request.from = first.sequence;
    request.to = first.sequence + count - 1;
    while (events.size() < count) {
        auto page = log.read(request);
        if (!page) return page.error();
        if (page->oldest > request.from || page->events.empty())
            return make_error(Errc::not_found, "the log holds these events no more");
        std::move(page->events.begin(), page->events.end(), std::back_inserter(events));
        request.from = page->next;
    }
    return events;
}

/// The batch's records as the log numbered them.
std::vector<Event> events_of(const SharedBytes& bytes, const std::vector<EventBatch::Record>& records,
                             const AppendReceipt& receipt) {
    std::vector<Event> events;
    events.reserve(records.size());
    Sequence sequence = receipt.first;
    for (const auto& record : records) {
        const auto view = decode_event(std::string_view(*bytes).substr(record.offset, record.size));
        SLUICE_ASSERT(view.has_value(), "a record that was just encoded can be decoded");
        events.emplace_back(bytes, *view, LogPosition{receipt.partition, sequence++}, receipt.time);
    }
    return events;
}

}  // namespace

Ingest::Ingest(EventLog& log, ObjectIndex& index, BlockingPool& reads, BlockingPool& lists, const Clock& clock,
               Options options)
    : log_(log),
      index_(index),
      reads_(reads),
      lists_(lists),
      clock_(clock),
      limits_(options.limits),
      applier_(log, index),
      admission_(
          options.limits.max_waiting_bytes, [this] { return applier_.waiting_bytes(); },
          std::move(options.over_backlog)) {}

Ingest::~Ingest() = default;

asio::awaitable<IngestResult<Written>> Ingest::create(CreateRequest request) {
    IngestResult<std::vector<BodyLine>> lines = lines_of(request.body, request.ndjson);
    if (!lines) co_return lines.error();

    const ObjectContext& context = request.context;
    Write write;
    write.org = context.author.org;
    write.count = static_cast<std::uint32_t>(lines->size());
    write.bytes = request.body.size() + lines->size() * kEventOverhead;
    Digest256 print{};
    if (request.idempotency_key) {
        const std::string tags = encode_tags(context.tags);
        print = fingerprint({"create", to_string(context.type), context.rec_type, tags, form_of(request.ndjson)},
                            request.body);
        write.idempotency_key = request.idempotency_key;
        write.fingerprint = as_view(print);
    }
    Fill fill = [this, &context, &lines, bytes = request.body.size()](EventBatch& batch, const Mark& mark) {
        ObjectBuilder builder(batch, context, ids_, clock_.now(), limits_.data);
        builder.reserve(bytes, lines->size());
        return add_lines(*lines, mark,
                         [&builder](std::string_view text, const Mark& first) { return builder.add(text, first); });
    };
    co_return co_await this->write(write, std::move(fill));
}

asio::awaitable<IngestResult<Event>> Ingest::update(UpdateRequest request) {
    IngestResult<std::vector<BodyLine>> lines = lines_of(request.body, false);
    if (!lines) co_return lines.error();
    Change alter = [this, &request](EventBatch& batch, const Event& current) {
        return append_update(batch, current, request.author, clock_.now(), request.body, limits_.data);
    };
    co_return co_await change(request.key, request.body.size() + kEventOverhead, std::move(alter));
}

asio::awaitable<IngestResult<Event>> Ingest::remove(ObjectKey key) {
    Change alter = [](EventBatch& batch, const Event& current) -> std::optional<Refusal> {
        append_delete(batch, current);
        return std::nullopt;
    };
    co_return co_await change(std::move(key), kEventOverhead, std::move(alter));
}

asio::awaitable<IngestResult<Written>> Ingest::append_envelopes(EnvelopesRequest request) {
    IngestResult<std::vector<BodyLine>> lines = lines_of(request.body, request.ndjson);
    if (!lines) co_return lines.error();

    Write write;
    write.org = request.org;
    write.count = static_cast<std::uint32_t>(lines->size());
    write.bytes = request.body.size();
    write.objects = false;
    Digest256 print{};
    if (request.idempotency_key) {
        print = fingerprint({"events", form_of(request.ndjson)}, request.body);
        write.idempotency_key = request.idempotency_key;
        write.fingerprint = as_view(print);
    }
    Fill fill = [this, &request, &lines](EventBatch& batch, const Mark& mark) {
        EnvelopeIntake intake(batch, request.org, limits_.data);
        batch.reserve(request.body.size() + lines->size() * kRecordOverhead, lines->size());
        return add_lines(*lines, mark,
                         [&](std::string_view text, const Mark& first) { return intake.add(text, first); });
    };
    co_return co_await this->write(write, std::move(fill));
}

asio::awaitable<IngestResult<Event>> Ingest::get(ObjectKey key) {
    auto look_up = [this, &key] { return index_.get({key.org, key.type, key.rec_type, key.id}); };
    Result<Event> found = co_await reads_.run(std::move(look_up));
    if (!found) co_return refusal_of(found.error());
    co_return std::move(*found);
}

asio::awaitable<IngestResult<ObjectIndex::ListPage>> Ingest::list(ObjectIndex::ListQuery query, Arrange arrange) {
    auto look_up = [this, &query, &arrange] {
        auto page = index_.list(query);
        if (page && arrange) arrange(*page);
        return page;
    };
    Result<ObjectIndex::ListPage> page = co_await lists_.run(std::move(look_up));
    if (!page) co_return refusal_of(page.error());
    co_return std::move(*page);
}

IngestResult<std::vector<BodyLine>> Ingest::lines_of(std::string_view body, bool ndjson) const {
    using Kind = Refusal::Kind;
    if (body.size() > limits_.max_body_bytes) {
        std::string message = "a body may have at most " + format_bytes(limits_.max_body_bytes);
        return Refusal::of(Kind::too_large, "body_too_large", std::move(message));
    }
    std::vector<BodyLine> lines = ndjson ? split_ndjson(body, limits_.max_lines) : std::vector<BodyLine>{{body, 1, 0}};
    if (lines.empty() || body.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return Refusal::of(Kind::malformed, "empty_body", "the body is empty; send a JSON object");
    if (lines.size() > limits_.max_lines) {
        std::string message =
            "a request may have at most " + std::to_string(limits_.max_lines) + " lines; send the rest in another";
        return Refusal::of(Kind::too_large, "too_many_lines", std::move(message));
    }
    return lines;
}

std::optional<Refusal> Ingest::refuse_while_index_fails() const {
    if (!applier_.is_failing()) return std::nullopt;
    // An object that cannot be indexed could be stored but not answered: better to say so than to keep the caller
    // waiting.
    return Refusal::of(Refusal::Kind::busy, "index_unavailable",
                       "objects cannot be indexed now, most likely as the disk is full; try again", kRetryAfterIndex);
}

asio::awaitable<IngestResult<Written>> Ingest::write(Write write, Fill fill) {
    // A repetition is recognised by the index too.
    const bool needs_index = write.objects || write.idempotency_key;
    if (needs_index)
        if (auto refusal = refuse_while_index_fails()) co_return std::move(*refusal);
    IngestResult<Admission::Ticket> ticket = admission_.admit(write.org, write.bytes);
    if (!ticket) co_return ticket.error();
    if (!write.idempotency_key) co_return co_await write_once(write, std::move(fill));

    if (auto refusal = check_idempotency_key(*write.idempotency_key)) co_return std::move(*refusal);
    // A request that repeats one that is still being written waits for it, and then finds its mark.
    std::string name = joined({write.org, *write.idempotency_key});
    KeyedMutex::Lock lock = co_await repeating_.lock(std::move(name));
    // What it waited for may be stored and not be found yet.
    if (auto refusal = refuse_while_index_fails()) co_return std::move(*refusal);
    auto look_up = [this, &write] { return index_.find_idempotency_key(write.org, *write.idempotency_key); };
    Result<std::optional<ObjectIndex::IdempotentAnswer>> earlier = co_await reads_.run(std::move(look_up));
    if (!earlier) co_return refusal_of(earlier.error());
    if (!*earlier) co_return co_await write_once(write, std::move(fill));
    if ((*earlier)->body_sha256 != write.fingerprint)
        co_return Refusal::of(
            Refusal::Kind::unacceptable, "idempotency_key_reused",
            "this Idempotency-Key was used for another request within 24 hours; use a new key for a new request");
    co_return co_await replay(std::move(**earlier), write.objects);
}

asio::awaitable<IngestResult<Written>> Ingest::write_once(Write write, Fill fill) {
    Mark mark;
    if (write.idempotency_key) mark = IdempotencyMark{*write.idempotency_key, write.fingerprint, write.count};
    EventBatch batch;
    if (auto refusal = fill(batch, mark)) co_return std::move(*refusal);

    const SharedBytes bytes = batch.bytes();
    const std::vector<EventBatch::Record> records = write.objects ? batch.records() : std::vector<EventBatch::Record>();
    const bool visible_to_reads = write.objects || mark;
    IngestResult<AppendReceipt> receipt = co_await append(std::move(batch), visible_to_reads);
    if (!receipt) co_return receipt.error();

    Written written;
    written.first = {receipt->partition, receipt->first};
    written.count = write.count;
    written.events = events_of(bytes, records, *receipt);
    co_return written;
}

asio::awaitable<IngestResult<Written>> Ingest::replay(ObjectIndex::IdempotentAnswer answer, bool with_events) {
    Written written;
    written.first = answer.first;
    written.count = answer.event_count;
    written.replayed = true;
    if (!with_events) co_return written;

    auto read = [this, &written] { return read_events(log_, written.first, written.count); };
    Result<std::vector<Event>> events = co_await reads_.run(std::move(read));
    if (!events && events.error().code == Errc::not_found)
        co_return Refusal::of(
            Refusal::Kind::conflict, "answer_gone",
            "this request was done before, and its objects are stored no more; use a new Idempotency-Key to write "
            "them again");
    if (!events) co_return refusal_of(events.error());
    written.events = std::move(*events);
    co_return written;
}

asio::awaitable<IngestResult<Event>> Ingest::change(ObjectKey key, std::uint64_t bytes, Change change) {
    if (auto refusal = refuse_while_index_fails()) co_return std::move(*refusal);
    IngestResult<Admission::Ticket> ticket = admission_.admit(key.org, bytes);
    if (!ticket) co_return ticket.error();
    std::string name = joined({key.org, to_string(key.type), key.rec_type, key.id});
    KeyedMutex::Lock lock = co_await changing_.lock(std::move(name));
    // Who held the lock may have been told that its change is not in the index: what stands there is not the latest.
    if (auto refusal = refuse_while_index_fails()) co_return std::move(*refusal);
    IngestResult<Event> current = co_await get(key);
    if (!current) co_return current.error();

    EventBatch batch;
    if (auto refusal = change(batch, *current)) co_return std::move(*refusal);
    const SharedBytes encoded = batch.bytes();
    const std::vector<EventBatch::Record> records = batch.records();
    IngestResult<AppendReceipt> receipt = co_await append(std::move(batch), true);
    if (!receipt) co_return receipt.error();
    co_return std::move(events_of(encoded, records, *receipt).front());
}

asio::awaitable<IngestResult<AppendReceipt>> Ingest::append(EventBatch batch, bool visible_to_reads) {
    auto start = [this, &batch, visible_to_reads](auto done) {
        log_.append(std::move(batch), [this, visible_to_reads, done](Result<AppendReceipt> receipt) {
            if (!receipt || !visible_to_reads) {
                done(std::move(receipt));
                return;
            }
            // When the index cannot be written the caller is answered all the same: what it sent is durable, and only
            // reading it comes late. A refusal would have it sent, and stored, twice.
            applier_.when_applied({receipt->partition, receipt->last},
                                  [done, receipt](Result<void>) { done(receipt); });
        });
    };
    Result<AppendReceipt> receipt = co_await await_callback<Result<AppendReceipt>>(std::move(start));
    if (!receipt) co_return refusal_of(receipt.error());
    co_return *receipt;
}

}  // namespace sluice
