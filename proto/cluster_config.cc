#include "proto/cluster_config.h"

#include "proto/numbers.h"

namespace larder::proto {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// Takes the next word off the front; empty when there is none.
std::string_view next_word(std::string_view* text) {
  const std::size_t begin = text->find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    *text = {};
    return {};
  }
  text->remove_prefix(begin);
  const std::string_view word = text->substr(0, text->find_first_of(kBlanks));
  text->remove_prefix(word.size());
  return word;
}

/// host|address|port
bool is_node(std::string_view word) {
  const std::size_t first = word.find('|');
  if (first == 0 || first == std::string_view::npos) return false;
  const std::size_t second = word.find('|', first + 1);
  if (second == std::string_view::npos) return false;
  std::uint32_t port = 0;
  return parse_u32(word.substr(second + 1), &port) && port > 0 && port <= 65535;
}

}  // namespace

std::optional<std::string> canonical_cluster_config(std::string_view text) {
  if (text.size() > kClusterConfigBytesMax) return std::nullopt;
  std::uint64_t version = 0;
  const std::string_view first = next_word(&text);
  if (!parse_u64(first, &version)) return std::nullopt;
  std::string canonical(first);
  char before = '\n';
  while (true) {
    const std::string_view word = next_word(&text);
    if (word.empty()) break;
    if (!is_node(word)) return std::nullopt;
    canonical += before;
    canonical += word;
    before = ' ';
  }
  if (before == '\n') return std::nullopt;  // no node at all
  canonical += '\n';
  return canonical;
}

}  // namespace larder::proto
