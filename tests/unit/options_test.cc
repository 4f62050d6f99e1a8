#include "server/options.h"

#include <catch2/catch.hpp>
#include <getopt.h>
#include <sstream>

#include "server/engine_config.h"

using namespace larder::server;
using larder::proto::Binding;

namespace {

struct Parsed {
  Options options;
  std::optional<Exit> exit;
};

/// Words are separated by single spaces; '' stands for an empty word.
Parsed parse(const std::string& line) {
  std::vector<std::string> words{"larder"};
  std::istringstream stream(line);
  for (std::string word; stream >> word;) words.push_back(word == "''" ? "" : word);
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  opterr = 0;  // what getopt says of unknown flags itself
  Parsed parsed;
  parsed.exit = parse_options(static_cast<int>(pointers.size()), pointers.data(), &parsed.options);
  return parsed;
}

Options accepted(const std::string& line) {
  Parsed parsed = parse(line);
  INFO(line);
  INFO((parsed.exit ? parsed.exit->text : ""));
  REQUIRE(!parsed.exit);
  return parsed.options;
}

void check_refused(const std::string& line, int code, const std::string& text) {
  const Parsed parsed = parse(line);
  INFO(line);
  REQUIRE(parsed.exit);
  CHECK(parsed.exit->code == code);
  CHECK(parsed.exit->text == text + "\n");
}

}  // namespace

TEST_CASE("without flags everything is as memcached has it") {
  const Options options = accepted("");
  CHECK(options.tcp_port == 11211);
  CHECK(options.udp_port == 0);
  CHECK(options.memory_bytes == 64 << 20);
  CHECK(options.max_connections == 1024);
  CHECK(options.backlog == 1024);
  CHECK(options.threads == 4);
  CHECK(options.requests_per_event == 20);
  CHECK(options.item_bytes_max == 1 << 20);
  CHECK(options.chunk_bytes_max == 512 << 10);
  CHECK(options.growth_factor == 1.25);
  CHECK(options.chunk_bytes_min == 48);
  CHECK(options.unix_mask == 0700);
  CHECK(options.evict);
  CHECK(options.maxconns_fast);
  CHECK(options.binding == Binding::automatic);
  REQUIRE(options.listen.size() == 1);
  CHECK(options.listen[0].host.empty());
  CHECK(options.listen[0].port == 11211);
}

TEST_CASE("short and long names, attached and separate values, and groups mean the same") {
  const char* kForms[] = {
      "-m 100 -t 2 -l 127.0.0.1 -p 1234 -c 77 -vv -d -k",
      "-m100 -t2 -l127.0.0.1 -p1234 -c77 -v -v -d -k",
      "-vvdk -m 100 -t 2 -l 127.0.0.1 -p 1234 -c 77",
      "--memory-limit=100 --threads 2 --listen=127.0.0.1 --port 1234 --conn-limit=77 --verbose "
      "--verbose --daemon --lock-memory",
      "--memory-l 100 --thr=2 --listen 127.0.0.1 --port=1234 --conn 77 --verb=1 -v --daem --lock",
      "-dkvvm 100 -t 2 -p 1234 -c 77 -l 127.0.0.1",
  };
  for (const char* form : kForms) {
    const Options options = accepted(form);
    CHECK(options.memory_bytes == 100 << 20);
    CHECK(options.threads == 2);
    CHECK(options.max_connections == 77);
    CHECK(options.verbosity == 2);
    CHECK(options.daemon);
    CHECK(options.lock_memory);
    REQUIRE(options.listen.size() == 1);
    CHECK(options.listen[0].host == "127.0.0.1");
    CHECK(options.listen[0].port == 1234);
  }
}

