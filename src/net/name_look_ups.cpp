#include "net/name_look_ups.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "net/post_gate.hpp"
#include "net/signal_event.hpp"

namespace sluice {

namespace asio = boost::asio;

namespace {

/// How a name was last answered, the best first: the order in which names that wait are taken.
enum Kind : std::size_t { kQuick, kUnknown, kSlow, kKinds };

/// How the names were last answered: of the latest ones, at least half of `capacity`.
class Answered {
  public:
    explicit Answered(std::size_t capacity) : generation_(std::max<std::size_t>(1, capacity / 2)) {}

    Kind kind_of(const std::string& host) const {
        for (const auto* names : {&newer_, &older_}) {
            if (auto found = names->find(host); found != names->end()) return found->second;
        }
        return kUnknown;
    }
    void remember(const std::string& host, Kind kind) {
        if (newer_.size() >= generation_ && !newer_.contains(host)) older_ = std::exchange(newer_, {});
        newer_[host] = kind;
    }

  private:
    std::size_t generation_;
    std::unordered_map<std::string, Kind> newer_, older_;
};

/// Of a coroutine that waits: its own thread's alone.
struct Caller {
    explicit Caller(const asio::any_io_executor& executor) : done(executor) {}
    SignalEvent done;
    std::optional<Result<NameLookUps::Addresses>> result;
};

/// The way back to a caller. Weak, as only a handler that runs on the caller's thread may hold it.
struct Waiting {
    std::weak_ptr<Caller> caller;
    asio::any_io_executor executor;
    std::shared_ptr<PostGate> gate;
};

struct Job {
    Kind kind;
    bool running = false;
    std::map<std::uint64_t, Waiting> waiting;  ///< by ticket
    std::list<std::string>::iterator place;    ///< in its kind's queue, until it runs
};

}  // namespace

struct NameLookUps::Impl {
    Impl(LookUp call, Options given) : look_up(std::move(call)), options(given), answered(given.remembered) {}

    Result<std::uint64_t> join(const std::string& host, Waiting waiting);
    void leave(const std::string& host, std::uint64_t ticket);

    // With the mutex held:
    std::optional<Kind> next_kind() const;
    bool find_a_thread();
    void work();
    void run(std::unique_lock<std::mutex>& lock, Kind kind);

