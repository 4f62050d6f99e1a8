"""The binary protocol: every opcode, its quiet form, and packets that do not add up."""

import struct

import pytest

import wire
from wire import arithmetic, packet, storage

NO_CREATE = 0xFFFFFFFF


def flags_of(response):
    return struct.unpack(">I", response.extras)[0]


def number_of(response):
    return struct.unpack(">Q", response.value)[0]


def expect(binary, request, status, value=None):
    """The one response to `request`, with the given status and, if given, value."""
    response = binary.ask_one(request)
    assert response.status == status, response
    if value is not None:
        assert response.value == value, response
    return response


def test_storage_commands(binary):
    miss = expect(binary, packet(wire.GET, b"st"), wire.NOT_FOUND, b"Not found")
    assert miss.cas == 0 and miss.key == b"" and miss.extras == b""
    stored = expect(binary, storage(wire.SET, b"st", b"abc", flags=0xDEADBEEF, opaque=77), wire.OK, b"")
    assert stored.opaque == 77 and stored.cas != 0 and stored.opcode == wire.SET
    found = expect(binary, packet(wire.GET, b"st", opaque=5), wire.OK, b"abc")
    assert flags_of(found) == 0xDEADBEEF and found.cas == stored.cas and found.opaque == 5
    expect(binary, storage(wire.ADD, b"st", b"x"), wire.EXISTS, b"Data exists for key.")
    expect(binary, storage(wire.REPLACE, b"st", b"new", flags=1), wire.OK)
    expect(binary, packet(wire.APPEND, b"st", b"+"), wire.OK)
    expect(binary, packet(wire.PREPEND, b"st", b"-"), wire.OK)
    found = expect(binary, packet(wire.GET, b"st"), wire.OK, b"-new+")
    assert flags_of(found) == 1
    expect(binary, packet(wire.DELETE, b"st"), wire.OK, b"")
    expect(binary, packet(wire.DELETE, b"st"), wire.NOT_FOUND)
    expect(binary, storage(wire.REPLACE, b"st", b"x"), wire.NOT_FOUND)
    expect(binary, packet(wire.APPEND, b"st", b"x"), wire.NOT_STORED, b"Not stored.")
    expect(binary, packet(wire.PREPEND, b"st", b"x"), wire.NOT_STORED)
    expect(binary, storage(wire.ADD, b"st", b""), wire.OK)
    expect(binary, packet(wire.GET, b"st"), wire.OK, b"")


def test_getk_carries_the_key(binary):
    expect(binary, storage(wire.SET, b"gk", b"v"), wire.OK)
    found = expect(binary, packet(wire.GETK, b"gk"), wire.OK, b"v")
    assert found.key == b"gk" and len(found.extras) == 4
    missed = binary.ask_one(packet(wire.GETK, b"gk-missing"))
    assert missed.status == wire.NOT_FOUND and missed.key == b"gk-missing" and missed.value == b""


def test_cas(binary):
    first = expect(binary, storage(wire.SET, b"c", b"1"), wire.OK).cas
    second = expect(binary, storage(wire.SET, b"c", b"2", cas=first), wire.OK).cas
    assert second != first
    for opcode in (wire.SET, wire.REPLACE):
        expect(binary, storage(opcode, b"c", b"x", cas=first), wire.EXISTS)
    expect(binary, packet(wire.APPEND, b"c", b"x", cas=first), wire.EXISTS)
    expect(binary, packet(wire.DELETE, b"c", cas=first), wire.EXISTS)
    expect(binary, storage(wire.SET, b"c-missing", b"x", cas=first), wire.NOT_FOUND)
    assert expect(binary, packet(wire.GET, b"c"), wire.OK, b"2").cas == second
    expect(binary, packet(wire.DELETE, b"c", cas=second), wire.OK)


def test_arithmetic(binary):
    expect(binary, arithmetic(wire.INCR, b"n", 1, 5, NO_CREATE), wire.NOT_FOUND)
    assert number_of(expect(binary, arithmetic(wire.INCR, b"n", 1, 5), wire.OK)) == 5
    assert number_of(expect(binary, arithmetic(wire.INCR, b"n", 10, 5), wire.OK)) == 15
    assert number_of(expect(binary, arithmetic(wire.DECR, b"n", 5), wire.OK)) == 10
    assert number_of(expect(binary, arithmetic(wire.DECR, b"n", 100), wire.OK)) == 0
    top = 2**64 - 1
    assert number_of(expect(binary, arithmetic(wire.INCR, b"n", top), wire.OK)) == top
    assert number_of(expect(binary, arithmetic(wire.INCR, b"n", 2), wire.OK)) == 1
    response = expect(binary, arithmetic(wire.INCR, b"n", 1), wire.OK)
    assert response.cas == expect(binary, packet(wire.GET, b"n"), wire.OK).cas
    expect(binary, storage(wire.SET, b"n", b"abc"), wire.OK)
    expect(binary, arithmetic(wire.INCR, b"n", 1), wire.NON_NUMERIC,
           b"Non-numeric server-side value for incr or decr")
    assert number_of(expect(binary, arithmetic(wire.DECR, b"n2", 1, 2**64 - 1), wire.OK)) == top


