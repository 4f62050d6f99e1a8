"""A client that speaks RESP and tells replies apart as they are on the wire.

A bulk string is bytes, an array a list, a set a Set and a push a Push (equal to their own kind alone), a map
("map", [(key, value), ...]); anything else is a str that begins with its mark: "+OK", "-ERR ...", ":5",
",2.5", "#t", "_", and "$-1" and "*-1" for the two nulls of RESP2.
"""

import socket
import time


class Kind(list):
    """Elements of a reply that is no array, though it looks like one."""

    def __eq__(self, other):
        return type(self) is type(other) and list.__eq__(self, other)

    def __ne__(self, other):
        return not self == other

    __hash__ = None


class Set(Kind):
    def __repr__(self):
        return f"Set({list.__repr__(self)})"


class Push(Kind):
    def __repr__(self):
        return f"Push({list.__repr__(self)})"


SEQUENCES = {b"*": list, b"~": Set, b">": Push}


class Connection:
    """Speaks RESP and gives replies as Python values whose types tell the reply's type."""

    def __init__(self, path):
        end = time.monotonic() + 60
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(60)
            try:
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, args):
        words = [a if isinstance(a, bytes) else str(a).encode() for a in args]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def call(self, *args):
        self.send(args)
        return self.read()

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError(f"closed: {line!r}")
        kind, rest = line[:1], line[1:-2]
        if kind in b"+-:,#_(":
            return kind.decode() + rest.decode("latin-1")
        count = int(rest)
        if kind in (b"$", b"="):
            if count < 0:
                return "$-1"
            value = self.file.read(count + 2)[:-2]
            return value
        if count < 0:
            return "*-1"
        if kind == b"%":
            return ("map", [(self.read(), self.read()) for _ in range(count)])
        return SEQUENCES[kind](self.read() for _ in range(count))
