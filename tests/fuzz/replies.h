// Whether a stream of replies can be read by a client: frames that add up, lines that are known.
#pragma once

#include <string_view>
#include <vector>

namespace larder::fuzz {

/// Stops the process unless `replies` are whole replies of the text and meta protocols.
void check_text_replies(std::string_view replies);

/// Stops the process unless `replies` are whole packets of the binary protocol.
void check_binary_replies(std::string_view replies);

/// Takes one reply of RESP2, or of RESP3 too if `resp3`, off the front of `replies` and returns its leaves:
/// strings, numbers and lines without what frames them, depth first; errors keep their minus. Stops the
/// process if it is none.
std::vector<std::string_view> take_resp_reply(std::string_view* replies, bool resp3);

}  // namespace larder::fuzz
