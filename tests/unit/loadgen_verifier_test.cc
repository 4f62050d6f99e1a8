// What the load generator accepts as the value of a key, and what it calls wrong.
#include <catch2/catch.hpp>
#include <string>

#include "bench/loadgen/verifier.h"

using namespace larder::bench;

namespace {

/// One connection that owns the even keys 0, 2, ... 18 and reads what the test says it reads.
struct Reader {
  ValueMaker values{{20, 200}, 11};
  FlushEpochs epochs;
  Verifier verifier{values, epochs, 0, 2, 10};

  std::string value(std::uint32_t key, std::uint64_t version) const {
    std::string bytes(values.length_of(key, version), '\0');
    values.write(bytes.data(), key, version, static_cast<std::uint32_t>(bytes.size()));
    return bytes;
  }
  Fault read(std::uint32_t key, std::uint64_t version) {
    return verifier.hit(key, value(key, version), nullptr, epochs.answered.load());
  }
  void flush() {
    ++epochs.sent;
    ++epochs.answered;
  }
};

constexpr std::uint32_t kKey = 4;

}  // namespace

TEST_CASE("the last acknowledged version is right, an older or a newer one is not") {
  Reader reader;
  reader.verifier.stored(kKey, 1);
  CHECK(reader.read(kKey, 1) == Fault::none);
  reader.verifier.stored(kKey, 2);
  CHECK(reader.read(kKey, 2) == Fault::none);
  CHECK(reader.read(kKey, 1) == Fault::stale);
  CHECK(reader.read(kKey, 3) == Fault::stale);
  CHECK(reader.read(kKey, 2) == Fault::none);
}

TEST_CASE("keys do not share what is known of them") {
  Reader reader;
  reader.verifier.stored(kKey, 1);
  reader.verifier.stored(kKey + 2, 2);
  CHECK(reader.read(kKey, 1) == Fault::none);
  CHECK(reader.read(kKey + 2, 2) == Fault::none);
}

TEST_CASE("what was there before the run is unknown until it is read once") {
  Reader reader;
  CHECK(reader.read(kKey, 77) == Fault::none);
  CHECK(reader.read(kKey, 77) == Fault::none);
  CHECK(reader.read(kKey, 78) == Fault::stale);
}

TEST_CASE("after a miss nothing comes back before the next write") {
  Reader reader;
  reader.verifier.stored(kKey, 1);
  reader.verifier.missed(kKey);
  CHECK(reader.read(kKey, 1) == Fault::resurrected);
  reader.verifier.stored(kKey, 2);
  CHECK(reader.read(kKey, 2) == Fault::none);
}

TEST_CASE("a value older than an answered flush must be gone") {
  Reader reader;
  reader.verifier.stored(kKey, 1);
  reader.flush();
  CHECK(reader.read(kKey, 1) == Fault::flushed);
  reader.verifier.stored(kKey, 2);
  CHECK(reader.read(kKey, 2) == Fault::none);
}

TEST_CASE("a value from before the run must be gone after a flush too") {
  Reader reader;
  reader.flush();
  CHECK(reader.read(kKey, 1) == Fault::flushed);
}

TEST_CASE("a flush that is under way may or may not have happened") {
  Reader reader;
  reader.verifier.stored(kKey, 1);
  ++reader.epochs.sent;
  CHECK(reader.read(kKey, 1) == Fault::none);  // sent before the answer of the flush
  reader.verifier.stored(kKey, 2);             // may lie on either side of it
  ++reader.epochs.answered;
  CHECK(reader.read(kKey, 2) == Fault::none);
}

TEST_CASE("without own keys any version of the key will do") {
  Reader reader;
  Verifier shared(reader.values, reader.epochs, 0, 2, 0);
  shared.stored(kKey, 1);
  CHECK(shared.hit(kKey, reader.value(kKey, 9), nullptr, 0) == Fault::none);
  shared.missed(kKey);
  CHECK(shared.hit(kKey, reader.value(kKey, 1), nullptr, 0) == Fault::none);
  CHECK(shared.hit(kKey, reader.value(kKey + 1, 1), nullptr, 0) != Fault::none);
}

TEST_CASE("content, length and client flags are judged") {
  Reader reader;
  std::string bytes = reader.value(kKey, 1);
  const std::uint32_t flags = reader.values.flags_of(kKey);
  const std::uint32_t other_flags = flags + 1;
  CHECK(reader.verifier.hit(kKey, bytes, &flags, 0) == Fault::none);
  CHECK(reader.verifier.hit(kKey, bytes, &other_flags, 0) == Fault::bad_flags);
  CHECK(reader.verifier.hit(kKey, std::string(10, 'x'), &flags, 0) == Fault::bad_length);
  bytes[19] = static_cast<char>(bytes[19] + 1);
  CHECK(reader.verifier.hit(kKey, bytes, &flags, 0) == Fault::bad_content);
}

TEST_CASE("short values are judged by the part of the version they hold") {
  Reader reader;
  const ValueMaker tiny({4, 4}, 11);  // two bytes of version
  Verifier verifier(tiny, reader.epochs, 0, 1, 10);
  std::string bytes(4, '\0');
  const std::uint64_t version = std::uint64_t{3} << 40 | 0x12345;
  tiny.write(bytes.data(), 1, version, 4);
  verifier.stored(1, version);
  CHECK(verifier.hit(1, bytes, nullptr, 0) == Fault::none);
  tiny.write(bytes.data(), 1, version - 1, 4);
  CHECK(verifier.hit(1, bytes, nullptr, 0) == Fault::stale);
}