def test_touch_and_gat(binary):
    expect(binary, packet(wire.TOUCH, b"t", extras=struct.pack(">I", 10)), wire.NOT_FOUND)
    expect(binary, packet(wire.GAT, b"t", extras=struct.pack(">I", 10)), wire.NOT_FOUND)
    expect(binary, storage(wire.SET, b"t", b"v", flags=9), wire.OK)
    assert flags_of(expect(binary, packet(wire.TOUCH, b"t", extras=struct.pack(">I", 10)), wire.OK,
                           b"")) == 9
    gat = expect(binary, packet(wire.GAT, b"t", extras=struct.pack(">I", 10)), wire.OK, b"v")
    assert flags_of(gat) == 9 and gat.key == b""
    gatk = expect(binary, packet(wire.GATK, b"t", extras=struct.pack(">I", 10)), wire.OK, b"v")
    assert gatk.key == b"t"
    missed = binary.ask_one(packet(wire.GATK, b"t-missing", extras=struct.pack(">I", 10)))
    assert missed.status == wire.NOT_FOUND and missed.key == b"t-missing"
    expect(binary, packet(wire.TOUCH, b"t", extras=struct.pack(">I", 2592001)), wire.OK)
    expect(binary, packet(wire.GET, b"t"), wire.NOT_FOUND)


def test_exptime_is_unsigned(binary):
    """A Unix time of long ago is over; 0xffffffff is the year 2106, not -1."""
    expect(binary, storage(wire.SET, b"e", b"v", exptime=2592001), wire.OK)
    expect(binary, packet(wire.GET, b"e"), wire.NOT_FOUND)
    expect(binary, storage(wire.ADD, b"e", b"v", exptime=0xFFFFFFFF), wire.OK)
    expect(binary, packet(wire.GET, b"e"), wire.OK)


def test_flush(binary):
    expect(binary, storage(wire.SET, b"f", b"v"), wire.OK)
    expect(binary, packet(wire.FLUSH, extras=struct.pack(">I", 3600)), wire.OK)
    expect(binary, packet(wire.GET, b"f"), wire.OK)
    expect(binary, packet(wire.FLUSH, extras=struct.pack(">I", 0)), wire.OK)
    expect(binary, packet(wire.GET, b"f"), wire.NOT_FOUND)
    expect(binary, storage(wire.SET, b"f", b"v"), wire.OK)
    expect(binary, packet(wire.FLUSH), wire.OK)
    expect(binary, packet(wire.GET, b"f"), wire.NOT_FOUND)
    expect(binary, storage(wire.SET, b"f", b"v"), wire.OK)
    assert binary.ask(packet(wire.FLUSHQ)) == []
    expect(binary, packet(wire.GET, b"f"), wire.NOT_FOUND)


def test_quiet_forms_drop_success(binary):
    assert binary.ask(storage(wire.SETQ, b"q", b"1")) == []
    assert binary.ask(storage(wire.ADDQ, b"q2", b"1")) == []
    assert binary.ask(storage(wire.REPLACEQ, b"q", b"5")) == []
    assert binary.ask(packet(wire.APPENDQ, b"q", b"0")) == []
    assert binary.ask(packet(wire.PREPENDQ, b"q", b"1")) == []
    assert binary.ask(arithmetic(wire.INCRQ, b"q", 5)) == []
    assert binary.ask(arithmetic(wire.DECRQ, b"q", 1)) == []
    expect(binary, packet(wire.GET, b"q"), wire.OK, b"154")
    assert binary.ask(packet(wire.DELETEQ, b"q")) == []
    expect(binary, packet(wire.GET, b"q"), wire.NOT_FOUND)


