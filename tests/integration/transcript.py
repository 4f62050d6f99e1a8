"""Scripted conversations: what is sent, and the exact bytes that must come back.

A transcript is a list of (request, reply) in text or meta protocol; `<n>` in a reply stands for any
number. Each is run three ways, which must make no difference: one request at a time, one byte at a
time, and everything in one write.
"""

from wire import matches

MODES = ("one by one", "byte by byte", "all at once")


def play(server, steps, mode):
    """Runs a transcript on a fresh connection, over an empty cache."""
    with server.text() as connection:
        assert connection.ask(b"flush_all\r\n") == b"OK\r\n"
        if mode == "all at once":
            reply = connection.ask(b"".join(request for request, _ in steps))
            expected = b"".join(reply for _, reply in steps)
            assert matches(reply, expected), f"\n got {reply!r}\nwant {expected!r}"
            return
        for request, expected in steps:
            if mode == "byte by byte":
                for position in range(len(request)):
                    connection.send(request[position:position + 1])
                request = b""
            reply = connection.ask(request)
            assert matches(reply, expected), f"{request!r}\n got {reply!r}\nwant {expected!r}"
