#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "destination/destination.hpp"
#include "event/event.hpp"

namespace sluice {

/// Makes messages for tests of destinations, as a lane would hand them over: events with a small envelope, each with
/// its key and target. Owns everything that the messages look at.
class TestBatch {
  public:
    std::string org = "com.acme";
    std::string rec_type = "io.acme.room";
    bool in_passing = false;

    /// One event of object `id`; its key is the id unless given. `padding` bytes are added to its data.
    TestBatch& add(std::string_view id, std::string_view key = {}, std::size_t padding = 0) {
        auto data = R"({"pad":")" + std::string(padding, 'x') + "\"}";
        auto obj = R"({"_id":")" + std::string(id) + R"(","data":)" + data + "}";
        auto head = R"({"event_type":"create","id":")" + std::string(id) + R"(","obj":)";
        auto tail = R"(,"obj_type":"objs","recType":")" + rec_type + R"(","source":"ShareService"})";
        auto owner = std::make_shared<const std::string>(head + obj + tail);
        std::string_view envelope = *owner;

        EventView view;
        view.org = kept(org);
        view.rec_type = kept(rec_type);
        view.id = kept(id);
        view.source = "ShareService";
        view.envelope = envelope;
        view.obj = envelope.substr(head.size(), obj.size());
        view.data = view.obj.substr(view.obj.size() - 1 - data.size(), data.size());

        auto position = LogPosition{0, ++last_sequence_};
        Event event(owner, view, position,
                    from_epoch_ms(1'700'000'000'000 + static_cast<std::int64_t>(last_sequence_)));
        messages_.push_back({event, envelope, kept(key.empty() ? id : key), {}});
        messages_.back().in_passing = in_passing;
        return *this;
    }

    /// Names every message's target as `destination` does, which must be able to.
    TestBatch& aim(const Destination& destination) {
        for (auto& message : messages_) {
            std::string target;
            SLUICE_ASSERT(destination.target_of(message.event, target), "every test event has a target");
            message.target = kept(target);
        }
        return *this;
    }

    std::span<const Message> messages() const { return messages_; }
    std::size_t size() const { return messages_.size(); }

    std::vector<std::string> bodies() const {
        std::vector<std::string> all;
        for (const auto& message : messages_) all.emplace_back(message.body);
        return all;
    }

  private:
    std::string_view kept(std::string_view text) { return texts_.emplace_back(text); }

    std::deque<std::string> texts_;
    std::vector<Message> messages_;
    Sequence last_sequence_ = 0;
};

}  // namespace sluice
