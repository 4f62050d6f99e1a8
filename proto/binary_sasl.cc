// SASL over the binary protocol (-S): list mechanisms (20), auth (21), step (22).
//
//   request   key = mechanism, value = token; nothing at all for the list
//   reply     list: the names, separated by blanks. auth, step: `Authenticated`; or status 21 with
//             the challenge as value, to be answered by a step; or status 20. The connection stays.
//
// Each of the three takes back what was granted before, as in memcached.
#include "proto/binary_protocol.h"

namespace larder::proto {

using namespace binary;

namespace {

constexpr std::uint8_t kListOpcode = 0x20;
constexpr std::uint8_t kAuthOpcode = 0x21;
constexpr std::size_t kMechanismBytesMax = 32;
// What a stranger may make the server hold. The largest tokens in use are Kerberos tickets with many
// groups in them.
constexpr std::size_t kTokenBytesMax = 64 * 1024;

constexpr std::string_view kAuthenticated = "Authenticated";

}  // namespace

Progress BinaryProtocol::run_sasl(std::string_view input, const Request& request, Output& output,
                                  unsigned& budget) {
  --budget;
  const Echo echo = request.echo();
  if (!session_.settings.sasl_enabled) return skip_unknown(input, request, output);
  if (request.key().size() > kMechanismBytesMax) {
    reply_error(output, echo, Status::invalid_arguments);
    return skip(input, request);
  }
  if (request.value_bytes() > kTokenBytesMax) {
    reply_error(output, echo, Status::out_of_memory);
    return skip(input, request);
  }
  if (request.bytes() > input.size()) {
    ++budget;  // it has not been run
    return {};
  }
  locked_ = true;
  if (sasl_ == nullptr) sasl_ = session_.host.sasl_exchange();
  if (echo.opcode == kListOpcode) {
    const auto names = sasl_ == nullptr ? std::nullopt : sasl_->mechanisms();
    if (names) {
      reply(output, echo, Status::ok, {}, *names);
    } else {
      reply_error(output, echo, Status::auth_failure);
    }
    return {.consumed = request.bytes()};
  }
  std::string_view challenge;
  switch (authenticate(request, &challenge)) {
    case SaslExchange::Outcome::done:
      locked_ = false;
      session_.worker.count(engine::Counter::auth_cmds);
      reply(output, echo, Status::ok, {}, kAuthenticated);
      break;
    case SaslExchange::Outcome::more:
      reply(output, echo, Status::auth_continue, {}, challenge);
      break;
    case SaslExchange::Outcome::failed:
      session_.worker.count(engine::Counter::auth_cmds);
      session_.worker.count(engine::Counter::auth_errors);
      reply_error(output, echo, Status::auth_failure);
      break;
  }
  return {.consumed = request.bytes()};
}

SaslExchange::Outcome BinaryProtocol::authenticate(const Request& request,
                                                   std::string_view* challenge) {
  using Outcome = SaslExchange::Outcome;
  if (sasl_ == nullptr) return Outcome::failed;
  if (request.header.opcode != kAuthOpcode) {
    return sasl_started_ ? sasl_->step(request.value(), challenge) : Outcome::failed;
  }
  const Outcome outcome = sasl_->start(request.key(), request.value(), challenge);
  sasl_started_ = outcome != Outcome::failed;
  return outcome;
}

}  // namespace larder::proto
