#include "server/discovery.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace larder::server {

Discovery::Config Discovery::get() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

bool Discovery::set(Config config) {
  const std::lock_guard lock(mutex_);
  config_.swap(config);
  return config != nullptr;
}

std::optional<std::string> Discovery::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fmt::format("cannot read discovery file {}: {}", path, std::strerror(errno));
  // One byte more than may be, so that too much is noticed.
  std::string text(proto::kClusterConfigBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  auto canonical = proto::canonical_cluster_config(text);
  if (!canonical) {
    return fmt::format("discovery file {} is not a version, then nodes as host|address|port", path);
  }
  set(std::make_shared<const proto::ClusterConfig>(proto::ClusterConfig{0, std::move(*canonical)}));
  return std::nullopt;
}

}  // namespace larder::server
