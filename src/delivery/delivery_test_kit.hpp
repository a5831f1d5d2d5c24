#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "delivery/engine.hpp"
#include "event/sample_event.hpp"
#include "net/run_for_test.hpp"
#include "store/fake_event_log.hpp"

// A destination that does as a test tells it, a cursor store in memory, and an engine over real shards. Test-only.
namespace sluice {

/// The far side of the `scripted` destination: what it stored, in order, and what it answers. Thread: any.
class ScriptedPeer {
  public:
    struct Stored {
        Sequence sequence = 0;
        std::string key;
        std::string target;
        std::string body;
        std::string replay;  ///< names the replay that sent it; empty for a first delivery
    };
    /// Answers one batch; what it accepts is stored. Called on the integration's shard.
    using Script = std::function<std::vector<Verdict>(std::span<const Message>)>;

    Limits limits = [] {
        Limits made;
        made.max_events = 100;
        made.max_concurrent = 4;
        return made;
    }();
    /// What a probe finds out.
    std::optional<Limits> limits_after_probe;
    /// Targets are first come, first served, and case is ignored: at most so many here. 0: any number.
    std::size_t max_targets = 0;
    std::string place = "here";
    std::function<std::string(const Event&)> target = [](const Event&) { return "t"; };

    void set_script(Script script) {
        std::lock_guard lock(mutex_);
        script_ = std::move(script);
    }
    /// deliver() waits until open(), or only what a replay sends.
    void close_gate(bool to_replays_only = false) {
        std::lock_guard lock(mutex_);
        gate_closed_ = true;
        gate_is_for_replays_ = to_replays_only;
    }
    void open_gate() {
        std::lock_guard lock(mutex_);
        gate_closed_ = false;
        for (auto& [call, open] : waiting_) open();
        waiting_.clear();
    }

    std::vector<Stored> stored() const {
        std::lock_guard lock(mutex_);
        return stored_;
    }
    std::vector<Sequence> sequences() const {
        std::lock_guard lock(mutex_);
        std::vector<Sequence> all;
        for (const Stored& one : stored_) all.push_back(one.sequence);
        return all;
    }
    /// Waits until `done` holds for what was stored.
    void wait_for(const std::function<bool(const std::vector<Stored>&)>& done) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return done(stored_); });
    }
    void wait_for_count(std::size_t count) {
        wait_for([count](const std::vector<Stored>& all) { return all.size() >= count; });
    }
    /// Waits until a deliver() stands at the closed gate.
    void wait_at_gate() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !waiting_.empty(); });
    }
    void note_deadline(Deadline deadline) {
        std::lock_guard lock(mutex_);
        latest_deadline_ = deadline;
    }
    /// Of the deliver() that began last.
    Deadline latest_deadline() const {
        std::lock_guard lock(mutex_);
        return latest_deadline_;
    }
    std::size_t calls() const {
        std::lock_guard lock(mutex_);
        return calls_;
    }

    boost::asio::awaitable<std::vector<Verdict>> deliver(boost::asio::io_context& io,
                                                         std::span<const Message> messages) {
        auto timer = std::make_shared<boost::asio::steady_timer>(io, boost::asio::steady_timer::time_point::max());
        bool wait = false;
        {
            std::lock_guard lock(mutex_);
            ++calls_;
            if (gate_closed_ && (!gate_is_for_replays_ || !messages.front().replay.empty())) {
                wait = true;
                waiting_[timer.get()] = [timer, &io] { boost::asio::post(io, [timer] { timer->cancel(); }); };
            }
        }
        changed_.notify_all();
        if (wait) co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        std::vector<Verdict> verdicts;
        {
            std::lock_guard lock(mutex_);
            waiting_.erase(timer.get());  // it may have been cancelled: its io_context can go any time now
            verdicts = script_ ? script_(messages) : std::vector<Verdict>(messages.size(), Verdict::accepted());
            for (std::size_t i = 0; i < messages.size(); ++i) {
                if (verdicts[i].kind != Verdict::Kind::accepted) continue;
                stored_.push_back({messages[i].event.sequence(), std::string(messages[i].key),
                                   std::string(messages[i].target), std::string(messages[i].body),
                                   std::string(messages[i].replay)});
            }
        }
        changed_.notify_all();
        co_return verdicts;
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Script script_;
    std::vector<Stored> stored_;
    bool gate_closed_ = false;
    bool gate_is_for_replays_ = false;
    std::map<const void*, std::function<void()>> waiting_;
    std::size_t calls_ = 0;
    Deadline latest_deadline_ = Deadline::never();
};

