// A program as hiredis' users write them: commands, a pipeline, binary values, errors. Ends with "done".
//
//   hiredis_client SOCKET
#include <hiredis/hiredis.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

[[noreturn]] void fail(const char* what) {
  std::printf("failed: %s\n", what);
  std::exit(1);
}

struct Reply {
  explicit Reply(void* reply) : raw(static_cast<redisReply*>(reply)) {
    if (raw == nullptr) fail("no reply");
  }
  ~Reply() { freeReplyObject(raw); }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  bool is(int type, const char* text) const { return raw->type == type && std::strcmp(raw->str, text) == 0; }
  redisReply* raw;
};

void expect(bool holds, const char* what) {
  if (!holds) fail(what);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  redisContext* c = redisConnectUnix(argv[1]);
  if (c == nullptr || c->err != 0) fail("no connection");
  expect(Reply(redisCommand(c, "FLUSHALL")).is(REDIS_REPLY_STATUS, "OK"), "FLUSHALL");
  expect(Reply(redisCommand(c, "SET %s %s", "key", "value")).is(REDIS_REPLY_STATUS, "OK"), "SET");
  expect(Reply(redisCommand(c, "GET key")).is(REDIS_REPLY_STRING, "value"), "GET");
  expect(Reply(redisCommand(c, "GET none")).raw->type == REDIS_REPLY_NIL, "GET of nothing");

  const std::string binary("\0\r\n\xff$5*", 7);
  Reply(redisCommand(c, "SET %b %b", binary.data(), binary.size(), binary.data(), binary.size()));
  {
    const Reply reply(redisCommand(c, "GET %b", binary.data(), binary.size()));
    expect(std::string(reply.raw->str, static_cast<std::size_t>(reply.raw->len)) == binary, "binary");
  }
  expect(Reply(redisCommand(c, "LPUSH key x")).raw->type == REDIS_REPLY_ERROR, "wrong type");

  constexpr int kPipelined = 10000;
  for (int i = 0; i < kPipelined; ++i) redisAppendCommand(c, "RPUSH list %d", i);
  for (int i = 0; i < kPipelined; ++i) {
    void* reply = nullptr;
    expect(redisGetReply(c, &reply) == REDIS_OK, "pipeline");
    expect(Reply(reply).raw->integer == i + 1, "order of a pipeline");
  }
  {
    const Reply reply(redisCommand(c, "LRANGE list 0 -1"));
    expect(reply.raw->elements == kPipelined, "LRANGE");
    for (std::size_t i = 0; i < reply.raw->elements; ++i) {
      expect(std::to_string(i) == reply.raw->element[i]->str, "element");
    }
  }
  {
    const std::string large(3 << 20, 'x');
    Reply(redisCommand(c, "HSET hash field %b", large.data(), large.size()));
    const Reply reply(redisCommand(c, "HGETALL hash"));
    expect(reply.raw->elements == 2 && std::string(reply.raw->element[1]->str) == large,
           "large value");
  }
  expect(Reply(redisCommand(c, "NONSENSE")).raw->type == REDIS_REPLY_ERROR, "unknown command");
  redisFree(c);
  std::printf("done\n");
}
