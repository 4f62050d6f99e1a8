"""Statistics: every name memcached has, in its order, and values that are true."""

import os
import pathlib
import struct
import time

import pytest

import wire
from server import IS_PEER, wait_for
from wire import packet, storage

GENERAL = """
pid uptime time version libevent pointer_size rusage_user rusage_system max_connections
curr_connections total_connections rejected_connections connection_structures response_obj_oom
response_obj_count response_obj_bytes read_buf_count read_buf_bytes read_buf_bytes_free
read_buf_oom reserved_fds cmd_get cmd_set cmd_flush cmd_touch cmd_meta get_hits get_misses
get_expired get_flushed delete_misses delete_hits incr_misses incr_hits decr_misses decr_hits
cas_misses cas_hits cas_badval touch_hits touch_misses store_too_large store_no_memory auth_cmds
auth_errors bytes_read bytes_written limit_maxbytes accepting_conns listen_disabled_num
time_in_listen_disabled_us threads conn_yields hash_power_level hash_bytes hash_is_expanding
slab_reassign_rescues slab_reassign_chunk_rescues slab_reassign_inline_reclaim
slab_reassign_busy_items slab_reassign_busy_deletes slab_reassign_busy_nomem
slab_reassign_last_busy_status slab_reassign_running slabs_moved lru_crawler_running
lru_crawler_starts lru_maintainer_juggles malloc_fails log_worker_dropped log_worker_written
log_watcher_skipped log_watcher_sent log_watchers unexpected_napi_ids round_robin_fallback bytes
curr_items total_items slab_global_page_pool expired_unfetched evicted_unfetched evicted_active
evictions reclaimed crawler_reclaimed crawler_items_checked lrutail_reflocked moves_to_cold
moves_to_warm moves_within_lru direct_reclaims lru_bumps_dropped
""".split()

# Present only with an option or without one.
WITHOUT_MAXCONNS_FAST = ["rejected_connections"]
WITH_IDLE_TIMEOUT = ["idle_kicks"]
WITHOUT_SLAB_REASSIGN = [name for name in GENERAL if name.startswith(("slab_reassign", "slabs_moved"))]
WITHOUT_CRAWLER = ["lru_crawler_running", "lru_crawler_starts"]
WITHOUT_MAINTAINER = ["lru_maintainer_juggles", "evicted_active", "moves_to_cold", "moves_to_warm",
                      "moves_within_lru", "direct_reclaims", "lru_bumps_dropped"]

# Names that a build with TLS adds, and one without it does not have.
TLS_GENERAL = {"ssl_handshake_errors", "ssl_proto_errors", "ssl_new_sessions",
               "time_since_server_cert_refresh"}
TLS_SETTINGS = {"ssl_enabled", "ssl_chain_cert", "ssl_key", "ssl_verify_mode", "ssl_keyformat",
                "ssl_ciphers", "ssl_ca_cert", "ssl_wbuf_size", "ssl_session_cache",
                "ssl_kernel_tls", "ssl_min_version"}

SETTINGS = """
maxbytes maxconns tcpport udpport inter verbosity oldest evictions domain_socket umask
shutdown_command growth_factor chunk_size num_threads num_threads_per_udp stat_key_prefix
detail_enabled reqs_per_event cas_enabled tcp_backlog binding_protocol auth_enabled_sasl
auth_enabled_ascii item_size_max maxconns_fast hashpower_init slab_reassign slab_automove
slab_automove_ratio slab_automove_window slab_chunk_max lru_crawler lru_crawler_sleep
lru_crawler_tocrawl tail_repair_time flush_enabled dump_enabled hash_algorithm
lru_maintainer_thread lru_segmented hot_lru_pct warm_lru_pct hot_max_factor warm_max_factor
temp_lru temporary_ttl idle_timeout watcher_logbuf_size worker_logbuf_size read_buf_mem_limit
track_sizes inline_ascii_response ext_item_size ext_item_age ext_low_ttl ext_recache_rate
ext_wbuf_size ext_compact_under ext_drop_under ext_max_sleep ext_max_frag
slab_automove_freeratio ext_drop_unread num_napi_ids memory_file client_flags_size
""".split()

ITEMS = """
number number_hot number_warm number_cold age_hot age_warm age mem_requested evicted
evicted_nonzero evicted_time outofmemory tailrepairs reclaimed expired_unfetched evicted_unfetched
evicted_active crawler_reclaimed crawler_items_checked lrutail_reflocked moves_to_cold
moves_to_warm moves_within_lru direct_reclaims hits_to_hot hits_to_warm hits_to_cold hits_to_temp
""".split()

