#include "server/warm_restart.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "server/option_text.h"

namespace larder::server {

namespace {

using engine::SavedState;

/// Changes with everything that changes what lies in the memory: item, chunk, page, extent.
constexpr int kLayout = 2;
constexpr std::size_t kBlockBytes = 512;  // st_blocks counts these

void say(const std::string& text) { std::fputs(("[restart] " + text + "\n").c_str(), stderr); }

std::string errno_text(const std::string& what) { return fmt::format("{}: {}", what, std::strerror(errno)); }

/// What the slab classes are made of: explicit sizes, the factor, or neither.
std::string slab_config(const Options& options) {
  if (!options.slab_sizes_text.empty()) return options.slab_sizes_text;
  return options.classes_given ? fmt::format("{}", options.growth_factor) : "default";
}

/// Settings that have to be the same, in the order in which they are written.
struct Setting {
  const char* name;
  std::string value;
};
std::vector<Setting> settings(const Options& options) {
  return {{"layout", std::to_string(kLayout)},
          {"maxbytes", std::to_string(options.memory_bytes)},
          {"chunk_size", std::to_string(options.chunk_bytes_min)},
          {"slab_config", slab_config(options)},
          {"item_size_max", std::to_string(options.item_bytes_max)},
          {"slab_chunk_size_max", std::to_string(options.chunk_bytes_max)},
          {"slab_page_size", std::to_string(kPageBytes)},
          {"large_pages", options.large_pages ? "true" : "false"},
          {"use_cas", options.cas_enabled ? "true" : "false"},
          {"slab_reassign", options.slab_reassign ? "true" : "false"}};
}

/// State that is taken over: a number each.
struct Number {
  const char* name;
  std::uint64_t (*get)(const SavedState&);
  void (*set)(SavedState&, std::uint64_t);
};
#define LARDER_NUMBER(name, member)                              \
  {name, [](const SavedState& s) -> std::uint64_t { return static_cast<std::uint64_t>(s.member); }, \
   [](SavedState& s, std::uint64_t v) { s.member = static_cast<decltype(s.member)>(v); }}
constexpr Number kNumbers[] = {
    LARDER_NUMBER("current_time", now_s),    LARDER_NUMBER("process_started", started_unix),
    LARDER_NUMBER("current_cas", cas_max),   LARDER_NUMBER("hashpower", hash_power),
    LARDER_NUMBER("hash_seed", hash_seed),   LARDER_NUMBER("flush_due", flush_due),
    LARDER_NUMBER("mmap_oldbase", base),
};
#undef LARDER_NUMBER
constexpr const char* kStopTime = "stop_time";
constexpr const char* kPage = "page";
constexpr const char* kPages = "pages";  // how many lines there are of the former

/// Reads the lines behind the tag.
class MetaReader {
 public:
  explicit MetaReader(const Options& options) : expected_(settings(options)) {}

  /// False: this setting or figure makes the memory useless.
  bool take(const std::string& name, const std::string& value) {
    for (const Setting& each : expected_) {
      if (name == each.name) return ++lines_, value == each.value;
    }
    const auto number = whole_number<std::uint64_t>(value);
    for (const Number& each : kNumbers) {
      if (name == each.name) return ++lines_, number && (each.set(state_, *number), true);
    }
    if (name == kStopTime) {
      ++lines_;
      // Before the end of the last process: the clock has been set back, and no deadline holds.
      return number && static_cast<std::int64_t>(*number) <= std::time(nullptr);
    }
    if (name == kPages) return ++lines_, number == state_.pages.size();
    if (name == kPage) {
      SavedState::Page page;
      const int read =
          std::sscanf(value.c_str(), "%u:%u:%u", &page.number, &page.class_id, &page.carved);
      if (read != 3) return false;
      state_.pages.push_back(page);
      return true;
    }
    say("unknown/unhandled key: " + name);
    return true;
  }
  bool complete() const { return lines_ == expected_.size() + std::size(kNumbers) + 2; }
  SavedState& state() { return state_; }

