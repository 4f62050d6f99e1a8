#include "proto/protocol_select.h"

#include "proto/binary_header.h"
#include "proto/binary_protocol.h"
#include "proto/make_text_protocol.h"
#include "proto/resp_protocol.h"
#include "proto/text_login.h"

namespace larder::proto {

std::unique_ptr<Protocol> make_protocol(Session session, Binding binding, std::uint8_t first_byte) {
  const bool resp_array = binding == Binding::automatic && first_byte == '*' && session.engine.redis() != nullptr;
  if (binding == Binding::resp || resp_array) return std::make_unique<RespProtocol>(std::move(session));
  const bool speaks_binary = binding == Binding::automatic ? first_byte == binary::kRequestMagic
                                                           : binding == Binding::binary;
  if (speaks_binary) return std::make_unique<BinaryProtocol>(session);
  if (session.settings.login_required) return std::make_unique<TextLogin>(session);
  return make_text_protocol(session);
}

}  // namespace larder::proto
