"""The meta protocol: mg, ms, md, ma, me, mn with their flags, tokens and refusals."""

import base64

import pytest

from transcript import MODES, play

FORMAT = b"CLIENT_ERROR bad command line format\r\n"
DUPLICATE = b"CLIENT_ERROR duplicate flag\r\n"
INVALID = b"CLIENT_ERROR invalid flag\r\n"
TOKEN = b"CLIENT_ERROR bad token in command line format\r\n"
KEY = b"CLIENT_ERROR error decoding key\r\n"
MA_FLAG = b"CLIENT_ERROR invalid or duplicate flag\r\n"
CHUNK = b"CLIENT_ERROR bad data chunk\r\n"
HD, EN, NF, NS, EX = b"HD\r\n", b"EN\r\n", b"NF\r\n", b"NS\r\n", b"EX\r\n"

K250 = b"k" * 250
K251 = b"k" * 251
OPAQUE_LONGEST = b"O" + b"1" * 31

TRANSCRIPTS = {
    "mg returns what it is asked for, in that order": [
        (b"mg a\r\n", EN),
        (b"mg a v\r\n", EN),
        (b"ms a 3 F5\r\nabc\r\n", HD),
        (b"mg a\r\n", HD),
        (b"mg a v\r\n", b"VA 3\r\nabc\r\n"),
        (b"mg a s f t k O12\r\n", b"HD s3 f5 t-1 ka O12\r\n"),
        (b"mg a O12 k t f s v\r\n", b"VA 3 O12 ka t-1 f5 s3\r\nabc\r\n"),
        (b"mg a c\r\n", b"HD c<n>\r\n"),
        (b"mg a Pxyz Lxyz\r\n", HD),
        (b"mg a u\r\n", HD),
    ],
    "mg misses": [
        (b"mg a k O7 v\r\n", b"EN ka O7\r\n"),
        (b"mg a k O7 v q\r\n", b""),
        (b"mg a q\r\n", b""),
        (b"ms a 1\r\nx\r\n", HD),
        (b"mg a q\r\n", HD),
        (b"mg a q v k\r\n", b"VA 1 ka\r\nx\r\n"),
    ],
    "h and l tell about earlier reads": [
        (b"ms a 1\r\nx\r\n", HD),
        (b"mg a h l\r\n", b"HD h0 l<n>\r\n"),
        (b"mg a h l\r\n", b"HD h1 l<n>\r\n"),
        (b"ms a 1\r\nx\r\n", HD),
        (b"mg a h\r\n", b"HD h0\r\n"),
    ],
    "mg T changes the time to live": [
        (b"ms a 1 T100\r\nx\r\n", HD),
        (b"mg a t\r\n", b"HD t<n>\r\n"),
        (b"mg a T0 t\r\n", b"HD t-1\r\n"),
        (b"mg a t\r\n", b"HD t-1\r\n"),
        (b"mg a T-1 v\r\n", b"VA 1\r\nx\r\n"),
        (b"mg a v\r\n", EN),
    ],
    "mg N makes an empty item and one winner": [
        (b"mg a N100 v t k\r\n", b"VA 0 t<n> ka W\r\n\r\n"),
        (b"mg a N100 v\r\n", b"VA 0 Z\r\n\r\n"),
        (b"mg a v\r\n", b"VA 0 Z\r\n\r\n"),
        (b"ms a 1\r\nx\r\n", HD),
        (b"mg a N100 v\r\n", b"VA 1\r\nx\r\n"),
        (b"mg b N100 q v\r\n", b"VA 0 W\r\n\r\n"),
    ],
    "mg R hands out one recache token": [
        (b"ms a 1 T100\r\nx\r\n", HD),
        (b"mg a R30\r\n", HD),
        (b"mg a R200\r\n", b"HD W\r\n"),
        (b"mg a R200\r\n", b"HD Z\r\n"),
        (b"mg a\r\n", b"HD Z\r\n"),
        (b"ms b 1\r\nx\r\n", HD),
        (b"mg b R200\r\n", HD),
    ],
    "md I marks stale": [
        (b"ms a 3\r\nabc\r\n", HD),
        (b"md a I T30\r\n", HD),
        (b"mg a v t\r\n", b"VA 3 t<n> X W\r\nabc\r\n"),
        (b"mg a v\r\n", b"VA 3 Z X\r\nabc\r\n"),
        (b"mg a v\r\n", b"VA 3 Z X\r\nabc\r\n"),
        (b"ms a 1\r\nx\r\n", HD),
        (b"mg a v\r\n", b"VA 1\r\nx\r\n"),
    ],
    "md": [
        (b"md a\r\n", NF),
        (b"md a q\r\n", NF),
        (b"md a k O5\r\n", b"NF ka O5\r\n"),
        (b"ms a 1\r\nx\r\n", HD),
        (b"md a k O5\r\n", b"HD ka O5\r\n"),
        (b"mg a\r\n", EN),
        (b"ms a 1\r\nx\r\n", HD),
        (b"md a q\r\n", b""),
        (b"mg a\r\n", EN),
        (b"ms a 1 E100\r\nx\r\n", HD),
        (b"md a C99\r\n", EX),
        (b"md a C100\r\n", HD),
    ],
    "md x empties the value": [
        (b"ms a 3 F7\r\nabc\r\n", HD),
        (b"md a x\r\n", HD),
        (b"mg a v f s\r\n", b"VA 0 f0 s0\r\n\r\n"),
        (b"md a x I T30\r\n", HD),
        (b"mg a v\r\n", b"VA 0 X W\r\n\r\n"),
    ],
    "ms modes": [
        (b"ms a 1 MR\r\nx\r\n", NS),
        (b"ms a 1 MA\r\nx\r\n", NS),
        (b"ms a 1 MP\r\nx\r\n", NS),
        (b"ms a 1 ME F3\r\nx\r\n", HD),
        (b"ms a 1 ME\r\ny\r\n", NS),
        (b"ms a 2 MA\r\nyz\r\n", HD),
        (b"ms a 1 MP\r\nw\r\n", HD),
        (b"mg a v f\r\n", b"VA 4 f3\r\nwxyz\r\n"),
        (b"ms a 1 MR\r\n1\r\n", HD),
        (b"mg a v f\r\n", b"VA 1 f0\r\n1\r\n"),
        (b"ms a 1 MS\r\n2\r\n", HD),
        (b"mg a v\r\n", b"VA 1\r\n2\r\n"),
        (b"ms b 1 MA N100\r\nx\r\n", HD),
        (b"mg b v t\r\n", b"VA 1 t<n>\r\nx\r\n"),
    ],
    "ms return flags": [
        (b"ms a 3 k O9 c s b\r\nabc\r\n", KEY),
        (b"ms a 3 k O9 c s\r\nabc\r\n", b"HD ka O9 c<n> s3\r\n"),
        (b"ms a 2 MA s\r\nde\r\n", b"HD s5\r\n"),
        (b"ms a 1 ME k O9\r\nx\r\n", b"NS ka O9\r\n"),
        (b"ms a 1 q\r\nx\r\n", b""),
        (b"ms a 1 q ME k\r\nx\r\n", b"NS ka\r\n"),
        (b"mg a v\r\n", b"VA 1\r\nx\r\n"),
    ],
    "ms with cas": [
        (b"ms a 1 C1\r\nx\r\n", NF),
        (b"ms a 1 E1000 c\r\nx\r\n", b"HD c1000\r\n"),
        (b"ms a 1 C999 c\r\ny\r\n", b"EX c0\r\n"),
        (b"ms a 1 C1000 E1001 c\r\ny\r\n", b"HD c1001\r\n"),
        (b"ms a 1 C900 I E1002\r\nz\r\n", HD),
        (b"mg a c v\r\n", b"VA 1 c1002 X W\r\nz\r\n"),
        (b"mg a c v\r\n", b"VA 1 c1002 Z X\r\nz\r\n"),
        (b"ms a 1 C5000 I\r\nz\r\n", EX),
        (b"ms a 1 C1002\r\nw\r\n", HD),
        (b"mg a v\r\n", b"VA 1\r\nw\r\n"),
    ],
    "mg C hides a value the client has": [
        (b"ms a 1 E1000\r\nx\r\n", HD),
        (b"mg a C1000 v c\r\n", b"HD c1000\r\n"),
        (b"mg a C999 v c\r\n", b"VA 1 c1000\r\nx\r\n"),
    ],
    "ma": [
        (b"ma n\r\n", NF),
        (b"ma n q\r\n", NF),
        (b"ma n k O1\r\n", b"NF kn O1\r\n"),
        (b"ma n N0 J13 v\r\n", b"VA 2\r\n13\r\n"),
        (b"ma n N0 J13 v\r\n", b"VA 2\r\n14\r\n"),
        (b"ma n\r\n", HD),
        (b"ma n v D10 t\r\n", b"VA 2 t-1\r\n25\r\n"),
        (b"ma n MD v\r\n", b"VA 2\r\n24\r\n"),
        (b"ma n MD v D4\r\n", b"VA 2\r\n20\r\n"),
        (b"ma n M- v D5\r\n", b"VA 2\r\n15\r\n"),
        (b"ma n MI v\r\n", b"VA 2\r\n16\r\n"),
        (b"ma n MI v\r\n", b"VA 2\r\n17\r\n"),
        (b"ma n M+ v\r\n", b"VA 2\r\n18\r\n"),
        (b"ma n q\r\n", b""),
        (b"ma n q v\r\n", b""),
        (b"ma n v k O1 T100 t c\r\n", b"VA 2 kn O1 t<n> c<n>\r\n21\r\n"),
        (b"ma n E700 c\r\n", b"HD c700\r\n"),
        (b"ma n C699\r\n", EX),
        (b"ma n C700 v D18446744073709551615\r\n", b"VA 2\r\n21\r\n"),
        (b"ma m N0 v\r\n", b"VA 1\r\n0\r\n"),
        (b"ma m MD D1 v\r\n", b"VA 1\r\n0\r\n"),
        (b"ms s 1\r\nx\r\n", HD),
        (b"ma s v\r\n", b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"),
    ],
    "ma refusals": [
        (b"ma n Dx\r\n", MA_FLAG),
        (b"ma n D-1\r\n", MA_FLAG),
        (b"ma n N0 Jx\r\n", MA_FLAG),
        (b"ma n v v\r\n", MA_FLAG),
        (b"ma " + K251 + b"\r\n", MA_FLAG),
        (b"ms n 1\r\n1\r\n", HD),
        (b"ma n MX v\r\n", b"CLIENT_ERROR invalid mode for ma M token\r\n"),
        (b"ma n Mincr v\r\n", b"CLIENT_ERROR invalid mode for ma M token\r\n"),
        (b"ma\r\n", FORMAT),
    ],
    "me": [
        (b"me a\r\n", EN),
        (b"ms a 3 T100\r\nabc\r\n", HD),
        (b"me a\r\n", b"ME a exp=<n> la=<n> cas=<n> fetch=no cls=<n> size=<n>\r\n"),
        (b"mg a v\r\n", b"VA 3\r\nabc\r\n"),
        (b"mg a T0\r\n", HD),
        (b"me a\r\n", b"ME a exp=-1 la=<n> cas=<n> fetch=yes cls=<n> size=<n>\r\n"),
    ],
    "base64 keys": [
        (b"ms YWJj 3 b k\r\nabc\r\n", b"HD kYWJj b\r\n"),
        (b"mg YWJj b k v\r\n", b"VA 3 kYWJj b\r\nabc\r\n"),
        (b"get abc\r\n", b"VALUE abc 0 3\r\nabc\r\nEND\r\n"),
        (b"ms AAEgCg== 1 b\r\nx\r\n", HD),  # a key with a NUL, a blank and a line break
        (b"mg AAEgCg== b v k\r\n", b"VA 1 kAAEgCg== b\r\nx\r\n"),
        (b"ma AAEg N0 b v k\r\n", b"VA 1 kAAEg b\r\n0\r\n"),
        (b"md AAEgCg== b k\r\n", b"HD kAAEgCg== b\r\n"),
        (b"mg AAEgCg== b v k\r\n", b"EN kAAEgCg== b\r\n"),
        (b"mg !!! b\r\n", KEY),
        (b"mg YQ b\r\n", KEY),
    ],
    "flag refusals": [
        (b"mg a v v\r\n", DUPLICATE),
        (b"mg a Z\r\n", INVALID),
        (b"mg a Oa v a\r\n", INVALID),
        (b"mg a !\r\n", FORMAT),
        (b"mg a E\r\n", TOKEN),
        (b"mg a Tx\r\n", TOKEN),
        (b"mg a T4294967296\r\n", TOKEN),
        (b"mg a Nx\r\n", TOKEN),
        (b"mg a Rx\r\n", TOKEN),
        (b"md a Cx\r\n", TOKEN),
        (b"mg a " + OPAQUE_LONGEST + b"\r\n", b"EN " + OPAQUE_LONGEST + b"\r\n"),
        (b"mg a " + OPAQUE_LONGEST + b"1\r\n", b"CLIENT_ERROR opaque token too long\r\n"),
        (b"mg a " + b" ".join(b"%c" % c for c in b"abcdefghijklmnopqrstuvwxyz") + b"\r\n",
         b"CLIENT_ERROR options flags are too long\r\n"),
        (b"mg " + K250 + b"\r\n", EN),
        (b"mg " + K251 + b"\r\n", FORMAT),
        (b"md " + K251 + b"\r\n", FORMAT),
        (b"mg\r\n", FORMAT),
        (b"md\r\n", FORMAT),
    ],
    "ms refusals": [
        (b"ms\r\n", FORMAT),
        (b"ms a\r\n", FORMAT),
        (b"ms a -1\r\n", FORMAT),
        (b"ms a 2147483646\r\n", FORMAT),
        (b"ms a 3 MX\r\nabc\r\n", b"CLIENT_ERROR invalid mode for ms M token\r\n"),
        (b"ms a 3 Mset\r\nabc\r\n", b"CLIENT_ERROR invalid mode for ms M token\r\n"),
        (b"ms a 3 mode\r\nabc\r\n", INVALID),
        (b"ms a 3 Ms\r\nabc\r\n", b"CLIENT_ERROR invalid mode for ms M token\r\n"),
        (b"ms a 3 F4294967296x\r\nabc\r\n", FORMAT),
        (b"ms a 3 Tx\r\nabc\r\n", TOKEN),
        (b"ms a 3 Cx\r\nabc\r\n", TOKEN),
        (b"ms a 3\r\nabcd\r\n", CHUNK + FORMAT),
        (b"ms a 3 q\r\nabcd\r\n", CHUNK + FORMAT),
        (b"ms " + K251 + b" 3\r\nabc\r\n", FORMAT),
        (b"mg a\r\n", EN),
    ],
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_transcript(server, name, mode):
    play(server, TRANSCRIPTS[name], mode)


def test_mn_answers_and_ends_a_quiet_pipeline(text):
    text.send(b"".join(b"mg quiet%d q v\r\n" % i for i in range(10)) + b"mn\r\n")
    assert text.line() == b"MN"


def test_every_key_length_in_base64(text):
    """Any bytes may be a key; its encoded form has at most 250 characters."""
    for length in range(1, 188):
        key = bytes((length * 7 + i * 31) % 256 for i in range(length))
        encoded = base64.b64encode(key)
        if len(encoded) > 250:
            assert text.ask(b"mg %b b\r\n" % encoded) == FORMAT
            continue
        assert text.ask(b"ms %b 3 b\r\n%03d\r\n" % (encoded, length)) == HD
        assert text.ask(b"mg %b b k v\r\n" % encoded) == b"VA 3 k%b b\r\n%03d\r\n" % (
            encoded, length)


def test_one_winner_among_many(server):
    """Of many clients that miss at once, exactly one is told to fill the cache."""
    connections = [server.text() for _ in range(20)]
    for round_number in range(50):
        for connection in connections:
            connection.send(b"mg win%d N100 t v\r\n" % round_number)
        replies = []
        for connection in connections:
            replies.append(connection.line().split(b" ")[-1])
            assert connection.read(2) == b"\r\n"
        assert sorted(replies) == [b"W"] + [b"Z"] * 19
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("mode", [b"S", b"E", b"A", b"P", b"R"])
def test_a_failed_ms_removes_the_old_value(text, mode):
    """Whatever the mode: a client that failed to replace a value must not read it again."""
    text.set(b"gone", b"old")
    size = 1 << 20
    reply = text.ask(b"ms gone %d M%b\r\n%b\r\n" % (size, mode, b"x" * size))
    assert reply == b"SERVER_ERROR object too large for cache\r\n"
    assert text.get(b"gone") is None
