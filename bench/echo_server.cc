// echo_server: the floor of a measurement. It answers every request with the same canned reply
// without looking at it, on one thread with bare epoll: what it costs is what the sockets cost, and
// no server that reads its requests can cost less.
//
// It takes loadgen's command line and serves the requests that such a loadgen sends: only gets or
// only sets, of one value length, so that all requests have the same size and reading them is one
// division. Listens on the unix socket given by --socket; ends with SIGTERM.

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "bench/canned_reply.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/socket.h"

namespace larder::bench {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr int kEventsMax = 64;

/// The one exchange this server knows.
struct Exchange {
  std::size_t request_bytes = 0;
  std::string reply;
};

std::optional<Exchange> make_exchange(const Options& options) {
  const bool gets = options.set_share == 0;
  const std::uint32_t length = options.value_lengths.min;
  if ((!gets && options.get_share != 0) || length != options.value_lengths.max) return std::nullopt;
  const KeyNames names(options.key_prefix, options.key_bytes, options.keys);
  const auto codec = make_codec(options.protocol, names, options.verify);
  ByteBuffer request;
  Exchange exchange;
  if (gets) {
    std::vector<std::uint32_t> keys(options.multiget);
    std::iota(keys.begin(), keys.end(), 0U);
    for (std::uint32_t& key : keys) key %= options.keys;
    codec->write_get(request, keys);
    const std::vector<std::optional<CannedValue>> values(keys.size(),
                                                         CannedValue{std::string(length, 'v'), 0});
    exchange.reply = canned_get_reply(options.protocol, names, keys, values, options.verify);
  } else {
    codec->write_set(request, 0, {0, options.ttl_seconds}, length);
    exchange.reply = canned_done_reply(options.protocol, Operation::set);
    request.extend(length);
    request.append(codec->set_end());
  }
  exchange.request_bytes = request.size();
  return exchange;
}

struct Client {
  FileDescriptor socket;
  std::size_t unanswered_bytes = 0;  // of a request that is not complete
};

FileDescriptor listen_on(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    errno = EINVAL;
    return {};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(fd.get(), 1024) != 0) {
    return {};
  }
  return fd;
}

class EchoServer {
 public:
  EchoServer(FileDescriptor listener, Exchange exchange)
      : listener_(std::move(listener)),
        exchange_(std::move(exchange)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        scratch_(kReadBytes) {
    watch(listener_.get(), nullptr);
  }

  void run() {
    while (true) {
      epoll_event events[kEventsMax];
      const int ready = epoll_wait(epoll_.get(), events, kEventsMax, -1);
      for (int i = 0; i < ready; ++i) {
        if (events[i].data.ptr == nullptr) {
          accept_one();
        } else {
          serve(*static_cast<Client*>(events[i].data.ptr));
        }
      }
    }
  }

 private:
  void watch(int fd, Client* client) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = client;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }

  void accept_one() {
    auto client = std::make_unique<Client>();
    client->socket = FileDescriptor(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client->socket) return;
    watch(client->socket.get(), client.get());
    clients_.push_back(std::move(client));
  }

  void serve(Client& client) {
    const ssize_t got = recv(client.socket.get(), scratch_.data(), scratch_.size(), 0);
    if (got <= 0) {
      std::erase_if(clients_, [&client](const auto& held) { return held.get() == &client; });
      return;
    }
    client.unanswered_bytes += static_cast<std::size_t>(got);
    const std::size_t count = client.unanswered_bytes / exchange_.request_bytes;
    client.unanswered_bytes %= exchange_.request_bytes;
    while (replies_.size() < count * exchange_.reply.size()) replies_ += exchange_.reply;
    send_all(client, count * exchange_.reply.size());
  }

  // Blocking: loadgen never stops reading, so this cannot stand still.
  void send_all(const Client& client, std::size_t bytes) {
    std::size_t sent = 0;
    while (sent < bytes) {
      const ssize_t wrote =
          send(client.socket.get(), replies_.data() + sent, bytes - sent, MSG_NOSIGNAL);
      if (wrote < 0) return;  // the next read finds the connection closed
      sent += static_cast<std::size_t>(wrote);
    }
  }

  FileDescriptor listener_;
  Exchange exchange_;
  FileDescriptor epoll_;
  std::vector<char> scratch_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::string replies_;  // the canned reply, as often as was ever needed at once
};

}  // namespace

}  // namespace larder::bench

int main(int argc, char** argv) {
  using namespace larder::bench;
  const ParsedOptions parsed = parse_options(argc, argv);
  if (!parsed.options) {
    fmt::print(parsed.exit_code == 0 ? stdout : stderr, "{}", parsed.message);
    return parsed.exit_code;
  }
  std::optional<Exchange> exchange = make_exchange(*parsed.options);
  if (!exchange) {
    fmt::print(stderr, "echo_server: needs --ratio 1:0 or 0:1 and one value length\n");
    return 2;
  }
  FileDescriptor listener = listen_on(parsed.options->socket_path);
  if (!listener) {
    fmt::print(stderr, "echo_server: cannot listen on {}: {}\n", parsed.options->socket_path,
               std::strerror(errno));
    return 1;
  }
  EchoServer(std::move(listener), std::move(*exchange)).run();
}
