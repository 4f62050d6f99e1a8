// The way of a request: what may not run is refused, the stripes of its keys are locked, the handler runs.
#include <algorithm>
#include <mutex>

#include "engine/redis/command_context.h"
#include "engine/redis/redis_engine.h"

namespace larder::redis {

namespace {

constexpr std::size_t kShownArgumentsMax = 128;  // bytes of them in an error

// Text of a client in an error: without line breaks, cut.
std::string shown(std::string_view text, std::size_t most) {
  std::string result(text.substr(0, most));
  std::replace_if(result.begin(), result.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return result;
}

// Holds the locks of several stripes, taken in ascending order, each once.
class StripeLocks {
 public:
  StripeLocks(engine::Keyspace& keyspace, std::vector<std::uint32_t>& indexes)
      : keyspace_(keyspace), indexes_(indexes) {
    std::sort(indexes_.begin(), indexes_.end());
    indexes_.erase(std::unique(indexes_.begin(), indexes_.end()), indexes_.end());
    for (const std::uint32_t index : indexes_) keyspace_.stripe(index).lock.lock();
  }
  ~StripeLocks() {
    for (std::size_t i = indexes_.size(); i-- > 0;) keyspace_.stripe(indexes_[i]).lock.unlock();
  }
  StripeLocks(const StripeLocks&) = delete;
  StripeLocks& operator=(const StripeLocks&) = delete;

 private:
  engine::Keyspace& keyspace_;
  std::vector<std::uint32_t>& indexes_;
};

}  // namespace

void RedisEngine::prepare(Request* request) const {
  const Command* command = commands_.find(request->args[0]);
  if (command != nullptr && !command->subcommands.empty() && request->args.size() > 1) {
    command = command->subcommand(request->args[1]);
  }
  request->command = command;
  if (command == nullptr || command->keys != Command::Keys::one) return;
  const auto index = static_cast<std::size_t>(command->first_key);
  if (index < request->args.size()) request->key = key(request->args[index]);
}

// Why a request does not run at all, in Redis' order of complaint.
void RedisEngine::refuse(Client&, const Request& request, Reply& reply) const {
  const Arguments args = request.args;
  const Command* named = commands_.find(args[0]);
  if (request.command == nullptr && named != nullptr && !named->subcommands.empty()) {
    reply.error("ERR unknown subcommand '" + shown(args[1], kShownArgumentsMax) + "'. Try " +
                to_upper(named->spec->name) + " HELP.");
    return;
  }
  if (request.command == nullptr) {
    std::string text = "ERR unknown command '" + shown(args[0], kShownArgumentsMax) + "', with args beginning with: ";
    const std::size_t begin = text.size();
    for (std::size_t i = 1; i < args.size() && text.size() - begin < kShownArgumentsMax; ++i) {
      text += "'" + shown(args[i], kShownArgumentsMax - (text.size() - begin)) + "' ";
    }
    reply.error(text);
    return;
  }
  reply.error("ERR wrong number of arguments for '" + request.command->full_name + "' command");
}

void RedisEngine::call(WorkerState& state, Client& client, const Request& request, Reply& reply) {
  const Command* const command = request.command;
  state.count(Counter::commands);
  if (command == nullptr || !command->arity_fits(request.args.size()) || command->handler == nullptr) [[unlikely]] {
    state.count(Counter::errors);
    return refuse(client, request, reply);
  }
  client.last_command = command;
  if (!client.authenticated && !command->has(kNoAuth)) [[unlikely]] {
    state.count(Counter::errors);
    return reply.error(errors::kNoAuth);
  }
  if (under_pressure() && command->has(kWrite)) [[unlikely]] {
    if (!relieve(state) && command->has(kDenyOom)) {
      state.count(Counter::errors);
      return reply.error(errors::kOutOfMemory);
    }
  }
  run(state, client, request, reply);
}

void RedisEngine::run(WorkerState& state, Client& client, const Request& request, Reply& reply) {
  const Command& command = *request.command;
  if (command.keys == Command::Keys::one && command.spec->exclusive == nullptr) [[likely]] {
    const HashedKey hashed{static_cast<std::uint32_t>(command.first_key), request.key};
    std::lock_guard lock(stripe(client.database, request.key).lock);
    CommandContext context(*this, state, client, command, request.args, {&hashed, 1}, reply);
    return command.handler(context);
  }
  run_locked(state, client, request, reply);
  while (state.deferred != nullptr) {
    {
      const engine::GatePause pause(state.worker);
      if (state.deferred->work(reply)) state.deferred.reset();
    }
    if (state.deferred != nullptr) run_locked(state, client, request, reply);
  }
}

void RedisEngine::run_locked(WorkerState& state, Client& client, const Request& request, Reply& reply) {
  const Command& command = *request.command;
  if (command.spec->exclusive != nullptr && command.spec->exclusive(request.args)) [[unlikely]] {
    engine::ExclusiveSection section(gates(), &state.worker);
    CommandContext context(*this, state, client, command, request.args, {}, reply);
    return command.handler(context);
  }
  if (command.keys == Command::Keys::none) {
    CommandContext context(*this, state, client, command, request.args, {}, reply);
    return command.handler(context);
  }
  // Keys that cannot be found make no sense to the handler either: it says why.
  state.keys.clear();
  CommandTable::find_keys(command, request.args, &state.keys);
  state.hashed.clear();
  state.stripes.clear();
  for (const KeyArgument& each : state.keys) {
    const Key hashed = key(request.args[each.index]);
    state.hashed.push_back({each.index, hashed});
    state.stripes.push_back(stripe(client.database, hashed).index);
  }
  const StripeLocks locks(keyspace(), state.stripes);
  CommandContext context(*this, state, client, command, request.args, state.hashed, reply);
  command.handler(context);
}

}  // namespace larder::redis
