#include <nsx/pin.hh>

namespace nsx {

Status rename_pins(const Kernel& kernel, const std::string& root, const std::string& from,
                   const std::string& to) {
  auto store = PinStore::open(kernel, root);
  if (!store) return error_of(store);
  auto namespaces = store->find(kernel, from);
  if (!namespaces) return error_of(namespaces);
  if (from == to) return {};
  if (auto done = add_pins(kernel, root, to, *namespaces); !done) return done;
  return remove_pins(kernel, root, from);
}

}  // namespace nsx
