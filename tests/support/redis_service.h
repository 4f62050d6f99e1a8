// A Redis engine with one client and no socket: commands in as words, replies out as text.
//
// Replies are written as their elements one after another: +status -error :integer "bulk" nil
// nil* (null array) *N ~N %N >N (containers and how many follow) ,number #t =fmt:text.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/redis/redis_engine.h"

namespace larder::redis::test {

class Recorder final : public Reply {
 public:
  explicit Recorder(bool resp3) : resp3_(resp3) {}
  std::string take() { return std::exchange(text_, {}); }

  void status(std::string_view line) override { add("+", line); }
  void error(std::string_view line) override { add("-", line); }
  void integer(std::int64_t value) override { add(":", std::to_string(value)); }
  void bulk(std::string_view bytes) override { add("\"", std::string(bytes) + "\""); }
  void null() override { add("nil", ""); }
  void array(std::size_t count) override { add("*", std::to_string(count)); }
  void map(std::size_t count) override { add("%", std::to_string(count)); }
  void null_array() override { add("nil*", ""); }
  void set(std::size_t count) override { add("~", std::to_string(count)); }
  void push(std::size_t count) override { add(">", std::to_string(count)); }
  void number(double value) override {
    std::ostringstream out;
    out << value;
    add(",", out.str());
  }
  void number_text(std::string_view digits) override { add(",", digits); }
  void boolean(bool value) override { add("#", value ? "t" : "f"); }
  void big_number(std::string_view digits) override { add("(", digits); }
  void verbatim(std::string_view format, std::string_view bytes) override {
    add("=", std::string(format) + ":" + std::string(bytes));
  }
  void bulk_pinned(engine::ItemPin pin, std::string_view bytes) override {
    bulk(bytes);
    pins_.push_back(std::move(pin));  // given back when no stripe is locked
  }
  Mark begin() override { return text_.size(); }
  void end_array(Mark mark, std::size_t count) override { put(mark, "*", count); }
  void end_set(Mark mark, std::size_t count) override { put(mark, "~", count); }
  void end_map(Mark mark, std::size_t count) override { put(mark, "%", count); }
  void end_scan(Mark mark, std::string_view cursor, std::size_t count) override {
    const std::string elements = text_.substr(mark);
    text_.resize(mark);
    array(2);
    bulk(cursor);
    array(count);
    text_ += elements;
  }
  void rewind(Mark mark) override { text_.resize(mark); }
  bool resp3() const override { return resp3_; }

 private:
  void add(std::string_view kind, std::string_view rest) {
    if (!text_.empty()) text_ += ' ';
    text_ += kind;
    text_ += rest;
  }
  void put(Mark mark, std::string_view kind, std::size_t count) {
    const std::string elements = text_.substr(mark);
    text_.resize(mark);
    add(kind, std::to_string(count));
    if (mark == 0 && !elements.empty()) text_ += ' ';
    text_ += elements;
  }

  const bool resp3_;
  std::string text_;
  std::vector<engine::ItemPin> pins_;
};

class RedisService {
 public:
  explicit RedisService(Settings settings = default_settings(), std::size_t memory_bytes = 64 << 20)
      : engine_(config(memory_bytes), std::move(settings)), state_(engine_.state_of(engine_.add_worker())) {
    state_.now_ms = engine::read_unix_ms();
    engine_.add_client(client_);
  }
  ~RedisService() { engine_.remove_client(client_); }

  /// Runs one command; words between blanks, '' for an empty one.
  std::string run(std::string_view line) {
    std::vector<std::string> words;
    std::istringstream in{std::string(line)};
    for (std::string word; in >> word;) words.push_back(word == "''" ? "" : word);
    return run(words);
  }
  std::string run(const std::vector<std::string>& words) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    Recorder reply(client_.resp3);
    engine::GateGuard gate(state_.worker);
    RedisEngine::Request request;
    request.args = args;
    engine_.prepare(&request);
    engine_.call(state_, client_, request, reply);
    return reply.take();
  }
  /// As run(), for words of any bytes.
  std::string words(std::initializer_list<std::string> given) { return run(std::vector<std::string>(given)); }
  void speak_resp3(bool resp3) { client_.resp3 = resp3; }
  /// The clock that commands see.
  void advance_ms(std::int64_t ms) { state_.now_ms += ms; }
  std::int64_t now_ms() const { return state_.now_ms; }
  RedisEngine& engine() { return engine_; }
  WorkerState& state() { return state_; }
  Client& client() { return client_; }

 private:
  static engine::Config config(std::size_t memory_bytes) {
    engine::Config made;
    made.memory_bytes = memory_bytes;
    made.databases = 16;
    return made;
  }

  RedisEngine engine_;
  WorkerState& state_;
  Client client_;
};

struct Exchange {
  const char* command;
  const char* reply;
};

/// Runs commands one after the other and checks each reply.
inline void converse(RedisService& service, std::initializer_list<Exchange> exchanges) {
  for (const Exchange& each : exchanges) {
    CAPTURE(each.command);
    CHECK(service.run(each.command) == each.reply);
  }
}

inline constexpr const char* kWrongType =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr const char* kNotInteger = "-ERR value is not an integer or out of range";
inline constexpr const char* kNotPositive = "-ERR value is out of range, must be positive";
inline constexpr const char* kSyntax = "-ERR syntax error";

}  // namespace larder::redis::test