def test_quiet_forms_report_failure(binary):
    expect(binary, storage(wire.SET, b"qf", b"x"), wire.OK)
    for request, status in (
            (storage(wire.SETQ, b"qf", b"1", cas=1), wire.EXISTS),
            (storage(wire.ADDQ, b"qf", b"1"), wire.EXISTS),
            (storage(wire.REPLACEQ, b"qf-missing", b"1"), wire.NOT_FOUND),
            (packet(wire.APPENDQ, b"qf-missing", b"1"), wire.NOT_STORED),
            (packet(wire.PREPENDQ, b"qf-missing", b"1"), wire.NOT_STORED),
            (packet(wire.DELETEQ, b"qf-missing"), wire.NOT_FOUND),
            (arithmetic(wire.INCRQ, b"qf", 1), wire.NON_NUMERIC),
            (arithmetic(wire.DECRQ, b"qf-missing", 1, 0, NO_CREATE), wire.NOT_FOUND)):
        assert expect(binary, request, status).opcode == request[1]


def test_quiet_gets_drop_misses(binary):
    expect(binary, storage(wire.SET, b"qg", b"v"), wire.OK)
    ttl = struct.pack(">I", 100)
    responses = binary.ask(
        packet(wire.GETQ, b"qg-none", opaque=1) + packet(wire.GETQ, b"qg", opaque=2)
        + packet(wire.GETKQ, b"qg-none", opaque=3) + packet(wire.GETKQ, b"qg", opaque=4)
        + packet(wire.GATQ, b"qg-none", extras=ttl, opaque=5)
        + packet(wire.GATQ, b"qg", extras=ttl, opaque=6)
        + packet(wire.GATKQ, b"qg-none", extras=ttl, opaque=7)
        + packet(wire.GATKQ, b"qg", extras=ttl, opaque=8))
    assert [(r.opaque, r.status, r.key, r.value) for r in responses] == [
        (2, 0, b"", b"v"), (4, 0, b"qg", b"v"), (6, 0, b"", b"v"), (8, 0, b"qg", b"v")]


def test_noop_version_stat(binary):
    noop = binary.ask_one(packet(wire.NOOP, opaque=9))
    assert (noop.status, noop.opaque, noop.value) == (0, 9, b"")
    version = expect(binary, packet(wire.VERSION), wire.OK)
    assert version.value.count(b".") == 2 and version.value.replace(b".", b"").isdigit()
    stats = binary.ask(packet(wire.STAT, opaque=3))
    assert stats[-1].key == b"" and stats[-1].value == b""
    assert all(r.opaque == 3 and r.status == 0 for r in stats)
    names = [r.key for r in stats[:-1]]
    assert names[0] == b"pid" and b"curr_items" in names and len(set(names)) == len(names)
    settings = {r.key: r.value for r in binary.ask(packet(wire.STAT, b"settings"))}
    assert settings[b"binding_protocol"] == b"auto-negotiate"
    expect(binary, packet(wire.STAT, b"bogus"), wire.NOT_FOUND)


def test_quit(server):
    with server.binary_connection() as connection:
        reply = connection.ask_until_closed(
            packet(wire.QUIT, opaque=4) + storage(wire.SET, b"after-quit", b"x"))
        assert len(reply) == 24 and reply[1] == wire.QUIT
    with server.binary_connection() as connection:
        assert connection.ask_until_closed(packet(wire.QUITQ)) == b""
        assert connection.until_closed() == b""
    with server.text() as connection:
        assert connection.get(b"after-quit") is None


@pytest.mark.parametrize("length", [1, 249, 250])
def test_keys_of_any_bytes(server, length):
    key = bytes((i * 37) % 256 for i in range(length))
    with server.binary_connection() as connection:
        expect(connection, storage(wire.SET, key, b"v"), wire.OK)
        found = expect(connection, packet(wire.GETK, key), wire.OK, b"v")
        assert found.key == key


INVALID_PACKETS = {
    "key of 251": storage(wire.SET, b"k" * 251, b"v"),
    "get without key": packet(wire.GET),
    "get with extras": packet(wire.GET, b"k", extras=b"1234"),
    "get with value": packet(wire.GET, b"k", b"v"),
    "set without extras": packet(wire.SET, b"k", b"v"),
    "set with half the extras": packet(wire.SET, b"k", b"v", extras=b"1234"),
    "set without key": storage(wire.SET, b"", b"v"),
    "delete with extras": packet(wire.DELETE, b"k", extras=b"1234"),
    "incr without extras": packet(wire.INCR, b"k"),
    "incr with value": packet(wire.INCR, b"k", b"v", extras=b"\0" * 20),
    "append with extras": packet(wire.APPEND, b"k", b"v", extras=b"1234"),
    "touch without extras": packet(wire.TOUCH, b"k"),
    "flush with odd extras": packet(wire.FLUSH, extras=b"12"),
    "flush with key": packet(wire.FLUSH, b"k"),
    "noop with key": packet(wire.NOOP, b"k"),
    "version with value": packet(wire.VERSION, b"", b"v"),
    "body of 1 GiB and more": packet(wire.SET, b"k", extras=b"\0" * 8, body_length=2**30 + 100),
    "body of 4 GiB": packet(wire.SET, b"k", extras=b"\0" * 8, body_length=2**32 - 1),
}


