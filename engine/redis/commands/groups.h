// The groups of commands, each the rows at the end of its file, and the list of them all: a new group
// is added here and nowhere else.
#pragma once

#include <span>

#include "engine/redis/command_spec.h"

namespace larder::redis {

std::span<const CommandSpec> connection_commands();
std::span<const CommandSpec> string_commands();
std::span<const CommandSpec> lcs_commands();
std::span<const CommandSpec> generic_commands();
std::span<const CommandSpec> expire_commands();
std::span<const CommandSpec> scan_commands();
std::span<const CommandSpec> sort_commands();
std::span<const CommandSpec> bitmap_commands();
std::span<const CommandSpec> server_commands();
std::span<const CommandSpec> debug_commands();
std::span<const CommandSpec> command_commands();
std::span<const CommandSpec> list_commands();
std::span<const CommandSpec> set_commands();
std::span<const CommandSpec> set_algebra_commands();
std::span<const CommandSpec> hash_commands();
std::span<const CommandSpec> hash_random_commands();
std::span<const CommandSpec> hash_deadline_commands();
std::span<const CommandSpec> dump_commands();
std::span<const CommandSpec> geo_commands();
std::span<const CommandSpec> hyperloglog_commands();
std::span<const CommandSpec> stream_commands();
std::span<const CommandSpec> stream_group_commands();
std::span<const CommandSpec> stream_info_commands();
std::span<const CommandSpec> stream_read_commands();
std::span<const CommandSpec> zset_combine_commands();
std::span<const CommandSpec> zset_commands();
std::span<const CommandSpec> zset_range_commands();

inline constexpr std::span<const CommandSpec> (*kCommandGroups[])() = {
    connection_commands,
    string_commands,
    lcs_commands,
    generic_commands,
    expire_commands,
    scan_commands,
    sort_commands,
    bitmap_commands,
    server_commands,
    debug_commands,
    command_commands,
    list_commands,
    set_commands,
    set_algebra_commands,
    hash_commands,
    hash_random_commands,
    hash_deadline_commands,
    dump_commands,
    geo_commands,
    hyperloglog_commands,
    stream_commands,
    stream_group_commands,
    stream_info_commands,
    stream_read_commands,
    zset_combine_commands,
    zset_commands,
    zset_range_commands,
};

}  // namespace larder::redis