TEST_CASE("every other flag reaches its field") {
  const Options options = accepted(
      "-s /tmp/x -a 755 -A -M -r -u nobody -P /tmp/pid -f 1.5 -n 64 -L -D | -R 5 -C -b 17 -B ascii "
      "-I 512k -F -X -W -N 3");
  CHECK(options.unix_socket == "/tmp/x");
  CHECK(options.unix_mask == 0755);
  CHECK(options.shutdown_enabled);
  CHECK_FALSE(options.evict);
  CHECK(options.core_dumps);
  CHECK(options.user == "nobody");
  CHECK(options.pid_file == "/tmp/pid");
  CHECK(options.growth_factor == 1.5);
  CHECK(options.chunk_bytes_min == 64);
  CHECK(options.large_pages);
  CHECK(options.prefix_delimiter == '|');
  CHECK(options.detail_enabled);
  CHECK(options.requests_per_event == 5);
  CHECK_FALSE(options.cas_enabled);
  CHECK(options.backlog == 17);
  CHECK(options.binding == Binding::ascii);
  CHECK(options.item_bytes_max == 512 << 10);
  CHECK_FALSE(options.flush_enabled);
  CHECK_FALSE(options.dump_enabled);
  CHECK_FALSE(options.watch_enabled);
  CHECK(options.napi_ids == 3);
}

TEST_CASE("single values that memcached refuses are refused in its words") {
  check_refused("-c 0", 1, "Maximum connections must be greater than 0");
  check_refused("-c -1", 1, "Maximum connections must be greater than 0");
  check_refused("-c x", 1, "Maximum connections must be greater than 0");
  check_refused("-t 0", 1, "Number of threads must be greater than 0");
  check_refused("-R 0", 1, "Number of requests per event must be greater than 0");
  check_refused("-f 1", 1, "Factor must be greater than 1");
  check_refused("-f x", 1, "Factor must be greater than 1");
  check_refused("-n 0", 1, "Chunk size must be greater than 0");
  check_refused("-N 0", 1, "Maximum number of NAPI IDs must be greater than 0");
  check_refused("-D ''", 1, "No delimiter specified");
  check_refused("-B http", 64,
                "Invalid value for binding protocol: http\n"
                " -- should be one of auto, binary, or ascii");
  check_refused("-p 70000", 64, "ERROR: Invalid port number 70000.");
}

TEST_CASE("combinations that memcached refuses are refused in its words") {
  check_refused("-N 5", 64, "Number of napi_ids(5) cannot be greater than number of threads(4)");
  check_refused("-I 100", 64, "Item max size cannot be less than 1024 bytes.");
  check_refused("-I 40m", 64, "Cannot set item size limit higher than 1/2 of memory max.");
  check_refused("-m 0", 64, "Cannot set item size limit higher than 1/2 of memory max.");
  check_refused("-m -5", 64, "Cannot set item size limit higher than 1/2 of memory max.");
  check_refused("-I 2000m -m 8000", 64, "Cannot set item size limit higher than a gigabyte.");
  check_refused("-I 1024", 64,
                "slab_chunk_max (bytes: 524288) cannot be larger than -I (item_size_max 1024)");
  check_refused("-o slab_chunk_max=3", 64,
                "-I (item_size_max: 1048576) must be evenly divisible by slab_chunk_max (bytes: "
                "3072)");
  check_refused("-I 1536k -o slab_chunk_max=768", 64,
                "slab_chunk_max (bytes: 786432) must divide evenly into 1048576 (slab_page_size)");
  check_refused("-o slab_sizes=10-20", 64, "slab size 10 is out of valid range");
  check_refused("-o slab_sizes=100-104", 64,
                "slab size 104 must be at least 8 bytes larger than previous class");
  check_refused("-o slab_sizes=200-100", 64,
                "slab size 100 cannot be lower than or equal to a previous class size");
  check_refused("-o hot_lru_pct=50,warm_lru_pct=50", 64,
                "hot_lru_pct + warm_lru_pct cannot be more than 80% combined");
  check_refused("-o temporary_ttl=3,no_lru_maintainer", 64,
                "temporary_ttl requires lru_maintainer to be enabled");
}

TEST_CASE("unknown flags and missing values end with memcached's line") {
  check_refused("-Q", 1, "Illegal argument \"?\"");
  check_refused("--bogus", 1, "Illegal argument \"?\"");
  check_refused("--enable", 1, "Illegal argument \"?\"");  // begins several names
  check_refused("-p", 1, "Illegal argument \"?\"");
}

