"""One of the two servers that are compared: what a request becomes for it, and what its reply says.

A request is written once, with the names of keys and "the cas unique of key x" left open; each side
fills in its own. Replies become text in which all that may rightly differ between two servers is
replaced: a cas unique by the order in which it first appeared, times by a marker compared with
tolerance, the bookkeeping bytes in an `me` line by a word.
"""

import base64
import pathlib
import re
import sys
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import wire  # noqa: E402
from server import Server  # noqa: E402

WAIT_S = 10  # for a reply that does not come; only reached when one side waits for more bytes

LINE_BREAK = "⏎"  # stands for CR LF in the text form of requests and replies


@dataclass(frozen=True)
class Key:
    """A key of the running sequence; `encoded` for the base64 form of meta requests."""
    name: bytes
    encoded: bool = False


@dataclass(frozen=True)
class Cas:
    """The last cas unique this side told for a key, as decimal text; `missing` if none."""
    name: bytes
    missing: int = 2**64 - 1


@dataclass
class TextRequest:
    """Parts of a complete text or meta request; `ends` when the connection is not used further."""
    parts: list
    ends: bool = False
    explicit: tuple = ()  # cas uniques that the request itself sets (meta E)


@dataclass
class BinaryRequest:
    opcode: int
    key: object = b""
    value: bytes = b""
    extras: bytes = b""
    cas: object = 0
    header: dict = field(default_factory=dict)
    ends: bool = False


def printable(data):
    """Bytes as readable text, one line, nothing lost."""
    text = data.decode("latin-1").replace("\\", "\\\\").replace("\r\n", LINE_BREAK)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


