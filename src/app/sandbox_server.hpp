#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"

namespace sluice::app {

/// The stand-ins for the clouds, with shards of their own. Thread: the main thread.
class SandboxServer {
  public:
    struct Options {
        std::string listen = "127.0.0.1:4580";
        std::string faults_file;
        bool tls = false;
        std::string certificate_file;  ///< where the certificate to trust is written
    };
    static Result<std::unique_ptr<SandboxServer>> start(const Options& options);
    ~SandboxServer();
    void stop();
    std::string url() const;

  private:
    struct Impl;
    explicit SandboxServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::app
