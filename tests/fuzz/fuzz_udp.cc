// UDP: datagrams in, executed by a worker's end of a port, replies out in frames.
//
// There is no socket: this file takes the place of recvfrom(2) and sendmsg(2), so that a datagram comes
// from any kind of address and a socket can be full. What is sent has to be a reply to what came: its id,
// datagrams numbered from 0, none left out but at the end, no more bytes than the sender may be sent.
//
// Input: a byte for the port's settings, one for the sender, one for how many datagrams the socket takes;
// then datagrams: a byte for the shape, two for the length, as many bytes.
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <deque>
#include <string>
#include <vector>

#include "proto/binary_header.h"
#include "proto/udp_frame.h"
#include "server/udp_port.h"
#include "server/worker_thread.h"
#include "tests/fuzz/fuzz_connection.h"
#include "tests/fuzz/replies.h"

namespace {

using namespace larder;

/// What the kernel would be.
struct Network {
  sockaddr_storage sender{};
  socklen_t sender_bytes = 0;
  std::deque<std::string> arriving;
  std::vector<std::string> sent;
  std::size_t room = 0;    // datagrams that the socket takes of one reply
  bool refused = false;    // one it did not take
};
Network* network = nullptr;

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

enum class From : unsigned { stranger4, stranger6, proven4, loopback, nobody };
constexpr std::size_t kSenders = 5;

sockaddr_storage address_of(From from, socklen_t* bytes) {
  sockaddr_storage storage{};
  if (from == From::stranger6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_addr.s6_addr[0] = 0x20;
    *bytes = sizeof v6;
  } else if (from == From::nobody) {
    storage.ss_family = AF_UNIX;
    *bytes = sizeof storage.ss_family;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(from == From::loopback ? INADDR_LOOPBACK : 0x0a000001);
    v4.sin_port = htons(5353);
    *bytes = sizeof v4;
  }
  return storage;
}

struct PortSettings {
  std::uint32_t ratio;
  proto::Binding binding;
  bool login_required;
  From from;

  bool limited() const { return ratio != 0 && from != From::proven4 && from != From::loopback; }
};

/// Stops the process unless `sent` is what `datagram` may be answered with. `cut`: the socket was full.
void check_replies(std::string_view datagram, const std::vector<std::string>& sent, bool cut,
                   const PortSettings& settings) {
  constexpr std::size_t kHeader = 8;
  const bool request = datagram.size() > kHeader && number_at(datagram, 4) == 1;
  fuzz::require(request || sent.empty(), "no request is answered", datagram);
  if (sent.empty()) return;
  std::size_t bytes = 0;
  std::string reply;
  const std::uint16_t count = number_at(sent[0], 4);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::string& each = sent[i];
    fuzz::require(each.size() > kHeader && each.size() <= proto::kUdpDatagramMax, "a datagram's size", each);
    fuzz::require(number_at(each, 0) == number_at(datagram, 0), "the id of another request", each);
    fuzz::require(number_at(each, 2) == i, "a datagram out of its place", each);
    fuzz::require(number_at(each, 4) == count, "the count changes", each);
    fuzz::require(number_at(each, 6) == 0, "the reserved bytes are set", each);
    fuzz::require(i + 1u == count || each.size() == proto::kUdpDatagramMax, "a gap in the reply", each);
    bytes += each.size();
    reply += each.substr(kHeader);
  }
  fuzz::require(sent.size() == count || (cut && sent.size() < count), "datagrams are missing", reply);
  fuzz::require(!settings.limited() || bytes <= settings.ratio * datagram.size(), "an amplifier", reply);
  if (cut) return;
  const bool binary = settings.binding == proto::Binding::automatic
                          ? static_cast<std::uint8_t>(datagram[kHeader]) == proto::binary::kRequestMagic
                          : settings.binding == proto::Binding::binary;
  binary ? fuzz::check_binary_replies(reply) : fuzz::check_text_replies(reply);
}

