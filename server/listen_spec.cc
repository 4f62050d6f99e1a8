#include "server/listen_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/option_text.h"

namespace larder::server {

namespace {

constexpr std::size_t kTagBytesMax = 8;

using Error = std::optional<std::string>;

/// Takes "prefix[NAME]:" (or, with `underscores`, "prefix_NAME_:") off the front of `rest`.
/// Leaves `name` empty when the prefix is not there. False: the bracket is never closed.
bool take_bracketed(std::string_view prefix, bool underscores, std::string_view* rest,
                    std::optional<std::string_view>* name) {
  if (!rest->starts_with(prefix) || rest->size() == prefix.size()) return true;
  const char open = (*rest)[prefix.size()];
  if (open != '[' && !(underscores && open == '_')) return true;
  std::string_view body = rest->substr(prefix.size() + 1);
  std::size_t close = body.find(']');
  if (close == std::string_view::npos && underscores) close = body.find('_');
  if (close == std::string_view::npos) return false;
  *name = body.substr(0, close);
  body.remove_prefix(close + 1);
  if (!body.empty()) body.remove_prefix(1);  // the colon
  *rest = body;
  return true;
}

Error parse_binding(std::string_view spec, std::string_view name, proto::Binding* binding) {
  struct Row {
    std::string_view name;
    proto::Binding binding;
  };
  constexpr Row kRows[] = {{"ascii", proto::Binding::ascii},
                           {"binary", proto::Binding::binary},
                           {"negotiating", proto::Binding::automatic}};
  for (const Row& row : kRows) {
    if (row.name == name) {
      *binding = row.binding;
      return std::nullopt;
    }
  }
  if (name == "proxy") return fmt::format("Server not built with proxy: \"{}\"", spec);
  return fmt::format("Invalid protocol spec: \"{}\"", spec);
}

/// host, host:port, [v6]:port, [v6] or a bare v6 address.
Error parse_host_port(std::string_view text, ListenAddress* address) {
  std::string_view host = text;
  std::string_view after = text;
  const bool bracketed = text.starts_with('[');
  if (bracketed) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return fmt::format("Invalid IPV6 address: \"{}\"", text);
    host = text.substr(1, close - 1);
    after = text.substr(close + 1);
  }
  const std::size_t colon = after.find(':');
  // A second colon makes it an IPv6 address without brackets, which has no port.
  const bool has_port = colon != std::string_view::npos &&
                        (bracketed || after.find(':', colon + 1) == std::string_view::npos);
  if (has_port) {
    const std::string_view port = after.substr(colon + 1);
    const auto number = whole_number<int>(port);
    if (!number || *number > 65535 || *number < -1) {
      return fmt::format("Invalid port number: \"{}\"", port);
    }
    address->port = *number;
    if (!bracketed) host = after.substr(0, colon);
  }
  if (host != "*") address->host = host;
  return std::nullopt;
}

/// Takes a prefix that says how TLS is used here off the front of `rest`.
Error take_tls(std::string_view* rest, ListenAddress* address) {
  struct Row {
    std::string_view prefix;
    bool tls;
    TlsCheck check;
  };
  constexpr Row kRows[] = {{"notls", false, TlsCheck::none},
                           {"btls", true, TlsCheck::none},
                           {"mtls", true, TlsCheck::require}};
  for (const Row& row : kRows) {
    if (!rest->starts_with(row.prefix)) continue;
    if (!address->tls) {  // as in `usual`: without -Z nobody has it
      return fmt::format("'{}' option is valid only when SSL is enabled", row.prefix);
    }
    address->tls = row.tls;
    address->tls_check = row.check;
    rest->remove_prefix(std::min(rest->size(), row.prefix.size() + 1));  // and the colon
    break;
  }
  return std::nullopt;
}

Error parse_element(std::string_view spec, ListenAddress* address) {
  std::string_view rest = spec;
  if (Error error = take_tls(&rest, address)) return error;
  std::optional<std::string_view> name;
  if (!take_bracketed("proto", false, &rest, &name)) {
    return fmt::format("Invalid protocol spec: \"{}\"", spec);
  }
  if (name) {
    if (Error error = parse_binding(spec, *name, &address->binding)) return error;
  }
  name.reset();
  if (!take_bracketed("tag", true, &rest, &name)) {
    return fmt::format("Invalid tag in socket config: \"{}\"", spec);
  }
  if (name) {
    if (name->empty() || name->size() > kTagBytesMax) {
      return fmt::format("Listener tags must be between 1 and 8 characters: \"{}\"", *name);
    }
    address->tag = *name;
  }
  return parse_host_port(rest, address);
}

}  // namespace

Error parse_listen_list(std::string_view list, const ListenAddress& usual,
                        std::vector<ListenAddress>* addresses) {
  while (!list.empty()) {
    const std::size_t end = list.find_first_of(",;");
    const std::string_view spec = list.substr(0, end);
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    if (spec.empty()) continue;
    ListenAddress address = usual;
    if (Error error = parse_element(spec, &address)) return error;
    addresses->push_back(std::move(address));
  }
  return std::nullopt;
}

}  // namespace larder::server