@pytest.mark.parametrize("name", INVALID_PACKETS)
def test_invalid_packets_close(server, name):
    """The packet is refused with a status and the connection ends; the server lives on."""
    with server.binary_connection() as connection:
        reply = connection.ask_until_closed(INVALID_PACKETS[name])
    assert struct.unpack_from(">H", reply, 6)[0] == wire.INVALID, reply
    assert reply[24:] == b"Invalid arguments"
    with server.binary_connection() as connection:
        expect(connection, packet(wire.NOOP), wire.OK)


def test_lengths_that_do_not_add_up_close(server):
    """Key and extras longer than the body."""
    with server.binary_connection() as connection:
        reply = connection.ask_until_closed(packet(wire.GET, b"k", body_length=0))
    assert struct.unpack_from(">H", reply, 6)[0] == wire.UNKNOWN_COMMAND


def test_unknown_opcodes(binary):
    """Answered and forgotten, with or without a body."""
    for opcode in (0x1B, 0x30, 0x3C, 0x77, 0xFF):
        response = expect(binary, packet(opcode, opaque=opcode), wire.UNKNOWN_COMMAND,
                          b"Unknown command")
        assert response.opcode == opcode and response.opaque == opcode


@pytest.mark.larder_only  # memcached waits for more bytes than the packet has
def test_unknown_opcode_with_a_body_is_skipped(binary):
    for size in (1, 100, 70000):
        expect(binary, packet(0x77, b"key", b"v" * size), wire.UNKNOWN_COMMAND)
    expect(binary, packet(wire.NOOP), wire.OK)


def test_wrong_magic_closes(server):
    with server.binary_connection() as connection:
        expect(connection, packet(wire.NOOP), wire.OK)
        connection.ask_until_closed(packet(wire.NOOP, magic=0x79))


def test_too_large(binary):
    size = 1 << 20
    expect(binary, storage(wire.SET, b"huge", b"old"), wire.OK)
    expect(binary, storage(wire.ADD, b"huge", b"x" * size), wire.TOO_LARGE, b"Too large.")
    expect(binary, packet(wire.GET, b"huge"), wire.OK, b"old")
    expect(binary, storage(wire.SET, b"huge", b"x" * size), wire.TOO_LARGE, b"Too large.")
    expect(binary, packet(wire.GET, b"huge"), wire.NOT_FOUND)


def test_every_split(server):
    """A conversation cut at each byte gives the same responses."""
    requests = (
        storage(wire.SET, b"split", b"some value", flags=3) + packet(wire.GETKQ, b"split")
        + packet(wire.GETQ, b"split-missing") + arithmetic(wire.INCR, b"split-n", 1, 7)
        + packet(wire.APPENDQ, b"split", b"!") + packet(wire.GET, b"split")
        + packet(wire.DELETE, b"split-n"))

    def shape(responses):
        return [(r.opcode, r.status, r.key, r.extras, r.value) for r in responses]

    with server.binary_connection() as connection:
        expected = shape(connection.ask(requests))
        assert [r[1] for r in expected] == [0, 0, 0, 0, 0]
        for cut in range(1, len(requests)):
            connection.send(requests[:cut])
            assert shape(connection.ask(requests[cut:])) == expected
        for position in range(len(requests)):
            connection.send(requests[position:position + 1])
        assert shape(connection.ask(b"")) == expected


def test_text_and_binary_share_the_items(server):
    with server.text() as text, server.binary_connection() as binary:
        expect(binary, storage(wire.SET, b"shared", b"value", flags=12), wire.OK)
        assert text.ask(b"get shared\r\n") == b"VALUE shared 12 5\r\nvalue\r\nEND\r\n"
        value, cas = text.gets(b"shared")
        found = expect(binary, packet(wire.GET, b"shared"), wire.OK, value)
        assert found.cas == cas
        text.set(b"shared", b"10")
        assert number_of(expect(binary, arithmetic(wire.INCR, b"shared", 5), wire.OK)) == 15
        assert text.get(b"shared") == b"15"
