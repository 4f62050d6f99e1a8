// Conversations in the text protocol and its meta commands: what a client sends, and what
// memcached 1.6.45 answers, byte for byte.
#pragma once

#include <string>
#include <vector>

namespace larder::test {

struct TextTranscript {
  std::string name;
  std::string sent;
  std::string expected;
  bool closes = false;             // the server closes after the last reply
  bool memcached_differs = false;  // where 1.6.45 does otherwise, and we do not: see the name
  bool counts_cas = false;         // cas uniques are shown: one more with each change, from 1
};

/// get, set, ...: the classic commands, errors included.
std::vector<TextTranscript> text_transcripts();
/// mg, ms, md, ma, me, mn.
std::vector<TextTranscript> meta_transcripts();

}  // namespace larder::test
