#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// Text that must not be printed. It has no stream or format operator; whoever needs the bytes says `reveal()`,
/// which is done in `auth` and where a request is signed or sealed, nowhere else. Wiped when destroyed.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
    Secret& operator=(const Secret& other) {
        if (this != &other) {
            wipe();
            text_ = other.text_;
        }
        return *this;
    }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            text_ = std::move(other.text_);
            other.wipe();
        }
        return *this;
    }
    ~Secret() { wipe(); }

    const std::string& reveal() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }

    /// Constant time in the content (not in the length).
    friend bool operator==(const Secret& a, const Secret& b) noexcept;

  private:
    void wipe() noexcept;

    std::string text_;
};

/// Compares without telling by its duration where two texts differ.
bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

}  // namespace sluice
