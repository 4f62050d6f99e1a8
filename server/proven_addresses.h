// Addresses that are known to be those of their senders, because they have a TCP connection open to us:
// nobody completes its handshake under a borrowed address. UDP replies of any length go there.
//
// Threads: any; one lock, taken when a connection opens or ends and for UDP replies that need it. Only
// used when UDP is on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/peer_address.h"

namespace larder::server {

class ProvenAddresses {
 public:
  void add(const PeerAddress& address) {
    if (!address.network()) return;
    const std::lock_guard lock(mutex_);
    ++connections_[name(address)];
  }
  void remove(const PeerAddress& address) {
    if (!address.network()) return;
    const std::lock_guard lock(mutex_);
    const auto entry = connections_.find(name(address));
    if (entry != connections_.end() && --entry->second == 0) connections_.erase(entry);
  }
  /// Whatever the port. Loopback needs no proof: no such packet comes from outside.
  bool contains(const PeerAddress& address) const {
    if (address.loopback()) return true;
    const std::lock_guard lock(mutex_);
    return connections_.contains(name(address));
  }

 private:
  static std::string name(const PeerAddress& address) {
    return {reinterpret_cast<const char*>(address.bytes.data()),
            address.family == AF_INET ? std::size_t{4} : address.bytes.size()};
  }

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> connections_;  // guarded by mutex_; by address bytes
};

}  // namespace larder::server
