#include "server/auth_file.h"

#include <cstdio>

#include "server/secret.h"

namespace larder::server {

bool AuthFile::parse(std::string_view text, Users* users) {
  if (text.empty()) return false;
  while (!text.empty() && users->size() < kUsersMax) {
    const std::size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (line.size() >= kLineBytesMax) return false;
    line = line.substr(0, line.find_first_of(std::string_view("\r\0", 2)));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    users->push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
  }
  return true;
}

AuthFile::Load AuthFile::load() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path_.c_str(), "re"),
                                                            &std::fclose);
  if (file == nullptr) return Load::cannot_open;
  // More than kUsersMax lines can hold is not looked at.
  std::string text(kUsersMax * kLineBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return Load::cannot_open;
  auto users = std::make_shared<Users>();
  if (!parse(text, users.get())) return Load::malformed;
  const std::lock_guard lock(mutex_);
  users_ = std::move(users);
  return Load::ok;
}

bool AuthFile::knows(std::string_view user, std::string_view password) const {
  std::shared_ptr<const Users> users;
  {
    const std::lock_guard lock(mutex_);
    users = users_;
  }
  bool known = false;
  for (const User& each : *users) {
    const bool name_fits = same_secret(each.name, user);
    const bool password_fits = same_secret(each.password, password);
    known |= name_fits && password_fits;
  }
  return known;
}

}  // namespace larder::server
