#include "api/tail.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <string>
#include <utility>

#include "net/signal_event.hpp"

namespace sluice::api {
namespace {

/// What may wait for one watcher: enough for a burst, little enough for many watchers.
constexpr std::size_t kMaxWaitingBytes = 4 << 20;
/// A comment line now and then shows that the connection lives (and finds out when the client does not).
constexpr auto kHeartbeat = std::chrono::seconds(15);

void append_event(std::string& out, const Event& event) {
    out += "id: ";
    out += to_string(event.position());
    out += "\ndata: ";
    out += event->envelope;  // minified JSON has no line break
    out += "\n\n";
}

}  // namespace

struct TailHub::Watcher {
    Watcher(boost::asio::any_io_executor on, EventFilter wanted) : filter(std::move(wanted)), wake(on) {}

    void look_at(const CommittedBatch& batch) {
        bool found = false;
        for (const auto& event : batch.events) {
            if (!filter.matches(event.view())) continue;
            found = true;
            auto size = event->envelope.size();
            if (waiting_bytes + size > kMaxWaitingBytes) {
                ++missed;
                continue;
            }
            waiting_bytes += size;
            queue.push_back(event);
        }
        if (found) wake.set();
    }

    const EventFilter filter;
    std::size_t waiting_bytes = 0;
    std::uint64_t missed = 0;
    std::vector<Event> queue;
    SignalEvent wake;
    bool closed = false;
};

/// The watchers of one thread. Touched there only, but for the two counts.
struct TailHub::Group {
    explicit Group(boost::asio::any_io_executor on) : executor(std::move(on)) {}

    void look_at(const CommittedBatch& batch) {
        auto passed_over = passed_over_events.exchange(0, std::memory_order_relaxed);
        for (const auto& watcher : watchers) {
            watcher->missed += passed_over;
            watcher->look_at(batch);
        }
    }

    const boost::asio::any_io_executor executor;
    std::vector<std::shared_ptr<Watcher>> watchers;
    std::atomic<std::size_t> count{0};  ///< of `watchers`
    std::atomic<std::size_t> bytes_under_way{0};
    /// Never sent here, since more were under way than may be: whether anybody wanted them is not known.
    std::atomic<std::uint64_t> passed_over_events{0};
};

TailHub::TailHub() : TailHub(Limits()) {}

TailHub::TailHub(Limits limits) : limits_(limits), places_(limits.max_watchers, limits.max_watchers_of_an_org) {}

TailHub::~TailHub() = default;

void TailHub::on_commit(std::shared_ptr<const CommittedBatch> batch) {
    if (count_.load(std::memory_order_acquire) == 0) return;
    std::size_t bytes = 0;
    for (const auto& event : batch->events) bytes += event->envelope.size();
    std::lock_guard lock(mutex_);
    for (const auto& group : groups_) {
        if (group->count.load(std::memory_order_relaxed) == 0) continue;
        if (group->bytes_under_way.load(std::memory_order_relaxed) + bytes > limits_.max_bytes_under_way) {
            group->passed_over_events.fetch_add(batch->events.size(), std::memory_order_relaxed);
            continue;
        }
        group->bytes_under_way.fetch_add(bytes, std::memory_order_relaxed);
        boost::asio::post(group->executor, [group, batch, bytes] {
            group->look_at(*batch);
            group->bytes_under_way.fetch_sub(bytes, std::memory_order_relaxed);
        });
    }
}

std::shared_ptr<TailHub::Group> TailHub::group_of(const boost::asio::any_io_executor& executor) {
    for (const auto& group : groups_)
        if (group->executor == executor) return group;
    groups_.push_back(std::make_shared<Group>(executor));
    return groups_.back();
}

boost::asio::awaitable<void> TailHub::follow(EventFilter filter, std::function<bool()> may_go_on,
                                             http::BodyWriter& writer) {
    auto executor = co_await boost::asio::this_coro::executor;
    auto watcher = std::make_shared<Watcher>(executor, std::move(filter));
    std::shared_ptr<Group> group;
    {
        std::lock_guard lock(mutex_);
        if (closed_) co_return;
        group = group_of(executor);
        group->watchers.push_back(watcher);
        group->count.fetch_add(1, std::memory_order_relaxed);
        count_.fetch_add(1, std::memory_order_release);
    }
    Result<void> written = co_await writer.write(": sluice\n\n");
    while (written && !watcher->closed) {
        bool woken = co_await watcher->wake.wait(Deadline::after(kHeartbeat));
        if (!may_go_on()) break;
        std::string out;
        if (!woken) out = ": alive\n\n";
        if (auto missed = std::exchange(watcher->missed, 0); missed > 0)
            out += "event: missed\ndata: {\"missed\":" + std::to_string(missed) + "}\n\n";
        for (const auto& event : std::exchange(watcher->queue, {})) append_event(out, event);
        watcher->waiting_bytes = 0;
        if (out.empty()) continue;
        written = co_await writer.write(out);
    }
    std::lock_guard lock(mutex_);
    std::erase(group->watchers, watcher);
    group->count.fetch_sub(1, std::memory_order_relaxed);
    count_.fetch_sub(1, std::memory_order_release);
}

void TailHub::close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& group : groups_)
        boost::asio::post(group->executor, [group] {
            for (const auto& watcher : group->watchers) {
                watcher->closed = true;
                watcher->wake.set();
            }
        });
}

}  // namespace sluice::api
