// The auth file (-Y): who may use the text protocol, one "user:password" a line.
//
//   - the user's name ends at the first colon, the password at the end of the line (CR is no part of
//     it); both may be empty
//   - kUsersMax lines are read, what follows them is ignored
//   - a line without a colon, an over-long one, or an empty file is malformed: all of it is refused
//
// Names and passwords are compared in a time that depends on their lengths only.
//
// Threads: any. A reload replaces all users at once, or none.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace larder::server {

class AuthFile {
 public:
  static constexpr std::size_t kUsersMax = 8;
  static constexpr std::size_t kLineBytesMax = 254;  // line end included

  enum class Load : std::uint8_t { ok, cannot_open, malformed };

  explicit AuthFile(std::string path) : path_(std::move(path)) {}

  /// Reads the file. On failure (errno is set for cannot_open) the users stay as they were.
  [[nodiscard]] Load load();
  bool knows(std::string_view user, std::string_view password) const;
  const std::string& path() const { return path_; }

 private:
  struct User {
    std::string name;
    std::string password;
  };
  using Users = std::vector<User>;

  static bool parse(std::string_view text, Users* users);

  const std::string path_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Users> users_ = std::make_shared<Users>();  // guarded by mutex_
};

}  // namespace larder::server
