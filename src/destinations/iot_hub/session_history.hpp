#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace sluice::iot_hub {

/// What the ends of a device's connections have in common. Over MQTT a hub says no by closing, so the reason has to be
/// read from when and how often. Pure; no I/O. Thread: any, one at a time.
class SessionHistory {
  public:
    using Clock = std::chrono::steady_clock;

    /// A connection that the hub ends before this has hardly lived.
    static constexpr std::chrono::seconds kShortLife{60};
    /// An acknowledgement that takes this long shows a hub that holds back.
    static constexpr std::chrono::seconds kSlow{5};
    /// So many short lives in a row are no accident.
    static constexpr std::size_t kPattern = 3;

    enum class Diagnosis {
        none,
        taken_over,        ///< ended again and again although messages were taken: another client has this identity
        refuses_messages,  ///< ended again and again before a single message was taken: quota, or a message it refuses
        held_back,         ///< slow to acknowledge, then ended or silent: throttled
    };

    void opened(Clock::time_point at);
    /// Messages were acknowledged.
    void acknowledged() noexcept { took_messages_ = true; }
    /// The longest wait for an acknowledgement that was seen.
    void waited(Clock::duration wait) noexcept;
    /// The hub ended it. `publishing`: while messages were under way.
    void ended_by_hub(Clock::time_point at, bool publishing);
    /// We did, because it no longer acknowledged.
    void ended_for_silence() noexcept;
    /// We ended it, or the network did: says nothing about the hub.
    void ended_otherwise() noexcept;

    /// Of the last end.
    Diagnosis diagnosis() const noexcept { return diagnosis_; }

  private:
    Clock::time_point opened_at_{};
    Clock::duration slowest_{};
    bool took_messages_ = false;
    std::size_t short_lives_ = 0;      ///< in a row
    std::size_t fruitless_lives_ = 0;  ///< the latest of these in which messages were sent and none was taken
    Diagnosis diagnosis_ = Diagnosis::none;
};

}  // namespace sluice::iot_hub