 private:
  const std::vector<Setting> expected_;
  SavedState state_;
  std::size_t lines_ = 0;
};

/// Why the lines are no use; the reader has what they say otherwise.
bool read_lines(std::ifstream& file, MetaReader* reader) {
  for (std::string line; std::getline(file, line);) {
    const std::size_t space = line.find(' ');
    if (line.empty() || line[0] != 'K' || space == std::string::npos) {
      say("invalid metadata line:\n\n" + line);
      return false;
    }
    const std::string name = line.substr(1, space - 1);
    const std::string value = line.substr(space + 1);
    if (reader->take(name, value)) continue;
    say(fmt::format("restart incompatible due to setting for [{}] [old value: {}]", name, value));
    return false;
  }
  if (reader->complete()) return true;
  say("missing some metadata lines");
  return false;
}

}  // namespace

WarmRestart::WarmRestart(const Options& options)
    : options_(options), meta_path_(options.memory_file + ".meta") {
  if (options.memory_file.empty()) return;
  try {
    open_file();
    read_meta();
    // Nothing to be taken over: what is left there would only take room.
    if (!state_ && ftruncate(fd_, 0) != 0) throw std::runtime_error(errno_text("ftruncate failed"));
  } catch (...) {
    if (fd_ >= 0) ::close(fd_);
    throw;
  }
}

WarmRestart::~WarmRestart() {
  if (fd_ >= 0) ::close(fd_);
}

void WarmRestart::open_file() {
  const std::string& path = options_.memory_file;
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd_ < 0) throw std::runtime_error(errno_text("failed to open file for mmap: " + path));
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error("memory file " + path + " is in use by another server");
  }
  // A page that finds no room in the file system ends the process: better not to start.
  struct statvfs file_system{};
  struct stat status{};
  if (fstatvfs(fd_, &file_system) != 0 || fstat(fd_, &status) != 0) {
    throw std::runtime_error(errno_text("memory file " + path));
  }
  const std::uint64_t room = std::uint64_t{file_system.f_bavail} * file_system.f_frsize +
                             static_cast<std::uint64_t>(status.st_blocks) * kBlockBytes;
  if (file_system.f_blocks != 0 && room < static_cast<std::uint64_t>(options_.memory_bytes)) {
    throw std::runtime_error(
        fmt::format("memory file {}: its file system has room for {} MB, -m asks for {}", path,
                    room / static_cast<std::uint64_t>(kMegabyte), options_.memory_bytes / kMegabyte));
  }
}

void WarmRestart::read_meta() {
  std::ifstream file(meta_path_);
  if (!file) return say("no metadata save file, starting with a clean cache");
  std::string tag;
  if (!std::getline(file, tag)) throw std::runtime_error("[restart] Failed to read a tag from metadata file");
  if (tag != "Tmain") throw std::runtime_error("[restart] corrupt metadata file");
  MetaReader reader(options_);
  const bool valid = read_lines(file, &reader);
  if (!valid) {
    ::unlink(meta_path_.c_str());
    return say("failed to validate metadata, starting with a clean cache");
  }
  state_ = std::move(reader.state());
}

void WarmRestart::begin() const { ::unlink(meta_path_.c_str()); }

void WarmRestart::save(const SavedState& state) const {
  // Written aside and moved: half of it must not look like all of it.
  const std::string temporary = meta_path_ + ".tmp";
  const mode_t old_mask = umask(S_IRWXG | S_IRWXO);
  {
    std::ofstream file(temporary, std::ios::trunc);
    file << "Tmain\n";
    for (const Setting& each : settings(options_)) file << 'K' << each.name << ' ' << each.value << '\n';
    for (const Number& each : kNumbers) file << 'K' << each.name << ' ' << each.get(state) << '\n';
    file << 'K' << kStopTime << ' ' << std::time(nullptr) << '\n';
    for (const SavedState::Page& page : state.pages) {
      file << 'K' << kPage << ' ' << page.number << ':' << page.class_id << ':' << page.carved << '\n';
    }
    file << 'K' << kPages << ' ' << state.pages.size() << '\n';
    file.close();
    umask(old_mask);
    if (!file) return say(errno_text("failed to save metadata"));
  }
  if (std::rename(temporary.c_str(), meta_path_.c_str()) != 0) say(errno_text("failed to save metadata"));
}

}  // namespace larder::server
