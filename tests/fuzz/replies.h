// Whether a stream of replies can be read by a client: frames that add up, lines that are known.
#pragma once

#include <string_view>

namespace larder::fuzz {

/// Stops the process unless `replies` are whole replies of the text and meta protocols.
void check_text_replies(std::string_view replies);

/// Stops the process unless `replies` are whole packets of the binary protocol.
void check_binary_replies(std::string_view replies);

}  // namespace larder::fuzz
