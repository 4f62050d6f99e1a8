// The text of INFO: sections of name:value lines, under Redis' names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder::redis {

class RedisEngine;

/// The sections asked for, in their order; none: the usual ones. "all" and "everything" are all of them.
std::string info_text(RedisEngine& engine, const std::vector<std::string>& sections);

}  // namespace larder::redis
