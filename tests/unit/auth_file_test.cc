#include "server/auth_file.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

using larder::server::AuthFile;
using Load = AuthFile::Load;

namespace {

struct File {
  File() { ::close(::mkstemp(path)); }
  ~File() { std::filesystem::remove(path); }
  void write(const std::string& text) { std::ofstream(path, std::ios::trunc) << text; }
  char path[32] = "/tmp/auth_file_test.XXXXXX";
};

/// What loading `text` says.
Load load(const std::string& text) {
  File file;
  file.write(text);
  return AuthFile(file.path).load();
}

}  // namespace

TEST_CASE("users and passwords of every form") {
  File file;
  file.write("ann:one\r\nbob :two words\nsub:a:b\n:nobody\nempty:\nlast:line");
  AuthFile users(file.path);
  CHECK_FALSE(users.knows("ann", "one"));
  REQUIRE(users.load() == Load::ok);
  CHECK(users.knows("ann", "one"));
  CHECK(users.knows("bob ", "two words"));
  CHECK(users.knows("sub", "a:b"));
  CHECK(users.knows("", "nobody"));
  CHECK(users.knows("empty", ""));
  CHECK(users.knows("last", "line"));
  CHECK_FALSE(users.knows("ann", "two words"));
  CHECK_FALSE(users.knows("ann", "on"));
  CHECK_FALSE(users.knows("ann", "ones"));
  CHECK_FALSE(users.knows("an", "none"));
  CHECK_FALSE(users.knows("", ""));
}

TEST_CASE("what is refused") {
  CHECK(load("") == Load::malformed);
  CHECK(load("\n") == Load::malformed);
  CHECK(load("nocolon\n") == Load::malformed);
  CHECK(load("a:b\n\nc:d\n") == Load::malformed);
  CHECK(load("a:b\n# comment\n") == Load::malformed);
  CHECK(load("a:" + std::string(251, 'x')) == Load::ok);
  CHECK(load("a:" + std::string(252, 'x')) == Load::malformed);
  CHECK(load("a:" + std::string(100'000, 'x')) == Load::malformed);
  AuthFile missing("/nonexistent/users");
  CHECK(missing.load() == Load::cannot_open);
  AuthFile folder("/tmp");
  CHECK(folder.load() == Load::cannot_open);
}

TEST_CASE("eight users, and no more") {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "u" + std::to_string(i) + ":p\n";
  File file;
  file.write(text);
  AuthFile users(file.path);
  REQUIRE(users.load() == Load::ok);
  CHECK(users.knows("u7", "p"));
  CHECK_FALSE(users.knows("u8", "p"));
}

TEST_CASE("a reload takes everything or nothing") {
  File file;
  file.write("ann:one\n");
  AuthFile users(file.path);
  REQUIRE(users.load() == Load::ok);
  file.write("bob:two\nbroken\n");
  CHECK(users.load() == Load::malformed);
  CHECK(users.knows("ann", "one"));
  CHECK_FALSE(users.knows("bob", "two"));
  file.write("bob:two\n");
  CHECK(users.load() == Load::ok);
  CHECK_FALSE(users.knows("ann", "one"));
  CHECK(users.knows("bob", "two"));
}