class ScriptedDestination final : public Destination {
  public:
    ScriptedDestination(boost::asio::io_context& io, std::shared_ptr<ScriptedPeer> peer)
        : io_(io), peer_(std::move(peer)) {
        if (peer_->max_targets > 0) names_.emplace(peer_->place, peer_->max_targets, TargetNames::LetterCase::ignored);
    }
    Limits limits() const override { return peer_->limits; }
    Result<void> target_of(const Event& event, std::string& out) const override {
        std::string name = peer_->target(event);
        if (name.empty()) return make_error(Errc::not_found, "no target for it");
        out += name;
        return {};
    }
    std::size_t size_of(const Message& message) const override { return message.body.size(); }
    TargetNames* target_names() noexcept override { return names_ ? &*names_ : nullptr; }
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages,
                                                         Deadline deadline) override {
        peer_->note_deadline(deadline);
        const Message& first = messages.front();
        if (names_ && names_->admit(first.target, first.in_passing).kind != TargetNames::Admission::Kind::admitted)
            co_return std::vector<Verdict>(messages.size(), Verdict::retry(no_such_target(first.target)));
        std::vector<Verdict> verdicts = co_await peer_->deliver(io_, messages);
        co_return verdicts;
    }
    boost::asio::awaitable<ProbeReport> probe(Deadline) override {
        if (peer_->limits_after_probe) peer_->limits = *peer_->limits_after_probe;
        ProbeReport report;
        report.steps.push_back({"connection", ProbeStep::Outcome::ok, "scripted", ""});
        co_return report;
    }
    boost::asio::awaitable<void> close() override { co_return; }

  private:
    static std::shared_ptr<const Failure> no_such_target(std::string_view name) {
        auto failure = std::make_shared<Failure>();
        failure->error_class = ErrorClass::missing_target;
        failure->code = "no_such_target";
        failure->target = name;
        return failure;
    }

    boost::asio::io_context& io_;
    std::shared_ptr<ScriptedPeer> peer_;
    std::optional<TargetNames> names_;
};

/// Cursors and dead letters in memory, as a crash of the process leaves them. Thread: any.
class FakeCursorStore final : public CursorStore {
  public:
    Result<std::vector<Cursor>> load(std::string_view integration) const override {
        std::lock_guard lock(mutex_);
        ++loads_;
        if (loads_ > good_loads_) {
            changed_.notify_all();
            return make_error(Errc::io, "the disk cannot be read");
        }
        auto found = cursors_.find(std::string(integration));
        return found == cursors_.end() ? std::vector<Cursor>() : std::vector<Cursor>{found->second};
    }
    Result<std::vector<Refused>> commit(std::span<const Commit> commits) override {
        std::vector<Refused> refused;
        {
            std::unique_lock lock(mutex_);
            if (holds_commits_) {
                a_commit_is_held_ = true;
                changed_.notify_all();
                changed_.wait(lock, [&] { return !holds_commits_; });
                a_commit_is_held_ = false;
            }
            if (refuses_) {
                ++refused_commits_;
                changed_.notify_all();
                return make_error(Errc::io, "the disk is full");
            }
            for (std::size_t i = 0; i < commits.size(); ++i) {
                const Commit& commit = commits[i];
                if (commit.integration == damaged_) {
                    refused.push_back({i, make_error(Errc::corrupt, "its totals are damaged")});
                    continue;
                }
                ++commits_of_[commit.integration];
                cursors_[commit.integration] = commit.cursor;
                auto& letters = letters_[commit.integration];
                for (const DeadLetter& letter : commit.dead_letters) letters[letter.position] = letter;
                for (LogPosition gone : commit.erased_dead_letters) letters.erase(gone);
                if (commit.new_targets.names.empty()) continue;
                TakenTargets& targets = targets_[commit.integration];
                targets.place = commit.new_targets.place;
                targets.names.resize(commit.targets_before);
                targets.names.insert(targets.names.end(), commit.new_targets.names.begin(),
                                     commit.new_targets.names.end());
                targets_written_ += commit.new_targets.names.size();
            }
        }
        changed_.notify_all();
        return refused;
    }
    Result<void> sync() override { return {}; }
    Result<DeadLetterPage> dead_letters(std::string_view integration, LogPosition after, std::size_t limit,
                                        std::size_t most_bytes) const override {
        std::lock_guard lock(mutex_);
        DeadLetterPage page;
        auto found = letters_.find(std::string(integration));
        if (found == letters_.end()) return page;
        std::size_t bytes = 0;
        for (auto at = found->second.upper_bound(after); at != found->second.end(); ++at) {
            bool is_full = page.items.size() == std::min(limit, most_on_a_page) || bytes >= most_bytes;
            if (is_full && !page.items.empty()) {
                page.next = page.items.back().position;
                break;
            }
            page.items.push_back(at->second);
            bytes += at->second.record.size();
        }
        largest_page_ = std::max(largest_page_, bytes);
        return page;
    }
    Result<DeadLetterTotals> dead_letter_totals(std::string_view integration) const override {
        std::lock_guard lock(mutex_);
        DeadLetterTotals totals;
        auto found = letters_.find(std::string(integration));
        if (found == letters_.end()) return totals;
        for (const auto& [position, letter] : found->second) {
            ++totals.count;
            totals.bytes += letter.record.size();
        }
        return totals;
    }
    Result<TakenTargets> taken_targets(std::string_view integration) const override {
        std::lock_guard lock(mutex_);
        auto found = targets_.find(std::string(integration));
        return found == targets_.end() ? TakenTargets() : found->second;
    }
    Result<void> erase(std::string_view integration) override {
        std::lock_guard lock(mutex_);
        if (refuses_) return make_error(Errc::io, "the disk is full");
        cursors_.erase(std::string(integration));
        targets_.erase(std::string(integration));
        letters_.erase(std::string(integration));
        return {};
    }
    Result<std::vector<std::string>> integrations() const override {
        std::lock_guard lock(mutex_);
        std::vector<std::string> all;
        for (const auto& [id, cursor] : cursors_) all.push_back(id);
        return all;
    }

