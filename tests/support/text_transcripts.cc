// Rows are laid out by hand: what is sent on the first lines, what is expected on the last.
// clang-format off
#include "tests/support/text_transcripts.h"

namespace larder::test {

namespace {

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

const std::string kKey250(250, 'k');
const std::string kKey251(251, 'k');
const std::string kEnd = "END\r\n";
const std::string kStored = "STORED\r\n";
const std::string kVersion = "VERSION 1.6.45\r\n";
const std::string kBadFormat = "CLIENT_ERROR bad command line format\r\n";
const std::string kBadExptime = "CLIENT_ERROR invalid exptime argument\r\n";
const std::string kBadDelta = "CLIENT_ERROR invalid numeric delta argument\r\n";
const std::string kTooLarge = "SERVER_ERROR object too large for cache\r\n";
const std::string kBadChunk = "CLIENT_ERROR bad data chunk\r\n";
const std::string kBadToken = "CLIENT_ERROR bad token in command line format\r\n";
const std::string kSetK = "set k 0 0 1\r\nx\r\n";
const std::string kSetNumber = "set n 0 0 2\r\n10\r\n";

const std::string kLarge(100'000, 'L');
const std::string kHuge(1'100'000, 'H');  // above the largest item

void add_retrieval(std::vector<TextTranscript>& all) {
  all.insert(all.end(), {
      {"get misses", "get nothing\r\n", kEnd},
      {"set, then get", "set foo 5 0 6\r\nfooval\r\nget foo\r\n",
       kStored + "VALUE foo 5 6\r\nfooval\r\nEND\r\n"},
      {"an empty value", "set foo 0 0 0\r\n\r\nget foo\r\n", kStored + "VALUE foo 0 0\r\n\r\nEND\r\n"},
      {"a value of line ends", "set foo 0 0 6\r\n\r\n\r\n\r\n\r\nget foo\r\n",
       kStored + "VALUE foo 0 6\r\n\r\n\r\n\r\n\r\nEND\r\n"},
      {"several keys", "set a 1 0 1\r\nA\r\nset b 2 0 1\r\nB\r\nget a nothing b a\r\n",
       kStored + kStored + "VALUE a 1 1\r\nA\r\nVALUE b 2 1\r\nB\r\nVALUE a 1 1\r\nA\r\nEND\r\n"},
      {"several spaces", "set   a 0  0 1 \r\nA\r\nget   a  a \r\n",
       kStored + "VALUE a 0 1\r\nA\r\nVALUE a 0 1\r\nA\r\nEND\r\n"},
      {"bare line feeds", "set a 0 0 1\nA\r\nget a\nget a b\n",
       kStored + "VALUE a 0 1\r\nA\r\nEND\r\nVALUE a 0 1\r\nA\r\nEND\r\n"},
      {"control bytes and tabs belong to a key", "set a\t\x01 0 0 1\r\nA\r\nget a\t\x01 a\r\n",
       kStored + "VALUE a\t\x01 0 1\r\nA\r\nEND\r\n"},
      {"a carriage return inside a key", "set a\rb 0 0 1\r\nA\r\nget a\rb\r\nget a\r\r\n",
       kStored + "VALUE a\rb 0 1\r\nA\r\nEND\r\nEND\r\n"},
      {"noreply is a key of get", "set noreply 0 0 1\r\nA\r\nget noreply\r\n",
       kStored + "VALUE noreply 0 1\r\nA\r\nEND\r\n"},
      {"gets shows cas uniques",
       "set a 0 0 1\r\nA\r\nset b 0 0 1\r\nB\r\ngets a b\r\ngets a\r\n",
       kStored + kStored + "VALUE a 0 1 1\r\nA\r\nVALUE b 0 1 2\r\nB\r\nEND\r\n"
                           "VALUE a 0 1 1\r\nA\r\nEND\r\n",
       false, false, true},
      {"a key of 250 bytes", "set " + kKey250 + " 0 0 1\r\nA\r\nget " + kKey250 + "\r\n",
       kStored + "VALUE " + kKey250 + " 0 1\r\nA\r\nEND\r\n"},
      {"a key of 250 bytes, bare line feed", "set " + kKey250 + " 0 0 1\nA\r\nget " + kKey250 + "\n",
       kStored + "VALUE " + kKey250 + " 0 1\r\nA\r\nEND\r\n"},
      {"a key of 251 bytes (1.6.45 adds an empty line)", "get " + kKey251 + "\r\nversion\r\n",
       kBadFormat + kVersion, false, true},
      {"an over-long key hides the hits before it (1.6.45 adds an empty line)",
       kSetK + "get k " + kKey251 + " k\r\nget k\r\n",
       kStored + kBadFormat + "VALUE k 0 1\r\nx\r\nEND\r\n", false, true},
      {"get without keys", "get\r\nget \r\nget   \r\ngets\r\ngets \r\n", repeat(kBadFormat, 5)},
      {"gat reads and touches", kSetK + "gat 100 k\r\ngats 0 k nothing\r\ngat -1 k\r\nget k\r\n",
       kStored + "VALUE k 0 1\r\nx\r\nEND\r\nVALUE k 0 1 1\r\nx\r\nEND\r\n"
                 "VALUE k 0 1\r\nx\r\nEND\r\nEND\r\n",
       false, false, true},
      {"gat errors",
       "gat\r\ngat 0\r\ngats 0\r\ngat x k\r\ngat 2147483648 k\r\ngat -2147483649 k\r\n"
       "gat 000000000000 k\r\ngat 1.5 k\r\n",
       repeat(kBadFormat, 3) + repeat(kBadExptime, 5)},
      {"gat with an over-long key (1.6.45 adds an empty line)", "gat 0 " + kKey251 + "\r\n",
       kBadFormat, false, true},
      {"a dash is the exptime 0", kSetK + "gat - k\r\n", kStored + "VALUE k 0 1\r\nx\r\nEND\r\n"},
      {"a pipeline of gets longer than a window",
       "set a 0 0 3\r\nabc\r\n" + repeat("get a\r\nget nothing\r\nget a b a\r\n", 40),
       kStored + repeat("VALUE a 0 3\r\nabc\r\nEND\r\nEND\r\n"
                        "VALUE a 0 3\r\nabc\r\nVALUE a 0 3\r\nabc\r\nEND\r\n",
                        40)},
      {"a retrieval sees what the pipeline stored before it",
       repeat("get a\r\nset a 0 0 1\r\n1\r\nget a\r\ndelete a\r\n", 10),
       repeat("END\r\nSTORED\r\nVALUE a 0 1\r\n1\r\nEND\r\nDELETED\r\n", 10)},
      {"a short line of many keys", "set a 0 0 1\r\nA\r\nget" + repeat(" a", 500) + "\r\n",
       kStored + repeat("VALUE a 0 1\r\nA\r\n", 500) + kEnd},
  });
}

void add_storage(std::vector<TextTranscript>& all) {
  all.insert(all.end(), {
      {"add", "add k 0 0 1\r\nx\r\nadd k 0 0 1\r\ny\r\nget k\r\n",
       kStored + "NOT_STORED\r\nVALUE k 0 1\r\nx\r\nEND\r\n"},
      {"replace", "replace k 0 0 1\r\nx\r\n" + kSetK + "replace k 3 0 1\r\ny\r\nget k\r\n",
       "NOT_STORED\r\n" + kStored + kStored + "VALUE k 3 1\r\ny\r\nEND\r\n"},
      {"append and prepend keep the flags",
       "append k 0 0 1\r\nx\r\nprepend k 0 0 1\r\nx\r\nset k 7 0 1\r\nx\r\nappend k 1 0 2\r\nyz\r\n"
       "prepend k 2 -1 1\r\nw\r\nget k\r\n",
       "NOT_STORED\r\nNOT_STORED\r\n" + kStored + kStored + kStored +
           "VALUE k 7 4\r\nwxyz\r\nEND\r\n"},
      {"cas", "cas k 0 0 1 1\r\nx\r\n" + kSetK +
                  "gets k\r\ncas k 0 0 1 999\r\ny\r\ncas k 0 0 1 0\r\ny\r\n"
                  "cas k 0 0 1 1\r\nz\r\ncas k 0 0 1 1\r\nq\r\nget k\r\n",
       "NOT_FOUND\r\n" + kStored + "VALUE k 0 1 1\r\nx\r\nEND\r\nEXISTS\r\nEXISTS\r\n" + kStored +
           "EXISTS\r\nVALUE k 0 1\r\nz\r\nEND\r\n",
       false, false, true},
      {"cas without a number",
       "cas k 0 0 1\r\nx\r\ncas k 0 0 1 y\r\nx\r\ncas k 0 0 1 -1\r\nx\r\nversion\r\n",
       repeat(kBadFormat, 3) + kVersion},
      {"cas with too few words", "cas\r\ncas k 0 0\r\n", kBadFormat + kBadFormat},
      {"noreply",
       "set k 0 0 1 noreply\r\nx\r\nadd k 0 0 1 noreply\r\ny\r\nreplace k 0 0 1 noreply\r\nz\r\n"
       "append k 0 0 1 noreply\r\na\r\nprepend k 0 0 1 noreply\r\np\r\n"
       "cas k 0 0 1 999 noreply\r\nq\r\nget k\r\n",
       "VALUE k 0 3\r\npza\r\nEND\r\n"},
      {"noreply hides errors that come after the length",
       "set " + kKey251 + " 0 0 1 noreply\r\nx\r\nset k x 0 1 noreply\r\nx\r\n"
       "set k 0 x 1 noreply\r\nx\r\ncas k 0 0 1 noreply\r\nx\r\nset k 0 0 1 noreply\r\nxyz\r\n"
       "set h 0 0 1100000 noreply\r\n" + kHuge + "\r\nversion\r\n",
       kBadFormat + kVersion},
      {"noreply does not hide a bad length",
       "set k 0 0 -1 noreply\r\nset k 0 0 x noreply\r\nset k 0 0 noreply\r\n",
       repeat(kBadFormat, 3)},
      {"noreply that is not the last word is ignored", "set k 0 0 1 noreply x\r\ny\r\n", kStored},
      {"too few words", "set\r\nset k\r\nset k 0\r\nset k 0 0\r\n", repeat(kBadFormat, 4)},
      {"lengths that are none leave their data to be parsed",
       "set k 0 0 -1\r\nset k 0 0 2147483646\r\nset k 0 0 2147483648\r\nset k 0 0 99999999999\r\n"
       "set k 0 0 1x\r\nset k 0 0 999999999999999999999\r\nset k 0 0 x\r\nabcd\r\n",
       repeat(kBadFormat, 7) + "ERROR\r\n"},
      {"a leading zero, a dash and a plus in a length",
       "set k 0 0 001\r\nx\r\nset k 0 0 -\r\n\r\nset k 0 0 +1\r\nabcd\r\n",
       kStored + kStored + kBadFormat + "ERROR\r\n"},
      {"a bad flags or exptime swallows the data",
       "set k -1 0 1\r\nx\r\nset k x 0 1\r\nx\r\nset k 0 x 4\r\nabcd\r\n"
       "set k 18446744073709551616 0 1\r\nx\r\nset k 0 9223372036854775808 1\r\nx\r\nversion\r\n",
       repeat(kBadFormat, 5) + kVersion},
      {"client flags are 32 bits",
       "set k 4294967295 0 1\r\nx\r\nget k\r\nset k 4294967296 0 1\r\nx\r\nget k\r\n"
       "set k 4294967303 0 1\r\nx\r\nget k\r\n",
       kStored + "VALUE k 4294967295 1\r\nx\r\nEND\r\n" + kStored + "VALUE k 0 1\r\nx\r\nEND\r\n" +
           kStored + "VALUE k 7 1\r\nx\r\nEND\r\n"},
      {"flags and exptime as strtol reads them",
       "set k +5 \t0 1\r\nx\r\nget k\r\nset k 6\tz -0 1\r\nx\r\nget k\r\n",
       kStored + "VALUE k 5 1\r\nx\r\nEND\r\n" + kStored + "VALUE k 6 1\r\nx\r\nEND\r\n"},
      {"exptimes that are past",
       "set k 0 -1 1\r\nx\r\nget k\r\nset k 0 2592001 1\r\nx\r\nget k\r\n"
       "set k 0 4294967295 1\r\nx\r\nget k\r\nset k 0 99999999999 1\r\nx\r\nget k\r\n"
       "set k 0 4294967296 1\r\nx\r\nget k\r\n",
       repeat(kStored + kEnd, 4) + kStored + "VALUE k 0 1\r\nx\r\nEND\r\n"},
      {"an over-long key swallows the data", "set " + kKey251 + " 0 0 1\r\nx\r\nversion\r\n",
       kBadFormat + kVersion},
      {"a bad data chunk: what is behind its length is parsed",
       "set k 0 0 1\r\nxy\r\nversion\r\nset k 0 0 3\r\nabcdefgh\r\nget k\r\n",
       // "xy\r" is the block, "\n" a line; "abcde" the block, "fgh" a line.
       kBadChunk + kBadFormat + kVersion + kBadChunk + "ERROR\r\n" + kEnd},
      {"a bare line feed does not end a data block",
       "set k 0 0 1\r\nx\nget k\r\nversion\r\n", kBadChunk + "ERROR\r\n" + kVersion},
      {"a value behind its length", "set k 0 0 0\r\nx\r\nversion\r\n",
       kBadChunk + kBadFormat + kVersion},
      {"too large: the data is swallowed, the old item goes",
       "set h 0 0 1\r\nx\r\nset h 0 0 1100000\r\n" + kHuge + "\r\nget h\r\n",
       kStored + kTooLarge + kEnd},
      {"too large for add, replace, append, cas: the old item stays",
       "set h 0 0 1\r\nx\r\nadd h 0 0 1100000\r\n" + kHuge + "\r\nreplace h 0 0 1100000\r\n" +
           kHuge + "\r\ncas h 0 0 1100000 1\r\n" + kHuge + "\r\nget h\r\n",
       kStored + repeat(kTooLarge, 3) + "VALUE h 0 1\r\nx\r\nEND\r\n"},
      {"too large comes before a bad data chunk",
       "set h 0 0 1100000\r\n" + kHuge + "abversion\r\n", kTooLarge + kVersion},
      {"a large value", "set l 9 0 100000\r\n" + kLarge + "\r\nget l\r\nget l k l\r\n",
       kStored + "VALUE l 9 100000\r\n" + kLarge + "\r\nEND\r\nVALUE l 9 100000\r\n" + kLarge +
           "\r\nVALUE l 9 100000\r\n" + kLarge + "\r\nEND\r\n"},
      {"a large value that does not end where it should",
       kSetK + "set k 0 0 99990\r\n" + kLarge + "\r\nget k\r\n",
       kStored + kBadChunk + "ERROR\r\nVALUE k 0 1\r\nx\r\nEND\r\n"},
      {"a large value without a reply",
       "set l 0 0 100000 noreply\r\n" + kLarge + "\r\nset l 0 0 100000 noreply\r\n" + kLarge +
           "xyget k\r\n",
       kEnd},
      {"values around the size that is copied",
       [] {
         std::string sent;
         for (const int size : {8191, 8192, 8193}) {
           sent += "set c 0 0 " + std::to_string(size) + "\r\n" +
                   std::string(static_cast<std::size_t>(size), 'c') + "\r\nget c\r\n";
         }
         return sent;
       }(),
       [] {
         std::string expected;
         for (const int size : {8191, 8192, 8193}) {
           expected += "STORED\r\nVALUE c 0 " + std::to_string(size) + "\r\n" +
                       std::string(static_cast<std::size_t>(size), 'c') + "\r\nEND\r\n";
         }
         return expected;
       }()},
      {"a pipeline of sets longer than a window",
       repeat("set a 0 0 3\r\nabc\r\nset b 0 0 1 noreply\r\nB\r\n", 40) + "get a b\r\n",
       repeat(kStored, 40) + "VALUE a 0 3\r\nabc\r\nVALUE b 0 1\r\nB\r\nEND\r\n"},
  });
}

void add_updates(std::vector<TextTranscript>& all) {
  all.insert(all.end(), {
      {"delete", kSetK + "delete k\r\ndelete k\r\nget k\r\n",
       kStored + "DELETED\r\nNOT_FOUND\r\n" + kEnd},
      {"delete takes a time", kSetK + "delete k 0\r\ndelete k 5\r\ndelete k 5 6\r\n",
       kStored + "DELETED\r\nNOT_FOUND\r\nNOT_FOUND\r\n"},
      {"delete refuses more words", kSetK + "delete k 5 6 7\r\nget k\r\n",
       kStored + "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n" +
           "VALUE k 0 1\r\nx\r\n" + kEnd},
      {"delete without a reply",
       kSetK + "delete k noreply\r\ndelete k 0 noreply\r\ndelete noreply\r\nget k\r\n",
       kStored + kEnd},
      {"delete errors", "delete\r\ndelete " + kKey251 + "\r\ndelete " + kKey251 + " noreply\r\n",
       kBadFormat + kBadFormat},
      {"touch", kSetK + "touch k 100\r\ntouch nothing 100\r\ntouch k -1\r\nget k\r\n",
       kStored + "TOUCHED\r\nNOT_FOUND\r\nTOUCHED\r\n" + kEnd},
      {"touch without a reply",
       kSetK + "touch k -1 noreply\r\ntouch k x noreply\r\nget k\r\n", kStored + kEnd},
      {"touch errors",
       "touch\r\ntouch k\r\ntouch k x\r\ntouch k 2147483648\r\ntouch k 99999999999\r\n"
       "touch noreply\r\ntouch k noreply\r\ntouch " + kKey251 + " x\r\n",
       kBadFormat + kBadFormat + repeat(kBadExptime, 3) + kBadFormat + kBadFormat},
      {"incr and decr",
       kSetNumber + "incr n 5\r\ndecr n 10\r\ndecr n 100\r\nincr n 18446744073709551615\r\n"
                    "incr n 2\r\nincr nothing 1\r\ndecr nothing 1\r\n",
       kStored + "15\r\n5\r\n0\r\n18446744073709551615\r\n1\r\nNOT_FOUND\r\nNOT_FOUND\r\n"},
      {"decr keeps the length", kSetNumber + "decr n 1\r\nget n\r\n",
       kStored + "9\r\nVALUE n 0 2\r\n9 \r\nEND\r\n"},
      {"incr without a reply", kSetNumber + "incr n 5 noreply\r\nincr n x noreply\r\nget n\r\n",
       kStored + "VALUE n 0 2\r\n15\r\nEND\r\n"},
      {"arithmetic errors",
       kSetK + "incr\r\nincr k\r\nincr k 1\r\nincr k -1\r\nincr k x\r\nincr k 1x\r\n"
               "decr k 18446744073709551616\r\nincr k 00000000000000000000001\r\nincr " + kKey251 +
           " 1\r\n",
       kStored + kBadFormat + kBadFormat +
           "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n" +
           repeat(kBadDelta, 5) + kBadFormat},
      {"flush_all",
       kSetK + "flush_all\r\nget k\r\n" + kSetK + "flush_all 0\r\nget k\r\n" + kSetK +
           "flush_all -5\r\nget k\r\n" + kSetK + "flush_all noreply\r\nget k\r\n" + kSetK +
           "flush_all 0 noreply\r\nget k\r\n",
       repeat(kStored + "OK\r\n" + kEnd, 3) + repeat(kStored + kEnd, 2)},
      {"flush_all errors",
       "flush_all x\r\nflush_all 99999999999\r\nflush_all x noreply\r\n"
       "flush_all noreply noreply\r\nflush_all noreply 0\r\nflush_all 100000 2 3\r\n",
       kBadExptime + kBadExptime + kBadExptime + "OK\r\n"},
  });
}

void add_lines(std::vector<TextTranscript>& all) {
  const std::string long_spaces(2048, ' ');
  const std::string many_keys = "get" + repeat(" foobarbaz", 18'725) + "\r\n";
  all.insert(all.end(), {
      {"unknown commands", "foo\r\nfoo bar baz\r\nGET k\r\nbget k\r\nSET k 0 0 1\r\n",
       repeat("ERROR\r\n", 5)},
      {"verbs are not abbreviated", "ge k\r\ngett k\r\nsetx k 0 0 1\r\nmgx k\r\nmx k\r\nincrr\r\n",
       repeat("ERROR\r\n", 6)},
      {"noreply silences what is unknown", "foo noreply\r\nnoreply\r\nversion\r\n", kVersion},
      {"lines that are too short", "\r\n\n\rx\n\r\r\na\r\nab\nmn\nab\r\n",
       repeat(kBadFormat, 7) + "ERROR\r\n"},
      {"a line of spaces", "     \r\n", "ERROR\r\n"},
      {"a leading space is no retrieval, but some commands allow it",
       " get k\r\n version\r\n verbosity 0\r\n  flush_all\r\n slabs\r\n",
       "ERROR\r\nERROR\r\nOK\r\nOK\r\nERROR\r\n"},
      {"version", "version\r\nversion x\r\n", kVersion + kVersion},
      {"quit drops what follows", "version\r\nquit\r\nversion\r\n", kVersion, true},
      {"quit takes words", "quit now\r\nversion\r\n", "", true},
      {"HTTP is hung up on", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", true},
      {"HTTP, any version (1.6.45 drops replies not yet written)",
       "version\r\nfoo HTTP/x\r\nversion\r\n", kVersion, true, true},
      {"HTTP as the only word is a command", "HTTP/1.1\r\n", "ERROR\r\n"},
      {"HTTP behind a known command is a word", "get HTTP/1.1\r\n", kEnd},
      {"verbosity",
       "verbosity\r\nverbosity x\r\nverbosity -1\r\nverbosity 0\r\nverbosity 0 noreply\r\n"
       "verbosity noreply\r\nversion\r\n",
       repeat(kBadFormat, 3) + "OK\r\n" + kVersion},
      {"shutdown is off", "shutdown\r\nshutdown x y\r\nshutdown noreply\r\nversion\r\n",
       "SERVER_ERROR: shutdown not enabled\r\nSERVER_ERROR: shutdown not enabled\r\n" + kVersion},
      {"a line of 2048 bytes", "delete k" + std::string(2048 - 8, ' ') + "\nversion\r\n",
       "NOT_FOUND\r\n" + kVersion},
      {"a line of 2049 bytes (1.6.45 minds only if it comes in pieces)",
       "delete k" + std::string(2049 - 8, ' ') + "\nversion\r\n", "", true, true},
      {"a long line that is no retrieval", "incr " + long_spaces + "manyspaces 1", "", true},
      {"a long line of spaces", std::string(3000, ' '), "", true},
      {"a long line of noise", std::string(3000, '\xff'), "", true},
      {"a long verb", "get" + std::string(3000, 'x'), "", true},
      {"a long line with few keys", kSetK + "get " + long_spaces + " k " + long_spaces + "k\r\n",
       kStored + "VALUE k 0 1\r\nx\r\nVALUE k 0 1\r\nx\r\nEND\r\n"},
      {"a long line without keys", "get " + long_spaces + " \r\nversion\r\n",
       kBadFormat + kVersion},
      {"a long line with up to 100 leading spaces",
       std::string(100, ' ') + "get " + long_spaces + " k\r\nversion\r\n", "ERROR\r\n" + kVersion},
      {"a long line with more leading spaces",
       std::string(101, ' ') + "get " + long_spaces + " k\r\nversion\r\n", "", true, true},
      {"18725 keys", "set foobarbaz 0 0 2\r\nhi\r\n" + many_keys,
       kStored + repeat("VALUE foobarbaz 0 2\r\nhi\r\n", 18'725) + kEnd},
      {"18725 keys, gets and a bare line feed",
       "set foobarbaz 0 0 2\r\nhi\r\ngets" + repeat(" foobarbaz", 3000) + "\n",
       kStored + repeat("VALUE foobarbaz 0 2 1\r\nhi\r\n", 3000) + kEnd, false, false, true},
      {"many keys to gat", "set a 0 0 1\r\nA\r\ngat  100" + repeat(" a", 2000) + "\r\n",
       kStored + repeat("VALUE a 0 1\r\nA\r\n", 2000) + kEnd},
      {"many keys to gat, bad exptime", "gat  x" + repeat(" a", 2000) + "\r\nversion\r\n",
       kBadExptime + kVersion},
      {"a long line to gat without an exptime in sight", "gat " + long_spaces + " 0 k\r\n", "", true,
       true},
      {"an over-long key in a long line comes behind the values",
       kSetK + "get" + repeat(" k", 1500) + " " + kKey251 + repeat(" k", 1500) + "\r\nversion\r\n",
       kStored + repeat("VALUE k 0 1\r\nx\r\n", 1500) + kBadFormat + kVersion, false, true},
      {"the longest keys in a long line",
       "set " + kKey250 + " 0 0 1\r\nA\r\nget" + repeat(" " + kKey250, 20) + "\r\n",
       kStored + repeat("VALUE " + kKey250 + " 0 1\r\nA\r\n", 20) + kEnd},
  });
}

void add_meta_get(std::vector<TextTranscript>& all) {
  const std::string set = "ms k 2 F7 E100\r\nhi\r\n";
  all.insert(all.end(), {
      {"mn", "mn\r\nmn x y\r\n", "MN\r\nMN\r\n"},
      {"mg misses", "mg k\r\nmg k v\r\nmg k v q\r\nmg k s v O1 k\r\nmg k q k\r\nmn\r\n",
       "EN\r\nEN\r\nEN O1 kk\r\nMN\r\n"},
      {"mg hits", set + "mg k\r\nmg k v\r\nmg k q v\r\nmg k u\r\n",
       "HD\r\nHD\r\nVA 2\r\nhi\r\nVA 2\r\nhi\r\nHD\r\n"},
      {"mg flags come back in their order",
       set + "mg k c f k s t O123 v\r\nmg k O1 v s f c k\r\nmg k P5 L6 I x M\r\n",
       "HD\r\nVA 2 c100 f7 kk s2 t-1 O123\r\nhi\r\nVA 2 O1 s2 f7 c100 kk\r\nhi\r\nHD\r\n"},
      {"mg h and l", set + "mg k h l\r\nmg k h\r\nmg k h u\r\n", "HD\r\nHD h0 l0\r\nHD h1\r\nHD h1\r\n"},
      {"mg u leaves no trace", set + "mg k u\r\nmg k h u\r\nmg k h\r\n",
       "HD\r\nHD\r\nHD h0\r\nHD h0\r\n"},
      {"mg C hides a value that is known", set + "mg k v C100\r\nmg k v C99\r\nmg k s v c C100\r\n",
       "HD\r\nHD\r\nVA 2\r\nhi\r\nHD s2 c100\r\n"},
      {"mg without a key", "mg\r\nmg \r\n", kBadFormat + kBadFormat},
      {"mg key lengths", "mg " + kKey250 + " k\r\nmg " + kKey251 + " q\r\n",
       "EN k" + kKey250 + "\r\n" + kBadFormat},
      {"mg T: the TTL is shown as the order says",
       set + "mg k t T100\r\nmg k T50 t\r\nmg k t\r\nmg k T0 t\r\n",
       "HD\r\nHD t-1\r\nHD t50\r\nHD t50\r\nHD t-1\r\n"},
      {"mg T in the past", set + "mg k T-1 v\r\nmg k v\r\n", "HD\r\nVA 2\r\nhi\r\nEN\r\n"},
      {"mg N: the first is told to fill it",
       "mg k N30 t v\r\nmg k t v\r\nmg k N30 v\r\nmg k s v\r\n",
       "VA 0 t30 W\r\n\r\nVA 0 t30 Z\r\n\r\nVA 0 Z\r\n\r\nVA 0 s0 Z\r\n\r\n"},
      {"mg N: the TTL as the order says",
       "mg a t N30\r\nmg b N30 T60 t\r\nmg b t\r\nmg c T60 N30 t\r\nmg c t\r\nmg d E55 N0 c t\r\n",
       "HD t-1 W\r\nHD t60 W\r\nHD t60 Z\r\nHD t30 W\r\nHD t30 Z\r\nHD c55 t-1 W\r\n"},
      {"mg N: a set takes the marks away", "mg k N30\r\nms k 1\r\nx\r\nmg k v\r\n",
       "HD W\r\nHD\r\nVA 1\r\nx\r\n"},
      {"mg R: one is told before the time is over",
       "ms k 1 T30\r\nx\r\nmg k R20 v\r\nmg k R30\r\nmg k R31 v t\r\nmg k R31 v\r\n",
       "HD\r\nVA 1\r\nx\r\nHD\r\nVA 1 t30 W\r\nx\r\nVA 1 Z\r\nx\r\n"},
      {"mg R and T: the order says which TTL is judged",
       "ms k 1 T30\r\nx\r\nmg k T60 R50\r\nmg k R61 T20\r\nms j 1 T30\r\nx\r\nmg j T10 R20\r\n"
       "ms i 1\r\nx\r\nmg i R100\r\nmg i T0 R100\r\n",
       "HD\r\nHD\r\nHD W\r\nHD\r\nHD W\r\nHD\r\nHD\r\nHD\r\n"},
      {"mg R0 and R-1 never win", "ms k 1 T30\r\nx\r\nmg k R0\r\nmg k R-1\r\n",
       "HD\r\nHD\r\nHD\r\n"},
      {"mg flag errors",
       "mg k v v\r\nmg k z\r\nmg k 5\r\nmg k !\r\nmg k {\r\nmg k \x80\r\nmg k _\r\nmg k T\r\n"
       "mg k Tx\r\nmg k N\r\nmg k R2147483648\r\nmg k C\r\nmg k Cx\r\nmg k E-1\r\nmg k Fx q\r\n",
       "CLIENT_ERROR duplicate flag\r\nCLIENT_ERROR invalid flag\r\nCLIENT_ERROR invalid flag\r\n" +
           repeat(kBadFormat, 3) + "CLIENT_ERROR invalid flag\r\n" + repeat(kBadToken, 7) +
           kBadFormat},
      {"the last error is the one that is answered",
       "mg k T Jx\r\nmg k Jx T\r\nmg k T F\r\nmg k F T\r\nmg k T z\r\nmg k T T1\r\nmg ! b T\r\n",
       "CLIENT_ERROR invalid numeric initial value\r\n" + repeat(kBadToken, 3) +
           "CLIENT_ERROR invalid flag\r\nCLIENT_ERROR duplicate flag\r\n" + kBadToken},
      {"20 words at most",
       "mg k a b c d e f g h i j k l m n o p q r s\r\nmg k v q k O1 s t c f h l u x I P L N30 T30 R30\r\n"
       "mg k v q k O1 s t c f h l u x I P L N30 T30 R30 F1\r\n",
       "CLIENT_ERROR options flags are too long\r\n"
       "VA 0 kk O1 s0 t-1 c1 f0 h0 l0 W\r\n\r\nCLIENT_ERROR options flags are too long\r\n",
       false, false, true},
      {"an opaque of 31 bytes",
       "mg k O" + std::string(31, 'o') + "\r\nmg k O" + std::string(32, 'o') + "\r\nmg k O q\r\n" +
           "mg k O\r\n",
       "EN O" + std::string(31, 'o') + "\r\nCLIENT_ERROR opaque token too long\r\nEN O\r\n"},
      {"a pipeline of meta gets longer than a window",
       set + repeat("mg k v\r\nmg k s c\r\nmg j q\r\nmg k O1 k\r\nmg\r\n", 30) + "mn\r\n",
       "HD\r\n" + repeat("VA 2\r\nhi\r\nHD s2 c100\r\nHD O1 kk\r\n" + kBadFormat, 30) + "MN\r\n"},
      {"a large value, with flags", "ms l 100000 T30\r\n" + kLarge + "\r\nmg l k s v t\r\nmg l s\r\n",
       "HD\r\nVA 100000 kl s100000 t30\r\n" + kLarge + "\r\nHD s100000\r\n"},
  });
}

void add_meta_keys(std::vector<TextTranscript>& all) {
  const std::string encoded248 = repeat("YWFh", 62);
  all.insert(all.end(), {
      {"base64 keys", "ms Zm9v 2 b k\r\nhi\r\nmg foo v\r\nmg Zm9v b v k\r\nmg Zm9v v k\r\nmd Zm9v k b\r\n",
       "HD kZm9v b\r\nVA 2\r\nhi\r\nVA 2 kZm9v b\r\nhi\r\nEN kZm9v\r\nHD kZm9v b\r\n"},
      {"base64 is sent back in its plain form", "mg Zm9v! b k\r\nmg !Z!m9v b k\r\nmg Zg== b k\r\n",
       "EN kZm9v b\r\nEN kZm9v b\r\nEN kZg== b\r\n"},
      {"base64 that is none", "mg Z b\r\nmg Zm9 b q\r\nmg ! b\r\nmg ==== b\r\nmg Z=== b\r\n",
       repeat("CLIENT_ERROR error decoding key\r\n", 5)},
      {"base64 of binary keys", "ms AAEgDQo= 1 b\r\nx\r\nmg AAEgDQo= k v b\r\n",
       "HD\r\nVA 1 kAAEgDQo= b\r\nx\r\n"},
      {"a long base64 key", "ms " + encoded248 + " 1 b k\r\nx\r\nmg " + encoded248 + " b k\r\n",
       "HD k" + encoded248 + " b\r\nHD k" + encoded248 + " b\r\n"},
      {"the encoded form is limited", "mg " + encoded248 + "YWFh b\r\n", kBadFormat},
      {"an item keeps no trace of how its key was sent (1.6.45 does)",
       "ms Zm9v 1 b\r\nx\r\nmg foo k\r\nms bar 1\r\nx\r\nmg YmFy b k\r\nmg YmF6 b k N30\r\n",
       "HD\r\nHD kfoo\r\nHD\r\nHD kYmFy b\r\nHD kYmF6 b W\r\n", false, true},
      {"me misses", "me k\r\nme\r\nme " + kKey251 + "\r\nme k !\r\nme Z b x\r\nme Zm9v b x\r\n",
       "EN\r\n" + repeat(kBadFormat, 4) + "EN\r\n"},
      {"me decodes for a last word b too (1.6.45 does not)", "me Z b\r\n", kBadFormat, false, true},
  });
}

void add_meta_set(std::vector<TextTranscript>& all) {
  all.insert(all.end(), {
      {"ms", "ms k 2\r\nhi\r\nmg k v\r\nms k 0\r\n\r\nmg k v\r\n",
       "HD\r\nVA 2\r\nhi\r\nHD\r\nVA 0\r\n\r\n"},
      {"ms flags come back in their order",
       "ms k 2 c E7 k s O9 b\r\nhi\r\nms k 2 k O9 E7 s c\r\nhi\r\nms k 2 T30 F5 E8 q\r\nhi\r\n"
       "mg k t f c\r\n",
       "CLIENT_ERROR error decoding key\r\nHD kk O9 s2 c7\r\nHD t30 f5 c8\r\n"},
      {"ms counts cas uniques", "ms k 2 c\r\nhi\r\nms k 2 c\r\nhi\r\n", "HD c1\r\nHD c2\r\n", false,
       false, true},
      {"ms modes",
       "ms k 1 MR\r\na\r\nms k 1 MA\r\na\r\nms k 1 MP\r\na\r\nms k 1 ME\r\na\r\nms k 1 ME\r\nb\r\n"
       "ms k 1 MR\r\nc\r\nms k 1 MA s\r\nd\r\nms k 1 MP s\r\ne\r\nmg k v\r\nms k 1 MS\r\nf\r\n"
       "ms k 1 MSET\r\ng\r\nmg k v\r\n",
       "NS\r\nNS\r\nNS\r\nHD\r\nNS\r\nHD\r\nHD s2\r\nHD s3\r\nVA 3\r\necd\r\nHD\r\nHD\r\nVA 1\r\ng\r\n"},
      {"ms modes that are none", "ms k 1 MX\r\na\r\nms k 1 M\r\na\r\nms k 1 Me q\r\na\r\nmn\r\n",
       repeat("CLIENT_ERROR invalid mode for ms M token\r\n", 3) + "MN\r\n"},
      {"ms q", "ms k 1 q E10\r\na\r\nms k 1 ME q\r\nb\r\nms k 1 q C1 E5\r\nb\r\nms j 1 q C1 O5\r\nb\r\nmn\r\n",
       "NS\r\nEX\r\nNF O5\r\nMN\r\n"},
      {"ms with a cas unique",
       "ms k 1 E10\r\na\r\nms k 1 C9 c s\r\nb\r\nms k 1 C10 E20 c\r\nc\r\nms k 1 C10 MR\r\nd\r\n"
       "ms j 1 C10 c\r\na\r\nms j 1 C10 MR\r\na\r\nms k 1 C0\r\nz\r\nms j 1 C0\r\nz\r\nmg k v c\r\n",
       "HD\r\nEX c0 s1\r\nHD c20\r\nEX\r\nNF c0\r\nNF\r\nEX\r\nNF\r\nVA 1 c20\r\nc\r\n"},
      {"ms append with a cas unique",
       "ms k 1 E10\r\na\r\nms k 1 MA C9\r\nb\r\nms k 1 MA C10 E11\r\nc\r\nms k 1 MP C0 E12\r\nd\r\n"
       "ms j 1 MA C1\r\na\r\nmg k v c\r\n",
       "HD\r\nEX\r\nHD\r\nHD\r\nNS\r\nVA 3 c12\r\ndac\r\n"},
      {"ms add is not compared", "ms k 1 ME C5 E6\r\na\r\nms k 1 ME C6\r\nb\r\nmg k v c\r\n",
       "HD\r\nNS\r\nVA 1 c6\r\na\r\n"},
      {"ms N creates what append misses",
       "ms k 1 MA N30 s\r\na\r\nmg k v t\r\nms k 1 MA N90 s\r\nb\r\nms j 1 MP N0\r\nc\r\nmg k v t\r\n"
       "mg j v t\r\n",
       "HD s1\r\nVA 1 t30\r\na\r\nHD s2\r\nHD\r\nVA 2 t30\r\nab\r\nVA 1 t-1\r\nc\r\n"},
      {"ms I takes an older cas unique, and marks stale",
       "ms k 1 E100 T30\r\na\r\nms k 1 C99 I E101 T90\r\nb\r\nmg k v c t\r\nmg k v\r\n"
       "ms k 1 C200 I\r\nc\r\nms k 1 C101 I E102 T60\r\nd\r\nmg k v c t\r\n",
       "HD\r\nHD\r\nVA 1 c101 t30 X W\r\nb\r\nVA 1 Z X\r\nb\r\nEX\r\nHD\r\nVA 1 c102 t60\r\nd\r\n"},
      {"ms lengths",
       "ms k\r\nms k x\r\nms k -1\r\nms k 2147483646\r\nms\r\nms k 1 !\r\nabcd\r\n",
       repeat(kBadFormat, 6) + "ERROR\r\n"},
      {"ms errors swallow the data",
       "ms k 1 z\r\na\r\nms k 1 5\r\na\r\nms k 1 k k\r\na\r\nms k 1 T\r\na\r\nms k 1 F-1\r\na\r\n"
       "ms k 1 F4294967296\r\na\r\nms " + kKey251 + " 1\r\na\r\nms k 1 O" + std::string(32, 'o') +
           "\r\na\r\nmn\r\n",
       "CLIENT_ERROR invalid flag\r\nCLIENT_ERROR invalid flag\r\nCLIENT_ERROR duplicate flag\r\n" +
           kBadToken + repeat(kBadFormat, 3) + "CLIENT_ERROR opaque token too long\r\nMN\r\n"},
      {"ms with a bad data chunk, even where it is quiet",
       "ms k 1\r\nabc\r\nms k 1 q\r\nabc\r\nmn\r\n", repeat(kBadChunk + kBadFormat, 2) + "MN\r\n"},
      {"ms too large: the old item goes, whatever the mode",
       "ms h 1\r\na\r\nms h 1100000 ME q\r\n" + kHuge + "\r\nmg h v\r\nms h 1\r\na\r\n"
       "ms h 1100000 C5\r\n" + kHuge + "\r\nmg h v\r\n",
       "HD\r\n" + kTooLarge + "EN\r\nHD\r\n" + kTooLarge + "EN\r\n"},
      {"ms of a large value, with everything that comes back",
       "ms bGFyZ2U= 100000 b k s O" + std::string(31, 'o') + " c E9\r\n" + kLarge +
           "\r\nmg large s c\r\nms l 100000 q\r\n" + kLarge + "\r\nms l 99990 q\r\n" + kLarge +
           "\r\nmn\r\n",
       "HD kbGFyZ2U= b s100000 O" + std::string(31, 'o') + " c9\r\nHD s100000 c9\r\n" + kBadChunk +
           "ERROR\r\nMN\r\n"},
      {"ms in a pipeline longer than a window",
       repeat("ms k 1\r\na\r\nmg k v\r\nms k 1 q\r\nb\r\nmg k v\r\nms k 1 z\r\nc\r\n", 20),
       repeat("HD\r\nVA 1\r\na\r\nVA 1\r\nb\r\nCLIENT_ERROR invalid flag\r\n", 20)},
      {"ms in a pipeline: a malformed line leaves its data",
       repeat("ms k 1\r\na\r\nms k 4 !\r\nmn q\r\nmg k v\r\n", 5),
       repeat("HD\r\n" + kBadFormat + "MN\r\nVA 1\r\na\r\n", 5)},
  });
}

void add_meta_delete(std::vector<TextTranscript>& all) {
  all.insert(all.end(), {
      {"md", "ms k 1\r\na\r\nmd k O1 k\r\nmd k k O1\r\nmd k q\r\nms k 1\r\na\r\nmd k q\r\nmg k\r\n",
       "HD\r\nHD O1 kk\r\nNF kk O1\r\nNF\r\nHD\r\nEN\r\n"},
      {"md with a cas unique",
       "ms k 1 E5\r\na\r\nmd k C4 q O1\r\nmd k C0\r\nmd k C5\r\nmg k\r\nmd k C5\r\n",
       "HD\r\nEX O1\r\nEX\r\nHD\r\nEN\r\nNF\r\n"},
      {"md I marks stale",
       "ms k 1 E5 T30\r\na\r\nmd k I E6 T20\r\nmg k v c t\r\nmg k v\r\nmd k I E7 q\r\nmg k t c\r\n"
       "ms k 1\r\nb\r\nmg k v\r\n",
       "HD\r\nHD\r\nVA 1 c6 t20 X W\r\na\r\nVA 1 Z X\r\na\r\nHD t20 c7 X W\r\nHD\r\nVA 1\r\nb\r\n"},
      {"md x empties the item",
       "ms k 1 F9 T30 E5\r\na\r\nmd k x\r\nmg k v f t s c\r\nms k 1 E6\r\na\r\nmd k x F5 T60 E7\r\n"
       "mg k v f t s c\r\nmd nothing x\r\n",
       "HD\r\nHD\r\nVA 0 f0 t-1 s0 c5\r\n\r\nHD\r\nHD\r\nVA 0 f5 t60 s0 c7\r\n\r\nNF\r\n"},
      {"md x and I", "ms k 1\r\na\r\nmd k x I T30\r\nmg k v t\r\n",
       "HD\r\nHD\r\nVA 0 t30 X W\r\n\r\n"},
      {"md errors",
       "md\r\nmd k z\r\nmd k q q\r\nmd k Cx\r\nmd k O" + std::string(32, 'o') + "\r\nmd " + kKey251 +
           " q\r\n",
       kBadFormat + "CLIENT_ERROR invalid flag\r\nCLIENT_ERROR duplicate flag\r\n" + kBadToken +
           "CLIENT_ERROR opaque token too long\r\n" + kBadFormat},
  });
}

void add_meta_arithmetic(std::vector<TextTranscript>& all) {
  const std::string invalid = "CLIENT_ERROR invalid or duplicate flag\r\n";
  const std::string set = "ms n 2 E5\r\n10\r\n";
  all.insert(all.end(), {
      {"ma", set + "ma n\r\nma n v\r\nma n v D5\r\nma n v MD\r\nma n v MI\r\nma n v M- D3\r\n"
                   "ma n v M+ D3\r\nma n v MDECR\r\nma nothing\r\nma nothing q k O1\r\n",
       "HD\r\nHD\r\nVA 2\r\n12\r\nVA 2\r\n17\r\nVA 2\r\n16\r\nVA 2\r\n17\r\nVA 2\r\n14\r\n"
       "VA 2\r\n17\r\nVA 2\r\n16\r\nNF\r\nNF knothing O1\r\n"},
      {"ma wraps and stops", set + "ma n D18446744073709551615 v\r\nma n MD D100 v\r\nmg n v\r\n",
       "HD\r\nVA 1\r\n9\r\nVA 1\r\n0\r\nVA 2\r\n0 \r\n"},
      {"ma flags come back in their order",
       set + "ma n v E6 c t k O1\r\nma n O1 k T30 t c E7\r\nma n t T60\r\nma n t v\r\n",
       "HD\r\nVA 2 c6 t-1 kn O1\r\n11\r\nHD O1 kn t30 c7\r\nHD t30\r\nVA 2 t60\r\n14\r\n"},
      {"ma q", set + "ma n q v\r\nma nothing q\r\nma n q C4\r\nma n v\r\n",
       "HD\r\nNF\r\nEX\r\nVA 2\r\n12\r\n"},
      {"ma with a cas unique",
       set + "ma n C4 v O1\r\nma n C5 v E9 c\r\nma n C0 v\r\nma nothing C5\r\n",
       "HD\r\nEX O1\r\nVA 2 c9\r\n11\r\nVA 2\r\n12\r\nNF\r\n"},
      {"ma N creates",
       "ma a N30 v t\r\nma a v t\r\nma b N0 J13 v\r\nma b v\r\nma c t N30 J5 D2 v E7 c\r\n"
       "ma d N30 T60 t q\r\nmg d t\r\nma e T60 N30 t\r\nma f J5\r\n",
       "VA 1 t30\r\n0\r\nVA 1 t30\r\n1\r\nVA 2\r\n13\r\nVA 2\r\n14\r\nVA 1 t-1 c7\r\n5\r\n"
       "HD t60\r\nHD t30\r\nNF\r\n"},
      {"ma errors",
       "ma\r\nma n z\r\nma n v v\r\nma n Dx\r\nma n Jx\r\nma n Cx\r\nma n T\r\nma " + kKey251 +
           "\r\nma Z b\r\nma n MX\r\nma n M\r\nma n !\r\nma n O" + std::string(32, 'o') + "\r\n",
       kBadFormat + repeat(invalid, 8) +
           repeat("CLIENT_ERROR invalid mode for ma M token\r\n", 2) + kBadFormat +
           "CLIENT_ERROR opaque token too long\r\n"},
      {"ma on what is no number", "ms k 1\r\na\r\nma k v q\r\nms k 0\r\n\r\nma k\r\n",
       "HD\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\nHD\r\n"
       "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"},
      {"ma on a base64 key", "ms foo 1\r\n1\r\nma Zm9v b k v\r\n", "HD\r\nVA 1 kZm9v b\r\n2\r\n"},
  });
}

}  // namespace

std::vector<TextTranscript> text_transcripts() {
  std::vector<TextTranscript> all;
  add_retrieval(all);
  add_storage(all);
  add_updates(all);
  add_lines(all);
  return all;
}

std::vector<TextTranscript> meta_transcripts() {
  std::vector<TextTranscript> all;
  add_meta_get(all);
  add_meta_keys(all);
  add_meta_set(all);
  add_meta_delete(all);
  add_meta_arithmetic(all);
  return all;
}

}  // namespace larder::test
