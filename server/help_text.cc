// Keep -h in the shape of memcached's: tools look words up in it. A word stands here only when what
// it names exists, since test suites switch parts of themselves on by it.
#include "server/help_text.h"

#include <fmt/format.h>

#include "proto/host.h"
#include "server/options.h"

namespace larder::server {

namespace {

constexpr std::string_view kFlags =
    R"(-p, --port=<num>          TCP port; 0 turns TCP off, -1 takes any free port (default: 11211)
-U, --udp-port=<num>      UDP port (default: 0, off)
-s, --unix-socket=<file>  serve this UNIX socket instead of the network
-a, --unix-mask=<mask>    mode of the UNIX socket, octal (default: 700)
-A, --enable-shutdown     let clients stop the server with "shutdown"
-l, --listen=<addr>       address to listen on (default: any); several may be
                          given, separated by commas or by repeating -l
                          form: proto[<protocol>]:tag[<name>]:host:port
                          with TLS, a prefix changes it for one address: 'notls'
                          none, 'btls' without client certificates, 'mtls' with
                          them, e.g. -l mtls:proto[ascii]:tag_tools_:127.0.0.1:11212
                          e.g. -l 127.0.0.1,[::1]:11212,proto[ascii]:10.0.0.1:11213
-d, --daemon              run in the background
-r, --enable-coredumps    raise the limit on core files
-u, --user=<user>         run as this user (needed when started by root)
-m, --memory-limit=<num>  memory for items, in megabytes (default: 64)
-M, --disable-evictions   when memory is full, refuse to store instead of evicting
-c, --conn-limit=<num>    most connections at one time (default: 1024)
-k, --lock-memory         keep all memory out of swap
-v, --verbose             report errors and warnings
-vv                       also connections and what they send
-vvv                      also what the server does inside
-h, --help                print this help and exit
-i, --license             print the licences of what is linked in and exit
-V, --version             print the version and exit
-P, --pidfile=<file>      write the process id to <file>
-e, --memory-file=<file>  keep the items in this file, on a RAM disk; after a stop with
                          SIGUSR1 the next start takes them over
-f, --slab-growth-factor=<num> size ratio of neighbouring slab classes (default: 1.25)
-n, --slab-min-size=<bytes> least room for key, value and flags (default: 48)
-L, --enable-largepages   ask for huge memory pages
-D <char>     delimiter between a key's prefix and the rest (default: ":");
              giving it starts the statistics by prefix, as the command
              "stats detail on" does
-t, --threads=<num>       worker threads (default: 4)
-R, --max-reqs-per-event  requests one connection may have answered before
                          others get their turn (default: 20)
-C, --disable-cas         do without cas uniques
-b, --listen-backlog=<num> connections that may wait to be accepted (default: 1024)
-B, --protocol=<name>     ascii, binary, or auto: by a connection's first byte (default: auto)
-I, --max-item-size=<num> largest item, with suffix k or m
                          (default: 1m, from 1k to 1024m)
-S, --enable-sasl         binary clients must authenticate by SASL
-F, --disable-flush-all   refuse flush_all
-X, --disable-dumping     refuse stats cachedump, stats detail and lru_crawler metadump
-W, --disable-watch       refuse watch
-Y, --auth-file=<file>    text clients must log in; lines of <file>: user:password
-Z, --enable-ssl          enable TLS
-N, --napi-ids=<num>      accepted; threads are chosen in turn
--discovery-file=<file>   what "config get cluster" tells: a line with a version, a
                          line of nodes as host|address|port; read again on SIGHUP
-o, --extended            extended options, separated by commas;
                          many have a form with no_ in front that turns them off
   - maxconns_fast:       answer and close connections over the limit (default: on);
                          off: leave them waiting until one closes
   - hashpower:           the hash table starts with 2^<num> buckets, 12 to 32
                          (default: 16; it grows by itself)
   - no_hashexpand:       never let the hash table grow
   - hash_algorithm:      jenkins, murmur3 or xxh3: accepted; keys are always
                          hashed with xxh3
   - slab_reassign:       move pages between slab classes (default: on)
   - slab_automove:       0 off, 1 in the background, 2 eager (default: 1)
   - slab_automove_ratio: a page moves when items of one class live less than this part
                          of the time that those of another do (default: 0.80)
   - slab_automove_window: how long the past counts for that, 3 to 1800: at 10, until a
                          quarter of the memory has been used again (default: 10)
   - slab_automove_freeratio: accepted; external storage's (default: 0.010)
   - slab_sizes:          chunk sizes of the slab classes, e.g. 64-128-1024
   - slab_chunk_max:      largest chunk, in kilobytes (default: 512)
   - no_chunked_items:    let chunks be as large as a page
   - tail_repair_time:    accepted; no item is held long enough to need it
   - no_lru_crawler:      no thread that looks for expired items
   - lru_crawler_sleep:   microseconds that it rests after a thousand items
                          (default: 100)
   - lru_crawler_tocrawl: most items of a class that one "lru_crawler crawl" looks at,
                          0 for all (default: 0)
   - no_lru_maintainer:   one LRU list per class and no thread that keeps them
   - hot_lru_pct:         share of a class for new items, above which they
                          are the first to go (default: 5)
   - warm_lru_pct:        share of a class that items used again keep in any
                          case (default: 40)
   - hot_max_factor:      accepted; ages do not decide here (default: 0.20)
   - warm_max_factor:     accepted; ages do not decide here (default: 2.00)
   - temporary_ttl:       items with a shorter lifetime are kept apart and not
                          evicted (default: off)
   - idle_timeout:        close a network client silent for this many seconds
                          (default: 0, never)
   - watcher_logbuf_size: kilobytes waiting for one watcher (default: 256)
   - worker_logbuf_size:  kilobytes waiting for one thread (default: 64)
   - read_buf_mem_limit:  megabytes for the buffers of connections (default: 0, no limit)
   - ssl_chain_cert:      PEM file: the server's certificate and those above it
   - ssl_key:             private key, if it is not in ssl_chain_cert
   - ssl_keyformat:       of ssl_key: 1 PEM, 2 DER (default: 1)
   - ssl_verify_mode:     certificates of clients: 0 none, 1 request, 2 require,
                          3 require once (default: 0)
   - ssl_ciphers:         ciphers of TLS 1.2 and older
   - ssl_ca_cert:         PEM file: who may sign the certificates of clients
   - ssl_wbuf_size:       kilobytes of a thread's buffer for replies (default: 16)
   - ssl_session_cache:   let clients resume sessions by their number
   - ssl_kernel_tls:      let the kernel encrypt
   - ssl_min_version:     oldest version accepted (default: tlsv1.2)
                          0(tlsv1.0), 1(tlsv1.1), 2(tlsv1.2) or 3(tlsv1.3)
   - udp_reply_ratio:     most bytes of a UDP reply for each byte of its request, if the
                          sender's address may be forged; 0: any (default: 3)
   - track_sizes:         count items by size for "stats sizes"
   - sock_cookie_id:      mark of the listening sockets, for packet filters
   - drop_privileges:     end the process when a thread makes a system call that
                          a cache does not need (default: off)
   - no_drop_privileges:  let threads make any system call
   - modern:              accepted; there are no newer defaults
   - no_modern:           the defaults of memcached 1.4
    --redis-port=<num>    speak RESP2 and RESP3, as Redis 7.0, on this port
                          (default: 0, off; -1 for any)
    --unixsocket=<file>   the same on a unix socket
    --engine=<name>       cache, or redis: implied by the two above; RESP is then
                          also understood on memcached's port
    --<setting>=<value>   a setting of Redis: --maxmemory, --maxmemory-policy,
                          --databases, --requirepass, ...
)";

constexpr std::string_view kLicences =
    R"(Linked in, with thanks to their authors:
libevent  BSD 3-clause; (c) 2000-2007 Niels Provos, 2007-2012 Niels Provos and Nick Mathewson
OpenSSL   Apache 2.0; (c) The OpenSSL Project Authors
Cyrus SASL  BSD with advertising clause; (c) Carnegie Mellon University
jemalloc  BSD 2-clause; (c) Jason Evans, Mozilla Foundation, Facebook, Inc.
xxHash    BSD 2-clause; (c) Yann Collet
{fmt}     MIT; (c) Victor Zverovich and {fmt} contributors
The full texts are in /usr/share/doc/<package>/copyright on Debian.
)";

}  // namespace

std::string version_text() {
  return fmt::format("larder {} (memcached {})\n", kLarderVersion, proto::kMemcachedVersion);
}

std::string help_text() { return version_text().append(kFlags); }

std::string licence_text() { return version_text().append(kLicences); }

}  // namespace larder::server
