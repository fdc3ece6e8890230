#include "nsx-ls/order.hh"

#include <utility>

namespace nsx::ls_tool {

bool Order::is_before(CensusIndex a, CensusIndex b) {
  if (reverse_) std::swap(a, b);
  const Key& first = key(a);
  const Key& second = key(b);
  return first != second ? first < second : a < b;
}

const Order::Key& Order::key(CensusIndex ns) {
  const auto [entry, is_new] = keys_.try_emplace(ns);
  if (is_new) {
    for (const Column column : columns_)
      entry->second.push_back(cells_.cell(ns, column).value);
  }
  return entry->second;
}

}  // namespace nsx::ls_tool