    const LookUp look_up;
    const Options options;
    std::mutex mutex;
    std::condition_variable changed;
    std::unordered_map<std::string, Job> jobs;  ///< by host
    std::array<std::list<std::string>, kKinds> queues;
    std::array<std::size_t, kKinds> running{};
    Answered answered;
    std::uint64_t last_ticket = 0;
    std::vector<std::thread> threads;
    std::size_t idle = 0;
    bool stopping = false;
};

std::optional<Kind> NameLookUps::Impl::next_kind() const {
    auto unproven = running[kUnknown] + running[kSlow];
    if (!queues[kQuick].empty()) return kQuick;
    if (unproven >= options.threads_for_unproven) return std::nullopt;
    if (!queues[kUnknown].empty()) return kUnknown;
    if (!queues[kSlow].empty() && running[kSlow] < options.threads_for_slow) return kSlow;
    return std::nullopt;
}

/// Sees to it that somebody takes what may be taken. False when there is no thread at all.
bool NameLookUps::Impl::find_a_thread() {
    if (!next_kind()) return true;
    if (idle > 0) {
        // Whoever wakes sees to the next one.
        changed.notify_one();
    } else if (threads.size() < options.threads) {
        try {
            threads.emplace_back([this] { work(); });
            pthread_setname_np(threads.back().native_handle(), "resolver");
        } catch (const std::system_error&) {
            return !threads.empty();  // those there are come to it
        }
    }
    return true;
}

Result<std::uint64_t> NameLookUps::Impl::join(const std::string& host, Waiting waiting) {
    std::lock_guard lock(mutex);
    auto ticket = ++last_ticket;
    if (auto found = jobs.find(host); found != jobs.end()) {
        found->second.waiting.emplace(ticket, std::move(waiting));
        return ticket;
    }
    auto kind = answered.kind_of(host);
    auto& queue = queues[kind];
    if (queue.size() >= options.max_waiting) {
        return make_error(Errc::exhausted,
                          fmt::format("the name {} was not looked up: too many others wait to be", host),
                          "check this machine's name servers");
    }
    auto& job = jobs[host];
    job.kind = kind;
    job.waiting.emplace(ticket, std::move(waiting));
    job.place = queue.insert(queue.end(), host);
    if (!find_a_thread()) {
        queue.erase(job.place);
        jobs.erase(host);
        return make_error(Errc::exhausted, fmt::format("the name {} was not looked up: no thread can be started", host),
                          "raise the limit of this process's threads");
    }
    return ticket;
}

void NameLookUps::Impl::leave(const std::string& host, std::uint64_t ticket) {
    std::lock_guard lock(mutex);
    auto found = jobs.find(host);
    if (found == jobs.end()) return;
    auto& job = found->second;
    job.waiting.erase(ticket);
    if (job.running || !job.waiting.empty()) return;
    queues[job.kind].erase(job.place);
    jobs.erase(found);
}

void NameLookUps::Impl::work() {
    std::unique_lock lock(mutex);
    while (true) {
        ++idle;
        changed.wait(lock, [this] { return stopping || next_kind(); });
        --idle;
        if (stopping) return;
        run(lock, *next_kind());
    }
}

void NameLookUps::Impl::run(std::unique_lock<std::mutex>& lock, Kind kind) {
    auto host = std::move(queues[kind].front());
    queues[kind].pop_front();
    jobs[host].running = true;
    ++running[kind];
    find_a_thread();
    lock.unlock();
    auto begun = Deadline::Clock::now();
    auto result = std::make_shared<const Result<Addresses>>(look_up(host));
    bool slow =
        Deadline::Clock::now() - begun >= options.slow_after || (!*result && result->error().code == Errc::unavailable);
    lock.lock();
    --running[kind];
    answered.remember(host, slow ? kSlow : kQuick);
    auto waiting = std::move(jobs[host].waiting);
    jobs.erase(host);
    lock.unlock();
    {
        PostBatch batch;
        for (auto& [ticket, each] : waiting) {
            each.gate->post(each.executor, [caller = std::move(each.caller), result] {
                auto state = caller.lock();
                if (!state) return;
                state->result = *result;
                state->done.set();
            });
        }
    }
    waiting.clear();
    lock.lock();
}

NameLookUps::NameLookUps(LookUp look_up, Options options)
    : impl_(std::make_unique<Impl>(std::move(look_up), options)) {}

NameLookUps::~NameLookUps() {
    {
        std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->changed.notify_all();
    for (auto& thread : impl_->threads) thread.join();
}

std::size_t NameLookUps::under_way() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->jobs.size();
}

asio::awaitable<Result<NameLookUps::Addresses>> NameLookUps::resolve(std::string host, Deadline deadline) {
    auto executor = co_await asio::this_coro::executor;
    auto caller = std::make_shared<Caller>(executor);
    auto ticket = impl_->join(host, {caller, executor, PostGate::of(executor)});
    if (!ticket) co_return ticket.error();
    // Leaves however the waiting ends, also when this coroutine is destroyed.
    struct Place {
        Impl& look_ups;
        const std::string& host;
        std::uint64_t ticket;
        ~Place() { look_ups.leave(host, ticket); }
    } place{*impl_, host, *ticket};
    bool answered = co_await caller->done.wait(deadline);
    if (answered) co_return std::move(*caller->result);
    if (deadline.passed()) {
        co_return make_error(Errc::timeout, fmt::format("the name {} was not resolved in time", host),
                             "check this machine's name servers");
    }
    co_return make_error(Errc::cancelled, "resolving was cancelled");
}

}  // namespace sluice
