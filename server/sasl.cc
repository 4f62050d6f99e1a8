#include "server/sasl.h"

#include <sasl/sasl.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>

#include "server/secret.h"

namespace larder::server {

namespace {

constexpr const char* kService = "memcached";
// The longest line of a password database, with its line end.
constexpr std::size_t kLineBytesMax = 255;

using Callback = int (*)();  // as sasl_callback_t keeps functions of any type

template <typename Function>
Callback as_callback(Function function) {
  // By way of void(*)(), which compilers take for any function.
  return reinterpret_cast<Callback>(reinterpret_cast<void (*)()>(function));
}

// --- what the library asks of the process ---

void* allocate_mutex() { return new std::mutex; }
int lock_mutex(void* mutex) {
  static_cast<std::mutex*>(mutex)->lock();
  return 0;
}
int unlock_mutex(void* mutex) {
  static_cast<std::mutex*>(mutex)->unlock();
  return 0;
}
void free_mutex(void* mutex) { delete static_cast<std::mutex*>(mutex); }

int on_log(void* context, int level, const char* message) {
  const Log& log = *static_cast<const Log*>(context);
  constexpr std::string_view kFormat = "SASL (severity {}): {}";
  switch (level) {
    case SASL_LOG_NONE:
      break;
    case SASL_LOG_PASS:
    case SASL_LOG_TRACE:
    case SASL_LOG_DEBUG:
    case SASL_LOG_NOTE:
      log.client(kFormat, level, message);
      break;
    case SASL_LOG_WARN:
    case SASL_LOG_FAIL:
      log.warn(kFormat, level, message);
      break;
    default:
      log.always(kFormat, level, message);
      break;
  }
  return SASL_OK;
}

/// The folder of memcached.conf; it may itself be in a folder of that name.
std::string configuration_folder() {
  if (const char* chosen = std::getenv("SASL_CONF_PATH")) return chosen;
  for (const std::string folder : {"/etc/sasl", "/etc/sasl2"}) {
    const std::string file = folder + "/memcached.conf";
    if (access((file + "/memcached.conf").c_str(), F_OK) == 0) return file;
    if (access(file.c_str(), F_OK) == 0) return folder;
  }
  return {};
}

struct ConfigurationPath {
  const Log& log;
  std::string folder;
};

int on_configuration_path(void* context, char** path) {
  auto& found = *static_cast<ConfigurationPath*>(context);
  found.folder = configuration_folder();
  if (found.folder.empty()) {
    found.log.warn("Failed to locate a config path");
    return SASL_FAIL;
  }
  found.log.warn("Reading configuration from: <{}>", found.folder);
  *path = found.folder.data();  // the library only reads it, whatever its header says
  return SASL_OK;
}

/// Does the line "user:password", which may go on behind another colon, name this user?
bool line_grants(std::string_view line, std::string_view user, std::string_view password) {
  const std::size_t user_end = line.find(':');
  if (user_end == std::string_view::npos || !same_secret(line.substr(0, user_end), user)) {
    return false;
  }
  // A password may have colons in it, so its length is the one that the client sent.
  const std::string_view rest = line.substr(user_end + 1);
  if (!same_secret(rest.substr(0, password.size()), password)) return false;
  const std::string_view after = rest.substr(password.size());
  return after.empty() || after[0] == ':' || after[0] == '\n' || after[0] == '\r';
}

struct PasswordDatabase {
  const Log& log;
  const char* path;
};

int on_check_password(sasl_conn_t*, void* context, const char* user, const char* password,
                      unsigned password_bytes, propctx*) {
  const auto& database = *static_cast<const PasswordDatabase*>(context);
  if (password_bytes + std::strlen(user) > kLineBytesMax - 3) {
    database.log.always("WARNING: Failed to authenticate <{}> due to too long password ({})", user,
                        password_bytes);
    return SASL_NOAUTHZ;
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(database.path, "re"),
                                                            &std::fclose);
  if (file == nullptr) {
    database.log.warn("WARNING: Failed to open sasl database <{}>: {}", database.path,
                      std::strerror(errno));
    return SASL_NOAUTHZ;
  }
  std::array<char, kLineBytesMax + 1> line;
  bool granted = false;
  while (std::fgets(line.data(), line.size(), file.get()) != nullptr) {
    granted |= line_grants(line.data(), user, {password, password_bytes});
  }
  if (granted) return SASL_OK;
  database.log.warn("INFO: User <{}> failed to authenticate", user);
  return SASL_NOAUTHZ;
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// --- exchanges ---

class CyrusExchange final : public proto::SaslExchange {
 public:
  CyrusExchange(sasl_conn_t* connection, const Log& log) : connection_(connection), log_(log) {}
  ~CyrusExchange() override { sasl_dispose(&connection_); }
  CyrusExchange(const CyrusExchange&) = delete;
  CyrusExchange& operator=(const CyrusExchange&) = delete;

  std::optional<std::string> mechanisms() override {
    const char* names = nullptr;
    unsigned bytes = 0;
    if (sasl_listmech(connection_, nullptr, "", " ", "", &names, &bytes, nullptr) != SASL_OK) {
      log_.warn("Failed to list SASL mechanisms.");
      return std::nullopt;
    }
    return std::string(names, bytes);
  }

  Outcome start(std::string_view mechanism, std::string_view token,
                std::string_view* challenge) override {
    const char* out = nullptr;
    unsigned bytes = 0;
    log_.warn("mech:  ``{}'' with {} bytes of data", mechanism, token.size());
    const int result =
        sasl_server_start(connection_, std::string(mechanism).c_str(), data_or_null(token),
                          static_cast<unsigned>(token.size()), &out, &bytes);
    return outcome(result, out, bytes, challenge);
  }

  Outcome step(std::string_view token, std::string_view* challenge) override {
    const char* out = nullptr;
    unsigned bytes = 0;
    const int result = sasl_server_step(connection_, data_or_null(token),
                                        static_cast<unsigned>(token.size()), &out, &bytes);
    return outcome(result, out, bytes, challenge);
  }

 private:
  static const char* data_or_null(std::string_view token) {
    return token.empty() ? nullptr : token.data();
  }
  Outcome outcome(int result, const char* out, unsigned bytes, std::string_view* challenge) const {
    log_.warn("sasl result code:  {}", result);
    if (result == SASL_OK) return Outcome::done;
    if (result == SASL_CONTINUE) {
      *challenge = {out, bytes};
      return Outcome::more;
    }
    log_.warn("Unknown sasl response:  {}", result);
    return Outcome::failed;
  }

  sasl_conn_t* connection_;
  const Log& log_;
};

}  // namespace

/// What the library is given at its start and goes on using.
struct Sasl::Callbacks {
  explicit Callbacks(const Log& log)
      : configuration{log, {}},
        database{log, std::getenv("MEMCACHED_SASL_PWDB")},
        rows{{{SASL_CB_LOG, as_callback(&on_log), const_cast<Log*>(&log)},
              {SASL_CB_GETCONFPATH, as_callback(&on_configuration_path), &configuration},
              {SASL_CB_SERVER_USERDB_CHECKPASS, as_callback(&on_check_password), &database},
              {SASL_CB_LIST_END, nullptr, nullptr}}} {
    if (database.path != nullptr) return;
    log.warn("INFO: MEMCACHED_SASL_PWDB not specified. Internal passwd database disabled");
    rows[2] = rows[3];
  }

