// Passwords of the Redis side: one user, default, with the password of requirepass.
#pragma once

#include <string_view>

#include "engine/redis/command_context.h"

namespace larder::redis {

inline constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";

/// Compares without telling by its duration where two texts differ.
inline bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto expected = secret.empty() ? 0 : static_cast<unsigned char>(secret[i % secret.size()]);
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i])) ^ expected;
  }
  return difference == 0;
}

/// False: WRONGPASS has been answered.
inline bool authenticate(CommandContext& ctx, std::string_view user, std::string_view password) {
  const std::string& secret = ctx.settings.requirepass;
  if (user != "default" || !(secret.empty() || same_secret(password, secret))) {
    ctx.reply.error(kWrongPassword);
    return false;
  }
  ctx.client.authenticated = true;
  return true;
}

}  // namespace larder::redis
