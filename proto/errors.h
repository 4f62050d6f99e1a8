// Every line the text and meta protocols can answer with, byte for byte as memcached 1.6.45 sends
// it. Lines carry their line end, so that a reply is one copy.
//
// Source: memcached's doc/protocol.txt, and the replies seen on the wire.
#pragma once

#include <string_view>

namespace larder::proto::text {

// Nominal replies.
inline constexpr std::string_view kStored = "STORED\r\n";
inline constexpr std::string_view kNotStored = "NOT_STORED\r\n";
inline constexpr std::string_view kExists = "EXISTS\r\n";
inline constexpr std::string_view kNotFound = "NOT_FOUND\r\n";
inline constexpr std::string_view kDeleted = "DELETED\r\n";
inline constexpr std::string_view kTouched = "TOUCHED\r\n";
inline constexpr std::string_view kEnd = "END\r\n";
inline constexpr std::string_view kOk = "OK\r\n";
inline constexpr std::string_view kReset = "RESET\r\n";
inline constexpr std::string_view kMetaNoOp = "MN\r\n";
inline constexpr std::string_view kMetaMiss = "EN\r\n";

// Errors of any command.
inline constexpr std::string_view kError = "ERROR\r\n";
inline constexpr std::string_view kBadFormat = "CLIENT_ERROR bad command line format\r\n";

// Storage.
inline constexpr std::string_view kBadDataChunk = "CLIENT_ERROR bad data chunk\r\n";
inline constexpr std::string_view kTooLarge = "SERVER_ERROR object too large for cache\r\n";
inline constexpr std::string_view kNoMemoryStoring =
    "SERVER_ERROR out of memory storing object\r\n";

// Retrieval, touch, arithmetic.
inline constexpr std::string_view kDeleteUsage =
    "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n";
inline constexpr std::string_view kInvalidExptime = "CLIENT_ERROR invalid exptime argument\r\n";
inline constexpr std::string_view kInvalidDelta = "CLIENT_ERROR invalid numeric delta argument\r\n";
inline constexpr std::string_view kNonNumeric =
    "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
inline constexpr std::string_view kNoMemory = "SERVER_ERROR out of memory\r\n";

// Auto Discovery.
inline constexpr std::string_view kBadClusterConfig =
    "CLIENT_ERROR cluster config is a version, then nodes as host|address|port\r\n";

// Meta flags.
inline constexpr std::string_view kDuplicateFlag = "CLIENT_ERROR duplicate flag\r\n";
inline constexpr std::string_view kInvalidFlag = "CLIENT_ERROR invalid flag\r\n";
inline constexpr std::string_view kInvalidOrDuplicateFlag =
    "CLIENT_ERROR invalid or duplicate flag\r\n";
inline constexpr std::string_view kFlagsTooLong = "CLIENT_ERROR options flags are too long\r\n";
inline constexpr std::string_view kBadToken = "CLIENT_ERROR bad token in command line format\r\n";
inline constexpr std::string_view kKeyDecoding = "CLIENT_ERROR error decoding key\r\n";
inline constexpr std::string_view kOpaqueTooLong = "CLIENT_ERROR opaque token too long\r\n";
inline constexpr std::string_view kInvalidStoreMode =
    "CLIENT_ERROR invalid mode for ms M token\r\n";
inline constexpr std::string_view kInvalidArithmeticMode =
    "CLIENT_ERROR invalid mode for ma M token\r\n";
inline constexpr std::string_view kInvalidInitial =
    "CLIENT_ERROR invalid numeric initial value\r\n";
inline constexpr std::string_view kInvalidMetaDelta =
    "CLIENT_ERROR invalid numeric delta value\r\n";

// Logging in (-Y).
inline constexpr std::string_view kUnauthenticated = "CLIENT_ERROR unauthenticated\r\n";
inline constexpr std::string_view kAuthTokenTooLong = "CLIENT_ERROR auth token too long\r\n";
inline constexpr std::string_view kBadTermination =
    "CLIENT_ERROR bad command line termination\r\n";
inline constexpr std::string_view kBadAuthToken =
    "CLIENT_ERROR bad authentication token format\r\n";
inline constexpr std::string_view kAuthFailure = "CLIENT_ERROR authentication failure\r\n";

// Administration.
inline constexpr std::string_view kFlushNotAllowed = "CLIENT_ERROR flush_all not allowed\r\n";
inline constexpr std::string_view kShutdownNotEnabled = "SERVER_ERROR: shutdown not enabled\r\n";
inline constexpr std::string_view kInvalidShutdownMode = "CLIENT_ERROR invalid shutdown mode\r\n";
inline constexpr std::string_view kWatchNotAllowed = "CLIENT_ERROR watch commands not allowed\r\n";
inline constexpr std::string_view kWatchPipelined =
    "ERROR cannot pipeline other commands before watch\r\n";
inline constexpr std::string_view kTooManyWatchers =
    "WATCHER_TOO_MANY log watcher limit reached\r\n";
inline constexpr std::string_view kMetadumpNotAllowed = "ERROR metadump not allowed\r\n";
inline constexpr std::string_view kMgdumpNotAllowed = "ERROR key dump not allowed\r\n";
inline constexpr std::string_view kMetadumpPipelined =
    "ERROR cannot pipeline other commands before metadump\r\n";
inline constexpr std::string_view kMgdumpPipelined =
    "ERROR cannot pipeline other commands before mgdump\r\n";
inline constexpr std::string_view kCrawlerDisabled = "CLIENT_ERROR lru crawler disabled\r\n";
inline constexpr std::string_view kBadClass = "BADCLASS invalid class id\r\n";
inline constexpr std::string_view kNothingToCrawl = "NOTSTARTED no items to crawl\r\n";
inline constexpr std::string_view kDetailUsage = "CLIENT_ERROR usage: stats detail on|off|dump\r\n";
inline constexpr std::string_view kDetailNotAllowed = "CLIENT_ERROR stats detail not allowed\r\n";
inline constexpr std::string_view kCachedumpNotAllowed =
    "CLIENT_ERROR stats cachedump not allowed\r\n";
inline constexpr std::string_view kBadCommandLine = "CLIENT_ERROR bad command line\r\n";
inline constexpr std::string_view kIllegalSlabId = "CLIENT_ERROR Illegal slab id\r\n";

// UDP.
inline constexpr std::string_view kUdpRequestCut =
    "SERVER_ERROR multi-packet request not supported\r\n";
inline constexpr std::string_view kUdpReplyTooLong = "SERVER_ERROR reply too long\r\n";

}  // namespace larder::proto::text