SLABS = """
chunk_size chunks_per_page total_pages total_chunks used_chunks free_chunks free_chunks_end
get_hits cmd_set delete_hits incr_hits decr_hits cas_hits cas_badval touch_hits
""".split()


def numbers(server, group=""):
    return {name: int(value) for name, value in server.stats(group).items() if value.isdigit()}


def test_general_names(launch):
    names = [name for name in launch().stats() if name not in TLS_GENERAL]
    assert names == GENERAL


@pytest.mark.parametrize("options, gone, more", [
    ("no_maxconns_fast", WITHOUT_MAXCONNS_FAST, []),
    ("idle_timeout=100", [], WITH_IDLE_TIMEOUT),
    ("no_slab_reassign", WITHOUT_SLAB_REASSIGN, []),
    ("no_lru_crawler,no_lru_maintainer", WITHOUT_CRAWLER + WITHOUT_MAINTAINER, []),
])
def test_general_names_depend_on_options(launch, options, gone, more):
    names = set(launch("-o", options).stats()) - TLS_GENERAL
    assert names == set(GENERAL) - set(gone) | set(more)


def test_settings_names(launch):
    names = [name for name in launch().stats("settings") if name not in TLS_SETTINGS]
    assert names == SETTINGS


def test_items_and_slabs_names(launch):
    server = launch()
    assert server.stats("items") == {}
    with server.text() as text:
        text.set(b"k", b"v")
        text.set(b"large", b"x" * 20_000)
    items = list(server.stats("items"))
    classes = sorted({int(name.split(":")[1]) for name in items})
    assert len(classes) == 2
    assert items == [f"items:{number}:{name}" for number in classes for name in ITEMS]
    slabs = list(server.stats("slabs"))
    assert slabs == [f"{number}:{name}" for number in classes for name in SLABS] + [
        "active_slabs", "total_malloced"]


def test_settings_tell_the_flags(launch):
    server = launch("-m", "100", "-c", "333", "-t", "3", "-R", "7", "-b", "55", "-f", "1.5",
                    "-n", "64", "-I", "2m", "-D", "/",
                    "-o", "hashpower=17,temporary_ttl=30,idle_timeout=99,hot_lru_pct=10,"
                    "warm_lru_pct=30,hot_max_factor=0.3,warm_max_factor=1.5,tail_repair_time=20,"
                    "lru_crawler_sleep=200,slab_automove=2")
    actual = server.stats("settings")
    expected = {
        "maxbytes": str(100 << 20), "maxconns": "333", "num_threads": "3", "reqs_per_event": "7",
        "tcp_backlog": "55", "growth_factor": "1.50", "chunk_size": "64",
        "item_size_max": str(2 << 20), "stat_key_prefix": "/", "detail_enabled": "yes",
        "hashpower_init": "17", "temporary_ttl": "30", "temp_lru": "yes", "idle_timeout": "99",
        "hot_lru_pct": "10", "warm_lru_pct": "30", "hot_max_factor": "0.30",
        "warm_max_factor": "1.50", "tail_repair_time": "20", "lru_crawler_sleep": "200",
        "slab_automove": "2", "evictions": "on", "cas_enabled": "yes", "flush_enabled": "yes",
        "verbosity": "0", "inter": "NULL", "shutdown_command": "no", "auth_enabled_sasl": "no",
        "binding_protocol": "auto-negotiate", "umask": "700", "client_flags_size": "4"}
    assert {name: actual[name] for name in expected} == expected


# (what is sent, counters that must grow and by how much; every other one of COUNTED must not)
COUNTED = """cmd_get cmd_set cmd_flush cmd_touch get_hits get_misses get_expired get_flushed
delete_misses delete_hits incr_misses incr_hits decr_misses decr_hits cas_misses cas_hits
cas_badval touch_hits touch_misses store_too_large store_no_memory total_items""".split()

