// The Redis version that Larder behaves as, which clients compare.
#pragma once

#include <string_view>

namespace larder::redis {

inline constexpr std::string_view kRedisVersion = "7.0.15";

}  // namespace larder::redis