TEST_CASE("extended options: values") {
  const Options options = accepted(
      "-o no_maxconns_fast,hashpower=20,no_hashexpand,slab_automove=2,slab_automove_ratio=0.5,"
      "slab_automove_window=7,tail_repair_time=11,no_lru_crawler,lru_crawler_sleep=5,"
      "lru_crawler_tocrawl=9,hot_lru_pct=10,warm_lru_pct=30,hot_max_factor=0.3,"
      "warm_max_factor=3.5,temporary_ttl=30,idle_timeout=12 "
      "-o watcher_logbuf_size=8,worker_logbuf_size=16,read_buf_mem_limit=3,track_sizes,"
      "sock_cookie_id=42,slab_sizes=64-128-1024,slab_automove_freeratio=0.02,relaxed_privileges");
  CHECK_FALSE(options.maxconns_fast);
  CHECK(options.hash_power == 20);
  CHECK_FALSE(options.hash_expand);
  CHECK(options.slab_automove == 2);
  CHECK(options.slab_automove_ratio == 0.5);
  CHECK(options.slab_automove_window == 7);
  CHECK(options.slab_automove_freeratio == 0.02);
  CHECK(options.tail_repair_time_s == 11);
  CHECK_FALSE(options.lru_crawler);
  CHECK(options.lru_crawler_sleep_us == 5);
  CHECK(options.lru_crawler_tocrawl == 9);
  CHECK(options.hot_lru_pct == 10);
  CHECK(options.warm_lru_pct == 30);
  CHECK(options.hot_max_factor == 0.3);
  CHECK(options.warm_max_factor == 3.5);
  CHECK(options.temp_lru);
  CHECK(options.temporary_ttl_s == 30);
  CHECK(options.idle_timeout_s == 12);
  CHECK(options.watcher_logbuf_bytes == 8 * 1024);
  CHECK(options.worker_logbuf_bytes == 16 * 1024);
  CHECK(options.read_buf_mem_limit_bytes == 3 << 20);
  CHECK(options.track_sizes);
  CHECK(options.socket_mark == 42);
  CHECK(options.slab_sizes == std::vector<std::uint32_t>{64, 128, 1024});
  CHECK(options.relaxed_privileges);
}

TEST_CASE("extended options: names without effect are accepted") {
  for (const char* name : {"maxconns_fast", "slab_reassign", "slab_automove", "lru_crawler",
                           "lru_maintainer", "modern", "inline_ascii_resp", "no_inline_ascii_resp",
                           "drop_privileges", "no_drop_privileges", "hash_algorithm=murmur3",
                           "hash_algorithm=jenkins", "hash_algorithm=xxh3", "no_chunked_items"}) {
    accepted(std::string("-o ") + name);
  }
  CHECK(accepted("-o resp_obj_mem_limit=5").notices ==
        std::vector<std::string>{
            "DEPRECATED: resp_obj_mem_limit no longer used. See read_buf_mem_limit,"});
}

