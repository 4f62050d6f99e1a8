// The cluster's configuration that this node tells (Auto Discovery): from --discovery-file at start
// and on SIGHUP, or from the `config` command.
//
// Threads: all calls from any thread; the configuration is exchanged whole.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "proto/cluster_config.h"

namespace larder::server {

class Discovery {
 public:
  using Config = std::shared_ptr<const proto::ClusterConfig>;

  Config get() const;
  /// Returns whether there was one before. nullptr: none any more.
  bool set(Config config);
  /// Takes over what the file says. On failure everything stays as it was; returns why.
  std::optional<std::string> load(const std::string& path);

 private:
  mutable std::mutex mutex_;
  Config config_;  // guarded by mutex_
};

}  // namespace larder::server
