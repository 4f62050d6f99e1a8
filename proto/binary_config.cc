// Auto Discovery over the binary protocol (cluster_config.h), as the managed services' memcached clients
// speak it.
//
//   60 get, 61 getq, 62 getk, 63 getkq   key = cluster; reply: client flags as extras, the list as value
//   64 set, 65 setq                      extras = client flags, key = cluster, value = the list
//   66 delete, 67 deleteq                key = cluster
//   68 list                              a packet as getk's for each config there is, then an empty one
//
// `cluster` is the only config there is: others are not found, and setting one is status 04. What is no
// list of nodes is status 04 too; the connection lives on.
#include "proto/binary_protocol.h"
#include "proto/cluster_config.h"
#include "proto/numbers.h"

namespace larder::proto {

using namespace binary;

namespace {

constexpr std::string_view kCluster = "cluster";
constexpr std::size_t kFlagsBytes = 4;

void reply_config(Output& output, Echo echo, std::string_view key, const ClusterConfig& config) {
  const Sizes sizes{.extras = kFlagsBytes, .key = key.size(), .value = config.text.size()};
  char* to = output.reserve(kHeaderBytes + kFlagsBytes + key.size() + config.text.size());
  save_reply_header(to, echo, Status::ok, sizes, 0);
  to += kHeaderBytes;
  save_number(to, config.client_flags);
  write_text(write_text(to + kFlagsBytes, key), config.text);
  output.advance(kHeaderBytes + kFlagsBytes + key.size() + config.text.size());
}

}  // namespace

/// Answers with the list of nodes, under `name` if the opcode tells keys. False: there is none.
bool BinaryProtocol::get_cluster_config(const Request& request, std::string_view name, Output& output) {
  const auto config = session_.host.cluster_config();
  if (config == nullptr) return false;
  reply_config(output, request.echo(), request.opcode->reply_key ? name : std::string_view(), *config);
  return true;
}

void BinaryProtocol::config_set(const Request& request, Output& output) {
  auto canonical = canonical_cluster_config(request.value());
  if (request.key() != kCluster || !canonical) {
    return reply_error(output, request.echo(), Status::invalid_arguments);
  }
  session_.host.set_cluster_config(std::make_shared<const ClusterConfig>(
      ClusterConfig{load_number<std::uint32_t>(request.extras()), std::move(*canonical)}));
  if (!request.opcode->quiet) reply_done(output, request.echo());
}

/// The data is waited for whole: it has at most kClusterConfigBytesMax bytes.
Progress BinaryProtocol::run_config(std::string_view input, const Request& request, Output& output,
                                    unsigned& budget) {
  const Echo echo = request.echo();
  if (request.value_bytes() > kClusterConfigBytesMax) {
    --budget;
    reply_error(output, echo, Status::too_large);
    return skip(input, request);
  }
  if (request.bytes() > input.size()) return {};
  --budget;
  const Opcode& opcode = *request.opcode;
  const bool known = request.key() == kCluster;
  switch (opcode.verb) {
    case Verb::config_get:
      if (known && get_cluster_config(request, kCluster, output)) break;
      if (opcode.quiet) break;
      if (opcode.reply_key) {  // as getk
        reply(output, echo, Status::not_found, request.key(), {});
      } else {
        reply_error(output, echo, Status::not_found);
      }
      break;
    case Verb::config_set:
      config_set(request, output);
      break;
    case Verb::config_delete:
      if (!known || !session_.host.set_cluster_config(nullptr)) {
        reply_error(output, echo, Status::not_found);
      } else if (!opcode.quiet) {
        reply_done(output, echo);
      }
      break;
    default:  // list
      if (const auto config = session_.host.cluster_config()) reply_config(output, echo, kCluster, *config);
      reply_done(output, echo);
      break;
  }
  return {.consumed = request.bytes()};
}

}  // namespace larder::proto