TEST_CASE("extended options: refusals") {
  check_refused("-o bogus", 1, "Illegal suboption \"bogus\"");
  check_refused("-o bogus=3,hashpower=3", 1, "Illegal suboption \"bogus=3\"");
  check_refused("-o hashpower", 1, "Missing numeric argument for hashpower");
  check_refused("-o hashpower=11", 1, "Initial hashtable multiplier of 11 is too low");
  check_refused("-o hashpower=33", 1,
                "Initial hashtable multiplier of 33 is too high\n"
                "Choose a value based on \"STAT hash_power_level\" from a running instance");
  check_refused("-o hash_algorithm", 1, "Missing hash_algorithm argument");
  check_refused("-o hash_algorithm=md5", 1,
                "Unknown hash_algorithm option (jenkins, murmur3, xxh3)");
  check_refused("-o slab_automove=3", 1, "slab_automove must be between 0 and 2");
  check_refused("-o slab_automove_ratio=0", 1, "slab_automove_ratio must be > 0 and < 1");
  check_refused("-o slab_automove_window=2", 1, "slab_automove_window must be > 2 and < 1800");
  check_refused("-o slab_automove_freeratio=x", 1,
                "could not parse argument to slab_automove_freeratio");
  check_refused("-o tail_repair_time=9", 1,
                "Cannot set tail_repair_time to less than 10 seconds");
  check_refused("-o lru_crawler_sleep=1000001", 1,
                "LRU crawler sleep must be between 0 and 1 second");
  check_refused("-o lru_crawler_tocrawl=x", 1, "lru_crawler_tocrawl takes a numeric 32bit value");
  check_refused("-o hot_lru_pct=80", 1, "hot_lru_pct must be > 1 and < 80");
  check_refused("-o warm_lru_pct=0", 1, "warm_lru_pct must be > 1 and < 80");
  check_refused("-o hot_max_factor=0", 1, "hot_max_factor must be > 0");
  check_refused("-o warm_max_factor=-1", 1, "warm_max_factor must be > 0");
  check_refused("-o idle_timeout", 1, "Missing numeric argument for idle_timeout");
  check_refused("-o slab_chunk_max=x", 1, "could not parse argument to slab_chunk_max");
  check_refused("-o slab_chunk_max=0", 1, "slab_chunk_max must be >= 0");
  check_refused("-o slab_chunk_max=2048", 1, "slab_chunk_max must be specified in kilobytes.");
  check_refused("-o worker_logbuf_size=x", 1, "could not parse argument to worker_logbuf_size");
  check_refused("-o read_buf_mem_limit=-1", 1, "could not parse argument to read_buf_mem_limit");
}

TEST_CASE("counts of 32 bits are read as memcached reads them") {
  CHECK(accepted("-o lru_crawler_tocrawl=4294967295").lru_crawler_tocrawl == 4294967295U);
  CHECK(accepted("-o lru_crawler_tocrawl=4294967297").lru_crawler_tocrawl == 1);
  CHECK(accepted("-o lru_crawler_tocrawl=+5").lru_crawler_tocrawl == 5);
  check_refused("-o lru_crawler_tocrawl=-5", 1, "lru_crawler_tocrawl takes a numeric 32bit value");
  check_refused("-o lru_crawler_tocrawl=5x", 1, "lru_crawler_tocrawl takes a numeric 32bit value");
}

TEST_CASE("flags that name files and privileges") {
  const Options options = accepted("-e /dev/shm/x --discovery-file=/etc/nodes -o drop_privileges");
  CHECK(options.memory_file == "/dev/shm/x");
  CHECK(options.discovery_file == "/etc/nodes");
  CHECK(options.drop_privileges);
  CHECK_FALSE(accepted("-o drop_privileges,no_drop_privileges").drop_privileges);
}

TEST_CASE("a memory file is refused with the Redis engine") {
  check_refused("-e /dev/shm/x --engine redis", 64,
                "ERROR: -e keeps plain items only: it cannot be used with the Redis engine.");
}

TEST_CASE("what is not built in says so") {
  check_refused("-o ext_path=x", 64,
                "This server is not built with external storage support: -o ext_path.");
  check_refused("-o proxy_config=x", 64,
                "This server is not built with proxy support: -o proxy_config.");
}

TEST_CASE("no_modern brings the defaults of 1.4, later names change them again") {
  const Options old = accepted("-o no_modern");
  CHECK_FALSE(old.maxconns_fast);
  CHECK_FALSE(old.slab_reassign);
  CHECK(old.slab_automove == 0);
  CHECK_FALSE(old.lru_maintainer);
  CHECK_FALSE(old.lru_segmented);
  CHECK_FALSE(old.lru_crawler);
  CHECK(old.chunk_bytes_max == 1 << 20);
  CHECK(accepted("-o no_modern,lru_maintainer").lru_segmented);
  CHECK(accepted("-o slab_chunk_max=16,no_modern").chunk_bytes_max == 16 << 10);
}

TEST_CASE("an item size above a page brings the chunk size back below it") {
  CHECK(accepted("-I 2m -o no_chunked_items").chunk_bytes_max == 512 << 10);
  CHECK(accepted("-m 256 -I 32m").item_bytes_max == 32 << 20);
  CHECK(accepted("-I 2097152").item_bytes_max == 2 << 20);
  CHECK(accepted("-I 512K").item_bytes_max == 512 << 10);
}

