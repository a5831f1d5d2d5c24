#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/log_folder.hpp"
#include "log/segment.hpp"

namespace sluice {

/// Segment files that are no longer in use: kept, up to a bound, because writing into allocated space is faster and
/// cannot find the disk full. Thread: any.
class SpareFiles {
  public:
    SpareFiles(LogFolder folder, std::size_t bound) : folder_(std::move(folder)), bound_(bound) {}

    /// One that was found at start.
    void adopt(std::string path);
    /// Takes the file of a segment out of use, durably. A reader may still be in it: it is written again only after
    /// that.
    Result<void> retire(const std::shared_ptr<Segment>& segment);
    /// The path of one that nobody reads any more; the caller has it then.
    std::optional<std::string> take();

  private:
    struct Spare {
        std::string path;
        std::weak_ptr<const Segment> last_use;
    };
    void keep(Spare spare);

    const LogFolder folder_;
    const std::size_t bound_;
    std::mutex mutex_;
    std::vector<Spare> spares_;
};

}  // namespace sluice