    /// The letters are large: a page has no more of them, whatever is asked for. Set before the start.
    std::size_t most_on_a_page = ~std::size_t(0);
    /// Bytes of records on the largest page since this was last asked.
    std::size_t take_largest_page() {
        std::lock_guard lock(mutex_);
        return std::exchange(largest_page_, 0);
    }
    /// Commits wait until they are held no more.
    void hold_commits(bool holds) {
        std::lock_guard lock(mutex_);
        holds_commits_ = holds;
        changed_.notify_all();
    }
    void wait_for_held_commit() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return a_commit_is_held_; });
    }
    void refuse(bool refuses) {
        std::lock_guard lock(mutex_);
        refuses_ = refuses;
    }
    /// What is stored of this integration cannot be read: it alone cannot be committed. Empty: none.
    void damage(const std::string& id) {
        std::lock_guard lock(mutex_);
        damaged_ = id;
    }
    /// So many cursors can still be loaded, then none.
    void allow_loads(std::size_t count) {
        std::lock_guard lock(mutex_);
        loads_ = 0;
        good_loads_ = count;
    }
    /// Waits until `count` loads have failed since allow_loads().
    void wait_for_failed_loads(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return loads_ >= good_loads_ + count; });
    }
    std::size_t commits_of(const std::string& id) const {
        std::lock_guard lock(mutex_);
        auto found = commits_of_.find(id);
        return found == commits_of_.end() ? 0 : found->second;
    }
    /// Waits until `id` was committed `count` times.
    void wait_for_commits(const std::string& id, std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return commits_of_[id] >= count; });
    }
    Cursor cursor(const std::string& id) const {
        std::lock_guard lock(mutex_);
        return cursors_.at(id);
    }
    bool knows(const std::string& id) const {
        std::lock_guard lock(mutex_);
        return cursors_.count(id) > 0;
    }
    /// Waits until what was committed satisfies `done`.
    void wait_for(const std::string& id, const std::function<bool(const Cursor&)>& done) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return cursors_.count(id) > 0 && done(cursors_.at(id)); });
    }
    void wait_for_settled(const std::string& id, std::uint64_t count) {
        wait_for(id, [count](const Cursor& cursor) { return cursor.ledger.settled() >= count; });
    }
    /// Waits until a commit was refused.
    void wait_for_refused_commit() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return refused_commits_ > 0; });
    }
    /// Names in all commits so far.
    std::size_t targets_written() const {
        std::lock_guard lock(mutex_);
        return targets_written_;
    }
    std::size_t letter_count(const std::string& id) const { return dead_letter_totals(id)->count; }

  private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::map<std::string, Cursor> cursors_;
    std::map<std::string, std::map<LogPosition, DeadLetter>> letters_;
    std::map<std::string, TakenTargets> targets_;
    std::size_t targets_written_ = 0;
    bool refuses_ = false;
    std::string damaged_;
    mutable std::size_t largest_page_ = 0;
    bool holds_commits_ = false;
    bool a_commit_is_held_ = false;
    std::size_t refused_commits_ = 0;
    std::map<std::string, std::size_t> commits_of_;
    mutable std::size_t loads_ = 0;
    std::size_t good_loads_ = ~std::size_t(0);
};

