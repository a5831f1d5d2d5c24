#include "api/tail.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <deque>
#include <string>

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
    Watcher(boost::asio::any_io_executor on, EventFilter wanted) : executor(on), filter(std::move(wanted)), wake(on) {}

    const boost::asio::any_io_executor executor;
    const EventFilter filter;
    std::atomic<std::size_t> waiting_bytes{0};
    std::atomic<std::uint64_t> missed{0};
    // Touched on the executor only:
    std::deque<Event> queue;
    SignalEvent wake;
    bool closed = false;
};

void TailHub::on_commit(const CommittedBatch& batch) {
    if (count_.load(std::memory_order_acquire) == 0) return;
    std::lock_guard lock(mutex_);
    for (const auto& watcher : watchers_) {
        std::vector<Event> wanted;
        for (const auto& event : batch.events) {
            if (!watcher->filter.matches(event.view())) continue;
            auto size = event->envelope.size();
            if (watcher->waiting_bytes.load(std::memory_order_relaxed) + size > kMaxWaitingBytes) {
                watcher->missed.fetch_add(1, std::memory_order_relaxed);
                continue;
            }
            watcher->waiting_bytes.fetch_add(size, std::memory_order_relaxed);
            wanted.push_back(event);
        }
        if (wanted.empty()) continue;
        boost::asio::post(watcher->executor, [watcher, wanted = std::move(wanted)]() mutable {
            for (auto& event : wanted) watcher->queue.push_back(std::move(event));
            watcher->wake.set();
        });
    }
}

boost::asio::awaitable<void> TailHub::follow(EventFilter filter, std::function<bool()> may_go_on,
                                             http::BodyWriter& writer) {
    auto executor = co_await boost::asio::this_coro::executor;
    auto watcher = std::make_shared<Watcher>(executor, std::move(filter));
    {
        std::lock_guard lock(mutex_);
        if (closed_) co_return;
        watchers_.push_back(watcher);
        count_.store(watchers_.size(), std::memory_order_release);
    }
    Result<void> written = co_await writer.write(": sluice\n\n");
    while (written && !watcher->closed) {
        bool woken = co_await watcher->wake.wait(Deadline::after(kHeartbeat));
        if (!may_go_on()) break;
        std::string out;
        if (!woken) out = ": alive\n\n";
        if (auto missed = watcher->missed.exchange(0); missed > 0)
            out += "event: missed\ndata: {\"missed\":" + std::to_string(missed) + "}\n\n";
        std::size_t bytes = 0;
        for (const auto& event : watcher->queue) {
            bytes += event->envelope.size();
            append_event(out, event);
        }
        watcher->queue.clear();
        watcher->waiting_bytes.fetch_sub(bytes, std::memory_order_relaxed);
        if (out.empty()) continue;
        written = co_await writer.write(out);
    }
    std::lock_guard lock(mutex_);
    std::erase(watchers_, watcher);
    count_.store(watchers_.size(), std::memory_order_release);
}

void TailHub::close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& watcher : watchers_)
        boost::asio::post(watcher->executor, [watcher] {
            watcher->closed = true;
            watcher->wake.set();
        });
}

}  // namespace sluice::api