  ConfigurationPath configuration;
  PasswordDatabase database;
  std::array<sasl_callback_t, 4> rows;
};

Sasl::Sasl(const Log& log)
    : log_(log), host_name_(host_name()), callbacks_(std::make_unique<Callbacks>(log)) {}

std::unique_ptr<Sasl> Sasl::start(const Log& log) {
  std::unique_ptr<Sasl> started(new Sasl(log));
  if (started->host_name_.empty()) log.warn("Error discovering hostname for SASL");
  sasl_set_mutex(&allocate_mutex, &lock_mutex, &unlock_mutex, &free_mutex);
  if (sasl_server_init(started->callbacks_->rows.data(), kService) != SASL_OK) return nullptr;
  log.warn("Initialized SASL.");
  return started;
}

Sasl::~Sasl() { sasl_server_done(); }

std::unique_ptr<proto::SaslExchange> Sasl::exchange() const {
  sasl_conn_t* connection = nullptr;
  const char* const name = host_name_.empty() ? nullptr : host_name_.c_str();
  if (sasl_server_new(kService, nullptr, name, nullptr, nullptr, nullptr, 0, &connection) !=
      SASL_OK) {
    log_.warn("Failed to initialize SASL conn.");
    return nullptr;
  }
  return std::make_unique<CyrusExchange>(connection, log_);
}

}  // namespace larder::server
