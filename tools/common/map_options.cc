#include "common/map_options.hh"

#include "common/create_arguments.hh"
#include "common/ids.hh"

namespace nsx::cli {

namespace {

/// Puts what was parsed in its place.
template <class T, class Place>
Status put(Result<T> parsed, Place& place) {
  if (!parsed) return error_of(parsed);
  place = std::move(*parsed);
  return {};
}

Status add_block(IdMapRequest& request, const char* argument) {
  auto block = parse_block(argument);
  if (!block) return error_of(block);
  request.blocks.push_back(*block);
  return {};
}

Status map_own(IdMapRequest& request, Result<std::uint32_t> inside) {
  if (!inside) return error_of(inside);
  request.own = IdMapRequest::Own{*inside};
  return {};
}

}  // namespace

std::optional<Status> apply_creation(const Given& given, CreateRequest& request) {
  using Source = IdMapRequest::Block::Source;
  const char* argument = given.argument;
  switch (given.option->id) {
    case 'r':
      request.users.own = request.groups.own = IdMapRequest::Own{0};
      return Status{};
    case 'c':
      request.users.own = request.groups.own = IdMapRequest::Own{};
      return Status{};
    case kMapUserId:
      return map_own(request.users, parse_user(argument));
    case kMapGroupId:
      return map_own(request.groups, parse_group(argument));
    case kMapUsersId:
      return add_block(request.users, argument);
    case kMapGroupsId:
      return add_block(request.groups, argument);
    case kMapAutoId:
    case kMapSubidsId: {
      const bool is_auto = given.option->id == kMapAutoId;
      for (IdMapRequest* ids : {&request.users, &request.groups})
        ids->blocks.push_back({is_auto ? Source::auto_ : Source::subids, {}});
      return Status{};
    }
    case kSetgroupsId:
      return put(parse_setgroups(argument), request.allow_setgroups);
    case kMonotonicId:
      return put(parse_offset(argument), request.monotonic);
    case kBoottimeId:
      return put(parse_offset(argument), request.boottime);
    case kHostnameId:
      return put(parse_hostname(argument), request.hostname);
    default:
      return std::nullopt;
  }
}

}  // namespace nsx::cli