std::string take_datagram(fuzz::Choices& choices) {
  const unsigned shape = choices.byte();
  const unsigned bytes = choices.byte() | choices.byte() << 8;
  if (shape % 16 == 15) return std::string(choices.take(bytes));  // its header is anything
  const auto id = static_cast<std::uint16_t>(0x4100 + shape);
  const auto header = proto::udp_reply_header(id, 0, shape % 16 == 14 ? 2 : 1);
  return std::string(header.data(), header.size()).append(choices.take(bytes));
}

void serve(fuzz::Choices& choices) {
  constexpr std::uint32_t kRatios[] = {3, 0, 1, 10};
  constexpr proto::Binding kBindings[] = {proto::Binding::automatic, proto::Binding::ascii,
                                          proto::Binding::binary, proto::Binding::automatic};
  const unsigned first = choices.byte();
  const unsigned second = choices.byte();
  const PortSettings chosen{kRatios[first % 4], kBindings[first / 4 % 4], first / 16 % 4 == 3,
                            static_cast<From>(second % kSenders)};
  Network net;
  net.sender = address_of(chosen.from, &net.sender_bytes);
  network = &net;
  const std::size_t room = choices.byte();

  server::Options options;
  options.udp_reply_ratio = chosen.ratio;
  options.requests_per_event = static_cast<int>(1 + second / kSenders);
  proto::Settings settings;
  settings.login_required = chosen.login_required;
  engine::CacheEngine engine(fuzz::small_engine());
  engine::Worker& engine_worker = engine.add_worker();
  const server::Log log(settings.verbosity);
  server::Watchers watchers(engine.gates(), options);
  server::ProvenAddresses proven;
  if (chosen.from == From::proven4) proven.add(server::PeerAddress::of(net.sender));
  const server::WorkerShared shared{options, settings, engine, log, watchers, proven, [] {}};
  fuzz::FuzzHost host(engine);
  server::WorkerThread worker(shared, engine_worker, host);

  server::EventLoop loop;
  const server::ListenerInfo info{chosen.binding, false, {}};
  const server::UdpPort port(worker, loop, eventfd(1, EFD_NONBLOCK), info);  // always readable
  std::string datagram;
  loop.run([&] {
    if (!net.arriving.empty()) return;
    check_replies(datagram, net.sent, net.refused, chosen);
    fuzz::require(worker.output().empty(), "a reply is left behind", datagram);
    if (!choices.left()) return loop.stop();
    datagram = take_datagram(choices);
    net.arriving.push_back(datagram);
    net.sent.clear();
    net.room = room == 0 ? SIZE_MAX : room;
    net.refused = false;
  });
  engine.check_integrity();
  network = nullptr;
}

}  // namespace

extern "C" ssize_t recvfrom(int, void* into, size_t bytes, int, sockaddr* from, socklen_t* from_bytes) {
  if (network->arriving.empty()) {
    errno = EAGAIN;
    return -1;
  }
  const std::string datagram = std::move(network->arriving.front());
  network->arriving.pop_front();
  bytes = std::min(bytes, datagram.size());
  std::memcpy(into, datagram.data(), bytes);
  std::memcpy(from, &network->sender, std::min<std::size_t>(*from_bytes, network->sender_bytes));
  *from_bytes = network->sender_bytes;
  return static_cast<ssize_t>(bytes);
}

extern "C" ssize_t sendmsg(int, const msghdr* message, int) {
  fuzz::require(message->msg_namelen == network->sender_bytes &&
                    std::memcmp(message->msg_name, &network->sender, message->msg_namelen) == 0,
                "a reply to somebody else");
  if (network->room-- == 0) {
    network->room = 0;
    network->refused = true;
    errno = EAGAIN;
    return -1;
  }
  std::string datagram;
  for (std::size_t i = 0; i < message->msg_iovlen; ++i) {
    datagram.append(static_cast<const char*>(message->msg_iov[i].iov_base), message->msg_iov[i].iov_len);
  }
  network->sent.push_back(datagram);
  return static_cast<ssize_t>(datagram.size());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::FrozenClock clock;
  fuzz::Choices choices({reinterpret_cast<const char*>(data), size});
  serve(choices);
  return 0;
}
