#include "bench/loadgen/verifier.h"

namespace larder::bench {

std::string_view fault_name(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::bad_length:
      return "length that no version of this key has";
    case Fault::bad_content:
      return "torn, mixed or foreign content";
    case Fault::bad_flags:
      return "client flags of another key";
    case Fault::stale:
      return "not the last acknowledged version";
    case Fault::resurrected:
      return "came back after a miss without a write";
    case Fault::flushed:
      return "outlived flush_all";
  }
  return "unknown";
}

Verifier::Verifier(const ValueMaker& values, const FlushEpochs& epochs, std::uint32_t first,
                   std::uint32_t stride, std::uint32_t owned)
    : values_(values), epochs_(epochs), first_(first), stride_(stride), own_keys_(owned) {}

// The count of flushes sent is read after the reply that proves the value was there: any flush
// counted later was sent later, and must therefore have removed it.
void Verifier::remember(OwnKey& own, std::uint64_t version) {
  own.version = version;
  own.flushes_sent = epochs_.sent.load(std::memory_order_acquire);
  own.knowledge = Knowledge::present;
}

Fault Verifier::hit(std::uint32_t key, std::string_view value, const std::uint32_t* flags,
                    std::uint32_t answered) {
  std::uint64_t version = 0;
  switch (values_.check(value, key, version)) {
    case ValueMaker::Check::bad_length:
      return Fault::bad_length;
    case ValueMaker::Check::bad_content:
      return Fault::bad_content;
    case ValueMaker::Check::good:
      break;
  }
  if (flags != nullptr && *flags != values_.flags_of(key)) return Fault::bad_flags;
  OwnKey* const mine = own(key);
  if (mine == nullptr) return Fault::none;
  if (mine->knowledge == Knowledge::absent) return Fault::resurrected;
  if (mine->knowledge == Knowledge::present) {
    const auto length = static_cast<std::uint32_t>(value.size());
    const std::uint64_t held = ValueMaker::version_mask(length);
    if (version != (mine->version & held) || values_.length_of(key, mine->version) != length) {
      return Fault::stale;
    }
  }
  if (answered > mine->flushes_sent) return Fault::flushed;
  if (mine->knowledge == Knowledge::unknown) remember(*mine, version);
  return Fault::none;
}

void Verifier::missed(std::uint32_t key) {
  if (OwnKey* const mine = own(key)) mine->knowledge = Knowledge::absent;
}

void Verifier::stored(std::uint32_t key, std::uint64_t version) {
  if (OwnKey* const mine = own(key)) remember(*mine, version);
}

}  // namespace larder::bench
