#include "proto/binary_reply.h"

namespace larder::proto::binary {

std::string_view status_text(Status status) {
  switch (status) {
    case Status::ok:
    case Status::auth_continue:
      return "";
    case Status::not_found:
      return "Not found";
    case Status::exists:
      return "Data exists for key.";
    case Status::too_large:
      return "Too large.";
    case Status::invalid_arguments:
      return "Invalid arguments";
    case Status::not_stored:
      return "Not stored.";
    case Status::non_numeric:
      return "Non-numeric server-side value for incr or decr";
    case Status::auth_failure:
      return "Auth failure.";
    case Status::unknown_command:
      return "Unknown command";
    case Status::out_of_memory:
      return "Out of memory";
  }
  return "";
}

void reply(Output& output, Echo echo, Status status, std::string_view key, std::string_view value,
           std::uint64_t cas) {
  const std::size_t bytes = kHeaderBytes + key.size() + value.size();
  char* to = output.reserve(bytes);
  save_reply_header(to, echo, status, {.key = key.size(), .value = value.size()}, cas);
  if (!key.empty()) std::memcpy(to + kHeaderBytes, key.data(), key.size());
  if (!value.empty()) std::memcpy(to + kHeaderBytes + key.size(), value.data(), value.size());
  output.advance(bytes);
}

}  // namespace larder::proto::binary