TEST_CASE("TLS has memcached's names, numbers and refusals") {
  const Options options = accepted(
      "-Z -o ssl_chain_cert=/c,ssl_key=/k,ssl_keyformat=2,ssl_verify_mode=3,ssl_ciphers=A:B "
      "-o ssl_ca_cert=/ca,ssl_wbuf_size=64,ssl_session_cache,ssl_kernel_tls,ssl_min_version=3");
  CHECK(options.tls.enabled);
  CHECK(options.tls.chain_cert == "/c");
  CHECK(options.tls.key == "/k");
  CHECK(options.tls.key_format == 2);
  CHECK(options.tls.check == TlsCheck::require_once);
  CHECK(options.tls.ciphers == "A:B");
  CHECK(options.tls.ca_cert == "/ca");
  CHECK(options.tls.write_buffer_bytes == 65536);
  CHECK(options.tls.session_cache);
  CHECK(options.tls.kernel_tls);
  CHECK(options.tls.min_version == 3);
  REQUIRE(options.listen.size() == 1);
  CHECK(options.listen[0].tls);
  CHECK(options.listen[0].tls_check == TlsCheck::require_once);
  CHECK_FALSE(accepted("-o ssl_session_cache").listen[0].tls);
  CHECK_FALSE(accepted("-Z -l notls:127.0.0.1").listen[0].tls);
  check_refused("-Z -p 0", 64, "ERROR: You cannot enable SSL without a TCP port.");
  check_refused("-o ssl_chain_cert", 1, "Missing ssl_chain_cert argument");
  check_refused("-o ssl_verify_mode=4", 1,
                "Invalid ssl_verify_mode. Use help to see valid options.");
  check_refused("-o ssl_verify_mode=x", 1, "could not parse argument to ssl_verify_mode");
  check_refused("-o ssl_min_version=-1", 1,
                "Invalid ssl_min_version. Use help to see valid options.");
  check_refused("-o ssl_wbuf_size=x", 1, "could not parse argument to ssl_wbuf_size");
  check_refused("-o ssl_keyformat=PEM", 1, "could not parse argument to ssl_keyformat");
}

TEST_CASE("who has to authenticate decides the language") {
  using larder::proto::Binding;
  CHECK(accepted("-S").listen[0].binding == Binding::binary);
  CHECK(accepted("-S -B binary").sasl);
  check_refused("-S -B auto", 64,
                "ERROR: You cannot allow the ASCII protocol while using SASL.");
  check_refused("-B ascii -S", 64,
                "ERROR: You cannot allow the ASCII protocol while using SASL.");
  check_refused("-S -U 5", 64, "ERROR: Cannot enable UDP while using binary SASL authentication.");

  const Options login = accepted("-Y /users");
  CHECK(login.auth_file == "/users");
  CHECK(login.listen[0].binding == Binding::ascii);
  CHECK(accepted("-Y /users -B ascii").login_required);
  const std::string refusal =
      "ERROR: You cannot allow the BINARY protocol while using ascii authentication tokens.";
  check_refused("-Y /users -B binary", 64, refusal);
  check_refused("-Y /users -B auto", 64, refusal);
  check_refused("-Y /users -U 5", 64,
                "Cannot use UDP with ascii authentication enabled (-U 0 to disable)");
  check_refused("-Y /users -l proto[binary]:h", 71,
                "Cannot use binary protocol when ascii authentication enabled\n"
                "failed to listen on one of interface(s) proto[binary]:h");
  const Options negotiating = accepted("-Y /users -l proto[negotiating]:h");
  CHECK(negotiating.listen[0].binding == Binding::ascii);
  CHECK(negotiating.notices.size() == 1);
}

TEST_CASE("a UDP port alone is the TCP port too") {
  CHECK(accepted("-U 11222").tcp_port == 11222);
  CHECK(accepted("-U -1").tcp_port == -1);
  CHECK(accepted("-U 0").tcp_port == 11211);
  CHECK(accepted("-U 11222 -p 0").tcp_port == 0);
  CHECK(accepted("-U 11222 -p 0").listen.empty());
  CHECK(accepted("-U 11222").notices.empty());
}