/// An engine over real shards, a log in memory, and peers by name.
class DeliveryRig {
  public:
    DeliveryRig() { register_kind(); }
    ~DeliveryRig() { stop(); }

    FakeEventLog log{SystemClock::instance(), 50};
    FakeCursorStore cursors;
    DeliveryOptions options;
    std::size_t shard_count = 2;
    std::map<std::string, std::shared_ptr<ScriptedPeer>> peers;

    std::shared_ptr<ScriptedPeer> peer(const std::string& name = "p") {
        auto& made = peers[name];
        if (!made) made = std::make_shared<ScriptedPeer>();
        return made;
    }

    void start() {
        shards_ = std::make_unique<ShardSet>(shard_count);
        shards_->start();
        reads_ = std::make_unique<BlockingPool>("reads", 2);
        writes_ = std::make_unique<BlockingPool>("writes", 1);
        engine_ = std::make_unique<DeliveryEngine>(*shards_, log, cursors, registry_, *reads_, *writes_,
                                                   SystemClock::instance(), options);
        engine_->start();
    }
    /// An orderly end; start() begins a new life over the same log and store.
    void stop() {
        if (!engine_) return;
        run(engine_->stop(Deadline::never()));
        engine_.reset();
        reads_->stop();
        writes_->stop();
        shards_->stop_and_join();
        reads_.reset();
        writes_.reset();
        shards_.reset();
    }
    DeliveryEngine& engine() { return *engine_; }
    boost::asio::io_context& io() { return io_; }

    template <class T>
    T run(boost::asio::awaitable<T> task) {
        return run_for_test(io_, std::move(task));
    }

    IntegrationConfig config(const std::string& id, const std::string& peer_name = "p") {
        peer(peer_name);
        IntegrationConfig made;
        made.id = id;
        made.org = "com.acme";
        made.filter.orgs = {"com.acme"};
        made.destination["type"] = "scripted";
        made.destination["peer"] = peer_name;
        made.start.kind = StartAt::Kind::oldest;
        made.batch.max_wait = std::chrono::milliseconds(1);
        made.retry.max_backoff = std::chrono::milliseconds(5);
        return made;
    }
    Result<void> add(IntegrationConfig config, bool paused = false) {
        return run(engine_->add(std::move(config), paused));
    }
    IntegrationStatus status(const std::string& id) { return run(engine_->status(id)).value(); }

    /// Appends `count` events in one batch, each of object `id_of(i)`.
    void append(std::size_t count, const std::function<std::string(std::size_t)>& id_of,
                const std::string& rec_type = "io.acme.desk", std::size_t padding = 0) {
        EventBatch batch;
        for (std::size_t i = 0; i < count; ++i) add_event(batch, id_of(i), rec_type, "com.acme", padding);
        log.append(std::move(batch), [](Result<AppendReceipt> receipt) { receipt.value(); });
    }
    static void add_event(EventBatch& batch, const std::string& id, const std::string& rec_type, const std::string& org,
                          std::size_t padding = 0) {
        std::string data = R"({"pad":")" + std::string(padding, 'x') + "\"}";
        std::string obj = R"({"data":)" + data + "}";
        std::string head = R"({"event_type":"create","id":")" + id + R"(","obj":)";
        std::string envelope =
            head + obj + R"(,"obj_type":"objs","recType":")" + rec_type + R"(","source":"ShareService"})";
        EventView view;
        view.org = org;
        view.rec_type = rec_type;
        view.id = id;
        view.source = "ShareService";
        view.envelope = envelope;
        view.obj = std::string_view(envelope).substr(head.size(), obj.size());
        view.data = std::string_view(envelope).substr(head.size() + 8, data.size());
        batch.add(view);
    }

  private:
    void register_kind() {
        DestinationKind kind;
        kind.type = "scripted";
        kind.check = [](const boost::json::object&, const DestinationContext&) -> Result<void> { return {}; };
        kind.make = [this](const boost::json::object& settings,
                           const DestinationContext& context) -> Result<std::unique_ptr<Destination>> {
            std::string name(settings.at("peer").as_string());
            return std::unique_ptr<Destination>(std::make_unique<ScriptedDestination>(context.io, peers.at(name)));
        };
        registry_.add(std::move(kind));
    }

    /// Outlives the shards: their threads let go of it a moment after a call has completed.
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
    DestinationRegistry registry_;
    std::unique_ptr<ShardSet> shards_;
    std::unique_ptr<BlockingPool> reads_;
    std::unique_ptr<BlockingPool> writes_;
    std::unique_ptr<DeliveryEngine> engine_;
};

/// One of twenty objects, in turn.
inline std::string object_of(std::size_t i) {
    return "o" + std::to_string(i % 20);
}

}  // namespace sluice
