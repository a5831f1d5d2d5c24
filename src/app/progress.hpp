#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::app {

/// One line on the terminal that says how far long work has come. Silent where standard error is no terminal.
class Progress {
  public:
    explicit Progress(std::string what);
    ~Progress();
    /// `total` 0: unknown. Draws at most five times a second.
    void update(std::uint64_t done, std::uint64_t total, const std::string& note = {});
    /// Takes the line away, so that what is printed next starts clean.
    void clear();

  private:
    std::string what_;
    bool shown_ = false;
    bool terminal_;
    std::chrono::steady_clock::time_point started_;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace sluice::app