TEST_CASE("UDP listens where TCP does") {
  CHECK(accepted("").udp_listen.empty());
  const Options any = accepted("-U 11222 -p 11211");
  REQUIRE(any.udp_listen.size() == 1);
  CHECK(any.udp_listen[0].port == 11222);
  CHECK(any.udp_reply_ratio == 3);
  const Options named = accepted("-U 5 -p 6 -l 127.0.0.1,[::1]:7 -o udp_reply_ratio=0");
  REQUIRE(named.udp_listen.size() == 2);
  CHECK(named.udp_listen[0].port == 5);
  CHECK(named.udp_listen[1].port == 7);
  CHECK(named.udp_reply_ratio == 0);
  CHECK(accepted("-s /tmp/x -U 5").udp_listen.empty());
  CHECK(accepted("-U 5 -p 0").udp_listen.size() == 1);
}

TEST_CASE("a unix socket replaces the network") {
  CHECK(accepted("-s /tmp/x -l 127.0.0.1 -p 5").listen.empty());
}

TEST_CASE("addresses may be repeated; the same one is listened on once") {
  const Options options = accepted("-l 10.0.0.10 -l 10.0.0.1 -l [::1]:7 -l 10.0.0.1");
  CHECK(options.interfaces == "10.0.0.10,10.0.0.1,[::1]:7");
  CHECK(options.listen.size() == 3);
}

TEST_CASE("a bad address list is an operating error, as in memcached") {
  check_refused("-l 127.0.0.1:x", 71,
                "Invalid port number: \"x\"\nfailed to listen on one of interface(s) 127.0.0.1:x");
}

TEST_CASE("help, licences and version leave with 0") {
  for (const char* flag : {"-h", "-i", "-V", "--help", "--license", "--version", "-vvh"}) {
    const Parsed parsed = parse(flag);
    REQUIRE(parsed.exit);
    CHECK(parsed.exit->code == 0);
  }
  const std::string version = parse("-V").exit->text;
  CHECK(version == "larder " + std::string(kLarderVersion) + " (memcached 1.6.45)\n");
}

TEST_CASE("help names what is there, and only that") {
  const std::string help = parse("-h").exit->text;
  for (const char* present :
       {"unix-socket", "enable-ssl", "enable-sasl", "auth-file", "no_drop_privileges"}) {
    CHECK(help.find(present) != std::string::npos);
  }
  for (const char* absent : {"ext_path", "proxy_config"}) {
    CHECK(help.find(absent) == std::string::npos);
  }
}

TEST_CASE("the engine gets its part") {
  const larder::engine::Config config = engine_config(
      accepted("-m 100 -I 2m -f 1.1 -n 80 -M -C -t 3 -o hashpower=18,no_hashexpand,temporary_ttl=9,"
               "hot_lru_pct=11,warm_lru_pct=22,slab_sizes=100-200,no_lru_crawler"));
  CHECK(config.memory_bytes == 100u << 20);
  CHECK(config.item_bytes_max == 2u << 20);
  CHECK(config.growth_factor == 1.1);
  CHECK(config.chunk_payload_min == 80);
  CHECK_FALSE(config.evictions);
  CHECK_FALSE(config.cas);
  CHECK(config.threads == 3);
  CHECK(config.hash_power == 18);
  CHECK_FALSE(config.hash_growth);
  CHECK(config.temporary_ttl_s == 9);
  CHECK(config.lru.hot_percent == 11);
  CHECK(config.lru.warm_percent == 22);
  CHECK(config.slab_sizes == std::vector<std::size_t>{100, 200});
  CHECK_FALSE(config.crawler);
  CHECK(config.maintainer);
  const larder::engine::Config plain = engine_config(accepted(""));
  CHECK(plain.hash_power == 16);
  CHECK(plain.temporary_ttl_s == -1);
  CHECK(plain.automove);
  CHECK_FALSE(engine_config(accepted("-o no_modern")).automove);
  CHECK(engine_config(accepted("-o slab_chunk_max=64")).chunk_bytes_max == 64 << 10);
  CHECK(engine_config(accepted("-o slab_chunk_max=4")).chunk_bytes_max == 4 << 10);
}
