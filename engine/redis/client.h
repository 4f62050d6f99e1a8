// What the Redis engine knows of one client: the state that commands read and change.
//
// Threads: the worker that serves the client, but for `killed`, which any may set.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace larder::redis {

struct Command;

enum class ReplyMode : std::uint8_t { on, off, skip_next, skip };

struct Client {
  std::uint64_t id = 0;
  unsigned database = 0;
  bool resp3 = false;
  bool authenticated = true;
  bool close_after_reply = false;
  ReplyMode reply_mode = ReplyMode::on;
  bool no_evict = false;
  bool no_touch = false;
  std::string name;
  std::string user = "default";
  std::string library_name;
  std::string library_version;
  std::string address;        // of the client, as CLIENT LIST shows it
  std::string local_address;  // ours
  bool local = true;          // of this machine
  int descriptor = -1;
  std::int64_t connected_ms = 0;
  std::int64_t active_ms = 0;
  const Command* last_command = nullptr;
  std::atomic<bool> killed{false};
};

}  // namespace larder::redis