class Side:
    """A server, one connection to it, and what has been seen of its cas uniques."""

    def __init__(self, binary, *flags):
        self.server = Server(*flags, binary=binary)
        with self.server.text() as text:
            self.version = text.ask(b"version\r\n").split()[1].decode()
        self.order_of_cas = {}
        self.cas_of_key = {}
        self.explicit = set()
        self.connection = None
        self.prefix = b""
        self.asked = 0

    def stop(self):
        self.drop()
        self.server.stop()

    def drop(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def begin(self, prefix, binary):
        """A new sequence: a fresh connection and keys that nobody used before."""
        self.drop()
        self.connection = self.server.binary_connection() if binary else self.server.text()
        self.connection.sock.settimeout(WAIT_S)
        self.prefix = prefix
        self.cas_of_key = {}
        self.order_of_cas = {}

    # --- requests ---------------------------------------------------------------------------------

    def fill_in(self, part):
        if isinstance(part, Key):
            key = self.prefix + part.name
            return base64.b64encode(key) if part.encoded else key
        if isinstance(part, Cas):
            return b"%d" % self.cas_of_key.get(self.prefix + part.name, part.missing)
        return part

    def without_prefix(self, text):
        """Text of a request or reply as if the keys were just their names; `~` begins a base64 form."""
        if not self.prefix:
            return text
        encoded = base64.b64encode(self.prefix).decode()
        return text.replace(encoded, "~").replace(self.prefix.decode(), "")

    def describe(self, request):
        """A request as one line of text, without the prefix of its keys."""
        if isinstance(request, TextRequest):
            return self.without_prefix(printable(self.render(request)))
        cas = int(self.fill_in(request.cas)) if isinstance(request.cas, Cas) else request.cas
        key = self.fill_in(request.key)[len(self.prefix) if isinstance(request.key, Key) else 0:]
        return (f"op={request.opcode:02x} key={printable(key)} value={printable(request.value)} "
                f"extras={request.extras.hex()} cas={cas}"
                + "".join(f" {name}={value}" for name, value in request.header.items()))

    def render(self, request):
        if isinstance(request, TextRequest):
            self.explicit.update(request.explicit)
            return b"".join(self.fill_in(part) for part in request.parts)
        cas = int(self.fill_in(request.cas)) if isinstance(request.cas, Cas) else request.cas
        return wire.packet(request.opcode, self.fill_in(request.key), request.value, request.extras,
                           cas, opaque=0x01020304, **request.header)

    # --- replies ----------------------------------------------------------------------------------

    def ask(self, request):
        """Sends one request; its reply in comparable form: a list of str and Time."""
        data = self.render(request)
        self.asked += 1
        if isinstance(request, BinaryRequest):
            end = wire.packet(wire.NOOP, opaque=self.asked)
            answer_to_end = wire.HEADER.pack(0x81, wire.NOOP, 0, 0, 0, 0, 0, self.asked, 0)
        else:
            end = b"md no-such-key O%d\r\n" % self.asked
            answer_to_end = b"NF O%d\r\n" % self.asked
        reply, how = self._exchange(data, b"" if request.ends else end, answer_to_end, request.ends)
        if isinstance(request, BinaryRequest):
            return self._read_binary(request, reply) + [how]
        return self._read_text(request, reply) + [how]

    def _exchange(self, data, end, answer_to_end, ends):
        """(reply, "" or how the connection ended)."""
        connection = self.connection
        try:
            connection.send(data + end)
            if ends:
                connection.sock.shutdown(1)
                return connection.until_closed(), "[end]"
            while not connection.buffer.endswith(answer_to_end):
                if not connection.fill():
                    return connection.take(len(connection.buffer)), "[closed]"
            return connection.take(len(connection.buffer))[:-len(answer_to_end)], ""
        except TimeoutError:
            return connection.take(len(connection.buffer)), "[waits]"
        except (BrokenPipeError, ConnectionResetError):
            return connection.until_closed(), "[closed]"

    def _cas(self, unique, key=None):
        """The comparable form of a cas unique, remembered for its key."""
        if key is not None:
            self.cas_of_key[key] = unique
        if unique == 0 or unique in self.explicit:
            return str(unique)
        return f"<cas {self.order_of_cas.setdefault(unique, len(self.order_of_cas))}>"

    def _read_text(self, request, reply):
        key = next((self.prefix + part.name for part in request.parts if isinstance(part, Key)), None)
        found = []
        while reply:
            line, line_break, reply = reply.partition(b"\r\n")
            words = line.split(b" ")
            size = None
            if words[0] == b"VALUE" and len(words) in (4, 5):
                size = int(words[3])
                if len(words) == 5:
                    words[4] = self._cas(int(words[4]), words[1]).encode()
                found.append(printable(b" ".join(words)))
            elif words[0] in (b"VA", b"HD", b"NF", b"NS", b"EX", b"EN"):
                size = int(words[1]) if words[0] == b"VA" else None
                for word in words:
                    found.append(self._meta_word(word, key))
            elif words[0] == b"ME":
                for word in words:
                    found.append(self._me_word(word))
            else:
                found.append(printable(line))
            if line_break:
                found.append(LINE_BREAK)
            if size is not None:
                found.append(printable(reply[:size]))
                reply = reply[size:]
                if reply.startswith(b"\r\n"):
                    reply = reply[2:]
                    found.append(LINE_BREAK)
        return found

    def _meta_word(self, word, key):
        if re.fullmatch(rb"c\d+", word):
            return "c" + self._cas(int(word[1:]), key)
        if re.fullmatch(rb"[tl]\d+", word):
            return Time(chr(word[0]), int(word[1:]))
        return printable(word) + " "

    def _me_word(self, word):
        name, _, value = word.decode("latin-1").partition("=")
        if name == "cas":
            return "cas=" + self._cas(int(value)) + " "
        if name in ("exp", "la") and value.isdigit():
            return Time(name, int(value))
        if name in ("size", "cls"):
            return f"{name}=<bookkeeping> "
        return printable(word) + " "

    def _read_binary(self, request, reply):
        found = []
        while len(reply) >= wire.HEADER.size:
            magic, opcode, key_length, extras_length, kind, status, body_length, opaque, cas = \
                wire.HEADER.unpack_from(reply)
            body = reply[wire.HEADER.size:wire.HEADER.size + body_length]
            reply = reply[wire.HEADER.size + body_length:]
            key = self.fill_in(request.key) if isinstance(request.key, Key) else None
            found.append(
                f"magic={magic:02x} op={opcode:02x} status={status:02x} opaque={opaque:x} type={kind} "
                f"cas={self._cas(cas, key if cas else None)} extras={body[:extras_length].hex()} "
                f"key={printable(body[extras_length:extras_length + key_length])} "
                f"value={printable(body[extras_length + key_length:])};")
        return found + [printable(reply)]


@dataclass(frozen=True)
class Time:
    """A number of seconds; two servers asked one after the other may be a tick apart."""
    name: str
    seconds: int


def same(first, second):
    """Whether two replies say the same."""
    if len(first) != len(second):
        return False
    for a, b in zip(first, second):
        if isinstance(a, Time) and isinstance(b, Time):
            if a.name != b.name or abs(a.seconds - b.seconds) > 3:
                return False
        elif a != b:
            return False
    return True


def text_of(reply):
    """A reply as one line of text, for patterns and reports."""
    return "".join(f"{part.name}<time {part.seconds}> " if isinstance(part, Time) else part
                   for part in reply).replace(" " + LINE_BREAK, LINE_BREAK)
