#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>

namespace sluice {

/// For tests: the machine's own files on a disk that can be filled up and emptied again.
class FullDisk final : public rocksdb::FileSystemWrapper {
  public:
    FullDisk() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}
    static const char* kClassName() { return "FullDisk"; }
    const char* Name() const override { return kClassName(); }

    void set_full(bool full) { full_ = full; }
    /// How often a file was made durable.
    int syncs() const { return syncs_; }

    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result,
                                      rocksdb::IODebugContext* context) override {
        std::unique_ptr<rocksdb::FSWritableFile> file;
        auto status = rocksdb::FileSystemWrapper::NewWritableFile(name, options, &file, context);
        if (status.ok()) *result = std::make_unique<File>(std::move(file), full_, syncs_);
        return status;
    }
    rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* free,
                                   rocksdb::IODebugContext* context) override {
        if (!full_) return rocksdb::FileSystemWrapper::GetFreeSpace(path, options, free, context);
        *free = 0;
        return rocksdb::IOStatus::OK();
    }

  private:
    class File final : public rocksdb::FSWritableFileOwnerWrapper {
      public:
        File(std::unique_ptr<rocksdb::FSWritableFile> file, const std::atomic<bool>& full, std::atomic<int>& syncs)
            : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), full_(full), syncs_(syncs) {}

        rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
            ++syncs_;
            return rocksdb::FSWritableFileOwnerWrapper::Sync(options, context);
        }

        rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* context) override {
            if (full_) return no_space();
            return rocksdb::FSWritableFileOwnerWrapper::Append(data, options, context);
        }
        rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                                 const rocksdb::DataVerificationInfo& verification,
                                 rocksdb::IODebugContext* context) override {
            if (full_) return no_space();
            return rocksdb::FSWritableFileOwnerWrapper::Append(data, options, verification, context);
        }

      private:
        static rocksdb::IOStatus no_space() { return rocksdb::IOStatus::NoSpace("No space left on device"); }
        const std::atomic<bool>& full_;
        std::atomic<int>& syncs_;
    };

    std::atomic<bool> full_{false};
    std::atomic<int> syncs_{0};
};

}  // namespace sluice