SCENARIOS = {
    "set": (b"set a 0 0 1\r\n1\r\n" * 3, {"cmd_set": 3, "total_items": 3}),
    "get": (b"get a a none\r\n", {"cmd_get": 3, "get_hits": 2, "get_misses": 1}),
    "gets": (b"gets a none\r\n", {"cmd_get": 2, "get_hits": 1, "get_misses": 1}),
    "mg": (b"mg a v\r\nmg none v\r\n", {"cmd_get": 2, "get_hits": 1, "get_misses": 1}),
    "mg with T": (b"mg a T0\r\n", {"cmd_touch": 1, "touch_hits": 1}),
    "incr": (b"incr n 1\r\nincr none 1\r\n", {"incr_hits": 1, "incr_misses": 1}),
    "decr": (b"decr n 1\r\ndecr none 1\r\n", {"decr_hits": 1, "decr_misses": 1}),
    "ma": (b"ma n\r\nma n MD\r\nma none\r\n", {"incr_hits": 1, "decr_hits": 1, "incr_misses": 1}),
    "touch": (b"touch a 0\r\ntouch none 0\r\n",
              {"cmd_touch": 2, "touch_hits": 1, "touch_misses": 1}),
    "gat": (b"gat 0 a none\r\n",
            {"cmd_touch": 2, "touch_hits": 1, "touch_misses": 1}),
    "delete": (b"set d 0 0 1\r\n1\r\ndelete d\r\ndelete d\r\n",
               {"cmd_set": 1, "total_items": 1, "delete_hits": 1, "delete_misses": 1}),
    "md": (b"set d 0 0 1\r\n1\r\nmd d\r\nmd d\r\n",
           {"cmd_set": 1, "total_items": 1, "delete_hits": 1, "delete_misses": 1}),
    "cas": (b"cas a 0 0 1 1\r\n1\r\ncas none 0 0 1 1\r\n1\r\nms c 1 E77\r\n1\r\n"
            b"cas c 0 0 1 77\r\n2\r\n",
            {"cmd_set": 4, "cas_badval": 1, "cas_misses": 1, "cas_hits": 1, "total_items": 2}),
    "add and replace": (b"add a 0 0 1\r\n1\r\nreplace none 0 0 1\r\n1\r\n", {"cmd_set": 2}),
    "too large": (b"set big 0 0 2000000\r\n" + b"x" * 2_000_000 + b"\r\n", {"store_too_large": 1}),
    "flush_all": (b"set f 0 0 1\r\n1\r\nflush_all\r\nget f\r\n",
                  {"cmd_set": 1, "total_items": 1, "cmd_flush": 1, "cmd_get": 1, "get_misses": 1}),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_counters(launch, name):
    request, expected = SCENARIOS[name]
    server = launch()
    with server.text() as text:
        text.ask(b"set a 0 0 1\r\n1\r\nset n 0 0 2\r\n10\r\n")
        before = numbers(server)
        text.ask(request)
        after = numbers(server)
    grown = {counter: after[counter] - before[counter] for counter in COUNTED
             if after[counter] != before[counter]}
    grown.pop("get_flushed", None)  # a flushed item may be gone before it is asked for
    assert grown == expected


def test_counters_of_binary_requests(launch):
    server = launch()
    with server.binary_connection() as binary:
        before = numbers(server)
        first = binary.ask_one(storage(wire.SET, b"a", b"1"))
        binary.ask(storage(wire.SET, b"a", b"1", cas=first.cas) + storage(wire.SET, b"a", b"1", cas=1)
                   + storage(wire.SET, b"none", b"1", cas=1)
                   + packet(wire.GET, b"a") + packet(wire.GETQ, b"none")
                   + packet(wire.TOUCH, b"a", extras=struct.pack(">I", 0))
                   + wire.arithmetic(wire.INCR, b"a", 1) + wire.arithmetic(wire.DECR, b"a", 1)
                   + packet(wire.DELETE, b"a") + packet(wire.DELETE, b"a"))
        after = numbers(server)
    grown = {name: after[name] - before[name] for name in COUNTED if after[name] != before[name]}
    assert grown.pop("total_items") in (2, 3)  # whether counting stores a new item is nobody's matter
    assert grown == {
        "cmd_set": 4, "cas_hits": 1, "cas_badval": 1, "cas_misses": 1,
        "cmd_get": 2, "get_hits": 1, "get_misses": 1, "cmd_touch": 1, "touch_hits": 1,
        "incr_hits": 1, "decr_hits": 1, "delete_hits": 1, "delete_misses": 1}


def test_gauges(launch):
    server = launch("-m", "64", "-t", "2")
    stats = server.stats()
    assert int(stats["pid"]) == server.pid
    assert abs(int(stats["time"]) - time.time()) < 60
    assert stats["pointer_size"] == "64"
    assert stats["version"].startswith("1.6.")
    assert stats["threads"] == "2" and stats["limit_maxbytes"] == str(64 << 20)
    assert stats["accepting_conns"] == "1" and stats["hash_is_expanding"] == "0"
    assert 2 ** int(stats["hash_power_level"]) * 4 <= int(stats["hash_bytes"])
    with server.text() as text:
        empty = int(text.stats()["bytes"])
        for number in range(100):
            text.set(b"gauge%02d" % number, b"x" * 1000)
        stats = text.stats()
        assert stats["curr_items"] == "100"
        assert 100 * 1007 <= int(stats["bytes"]) - empty <= 100 * 1100
        for number in range(50):
            text.ask(b"delete gauge%02d\r\n" % number)
        stats = text.stats()
        assert stats["curr_items"] == "50" and int(stats["total_items"]) == 100
        assert int(stats["bytes"]) - empty <= 50 * 1100
        text.ask(b"flush_all\r\n")
        text.get_many([b"gauge%02d" % number for number in range(100)])
        wait_for(lambda: int(text.stats()["curr_items"]) == 0, "flushed items are taken away")


def test_expired_and_flushed_reads_are_told_apart(launch):
    """Both are misses; an expired item that is asked for, or reclaimed first, counts once."""
    server = launch("-o", "no_lru_crawler,no_lru_maintainer")
    with server.text() as text:
        text.set(b"e", b"1", exptime=-1)
        before = numbers(server)
        assert text.get(b"e") is None
        after = numbers(server)
    assert after["get_misses"] - before["get_misses"] == 1
    assert after["get_expired"] - before["get_expired"] == 1
    assert after["get_flushed"] == before["get_flushed"]
    with server.text() as text:
        text.set(b"f", b"1")
        if IS_PEER:
            time.sleep(2)  # memcached spares the items of the current second
        text.ask(b"flush_all\r\n")
        assert text.get(b"f") is None and text.get(b"f") is None
        last = numbers(server)
    assert last["get_flushed"] - after["get_flushed"] == 1
    assert last["get_misses"] - after["get_misses"] == 2


@pytest.mark.larder_only
def test_expired_items_are_reclaimed_by_themselves(launch):
    """As memcached's maintainer does at the ends of lists: they count as reclaimed, of their class too."""
    with launch().text() as text:
        for number in range(10):
            text.set(b"r%d" % number, b"v", exptime=1)
        assert text.get(b"r0") == b"v"
        wait_for(lambda: text.stats()["curr_items"] == "0", "all have gone")
        stats = text.stats()
        assert (stats["reclaimed"], stats["expired_unfetched"], stats["get_expired"]) == ("10", "9", "0")
        text.set(b"stays", b"v")
        items = text.stats("items")
        assert [value for name, value in items.items() if name.endswith(":reclaimed")] == ["10"]
        assert [value for name, value in items.items() if name.endswith(":expired_unfetched")] == ["9"]


@pytest.mark.larder_only
def test_a_walk_that_is_asked_for(launch):
    """It rests after every thousand items as long as `lru_crawler sleep` says, and ends when it is told to."""
    with launch("-o", "no_lru_maintainer,lru_crawler_sleep=0").text() as text:
        for number in range(6000):
            text.send(b"set w%d 0 3600 1 noreply\r\nv\r\n" % number)
        assert text.ask(b"lru_crawler crawl all\r\n") == b"OK\r\n"
        wait_for(lambda: text.stats()["lru_crawler_running"] == "0", "the walk ends")
        stats = text.stats()
        assert int(stats["crawler_items_checked"]) >= 6000 and int(stats["lru_crawler_starts"]) >= 1
        assert text.ask(b"lru_crawler sleep 1000000\r\nlru_crawler crawl all\r\n") == b"OK\r\nOK\r\n"
        assert text.stats()["lru_crawler_running"] == "1"  # six seconds of it
        assert text.ask(b"lru_crawler crawl all\r\n") == b"BUSY currently processing crawler request\r\n"
        assert text.ask(b"lru_crawler disable\r\n") == b"OK\r\n"
        wait_for(lambda: text.stats()["lru_crawler_running"] == "0", "the walk is given up")


def test_bytes_read_and_written(launch):
    server = launch()
    with server.text() as text:
        before = text.stats()
        text.send(b"set k 0 0 100000\r\n" + b"x" * 100_000 + b"\r\n")
        assert text.line() == b"STORED"
        for _ in range(10):
            text.get(b"k")
        after = text.stats()
    assert int(after["bytes_read"]) - int(before["bytes_read"]) >= 100_000
    assert int(after["bytes_read"]) - int(before["bytes_read"]) < 102_000
    assert int(after["bytes_written"]) - int(before["bytes_written"]) >= 1_000_000


def test_cpu_time_is_told(launch):
    """It is the process's own, and it only grows."""
    server = launch()
    with server.text() as text:
        first = text.stats()
        text.ask(b"get none\r\n" * 20_000)
        second = text.stats()
    for name in ("rusage_user", "rusage_system"):
        assert float(second[name]) >= float(first[name]) >= 0
    ticks = pathlib.Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    used = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
    assert float(second["rusage_user"]) + float(second["rusage_system"]) <= used + 0.1


def test_slabs_add_up(launch):
    server = launch()
    with server.text() as text:
        for number in range(1000):
            text.set(b"k%d" % number, b"x" * (number * 20))
        rows = text.stats("slabs")
    classes = {name.split(":")[0] for name in rows if ":" in name}
    assert int(rows["active_slabs"]) == len(classes)
    used = 0
    for number in classes:
        row = {name: int(rows[f"{number}:{name}"]) for name in SLABS}
        assert row["total_chunks"] == row["total_pages"] * row["chunks_per_page"]
        assert row["used_chunks"] + row["free_chunks"] == row["total_chunks"]
        assert row["chunk_size"] * row["chunks_per_page"] <= 1 << 20
        used += row["used_chunks"]
    assert used >= 1000
    items = server.stats("items")
    assert sum(int(value) for name, value in items.items() if name.endswith(":number")) == 1000


def test_reset(launch):
    server = launch()
    with server.text() as text:
        text.set(b"k", b"v")
        text.get_many([b"k", b"none"])
        text.ask(b"incr none 1\r\ndelete none\r\ntouch none 1\r\n")
        assert text.ask(b"stats reset\r\n") == b"RESET\r\n"
        stats = numbers(server)
        # The connection that reads them is counted already.
        assert {name: stats[name] for name in COUNTED if stats[name]} == {}
        assert stats["curr_items"] == 1 and stats["curr_connections"] >= 2
        assert text.get(b"k") == b"v"
        assert numbers(server)["get_hits"] == 1


def test_sizes(launch):
    with launch().text() as text:
        assert text.stats("sizes") == {"sizes_status": "disabled"}
    server = launch("-o", "track_sizes")
    with server.text() as text:
        for number in range(10):
            text.set(b"k%d" % number, b"x" * 500)
        text.set(b"other", b"x" * 5000)
        sizes = {int(size): int(count) for size, count in text.stats("sizes").items()}
    assert sorted(sizes.values()) == [1, 10]
    assert all(size % 32 == 0 for size in sizes)


def test_detail(launch):
    server = launch()
    with server.text() as text:
        text.set(b"off:1", b"v")
        assert text.ask(b"stats detail on\r\n") == b"OK\r\n"
        for number in range(3):
            text.set(b"users:%d" % number, b"v")
        text.get_many([b"users:0", b"users:1", b"users:none", b"posts:1"])
        text.ask(b"delete users:0\r\ndelete posts:1\r\n")
        text.set(b"nodelimiter", b"v")
        dump = text.ask(b"stats detail dump\r\n").split(b"\r\n")
        assert b"PREFIX users get 3 hit 2 set 3 del 1" in dump
        assert b"PREFIX posts get 1 hit 0 set 0 del 1" in dump
        assert not [line for line in dump if line.startswith(b"PREFIX off ")]
        assert dump[-2:] == [b"END", b""]
        assert text.ask(b"stats detail off\r\n") == b"OK\r\n"
        text.get(b"users:1")
        assert text.ask(b"stats detail dump\r\n").split(b"\r\n") == dump
        assert text.ask(b"stats reset\r\n") == b"RESET\r\n"
        assert text.ask(b"stats detail dump\r\n") == b"END\r\n"


def test_conns(launch):
    server = launch(transport="tcp")
    host, port = server.address
    with server.text() as text, server.text() as other:
        other.ask(b"version\r\n")
        own = "tcp:%s:%d" % text.sock.getsockname()
        rows = {}
        for name, value in text.stats("conns").items():
            descriptor, what = name.split(":", 1)
            rows.setdefault(int(descriptor), {})[what] = value
        open_descriptors = {int(name) for name in os.listdir(f"/proc/{server.pid}/fd")}
    assert set(rows) <= open_descriptors
    addresses = {row["addr"]: row for row in rows.values()}
    assert addresses[own]["listen_addr"] == f"tcp:{host}:{port}"
    assert addresses[own]["state"] in ("conn_parse_cmd", "conn_new_cmd")
    assert addresses[f"tcp:{host}:{port}"]["state"] == "conn_listening"
    assert sum("listen_addr" in row for row in rows.values()) >= 2
    assert all(row["secs_since_last_cmd"].isdigit() for row in rows.values()
               if row["state"] != "conn_listening")


def test_metadump(launch):
    server = launch()
    keys = {b"dump%d" % number for number in range(20)}
    with server.text() as text:
        for key in keys:
            text.set(key, b"v", exptime=1000)
        text.set(b"odd key%\xff".replace(b" ", b""), b"v")

        def dumped():
            def started():  # one run at a time: the background one may be busy for a moment
                text.send(b"lru_crawler metadump all\r\n")
                line = text.line()
                assert line == b"OK" or line.startswith((b"BUSY", b"ERROR locked")), line
                return line == b"OK"

            wait_for(started, "the dump starts")
            reply = text.until_suffix(b"END\r\n")
            lines = reply.removesuffix(b"END\r\n").split(b"\n")
            return {line.split(b" ")[0].removeprefix(b"key=") for line in lines if line}

        assert dumped() == keys | {b"oddkey%25%FF"}


def test_mgdump_lines_can_be_sent_back(launch):
    server = launch()
    with server.text() as text:
        text.set(b"plain", b"v")
        assert text.ask(b"ms AAEgCg== 1 b\r\nv\r\n") == b"HD\r\n"
        text.send(b"lru_crawler mgdump all\r\n")
        reply = text.until_suffix(b"EN\r\n")
        assert sorted(reply.splitlines(keepends=True)) == [
            b"EN\r\n", b"OK\r\n", b"mg AAEgCg== b\r\n", b"mg plain\r\n"]
        assert text.ask(b"mg AAEgCg== b\r\nmg plain\r\n") == b"HD\r\nHD\r\n"


def test_a_dump_waits_for_its_reader_and_nobody_for_it(launch):
    """Much more than sockets hold: the server keeps little of it, and serves others meanwhile."""
    count = 60_000
    server = launch("-t", "1", "-m", "128")
    prefix = b"p" * 200
    with server.text() as slow, server.text() as other:
        for first in range(0, count, 1000):
            other.ask(b"".join(b"set %b%d 0 0 1 noreply\r\nv\r\n" % (prefix, number)
                               for number in range(first, first + 1000)))
        rss = server.rss_bytes()
        slow.send(b"lru_crawler metadump all\r\n")
        assert slow.line() == b"OK"
        for _ in range(3):
            assert other.get(prefix + b"7") == b"v"
            assert other.ask(b"set between 0 0 1\r\nv\r\n") == b"STORED\r\n"
        assert server.rss_bytes() - rss < 8 << 20
        # What is stored or taken away under the dump does not confuse it.
        other.ask(b"".join(b"delete %b%d noreply\r\n" % (prefix, number)
                           for number in range(0, count, 100)))
        reply = slow.until_suffix(b"END\r\n")
        keys = {line.split(b" ")[0] for line in reply.splitlines()[:-1]}
        assert all(b"key=%b%d" % (prefix, number) in keys
                   for number in range(count) if number % 100)
        assert slow.ask(b"version\r\n").startswith(b"VERSION")


def test_cachedump(launch):
    with launch().text() as text:
        for number in range(100):
            text.set(b"k%d" % number, b"x" * 5)
        text.set(b"later", b"xyz", exptime=1000)
        lines = text.ask(b"stats cachedump 1 0\r\n").splitlines()
        assert lines.pop() == b"END"
        assert {line for line in lines if b"later" not in line} == {
            b"ITEM k%d [5 b; 0 s]" % number for number in range(100)}
        expires = [line for line in lines if b"later" in line][0].split(b" ")[-2]
        assert abs(int(expires) - time.time() - 1000) < 60
        assert len(text.ask(b"stats cachedump 1 10\r\n").splitlines()) == 11


def test_groups_that_do_not_exist(launch):
    with launch().text() as text:
        for name in (b"bogus", b"itemsx", b"ITEMS"):
            assert text.ask(b"stats %b\r\n" % name) == b"ERROR\r\n"
