#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/control_store.hpp"

namespace sluice {

/// A control store in memory, for tests: what is kept can be looked at, and writing can be made to fail.
class MemoryControlStore final : public ControlStore {
  public:
    Result<std::optional<std::string>> get(std::string_view kind, std::string_view name) const override {
        std::lock_guard lock(mutex_);
        auto found = values_.find({std::string(kind), std::string(name)});
        if (found == values_.end()) return std::optional<std::string>();
        return std::optional<std::string>(found->second);
    }
    Result<void> put(std::string_view kind, std::string_view name, std::string_view value) override {
        std::lock_guard lock(mutex_);
        if (fails_) return make_error(Errc::io, "the disk is full");
        values_[{std::string(kind), std::string(name)}] = std::string(value);
        return {};
    }
    Result<void> put_all(std::string_view kind,
                         const std::vector<std::pair<std::string, std::string>>& records) override {
        std::lock_guard lock(mutex_);
        if (fails_) return make_error(Errc::io, "the disk is full");
        for (const auto& [name, value] : records) values_[{std::string(kind), name}] = value;
        return {};
    }
    Result<void> erase(std::string_view kind, std::string_view name) override {
        std::lock_guard lock(mutex_);
        if (fails_) return make_error(Errc::io, "the disk is full");
        values_.erase({std::string(kind), std::string(name)});
        return {};
    }
    Result<std::vector<std::pair<std::string, std::string>>> list(std::string_view kind) const override {
        std::lock_guard lock(mutex_);
        std::vector<std::pair<std::string, std::string>> out;
        for (const auto& [key, value] : values_)
            if (key.first == kind) out.emplace_back(key.second, value);
        return out;
    }

    void fail(bool fails) {
        std::lock_guard lock(mutex_);
        fails_ = fails;
    }
    /// Everything that is kept, names and values.
    std::string everything() const {
        std::lock_guard lock(mutex_);
        std::string out;
        for (const auto& [key, value] : values_) out += key.first + "/" + key.second + " " + value + "\n";
        return out;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, std::string> values_;
    bool fails_ = false;
};

}  // namespace sluice
