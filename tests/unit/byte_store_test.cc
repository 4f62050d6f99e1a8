#include "server/byte_store.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using larder::server::ByteStore;

TEST_CASE("an empty store holds no memory") {
  ByteStore store;
  CHECK(store.empty());
  CHECK(store.capacity() == 0);
  store.assign("some bytes");
  CHECK(store.view() == "some bytes");
  store.assign("");
  CHECK(store.capacity() == 0);
}

TEST_CASE("a part of its own bytes is kept without a copy") {
  ByteStore store;
  store.assign("consumed rest");
  const char* const rest = store.view().data() + 9;
  store.assign(store.view().substr(9));
  CHECK(store.view() == "rest");
  CHECK(store.view().data() == rest);
}

TEST_CASE("appending and consuming by turns loses nothing") {
  std::mt19937 random(7);
  ByteStore store;
  std::string model;
  for (int i = 0; i < 5000; ++i) {
    const std::string piece(random() % 700, static_cast<char>('a' + i % 26));
    std::memcpy(store.room(piece.size()), piece.data(), piece.size());
    store.added(piece.size());
    model += piece;
    const std::size_t taken = random() % (model.size() + 1);
    store.assign(store.view().substr(taken));
    model.erase(0, taken);
    REQUIRE(store.view() == model);
  }
}
