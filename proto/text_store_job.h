// One storage command between its line and its data block, for classic and meta commands alike.
//
// Part of TextProtocol: only its source files include this.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "engine/engine.h"
#include "proto/meta_flags.h"
#include "proto/text_protocol.h"

namespace larder::proto {

/// What is to be stored, and how it is to be answered. Key and opaque are views: into the input
/// while the command runs, into a Pending when its value is received over several reads.
struct TextProtocol::StoreJob {
  engine::Key key;
  engine::StoreRequest request;
  std::size_t value_bytes = 0;
  bool quiet = false;  // noreply, or q: of a meta set
  bool meta = false;
  bool base64_key = false;  // meta: the key was sent in base64, and is sent back so
  std::uint8_t returned_count = 0;
  std::array<char, 4> returned;  // meta: which of O k c s to answer with, in this order
  std::string_view opaque;       // meta: with its 'O'
};

/// A storage command whose value is being received straight into its item.
struct TextProtocol::Pending {
  explicit Pending(const StoreJob& from) : job(from) {
    std::ranges::copy(from.key.bytes, key.begin());
    job.key.bytes = {key.data(), from.key.bytes.size()};
    std::ranges::copy(from.opaque, opaque.begin());
    job.opaque = {opaque.data(), from.opaque.size()};
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  StoreJob job;
  engine::Allocation allocation;
  KeyBuffer key;
  std::array<char, kOpaqueBytesMax> opaque;
};

}  // namespace larder::proto
