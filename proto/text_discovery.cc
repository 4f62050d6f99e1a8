// Auto Discovery (cluster_config.h): the commands of the managed services' memcached clients.
//
//   config get cluster                                  -> CONFIG cluster <flags> <bytes>\r\n<list>\r\nEND
//   config set cluster <flags> <bytes> [noreply]\r\n<list>\r\n   -> STORED
//   config delete cluster [noreply]                     -> DELETED, NOT_FOUND
//   get AmazonElastiCache:cluster                       -> as an item, while no client stores one there
//
// Everything else behind `config` is ERROR, as `config` is to memcached. The data block is waited for
// whole: it has at most kClusterConfigBytesMax bytes.
#include "proto/cluster_config.h"
#include "proto/errors.h"
#include "proto/numbers.h"
#include "proto/text_protocol.h"

namespace larder::proto {

namespace {

void append_number(Output& out, std::uint64_t value) {
  char digits[kU64Digits];
  out.append({digits, static_cast<std::size_t>(write_u64(digits, value) - digits)});
}

/// <label> <flags> <bytes>\r\n<list>\r\n
void append_config(Output& out, std::string_view label, const ClusterConfig& config) {
  out.append(label);
  append_number(out, config.client_flags);
  out.append(" ");
  append_number(out, config.text.size());
  out.append("\r\n");
  out.append(config.text);
  out.append("\r\n");
}

}  // namespace

TextProtocol::Flow TextProtocol::config(Request& request) {
  const Words& words = request.words;
  if (words.count() < 3 || words[2] != "cluster") {
    reply(text::kError);
    return Flow::proceed;
  }
  if (words[1] == "get") {
    if (const auto config = session_.host.cluster_config()) {
      append_config(*out_, "CONFIG cluster ", *config);
    }
    reply(text::kEnd);
  } else if (words[1] == "set") {
    return config_set(request);
  } else if (words[1] == "delete") {
    const bool was_there = session_.host.set_cluster_config(nullptr);
    reply_unless(request.noreply, was_there ? text::kDeleted : text::kNotFound);
  } else {
    reply(text::kError);
  }
  return Flow::proceed;
}

TextProtocol::Flow TextProtocol::config_set(Request& request) {
  const Words& words = request.words;
  Cursor& in = request.in;
  std::size_t bytes = 0;
  ClusterConfig config;
  if (words.count() < 5 || !parse_value_bytes(words[4], &bytes)) {
    reply(text::kBadFormat);
    return Flow::proceed;
  }
  const std::size_t block_bytes = bytes + kValueEndBytes;
  if (!parse_storage_flags(words[3], &config.client_flags)) {
    reply_unless(request.noreply, text::kBadFormat);
    return skip(in, block_bytes);
  }
  if (bytes > kClusterConfigBytesMax) {
    reply_unless(request.noreply, text::kTooLarge);
    return skip(in, block_bytes);
  }
  if (in.left() < block_bytes) {
    in.at = request.line;
    ++*budget_;  // the request has not been run
    state_.store(State::nread, std::memory_order_relaxed);
    return Flow::wait;
  }
  const std::string_view block(in.at, block_bytes);
  in.at += block_bytes;
  auto canonical = canonical_cluster_config(block.substr(0, bytes));
  if (!block.ends_with("\r\n")) {
    reply_unless(request.noreply, text::kBadDataChunk);
  } else if (!canonical) {
    reply_unless(request.noreply, text::kBadClusterConfig);
  } else {
    config.text = std::move(*canonical);
    session_.host.set_cluster_config(std::make_shared<const ClusterConfig>(std::move(config)));
    reply_unless(request.noreply, text::kStored);
  }
  return Flow::proceed;
}

/// What `get` of the well-known key finds where no item is.
void TextProtocol::get_cluster_config(bool with_cas) {
  const auto config = session_.host.cluster_config();
  if (config == nullptr) return;
  std::string label("VALUE ");
  label += kClusterConfigKey;
  label += ' ';
  if (!with_cas) return append_config(*out_, label, *config);
  out_->append(label);
  append_number(*out_, config->client_flags);
  out_->append(" ");
  append_number(*out_, config->text.size());
  out_->append(" 0\r\n");
  out_->append(config->text);
  out_->append("\r\n");
}

}  // namespace larder::proto
