// memcached's binary protocol: packets in, engine calls, packets out.
//
// Requests about keys (get, store, delete, arithmetic) that are complete in the input are run in
// windows of up to kWindow: first every key is hashed and announced to the engine, which brings
// tables and items towards the cache, then the requests are executed in order. Everything else is
// run one at a time.
//
// A store whose value is incomplete is waited for if the value is small, else an item is allocated
// and the value received into it.
//
// Closing rules
//  1. A wrong magic closes at once, without a reply.
//  2. Lengths that do not add up are an unknown command, a body above 1 GiB, a key above 250 bytes
//     or a shape the opcode does not have are invalid arguments: reply, then close.
//  3. An unknown opcode is answered, its body discarded; the connection lives on.
//  4. quit closes after its reply, quitq without one.
//  5. With -S, whatever is not about authentication (or `version`) is refused and closes until the
//     client is authenticated.
//
// Where memcached 1.6.45 does otherwise: after an unknown opcode or SASL request with a body it
// discards too much and waits for bytes that are not to come; a value behind touch, gat or stat is
// executed as if it were the next requests. Here the former are skipped by their length, the latter
// is a shape error. `stat` knows every group the text protocol has, where memcached knows few here.
//
// Threads: owned by one worker at a time, but for state(). Source: memcached's
// doc/protocol-binary.txt.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/engine.h"
#include "proto/binary_header.h"
#include "proto/binary_opcodes.h"
#include "proto/binary_reply.h"
#include "proto/protocol.h"

namespace larder::proto {

class BinaryProtocol final : public Protocol {
 public:
  /// Keyed requests that are looked at together.
  static constexpr std::size_t kWindow = 32;

  explicit BinaryProtocol(Session session);
  ~BinaryProtocol() override;

  Progress run(std::string_view input, Output& output, unsigned& budget) override;
  Progress received(Output& output) override;
  std::string_view first_key(std::string_view input) const override;
  std::string_view state() const override;

 private:
  /// A well-formed request; points into the input.
  struct Request {
    const binary::Opcode* opcode;
    const char* packet;  // its first byte
    binary::Header header;

    const char* extras() const { return packet + binary::kHeaderBytes; }
    std::string_view key() const { return {extras() + header.extras_bytes, header.key_bytes}; }
    std::string_view value() const { return {key().data() + header.key_bytes, value_bytes()}; }
    std::size_t value_bytes() const {
      return header.body_bytes - header.extras_bytes - header.key_bytes;
    }
    std::size_t bytes() const { return binary::kHeaderBytes + header.body_bytes; }
    binary::Echo echo() const { return {header.opcode, header.opaque}; }
  };
  /// A value that is being received into its item.
  struct Upload;
  enum class State : std::uint8_t { read, parse_cmd, nread, swallow };

  static bool well_formed(std::string_view input, Request* request);
  static bool keyed(std::string_view input, Request* request);

  std::size_t run_keyed(std::string_view input, const Request& first, Output& output,
                        unsigned& budget);
  Progress run_other(std::string_view input, Output& output, unsigned& budget);
  static bool locked_out(const Request& request);
  Progress run_sasl(std::string_view input, const Request& request, Output& output,
                    unsigned& budget);
  Progress run_config(std::string_view input, const Request& request, Output& output,
                      unsigned& budget);
  void config_set(const Request& request, Output& output);
  bool get_cluster_config(const Request& request, std::string_view name, Output& output);
  SaslExchange::Outcome authenticate(const Request& request, std::string_view* challenge);
  static Progress refuse(std::string_view input, const Request& request, Output& output);
  static Progress skip_unknown(std::string_view input, const Request& request, Output& output);
  static Progress skip(std::string_view input, const Request& request);
  Progress receive(std::string_view input, const Request& request, Output& output,
                   unsigned& budget);
  void set_state(Next next);
  Progress run_bare(const Request& request, Output& output);

  void run_keyed(const Request& request, const engine::Key& key, Output& output);
  void get(const Request& request, const engine::Key& key, Output& output);
  void store(const Request& request, const engine::Key& key, Output& output);
  void remove(const Request& request, const engine::Key& key, Output& output);
  void arithmetic(const Request& request, const engine::Key& key, Output& output);
  void flush(const Request& request, Output& output);
  void stat(const Request& request, Output& output);
  void stat_detail_dump(const Request& request, Output& output);
  static void reply_stats(const Request& request, Host::StatsResult result, Output& output);

  engine::StoreRequest store_request(const Request& request) const;
  static void reply_store(binary::Echo echo, const engine::StoreResult& result, Output& output);

  engine::Deadline deadline(const char* exptime) const;

  const Session session_;
  std::unique_ptr<Upload> upload_;
  bool locked_;  // requests wait for an authentication
  std::unique_ptr<SaslExchange> sasl_;  // from the first request for it on
  bool sasl_started_ = false;
  std::atomic<State> state_{State::read};  // read by `stats conns` on any thread
};

}  // namespace larder::proto
