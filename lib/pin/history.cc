#include <nsx/pin_watch.hh>

namespace nsx {

const char* name(PinEvent::What what) {
  switch (what) {
    case PinEvent::What::added:
      return "add";
    case PinEvent::What::removed:
      return "del";
    case PinEvent::What::stale:
      break;
  }
  return "stale";
}

PinHistory::PinHistory(const std::vector<PinFile>& pins) {
  for (const PinFile& pin : pins) {
    // One that is being made will be told of.
    if (pin.state == PinState::half) continue;
    known_[{pin.name, pin.kind}] = {
        .pin = pin, .is_live = pin.state == PinState::live, .is_told = true, .due = {}};
  }
}

std::vector<PinEvent> PinHistory::update(const std::vector<PinFile>& pins,
                                         const std::set<Key>& removed, Time now) {
  std::map<Key, const PinFile*> there;
  for (const PinFile& pin : pins)
    there[{pin.name, pin.kind}] = &pin;

  std::vector<PinEvent> events;
  for (auto it = known_.begin(); it != known_.end();) {
    const auto& [key, known] = *it;
    const auto found = there.find(key);
    const bool is_another = found != there.end() && known.is_live && known.pin.inode != 0 &&
                            found->second->inode != 0 && found->second->inode != known.pin.inode;
    if (found != there.end() && !is_another && !removed.contains(key)) {
      ++it;
      continue;
    }
    if (known.is_told) events.push_back({PinEvent::What::removed, known.pin});
    it = known_.erase(it);
  }
  for (const auto& [key, pin] : there)
    look(known_[key], *pin, now, events);
  return events;
}

void PinHistory::look(Known& known, const PinFile& pin, Time now, std::vector<PinEvent>& events) {
  // What was told of a namespace stays, for the time when it is gone.
  if (known.pin.inode == 0 || pin.inode != 0) known.pin = pin;
  switch (pin.state) {
    case PinState::half:
      known.due.reset();
      return;
    case PinState::live:
      known.due.reset();
      if (!known.is_live) events.push_back({PinEvent::What::added, pin});
      known.is_live = known.is_told = true;
      return;
    case PinState::stale:
    case PinState::shadowed:
      break;
  }
  if (known.is_told && !known.is_live) return;
  if (!known.due) known.due = now + kGrace;
  if (now < *known.due) return;
  known.due.reset();
  known.is_live = false;
  known.is_told = true;
  PinFile told = known.pin;
  told.state = pin.state;
  events.push_back({PinEvent::What::stale, std::move(told)});
}

std::optional<PinHistory::Time> PinHistory::next_due() const {
  std::optional<Time> next;
  for (const auto& [key, known] : known_) {
    if (known.due && (!next || *known.due < *next)) next = known.due;
  }
  return next;
}

}  // namespace nsx
