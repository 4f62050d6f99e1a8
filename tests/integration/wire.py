"""The memcached protocols as a test speaks them: bytes out, bytes in, nothing hidden.

A request's reply is read with the help of a second request whose reply is known (`mn` in text,
noop in binary), so a test sees exactly what was answered, also when that is nothing.
"""

import re
import select
import socket
import struct
from dataclasses import dataclass

HEADER = struct.Struct(">BBHBBHIIQ")
SENTINEL_OPAQUE = 0xF1A95EED
SEND_AT_ONCE = 32_768  # less than any socket takes while the other side is not reading

(GET, SET, ADD, REPLACE, DELETE, INCR, DECR, QUIT, FLUSH, GETQ, NOOP, VERSION, GETK, GETKQ, APPEND,
 PREPEND, STAT, SETQ, ADDQ, REPLACEQ, DELETEQ, INCRQ, DECRQ, QUITQ, FLUSHQ, APPENDQ,
 PREPENDQ) = range(0x1B)
TOUCH, GAT, GATQ, GATK, GATKQ = 0x1C, 0x1D, 0x1E, 0x23, 0x24

OK, NOT_FOUND, EXISTS, TOO_LARGE, INVALID, NOT_STORED, NON_NUMERIC = range(7)
UNKNOWN_COMMAND, OUT_OF_MEMORY = 0x81, 0x82


class Connection:
    """A socket with a read buffer."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        """Sends all; what the server answers meanwhile is received, so that neither side waits
        for the other to read."""
        if len(data) <= SEND_AT_ONCE:
            self.sock.sendall(data)
            return
        rest = memoryview(data)
        while rest:
            readable, writable, _ = select.select([self.sock], [self.sock], [],
                                                  self.sock.gettimeout())
            if not readable and not writable:
                raise TimeoutError("the server takes nothing and says nothing")
            if readable and not self.fill():
                raise ConnectionResetError("closed while sending")
            if writable:
                try:
                    rest = rest[self.sock.send(rest[:SEND_AT_ONCE], socket.MSG_DONTWAIT):]
                except BlockingIOError:
                    pass

    def fill(self):
        """Reads once; False at the end of the stream."""
        try:
            data = self.sock.recv(1 << 18)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def read(self, count):
        """Exactly count bytes."""
        while len(self.buffer) < count:
            if not self.fill():
                raise ConnectionError(f"closed after {bytes(self.buffer)[:200]!r}")
        return self.take(count)

    def until_suffix(self, suffix):
        """Everything up to and with `suffix`, which must be the last thing sent."""
        while not self.buffer.endswith(suffix):
            if not self.fill():
                raise ConnectionError(f"closed after {bytes(self.buffer)[-200:]!r}")
        return self.take(len(self.buffer))

    def until_closed(self):
        """Everything until the server closes the connection."""
        while self.fill():
            pass
        return self.take(len(self.buffer))

    def ask_until_closed(self, request):
        """Sends a request that makes the server hang up; what it said before that."""
        try:
            self.send(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may hang up before all is sent
        return self.until_closed()


class TextConnection(Connection):
    def line(self):
        """One line, without its CR LF."""
        while (end := self.buffer.find(b"\r\n")) < 0:
            if not self.fill():
                raise ConnectionError(f"closed after {bytes(self.buffer)[:200]!r}")
        return self.take(end + 2)[:-2]

    def ask(self, request):
        """The complete reply to one or more complete requests."""
        self.send(request + b"mn\r\n")
        return self.until_suffix(b"MN\r\n")[:-4]

    def get(self, key):
        """The value of a key, or None."""
        self.send(b"get %b\r\n" % key)
        line = self.line()
        if line == b"END":
            return None
        word, name, _, size = line.split(b" ")
        assert word == b"VALUE" and name == key, line
        value = self.read(int(size) + 2)[:-2]
        assert self.line() == b"END"
        return value

    def gets(self, key):
        """(value, cas unique) of a key, or None."""
        self.send(b"gets %b\r\n" % key)
        line = self.line()
        if line == b"END":
            return None
        word, name, _, size, cas = line.split(b" ")
        assert word == b"VALUE" and name == key, line
        value = self.read(int(size) + 2)[:-2]
        assert self.line() == b"END"
        return value, int(cas)

    def set(self, key, value, flags=0, exptime=0):
        """Stores a value; the reply line."""
        self.send(b"set %b %d %d %d\r\n%b\r\n" % (key, flags, exptime, len(value), value))
        return self.line()

    def get_many(self, keys):
        """Values of the keys that are there."""
        self.send(b"get %b\r\n" % b" ".join(keys))
        found = {}
        while (line := self.line()) != b"END":
            _, name, _, size = line.split(b" ")
            found[name] = self.read(int(size) + 2)[:-2]
        return found

    def stats(self, group=""):
        self.send(f"stats {group}".strip().encode() + b"\r\n")
        values = {}
        while (line := self.line().decode("latin-1")) != "END":
            word, name, *value = line.split(" ", 2)
            assert word == "STAT", line
            assert name not in values, f"{name} sent twice"
            values[name] = value[0] if value else ""
        return values


def matches(reply, expected):
    """Compares a reply with what is expected; `<n>` in it stands for any number."""
    if b"<n>" not in expected:
        return reply == expected
    pattern = re.escape(expected).replace(re.escape(b"<n>"), rb"\d+")
    return re.fullmatch(pattern, reply, re.DOTALL) is not None


@dataclass
class Response:
    opcode: int
    status: int
    key: bytes
    extras: bytes
    value: bytes
    opaque: int
    cas: int


def packet(opcode, key=b"", value=b"", extras=b"", cas=0, opaque=0, **header):
    """A binary request. header overrides fields (key_length, extras_length, body_length, magic,
    data_type, vbucket) to make requests that do not add up."""
    return HEADER.pack(
        header.get("magic", 0x80), opcode, header.get("key_length", len(key)),
        header.get("extras_length", len(extras)), header.get("data_type", 0),
        header.get("vbucket", 0),
        header.get("body_length", len(extras) + len(key) + len(value)), opaque, cas,
    ) + extras + key + value


def storage(opcode, key, value, flags=0, exptime=0, cas=0, opaque=0):
    """A set, add or replace request."""
    return packet(opcode, key, value, struct.pack(">II", flags, exptime), cas, opaque)


def arithmetic(opcode, key, delta, initial=0, exptime=0, cas=0, opaque=0):
    """An incr or decr request; exptime 0xffffffff means: do not create."""
    return packet(opcode, key, b"", struct.pack(">QQI", delta, initial, exptime), cas, opaque)


class BinaryConnection(Connection):
    def response(self):
        magic, opcode, key_length, extras_length, data_type, status, body_length, opaque, cas = \
            HEADER.unpack(self.read(HEADER.size))
        assert magic == 0x81 and data_type == 0, (magic, data_type)
        assert extras_length + key_length <= body_length
        body = self.read(body_length)
        return Response(opcode, status, body[extras_length:extras_length + key_length],
                        body[:extras_length], body[extras_length + key_length:], opaque, cas)

    def ask(self, request):
        """All responses to one or more complete requests."""
        self.send(request + packet(NOOP, opaque=SENTINEL_OPAQUE))
        responses = []
        while True:
            response = self.response()
            if response.opcode == NOOP and response.opaque == SENTINEL_OPAQUE:
                return responses
            responses.append(response)

    def ask_one(self, request):
        """The one response to a request."""
        responses = self.ask(request)
        assert len(responses) == 1, responses
        return responses[0]
