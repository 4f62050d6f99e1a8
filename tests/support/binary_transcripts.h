// Conversations in the binary protocol: what a client sends and what memcached 1.6.45 answers, byte
// for byte but for the cas uniques, which count up from 1 with each stored change here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder::test {

struct Step {
  std::string request;
  std::string reply;
};

struct Transcript {
  std::string name;
  std::vector<Step> steps;
  bool closes = false;     // the server closes after the last reply
  bool ours_only = false;  // where memcached has a bug, or the answer is not known beforehand
  bool needs_flush_disabled = false;
};

/// The fields of a packet that matter; the rest is computed.
struct Packet {
  int opcode = 0;
  std::string extras = {};
  std::string key = {};
  std::string value = {};
  unsigned long long cas = 0;
  unsigned opaque = 0x01020304;
};
std::string request(const Packet& packet);
std::string reply(const Packet& packet, int status = 0);

/// A big-endian number of `bytes` bytes.
std::string number(unsigned long long value, int bytes);

std::vector<Transcript> binary_transcripts();

}  // namespace larder::test
