#include "control/audit_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "control/record_kinds.hpp"

namespace sluice {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxMembers = 64;
constexpr std::size_t kMaxMemberBytes = 64;
constexpr std::size_t kMaxDepth = 4;
/// What a person may have put into a path by mistake is not kept whole.
constexpr std::size_t kMaxTargetBytes = 256;

/// At most so many bytes, and no part of a character.
std::string_view cut(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    return text.substr(0, most);
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

void collect(const json::object& object, const std::string& prefix, std::size_t depth, std::vector<std::string>& out) {
    for (const auto& [name, value] : object) {
        if (out.size() >= kMaxMembers) return;
        auto key = std::string(cut(name, kMaxMemberBytes));
        // A name must not begin another line in the process's log.
        std::replace_if(
            key.begin(), key.end(), [](char c) { return is_control(c); }, '?');
        auto path = prefix.empty() ? key : fmt::format("{}.{}", prefix, key);
        const auto* inner = value.if_object();
        if (inner != nullptr && !inner->empty() && depth + 1 < kMaxDepth)
            collect(*inner, path, depth + 1, out);
        else
            out.push_back(std::move(path));
    }
}

/// So that the names' order is the numbers'.
std::string name_of(std::uint64_t number) {
    return fmt::format("{:020}", number);
}

std::string text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Error unreadable() {
    return make_error(Errc::corrupt, "an entry of the audit log cannot be read",
                      "restore the data folder from a backup");
}

}  // namespace

std::vector<std::string> member_paths(const json::object& object) {
    std::vector<std::string> out;
    collect(object, {}, 0, out);
    return out;
}

std::string encode(const AuditEntry& entry) {
    json::object out{{"number", entry.number},
                     {"time", format_rfc3339(entry.time)},
                     {"token_id", entry.token_id},
                     {"token_name", entry.token_name},
                     {"caller_org", entry.caller_org},
                     {"operator", entry.by_operator},
                     {"remote_address", entry.remote_address},
                     {"org", entry.org},
                     {"action", entry.action},
                     {"target", entry.target},
                     {"status", entry.status},
                     {"code", entry.code}};
    json::array members;
    for (const auto& member : entry.members) members.push_back(json::string(member));
    out["members"] = std::move(members);
    return json::serialize(out);
}

Result<AuditEntry> decode_audit_entry(std::string_view text) {
    boost::system::error_code bad;
    auto value = json::parse(text, bad);
    const auto* object = bad ? nullptr : value.if_object();
    if (object == nullptr) return unreadable();
    AuditEntry entry;
    const auto* number = object->if_contains("number");
    const auto* status = object->if_contains("status");
    const auto* by_operator = object->if_contains("operator");
    auto time = parse_rfc3339(text_of(*object, "time"));
    if (number == nullptr || !number->is_int64() || number->get_int64() <= 0 || status == nullptr ||
        !status->is_int64() || by_operator == nullptr || !by_operator->is_bool() || !time)
        return unreadable();
    entry.number = static_cast<std::uint64_t>(number->get_int64());
    entry.time = *time;
    entry.status = static_cast<int>(status->get_int64());
    entry.by_operator = by_operator->get_bool();
    entry.token_id = text_of(*object, "token_id");
    entry.token_name = text_of(*object, "token_name");
    entry.caller_org = text_of(*object, "caller_org");
    entry.remote_address = text_of(*object, "remote_address");
    entry.org = text_of(*object, "org");
    entry.action = text_of(*object, "action");
    entry.target = text_of(*object, "target");
    entry.code = text_of(*object, "code");
    if (const auto* members = object->if_contains("members"); members != nullptr && members->is_array())
        for (const auto& member : members->get_array())
            if (member.is_string()) entry.members.emplace_back(member.get_string());
    return entry;
}

Result<void> AuditLog::load() {
    auto records = parts_.store.list(kAuditKind);
    if (!records) return records.error();
    std::lock_guard lock(mutex_);
    for (const auto& [name, text] : *records) {
        auto entry = decode_audit_entry(text);
        if (!entry) return entry.error();
        add(*entry);
    }
    return {};
}

void AuditLog::add(const AuditEntry& entry) {
    auto [org, fresh] = of_org_.try_emplace(entry.org, 0);
    ++org->second;
    kept_.push_back({entry.number, entry.time, &org->first});
    last_number_ = std::max(last_number_, entry.number);
}

std::vector<std::uint64_t> AuditLog::take_what_goes() {
    std::vector<std::uint64_t> out;
    auto take = [&](std::deque<Kept>::iterator at) {
        out.push_back(at->number);
        auto org = of_org_.find(*at->org);
        kept_.erase(at);
        if (--org->second == 0) of_org_.erase(org);
    };
    auto oldest_allowed = parts_.clock.now() - bounds_.age;
    while (!kept_.empty() && (kept_.front().time < oldest_allowed || kept_.size() > bounds_.in_all))
        take(kept_.begin());
    if (kept_.empty()) return out;
    // The newest is the only one that can have made its org too many.
    const std::string* org = kept_.back().org;
    if (of_org_.at(*org) > bounds_.of_org)
        take(std::find_if(kept_.begin(), kept_.end(), [&](const Kept& each) { return each.org == org; }));
    return out;
}

Result<AuditEntry> AuditLog::record_now(AuditEntry entry) {
    {
        std::lock_guard lock(mutex_);
        entry.number = last_number_ + 1;
    }
    entry.time = parts_.clock.now();
    entry.target = std::string(cut(entry.target, kMaxTargetBytes));
    if (auto put = parts_.store.put(kAuditKind, name_of(entry.number), encode(entry)); !put) return put.error();
    std::vector<std::uint64_t> going;
    {
        std::lock_guard lock(mutex_);
        add(entry);
        going = take_what_goes();
    }
    for (auto number : going)
        if (auto erased = parts_.store.erase(kAuditKind, name_of(number)); !erased) return erased.error();
    return entry;
}

boost::asio::awaitable<Result<AuditEntry>> AuditLog::record(AuditEntry entry) {
    auto step = [this, entry = std::move(entry)] { return record_now(entry); };
    co_return co_await parts_.blocking.run(std::move(step));
}

Result<std::vector<AuditEntry>> AuditLog::read(const std::optional<std::string>& org, std::uint64_t before,
                                               std::size_t limit) const {
    std::vector<std::uint64_t> numbers;
    {
        std::lock_guard lock(mutex_);
        auto end = before == 0
                       ? kept_.end()
                       : std::lower_bound(kept_.begin(), kept_.end(), before,
                                          [](const Kept& each, std::uint64_t number) { return each.number < number; });
        while (end != kept_.begin() && numbers.size() < limit) {
            --end;
            if (!org || *end->org == *org) numbers.push_back(end->number);
        }
    }
    std::vector<AuditEntry> out;
    for (auto number : numbers) {
        auto text = parts_.store.get(kAuditKind, name_of(number));
        if (!text) return text.error();
        if (!*text) continue;  // it went meanwhile
        auto entry = decode_audit_entry(**text);
        if (!entry) return entry.error();
        out.push_back(std::move(*entry));
    }
    return out;
}

boost::asio::awaitable<Result<std::vector<AuditEntry>>> AuditLog::page(std::optional<std::string> org,
                                                                       std::uint64_t before, std::size_t limit) const {
    auto step = [this, org = std::move(org), before, limit] { return read(org, before, limit); };
    co_return co_await parts_.blocking.run(std::move(step));
}

}  // namespace sluice
