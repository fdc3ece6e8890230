#include <cstring>

#include "common/number.hh"
#include "common/report.hh"
#include "net/net_ids.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/find_net.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

Status carry_out(const cli::CommandLine& line, std::optional<int> id) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto store = open_store(*kernel, *place);
  if (!store) return error_of(store);
  auto net = find_net(*kernel, *store, line.operands[0]);
  if (!net) return error_of(net);
  auto socket = RouteSocket::open();
  if (!socket) return error_of(socket);
  auto done = set_net_id(*socket, *net, id);
  if (!done) done.error().subject = line.operands[0];
  return done;
}

}  // namespace

int set_id(const cli::CommandLine& line) {
  const char* text = line.operands[1];
  std::optional<int> id;
  if (std::strcmp(text, "auto") != 0) {
    id = cli::parse_number<int>(text);
    if (!id || *id < 0) {
      return cli::usage_error(
          kSetId,
          {"use as a netnsid", cli::quoted(text), 0, "neither a number from 0 on nor 'auto'", {}});
    }
  }
  const auto done = carry_out(line, id);
  if (done) return 0;
  cli::report(kSetId, done.error());
  return 1;
}

}  // namespace nsx::pin_tool
