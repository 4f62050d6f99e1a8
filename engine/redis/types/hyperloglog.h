// HyperLogLog: how many different elements were added, within 0.81 %, in at most 12 KB. A Redis string
// with a format of its own, byte for byte that of Redis:
//
//   offset size field
//        0    4 "HYLL"
//        4    1 encoding: 0 dense, 1 sparse
//        5    3 zero
//        8    8 cached cardinality, little-endian; top bit set: out of date
//       16      registers
//   dense    16384 registers of 6 bits, packed from the lowest bit of each byte upwards: 12288 bytes
//   sparse   runs from register 0 to 16383, in any number of
//              00nnnnnn           n+1 registers are zero
//              01nnnnnn nnnnnnnn  n+1 registers are zero (big-endian)
//              1vvvvvnn           n+1 registers are v+1
//
// An element's hash (MurmurHash64A, seed 0xadc83b19) gives the register by its low 14 bits and the
// value by the zeros below the lowest one of the other 50, plus one. A register keeps the largest.
//
// Sources: Flajolet et al., "HyperLogLog", 2007 (registers); Heule et al., "HyperLogLog in Practice",
// 2013 (64-bit hash, sparse form); Ertl, "New cardinality estimation algorithms for HyperLogLog
// sketches", 2017 (the estimator); hyperloglog.c of Redis 7.0 for the bytes.
//
// Invariants of a sound sparse value: the runs cover exactly 16384 registers; the last is complete.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder::redis::hll {

inline constexpr std::size_t kRegisters = 16384;
inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::size_t kDenseBytes = kHeaderBytes + kRegisters * 6 / 8;

using Registers = std::array<std::uint8_t, kRegisters>;
enum class Added { unchanged, changed, corrupt };

/// An empty value, sparse.
std::string make();
/// Whether the bytes have the header and the size of a value; sparse runs are not looked at.
bool has_header(std::string_view value);
/// Requires for all below: has_header(value).
bool is_sparse(std::string_view value);

/// Adds an element. A sparse value that would grow beyond `sparse_max` bytes becomes dense. The cached
/// cardinality goes out of date when a register changed.
Added add(std::string& value, std::string_view element, std::size_t sparse_max);
/// The same for a dense value, in place. True if a register changed; the cache is left to the caller.
bool add_dense(char* value, std::string_view element);
/// Raises one register.
Added raise(std::string& value, std::size_t index, std::uint8_t to, std::size_t sparse_max);
/// False if the runs are broken; the value is unchanged then.
bool to_dense(std::string& value);

std::optional<std::uint64_t> cached_count(std::string_view value);
void set_cached_count(char* value, std::uint64_t count);
void invalidate_count(char* value);

/// Estimates from the registers; nothing if sparse runs are broken.
std::optional<std::uint64_t> count(std::string_view value);
std::uint64_t count(const Registers& registers);
/// Raises each of `into` to the value's. False if sparse runs are broken.
bool merge(std::string_view value, Registers& into);
/// The runs of a sparse value as PFDEBUG DECODE shows them.
std::string decoded(std::string_view value);
bool check_integrity(std::string_view value);

}  // namespace larder::redis::hll
