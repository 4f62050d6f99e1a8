#include "server/log.h"

#include <unistd.h>

namespace larder::server {

namespace {
constexpr std::size_t kPrintedBytesMax = 200;
}

void Log::line(std::string text) {
  text += '\n';
  // A log that cannot be written has nowhere to be reported.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

std::string Log::printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, kPrintedBytesMax)) {
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (bytes.size() > kPrintedBytesMax) text += "...";
  return text;
}

}  // namespace larder::server
